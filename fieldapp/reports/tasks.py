"""Tasks at the desk: what waits to be done over all kinds, by the queries of the phone's own list, and giving it to somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import gettext

from fieldapp.config import instant, local_day
from fieldapp.declare.answer import end_of_day, fill
from fieldapp.declare.expressions import expression
from fieldapp.declare.find import run_queries
from fieldapp.declare.kinds import kinds
from fieldapp.declare.query import Query
from fieldapp.declare.registry import registry
from fieldapp.declare.save import save, stamped
from fieldapp.people.me import at_the_desk
from fieldapp.people.record import Member
from fieldapp.places.record import Building
from fieldapp.reports.progress import held
from sync.ids import uuid7

ASSIGNED = "assigned"


def tasks(moment: datetime) -> list[dict[str, Any]]:
    """Every task of the community, the earliest due first: `kind`, `record`, `label`, `due`, `late`, `where`, `says`, `url`,
    `grid`, `building`, `whose` (an id or ""), `open` to be assigned.
    """
    staff = Member.select(Member.id).where(held(Member, g.me))
    me = at_the_desk(g.me, [one.id for one in staff])
    houses = {one.id: one.name for one in Building.select().where(held(Building, g.me))}
    scope = {
        "me": g.me_view,
        "now": instant(moment),
        "today": local_day(moment),
        "end_of_day": end_of_day(moment),
    }
    found = []
    for one in registry.tasks.values():
        asked = {name: everybodys(query) for name, query in {one.name: one.query, **one.beside}.items()}
        answers = run_queries(asked, me, scope, moment)
        for entry in answers[one.name]:
            names = {**scope, **answers, "entry": entry, "_": gettext, "gettext": gettext}
            if not expression(one.only)(**names):
                continue
            says = expression(one.says)(**names)
            due = entry[one.due] or ""
            found.append(
                {
                    "kind": one.query.record.kind,
                    "record": entry["id"],
                    "label": gettext(one.label),
                    "due": due,
                    "late": one.due != "device_time" and is_late(due, scope["now"], scope["today"]),
                    "where": entry.get("address") or houses.get(entry.get("building"), ""),
                    "says": str(says).strip(),
                    "url": fill(one.desk, entry),
                    "grid": entry.get("grid") or "",
                    "building": entry.get("building") or "",
                    "whose": entry.get(ASSIGNED) or entry.get("worker") or "",
                    "open": ASSIGNED in one.query.record.patchable,
                }
            )
    return sorted(found, key=lambda one: (one["due"], one["label"], one["where"]))


def is_late(due: str, now: str, today: str) -> bool:
    """A day is late when it is over, an instant when it is past."""
    return bool(due) and due < (now if len(due) > 10 else today)


def everybodys(query: Query) -> Query:
    """The query without its limit, and of everybody where the phone asks of its own person."""
    return replace(
        query, limit=None, where={name: value for name, value in query.where.items() if value != "me.id"}
    )


def narrowed(found: Iterable[Mapping[str, Any]], wanted: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Those of this grid, building, kind and person; "-" stands for nobody."""
    return [
        one
        for one in found
        if all(
            not value or one[name] == value or (value == "-" and one[name] in ("", "-"))
            for name, value in wanted.items()
        )
    ]


def fits(kind: str, row: Any, member: Member) -> bool:
    """Whether a person holds what the task is about, by the rule that the exchange keeps."""
    return bool(kinds()[kind].fits[ASSIGNED](row.__data__, member.__data__))


def assign(chosen: Iterable[str], to: str, moment: datetime) -> tuple[int, int]:
    """Give tasks ("hazard:…") to a person of the community, or with "-" to whoever works the grid; how many were given, and how many were left
    because they are not there or the person does not work their grid. Operations of the supervisor, so phones see it, and what waits on
    them is merged beside it.
    """
    member = Member.get_or_none(held(Member, g.me), Member.id == to)
    made, left = [], 0
    for name in dict.fromkeys(chosen):
        kind, _, id = name.partition(":")
        record = registry.records.get(kind)
        known = record is not None and ASSIGNED in record.patchable
        row: Any = record.get_or_none(held(record, g.me), record.id == id) if record and known else None
        if row is None or not (to == "-" or member and fits(kind, row, member)):
            left += 1
        elif row.assigned != to:
            made.append(
                {"verb": "patch", "kind": kind, "record": id, "patch": {ASSIGNED: to}}
                | {"base": {ASSIGNED: row.assigned}, "base_version": row.version}
            )
    if made:
        save(g.me, stamped(made, moment, str(uuid7(int(moment.timestamp() * 1000)))), moment)
    return len(made), left
