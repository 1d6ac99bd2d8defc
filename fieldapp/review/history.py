"""History: what happened to the records of one row of the queue and at their homes, beside the decision about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext

from fieldapp.declare.registry import registry
from fieldapp.places.record import Household
from fieldapp.review.operations import STATUS, VERBS, facts, noun, says, value
from fieldapp.review.queue import Item
from sync.scope import Me
from sync.store import Operation

TIMELINE = 30


def history(item: Item, ops: Sequence[Operation], me: Me, staff: dict[str, str]) -> list[dict[str, Any]]:
    """Every operation on the records of these in a row, and what happened at their homes, newest first: `time`, `who`, `says`,
    `badge`, and `where` among several homes."""
    home_of = {one.record: item.home_of[one.op] for one in ops if one.op in item.home_of}
    homes = {home.id: home for home in [*home_of.values(), *(() if home_of else item.homes)]}
    records = {one.record for one in ops}
    entries = []
    for one in Operation.select().where(
        Operation.community == me.community, Operation.record.in_(list(records))
    ):
        badge = gettext(STATUS[one.status]) if one.status != "applied" else ""
        entries.append(
            _entry(one.device_time, staff.get(one.user, ""), _told(one), home_of.get(one.record), badge)
        )
    entries += _at_homes(homes, staff, records)
    for entry in entries:
        home = entry.pop("home")
        entry["where"] = home.address if home and len(homes) > 1 else ""
    return sorted(entries, key=lambda entry: entry["time"], reverse=True)[:TIMELINE]


def _entry(time: str, who: str, says: str, home: Household | None, badge: str = "") -> dict[str, Any]:
    return {"time": time, "who": who, "says": says, "home": home, "badge": badge}


def _told(one: Operation) -> str:
    """A creation by the words of its choices; of any other the fields that it names."""
    if one.verb == "create" and says(one):
        return f"{noun(one.kind)}: {says(one)}"
    told = f"{noun(one.kind)} {gettext(VERBS.get(one.verb, one.verb))}"
    return f"{told}: {facts(one)}" if facts(one) else told


def _at_homes(homes: dict[str, Household], staff: dict[str, str], known: set[str]) -> list[dict[str, Any]]:
    """What was recorded at the homes, whatever its kind, in the words of its choices."""
    found = []
    record: Any
    for kind, record in registry.records.items():
        if record.parent != "household" or not record.append_only:
            continue
        for one in record.select().where(record.household.in_(list(homes)), record.gone == False):  # noqa: E712
            if one.id in known:
                continue
            said = [
                value(kind, name, getattr(one, name))
                for name, declared in record.own_fields().items()
                if getattr(declared, "words", None) and getattr(one, name)
            ]
            said += [one.note] if getattr(one, "note", "") else []
            found.append(
                _entry(
                    one.device_time,
                    staff.get(one.author, ""),
                    f"{noun(kind)}: " + " · ".join(said),
                    homes[one.household],
                )
            )
    return found
