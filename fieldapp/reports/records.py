"""Records: the list of any kind over a period, in words, to look at and to take away; no kind is named here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response, abort, g, render_template, request
from flask_babel import gettext

from fieldapp import sheets
from fieldapp.config import local_day, now, utc_offset
from fieldapp.declare.record import Record
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l
from fieldapp.people.at_desk import at_desk
from fieldapp.places.record import Grid
from fieldapp.reports.log import addresses, lines
from fieldapp.reports.progress import held, span
from fieldapp.visits.record import Visit

records = at_desk("records", "/records")
registry.add_desk_page("/records", _l("Records and sheets"), 14)
SHOWN = 100
DAYS = 30


def kinds() -> dict[str, str]:
    """The kinds that stand in the log, each by its noun."""
    return {
        kind: gettext(registry.records[kind].noun) for kind in dict.fromkeys(line.kind for line in lines())
    }


def fields(record: type[Record]) -> dict[str, str]:
    """The fields that say something by themselves, each with its label: those of forms, and words."""
    labels = registry.words.get("form.label", {})
    return {
        name: gettext(labels[f"{record.kind}.{name}"])
        for name, field in record.own_fields().items()
        if field.wire != "ref" and name != "address" and f"{record.kind}.{name}" in labels
    }


def in_words(kind: str, name: str, value: Any) -> str | int:
    """A value as a person reads it: choices by their words, rows counted by theirs, moments by the town's clock."""
    field = registry.records[kind]._meta.fields[name]
    known = registry.words.get(f"{kind}.{name}", {})
    if field.wire == "rows":
        return _rows(kind, value or [])
    if field.wire == "photos":
        return len(value or [])
    if isinstance(value, list):
        return " · ".join(gettext(known.get(one, one)) if one in known else str(one) for one in value)
    if field.wire == "instant" and value:
        return local(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if value is None:
        return ""
    return gettext(known[value]) if value in known else value


def _rows(kind: str, rows: Iterable[dict[str, Any]]) -> str:
    counted = Counter(
        gettext(known[code])
        for row in rows
        for part, code in row.items()
        if isinstance(code, str) and code in (known := registry.words.get(f"{kind}.{part}", {}))
    )
    return " · ".join(f"{word} {count}" for word, count in counted.items())


def local(instant: str) -> str:
    """A moment by the town's clock: `2026-11-23 10:42`."""
    return (datetime.fromisoformat(instant) + timedelta(minutes=utc_offset())).strftime("%Y-%m-%d %H:%M")


def listed(
    kind: str, start: str, end: str, grid: str, newest: int | None = None
) -> tuple[list[str], list[list[Any]], int]:
    """The columns and rows of a kind from day to day, oldest first, of all or only of the newest; and how many all are."""
    record = registry.records[kind]
    (begins, _), (_, ends) = span(start), span(end)
    found = record.select().where(held(record, g.me), record.device_time >= begins, record.device_time < ends)
    if grid and "grid" in record._meta.fields:
        found = found.where(record._meta.fields["grid"] == grid)
    in_order = found.order_by(record.device_time.desc(), record.seq.desc()).limit(newest)
    rows = [one.__data__ for one in in_order][::-1]
    where, names = addresses(rows, g.me), fields(record)
    columns = [gettext("Time"), gettext("Received at"), gettext("Address"), *names.values()]
    told: list[list[Any]] = [
        [local(row["device_time"]), local(row["server_time"]), where[id(row)]]
        + [in_words(kind, name, row[name]) for name in names]
        for row in rows
    ]
    return columns, told, found.count() if newest else len(told)


@records.get("")
def page() -> str | Response:
    """The newest hundred of a kind in a period, or all of them as a file."""
    known = kinds()
    kind = request.args.get("kind") or Visit.kind
    if kind not in known:
        abort(404)
    today = local_day(now())
    end = _day("until", today)
    start = _day("since", (date.fromisoformat(end) - timedelta(days=DAYS - 1)).isoformat())
    grid = request.args.get("grid", "")
    takes = "as" in request.args
    columns, rows, count = listed(kind, start, end, grid, None if takes else SHOWN)
    if takes:
        return sheets.answer(request.args["as"], f"{known[kind]} {start} {end}", columns, rows)
    return render_template(
        "reports/records.html",
        kinds=known,
        kind=kind,
        since=start,
        until=end,
        grids=Grid.select().where(held(Grid, g.me)).order_by(Grid.number),
        grid=grid,
        columns=columns,
        rows=rows[::-1],
        count=count,
    )


def _day(name: str, default: str) -> str:
    try:
        return date.fromisoformat(request.args.get(name) or default).isoformat()
    except ValueError:
        abort(404)
