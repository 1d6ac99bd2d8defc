"""A round's lists to take away: its doors with what came of each, and the balance of leaflets by person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple
from datetime import datetime, timedelta
from typing import Any

from flask import Response
from flask_babel import gettext

from fieldapp import sheets
from fieldapp.config import utc_offset
from fieldapp.declare.words import _l
from fieldapp.rounds.figures import Balance, total
from fieldapp.rounds.record import OUTCOMES

Row = Mapping[str, Any]
DOORS = (_l("Address"), _l("What came of it"), _l("Knocks"), _l("When"))
BALANCE = (_l("Name"), _l("Issued"), *dict(OUTCOMES[:2]).values(), _l("Returned"), _l("Spoiled"), _l("Difference"))  # fmt: skip


def doors(form: str, topic: str, of: Iterable[Row]) -> Response:
    """Every door of the round; nothing of who lives there."""
    words = {code: gettext(text) for code, text in OUTCOMES}
    rows = [
        (one["address"], words.get(one["outcome"], ""), one["marks"], _local(one["marked_at"])) for one in of
    ]
    return sheets.answer(form, topic, [gettext(one) for one in DOORS], rows)


def balance(form: str, topic: str, of: Mapping[str, Balance], names: Mapping[str, str]) -> Response:
    """A line for each person, and one for all together."""
    lines = [(names.get(person, ""), one) for person, one in of.items()]
    rows = [(name, *astuple(one), one.out) for name, one in [*sorted(lines, key=lambda line: line[0]), (gettext("All"), total(of.values()))]]  # fmt: skip
    return sheets.answer(form, topic, [gettext(one) for one in BALANCE], rows)


def _local(at: str | None) -> str:
    return f"{datetime.fromisoformat(at) + timedelta(minutes=utc_offset()):%Y-%m-%d %H:%M}" if at else ""
