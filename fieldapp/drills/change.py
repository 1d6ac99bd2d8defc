"""Change: a drill as it is put right before, during or after; nobody who is expected is ever taken off its list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import peewee

from fieldapp.declare.kinds import kinds
from fieldapp.drills.make import CODES, Expected, Plan, group_row, in_order, person_row
from fieldapp.drills.record import Drill, DrillGroup, DrillLeader, DrillPerson
from sync.ids import uuid7
from sync.store import writing
from sync.write import put

Rows = list[tuple[str, dict[str, Any]]]


def change(
    database: peewee.Database,
    drill: Drill,
    plan: Plan,
    names: Mapping[str, str],
    now: datetime,
    author: str,
) -> None:
    """Make the drill's facts and leaders those of the plan, add who is not expected yet; `names`: group → another name."""
    with writing(database):
        groups = living(DrillGroup, drill)
        for one in groups:
            if (name := names.get(one.id, "")) and name != (one.code or one.name):
                one.code, one.name = (name, "") if name in CODES else (None, name)
        made = _groups(drill, groups, plan.people)
        records: Rows = [
            ("drill", {"id": drill.id, **plan.facts}),
            *made,
            *_leaders(drill, plan.leaders),
            *_people(drill, {row["code"] or row["name"]: row["id"] for _, row in made}, plan.people),
        ]
        new = [
            (kind, row if "id" in row else {**row, "id": str(uuid7()), "author": author})
            for kind, row in records
        ]
        put(database, kinds(), drill.community, new, now)


def call_off(database: peewee.Database, drill: Drill, off: bool, now: datetime) -> None:
    """Cancel a drill, or hold it after all: it leaves the phones, and its records stay."""
    put(database, kinds(), drill.community, [("drill", {"id": drill.id, "gone": off})], now)


def living(kind: Any, drill: Drill) -> list[Any]:
    """What belongs to a drill."""
    return list(kind.select().where(kind.drill == drill.id, kind.gone == False).order_by(kind.seq))  # noqa: E712


def _groups(drill: Drill, groups: Sequence[DrillGroup], people: Sequence[Expected]) -> Rows:
    """All groups, those of new people among them, each in its place."""
    known = {one.code or one.name: one.id for one in groups}
    order = in_order([*known, *(one.group for one in people)])
    return [
        ("drill_group", group_row(known.get(name) or str(uuid7()), drill.id, name, at))
        for at, name in enumerate(order)
    ]


def _leaders(drill: Drill, wanted: Mapping[str, str]) -> Rows:
    """Who no longer leads loses the list: their phone forgets it, and what waits on it arrives at the review."""
    there = {one.user: one for one in living(DrillLeader, drill)}
    ended: Rows = [
        ("drill_leader", {"id": one.id, "gone": True}) for user, one in there.items() if user not in wanted
    ]
    return ended + [
        (
            "drill_leader",
            {
                "post": post,
                **({"id": there[user].id} if user in there else {"drill": drill.id, "user": user}),
            },
        )
        for user, post in wanted.items()
    ]


def _people(drill: Drill, groups: Mapping[str, str], people: Sequence[Expected]) -> Rows:
    """Who is new; who has an account may change their group."""
    there = living(DrillPerson, drill)
    accounts = {one.user: one.id for one in there if one.user}
    known = {(one.name, one.address) for one in there}
    found: Rows = []
    for one in people:
        if one.user in accounts:
            found.append(("drill_person", {"id": accounts[one.user], "drill_group": groups[one.group]}))
        elif one.user or (one.name, one.address) not in known:
            known.add((one.name, one.address))
            found.append(("drill_person", person_row(str(uuid7()), drill.id, groups[one.group], one)))
    return found
