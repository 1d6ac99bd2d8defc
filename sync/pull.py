"""Pull: pages of the feed for each channel that a person holds, parents before children, bounded in size.  # P10 P15

A channel that the phone does not know yet is read in three parts: `head`, all records but of history kinds only the
newest of each key, by depth and then by seq; from then on forward, what came after; and, when the phone asks for it,
`tail`, the older history, newest first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import peewee

from sync.changes import wire_fields
from sync.kinds import Kind, depth
from sync.push import instant
from sync.scope import Me
from sync.store import GONE, LIVE, Feed, newest
from sync.wire import Cursor, compact

# Records in one answer.
PAGE = 2000
# A head cursor is depth × RANK + seq.
RANK = 1 << 44


@dataclass
class Pulled:
    """One page: texts by (channel, kind), cursors, and whether there is more at once."""

    cursors: dict[str, dict[str, int | None]] = field(default_factory=dict)
    rows: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    gone: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    forget: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    more: bool = False
    count: int = 0

    @property
    def room(self) -> int:
        """How many records still fit."""
        return PAGE - self.count

    def take(self, row: tuple[Any, ...]) -> None:
        """Add one feed row: channel, kind, record, state, text."""
        channel, kind, record, state, text = row
        key = (channel, kind)
        if state == LIVE:
            self.rows[key].append(text)
        elif state == GONE:
            self.gone[key].append(record)
        else:
            self.forget[key].append(record)
        self.count += 1

    def pages(self, kinds: Mapping[str, Kind]) -> str:
        """The pages as JSON text, rows as they are stored, parents first."""
        keys = sorted({*self.rows, *self.gone, *self.forget}, key=lambda key: (depth(kinds, key[1]), key))
        parts = [
            f'{{"channel":{compact(channel)},"kind":{compact(kind)},"fields":{compact(wire_fields(kinds[kind]))},'
            f'"rows":[{",".join(self.rows[channel, kind])}],"gone":{compact(self.gone[channel, kind])},'
            f'"forget":{compact(self.forget[channel, kind])}}}'
            for channel, kind in keys
        ]
        return "[" + ",".join(parts) + "]"


def pull(kinds: Mapping[str, Kind], me: Me, cursors: Mapping[str, Cursor], tail: bool, now: datetime) -> Pulled:
    """A page for these cursors; call it inside one snapshot.  # P4"""
    made = Pulled()
    known = set(kinds)
    top = newest(me.community)
    state: dict[str, dict[str, int | None]] = {}
    for channel in sorted(me.channels):
        cursor = cursors.get(channel)
        # A cursor beyond the feed comes from another history: the channel is read anew.
        fresh = cursor is None or cursor.at > top
        state[channel] = {"at": top, "head": 0, "tail": None} if fresh or cursor is None else cursor.model_dump()
    made.cursors = state
    _heads(made, kinds, state)
    if not made.more:
        _forward(made, state, known, top)
    if tail and not made.more:
        _tails(made, kinds, state, now)
    return made


def _heads(made: Pulled, kinds: Mapping[str, Kind], state: dict[str, dict[str, int | None]]) -> None:
    """Parents first over all channels: depth by depth."""
    reading = [channel for channel, cursor in state.items() if cursor["head"] is not None]
    deepest = max((depth(kinds, name) for name in kinds), default=0)
    for rank in range(deepest + 1):
        at_rank = [name for name in kinds if depth(kinds, name) == rank]
        for channel in reading:
            head = state[channel]["head"] or 0
            if head // RANK > rank:
                continue
            if made.room <= 0:
                made.more = True
                return
            after = head % RANK if head // RANK == rank else 0
            room = made.room
            got = _head_rows(channel, at_rank, after, int(state[channel]["at"] or 0), room + 1)
            for row in got[:room]:
                made.take(row[:5])
            if len(got) > room:
                state[channel]["head"] = rank * RANK + got[room - 1][5]
                made.more = True
                return
            state[channel]["head"] = (rank + 1) * RANK
    for channel in reading:
        state[channel]["head"] = None
        history = Feed.select().where(Feed.channel == channel, Feed.head_key.is_null(False)).exists()
        state[channel]["tail"] = int(state[channel]["at"] or 0) + 1 if history else None


def _head_rows(channel: str, names: list[str], after: int, top: int, limit: int) -> list[tuple[Any, ...]]:
    newer = Feed.alias()
    last = newer.select(peewee.fn.MAX(newer.seq)).where(
        newer.channel == Feed.channel,
        newer.kind == Feed.kind,
        newer.head_key == Feed.head_key,
        newer.state == LIVE,
        newer.seq <= top,
    )
    query = _columns().where(
        Feed.channel == channel,
        Feed.kind.in_(names),
        Feed.seq > after,
        Feed.seq <= top,
        Feed.state == LIVE,
        Feed.head_key.is_null() | (Feed.seq == last),
    )
    return list(query.order_by(Feed.seq).limit(limit).tuples())


def _columns() -> Any:
    return Feed.select(Feed.channel, Feed.kind, Feed.record, Feed.state, Feed.row, Feed.seq, Feed.parent)


def _forward(made: Pulled, state: dict[str, dict[str, int | None]], known: set[str], top: int) -> None:
    """What came after each cursor, in the order of commit."""
    reading = [channel for channel, cursor in state.items() if int(cursor["at"] or 0) < top]
    for channel in reading:
        if made.room <= 0:
            made.more = True
            return
        room = made.room
        query = _columns().where(Feed.channel == channel, Feed.seq > state[channel]["at"], Feed.kind.in_(list(known)))
        got = list(query.order_by(Feed.seq).limit(room + 1).tuples())
        for row in got[:room]:
            made.take(row[:5])
        if len(got) > room:
            state[channel]["at"] = got[room - 1][5]
            made.more = True
            _parents(made, got[:room], list(state))
            return
        state[channel]["at"] = top


def _parents(made: Pulled, rows: Iterable[tuple[Any, ...]], channels: list[str]) -> None:
    """A page that was cut also brings the parents of its records, whose own last change may lie beyond the cut."""
    held = {row[2] for row in rows}
    wanted = {row[6] for row in rows if row[6] and row[6] not in held}
    while wanted:
        query = _columns().where(Feed.record.in_(list(wanted)), Feed.channel.in_(channels), Feed.state == LIVE)
        got = list(query.tuples())
        for row in got:
            made.take(row[:5])
        held |= wanted
        wanted = {row[6] for row in got if row[6] and row[6] not in held}


def _tails(made: Pulled, kinds: Mapping[str, Kind], state: dict[str, dict[str, int | None]], now: datetime) -> None:
    """Older history, newest first, no further back than a kind's window."""
    for channel, cursor in state.items():
        if cursor["tail"] is None:
            continue
        if made.room <= 0:
            return
        room = made.room
        wanted = None
        for kind in kinds.values():
            if kind.head_by is None:
                continue
            one = Feed.kind == kind.name
            if kind.window_days:
                one &= Feed.time >= instant(now - timedelta(days=kind.window_days))
            wanted = one if wanted is None else wanted | one
        if wanted is None:
            cursor["tail"] = None
            continue
        query = _columns().where(
            Feed.channel == channel, Feed.seq < cursor["tail"], Feed.head_key.is_null(False), Feed.state == LIVE, wanted
        )
        got = list(query.order_by(Feed.seq.desc()).limit(room).tuples())
        for row in got:
            made.take(row[:5])
        cursor["tail"] = got[-1][5] if len(got) == room else None
