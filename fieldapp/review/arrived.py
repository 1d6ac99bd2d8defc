"""Arrived: what was taken and nobody decided on, nearly all of it beyond doubt: of all of it little is read, of what a rule
may be about the whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import peewee

from fieldapp.config import instant, utc_offset, visit_hours
from fieldapp.declare.registry import registry
from fieldapp.people.record import Member
from fieldapp.review.operations import places, private
from fieldapp.review.record import Decision
from fieldapp.review.rules import crowded, is_outside, local_clock
from sync.instants import CLOCK_FLAG_MS
from sync.scope import Me
from sync.store import Operation

AT_ONCE = 5_000  # operations of one question
FLAG_DAYS = 30  # what nobody flagged or accepted within a month is history


class Arrived(NamedTuple):
    """An operation that was taken, as far as is read of all of them; `odd`: a look at the whole of it is called for."""

    op: str
    user: str
    kind: str
    record: str
    verb: str
    device_time: str
    odd: bool


def undecided(me: Me) -> peewee.Expression:
    decided = Decision.select(Decision.operation).where(
        Decision.community == me.community,
        Decision.gone == False,  # noqa: E712
    )
    return Operation.op.not_in(decided)


def arrived(me: Me, moment: datetime) -> list[Arrived]:
    """Applied in the last month, by somebody who is no supervisor, and nobody decided yet."""
    desk = Member.select(Member.id).where(Member.community == me.community, Member.role == "supervisor")
    odd = (
        (peewee.fn.ABS(Operation.offset_ms) > CLOCK_FLAG_MS)
        | (peewee.Cast(Operation.detail, "text") ** "%clock_off_ms%")
        | (peewee.Cast(Operation.payload, "text") ** '%"hazard"%')
        | Operation.kind.in_([one.kind for one in registry.flaggings.values()])
    )
    found = (
        Operation.select(
            Operation.op,
            Operation.user,
            Operation.kind,
            Operation.record,
            Operation.verb,
            Operation.device_time,
            odd,
        )
        .where(
            Operation.community == me.community,
            Operation.server_time >= instant(moment - timedelta(days=FLAG_DAYS)),
            Operation.status == "applied",
            Operation.verb != "retract",
            Operation.kind.not_in(private()),
            Operation.user.not_in(desk),
            undecided(me),
        )
        .order_by(Operation.server_time, Operation.device, Operation.seq)
    )
    rows: Any = found.tuples()
    return list(map(Arrived._make, rows))


def candidates(received: list[Arrived]) -> list[Arrived]:
    """Those that any rule may be about; of the others, which are nearly all, no more is read than their times."""
    hours, offset = visit_hours(), utc_offset()
    made = [one for one in received if one.verb == "create"]
    crowd = {one.op for run in crowded(made) for one in run}
    return [
        one
        for one in received
        if one.odd
        or one.op in crowd
        or (one.verb == "create" and is_outside(local_clock(one.device_time, offset), hours))
    ]


def whole(some: Sequence[Arrived]) -> list[Operation]:
    """The operations themselves, in the same order."""
    found: dict[str, Operation] = {}
    for at in range(0, len(some), AT_ONCE):
        ids = [one.op for one in some[at : at + AT_ONCE]]
        found |= {one.op: one for one in Operation.select().where(Operation.op.in_(ids))}
    return [found[one.op] for one in some if one.op in found]


def in_building(some: list[Arrived], building: str, me: Me) -> list[Arrived]:
    """Those of records that say their building themselves, or whose home is there."""
    records = {kind: registry.records[kind] for kind in {one.kind for one in some} & registry.records.keys()}
    saying: dict[str, Any] = {
        kind: record for kind, record in records.items() if "building" in record._meta.fields
    }
    there = {row.id for one in saying.values() for row in one.select(one.id).where(one.building == building)}
    others = whole([one for one in some if one.kind not in saying])
    there |= {op for op, home in places(others, me).items() if home.building == building}
    return [one for one in some if one.op in there or one.record in there]
