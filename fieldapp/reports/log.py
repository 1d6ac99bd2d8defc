"""Daily log: what a community did on a day or in a week, read from the records themselves; nobody types a count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext

from fieldapp.config import instant, local_day, now
from fieldapp.declare.expressions import expression
from fieldapp.declare.record import Choice, Record
from fieldapp.declare.registry import LogLine, registry
from fieldapp.places.record import Building, Household, StairUnit
from fieldapp.reports.progress import held, span
from sync.scope import Me


@dataclass(frozen=True)
class Entry:
    """One thing that was done: on which local day and at what instant (if known), where, and in words."""

    day: str
    at: str
    label: str
    part: str
    address: str
    says: str


def lines() -> list[LogLine]:
    """The lines that kinds declare, and for every other append-only kind one by its noun."""
    told = {line.kind for line in registry.log_lines}
    plain = [
        LogLine(record.kind, record.noun, by=_first_choice(record))
        for record in registry.records.values()
        if record.append_only
        and record.kind not in told
        and not "".join(record.channels()).startswith("user:")
    ]
    order = list(registry.records)
    return sorted([*registry.log_lines, *plain], key=lambda line: order.index(line.kind))


def week_of(day: str) -> list[str]:
    """The seven days, Monday first, of the week of a day."""
    at = date.fromisoformat(day)
    monday = at - timedelta(days=at.weekday())
    return [(monday + timedelta(days=ahead)).isoformat() for ahead in range(7)]


def entries(me: Me, days: list[str]) -> list[Entry]:
    """What was done on these consecutive days, in the order of time; where only the day is known, at its end."""
    made = [(line, row) for line in lines() for row in _found(line, me, days)]
    where = addresses([row for _, row in made], me)
    found = [_entry(line, row, where[id(row)]) for line, row in made]
    return sorted(found, key=lambda one: (one.day, one.at or "~", one.label, one.address))


def totals(found: Iterable[Entry], days: list[str]) -> list[dict[str, Any]]:
    """A row for each line in their order, and below it one for each of its parts: `label`, `part`, `counts` by day, `total`."""
    counted: dict[tuple[str, str], dict[str, int]] = {}
    for one in found:
        for part in dict.fromkeys(("", one.part)):
            row = counted.setdefault((one.label, part), dict.fromkeys(days, 0))
            row[one.day] += 1
    order = [gettext(line.label) for line in lines()]
    rows = sorted(
        counted.items(),
        key=lambda row: (order.index(row[0][0]), row[0][1] != "", -sum(row[1].values()), row[0][1]),
    )
    return [
        {"label": label, "part": part, "counts": list(count.values()), "total": sum(count.values())}
        for (label, part), count in rows
    ]


def _first_choice(record: type[Record]) -> str | None:
    return next((name for name, field in record.own_fields().items() if isinstance(field, Choice)), None)


def _found(line: LogLine, me: Me, days: list[str]) -> Iterator[dict[str, Any]]:
    record = registry.records[line.kind]
    field = record._meta.fields[line.on]
    start, end = (days[0], days[-1]) if field.wire == "day" else span(days[0], len(days))
    inside = (field >= start) & (field <= end if field.wire == "day" else field < end)
    for one in record.select().where(held(record, me), field.is_null(False), inside):
        yield {**one.__data__, "_on": getattr(one, line.on)}


def _entry(line: LogLine, row: dict[str, Any], address: str) -> Entry:
    known = registry.words.get(f"{line.kind}.{line.by}", {})
    code = str(row.get(line.by)) if line.by else ""
    part = gettext(known[code]) if code in known else ""
    moment = instant(now())
    said = (
        str(expression(line.says)(this=row, now=moment, today=moment[:10], _=gettext, gettext=gettext))
        if line.says
        else _choices(line.kind, row)
    )
    at = row["_on"] if len(row["_on"]) > 10 else ""
    day = local_day(datetime.fromisoformat(at)) if at else row["_on"]
    return Entry(day, at, gettext(line.label), part, address, said)


def _choices(kind: str, row: dict[str, Any]) -> str:
    """The words of a record's choices, and its note."""
    said = []
    for name in registry.records[kind].own_fields():
        known = registry.words.get(f"{kind}.{name}", {})
        value = row.get(name)
        said += [
            gettext(known[code])
            for code in (value if isinstance(value, list) else [value])
            if isinstance(code, str) and code in known
        ]
    return " · ".join([*said, *([row["note"]] if row.get("note") else [])])


def addresses(rows: list[dict[str, Any]], me: Me) -> dict[int, str]:
    """Where each was: its own address, its household's, or its staircase."""
    homes = _named(Household, {row.get("household") for row in rows}, "address", me)
    units = {one.id: one for one in StairUnit.select().where(held(StairUnit, me))}
    houses = {one.id: one.name for one in Building.select().where(held(Building, me))}
    stairs = {id: f"{houses.get(unit.building, '')} {unit.name}" for id, unit in units.items()}
    return {
        id(row): row.get("address")
        or homes.get(row.get("household"))
        or stairs.get(row.get("stair_unit"))
        or houses.get(row.get("building"), "")
        for row in rows
    }


def _named(record: type[Record], ids: set[Any], field: str, me: Me) -> dict[Any, str]:
    found = record.select().where(held(record, me), record.id.in_([one for one in ids if one]))
    return {one.id: getattr(one, field) for one in found}
