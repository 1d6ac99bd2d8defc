"""Digest: for each channel how many records it holds, and a sum over their ids and versions, kept as they change.  # P16

Counted are the living records of kinds that a phone holds whole: no history that it reads in parts, no window that
moves. The phone's twin is `static/phone/digest.js`; both are held together by shared vectors.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import peewee

from sync import rows
from sync.kinds import Kind
from sync.store import Digest, writing

if TYPE_CHECKING:
    from sync.batch import Row

WORD = 0xFFFFFFFF
_GOLDEN = 0x9E3779B1
Sums = dict[str, list[int]]  # channel → [count, sum modulo 2³²]


def mark(id: str, version: int) -> int:
    """A record's part of the sum: 32 bits of the last 16 digits of its id and its version."""
    low, high = _halves(id)
    return (low ^ (version * _GOLDEN & WORD)) * (high | 1) & WORD


@functools.lru_cache(maxsize=10_000)
def _halves(id: str) -> tuple[int, int]:
    try:
        return int(id[28:36], 16), int(id[19:23] + id[24:28], 16)
    except ValueError:
        return 0, 0


def write(db: peewee.Database, community: str, touched: Iterable[Row]) -> None:
    """Bring the digests up to the records that change, within their transaction; the counter's lock is held."""
    sums: Sums = defaultdict(lambda: [0, 0])
    for row in touched:
        if not row.kind.counted:
            continue
        if row.before is not None:
            _add(sums, row.kind, row.before, -1)
        _add(sums, row.kind, row.values, 1)
    changed = {channel: (count, total & WORD) for channel, (count, total) in sums.items()}
    _put(db, community, {channel: one for channel, one in changed.items() if one != (0, 0)})


def _add(sums: Sums, kind: Kind, values: Mapping[str, Any], sign: int) -> None:
    if values["gone"]:
        return
    part = mark(values["id"], values["version"])
    for channel in kind.channels_of(values):
        one = sums[channel]
        one[0] += sign
        one[1] += sign * part


def _put(db: peewee.Database, community: str, sums: Mapping[str, tuple[int, int]]) -> None:
    if not sums:
        return
    values = ", ".join([f"({', '.join([db.param] * 4)})"] * len(sums))
    sql = (
        f'INSERT INTO "sync_digest" ("channel", "community", "count", "sum") VALUES {values} ON CONFLICT ("channel") '
        'DO UPDATE SET "count" = "sync_digest"."count" + excluded."count", '
        f'"sum" = ("sync_digest"."sum" + excluded."sum") & {WORD}'
    )
    db.execute_sql(sql, [one for channel in sorted(sums) for one in (channel, community, *sums[channel])])


def read(db: peewee.Database, channels: Iterable[str]) -> Sums:
    """The digests of these channels; one that never held anything counts nothing."""
    wanted = sorted(channels)
    condition, parameters = rows.within(db, '"channel"', wanted)
    sql = f'SELECT "channel", "count", "sum" FROM "sync_digest" WHERE {condition}'
    found = {channel: [count, total] for channel, count, total in db.execute_sql(sql, parameters).fetchall()}
    return {channel: found.get(channel, [0, 0]) for channel in wanted}


def rebuild(db: peewee.Database, kinds: Mapping[str, Kind]) -> None:
    """Count anew from the feed: after a declaration changed, or where nothing was counted yet."""
    names = sorted(name for name, kind in kinds.items() if kind.counted)
    condition, parameters = rows.within(db, '"kind"', names)
    sql = (
        'SELECT "community", "channel", "record", "version" FROM "sync_feed" '
        f'WHERE "row" IS NOT NULL AND {condition}'
    )
    with writing(db):
        db.execute_sql('UPDATE "sync_counter" SET "seq" = "seq"')  # nobody writes meanwhile  # P14
        sums: dict[str, Sums] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        for community, channel, record, version in db.execute_sql(sql, parameters).fetchall():
            one = sums[community][channel]
            one[0] += 1
            one[1] = one[1] + mark(record, version) & WORD
        Digest.delete().execute(db)
        for community, found in sums.items():
            _put(db, community, {channel: (count, total) for channel, (count, total) in found.items()})
