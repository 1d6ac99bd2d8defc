"""Feed: the server's ordered changes, per community and channel; one row for each record in each channel.  # P14 P15"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import peewee
from pydantic_core import to_json

from sync import rows
from sync.instants import instant
from sync.kinds import Kind, Values
from sync.store import Feed, writing

if TYPE_CHECKING:
    from sync.batch import Row

TOMBSTONES = timedelta(days=90)


def row_text(kind: Kind, values: Values) -> str:
    """A record as it travels: the values of `kind.columns` as a JSON array."""
    return to_json(kind.pick(values)).decode()


def write(db: peewee.Database, community: str, touched: Iterable[Row]) -> None:
    """Put the touched records into their channels; a channel that one has left keeps a marker to forget it.  # P15"""
    made: list[tuple[Any, ...]] = []  # in the order of Feed's fields
    for row in touched:
        kind, values = row.kind, row.values
        now, gone = row.channels, bool(values["gone"])
        text = None if gone else row_text(kind, values)
        key = values[kind.head_by] if kind.head_by else None
        # A tombstone's age counts from the deletion.  # P16
        time = values["server_time" if gone else "device_time"]
        common = (kind.name, values["id"], community, values["seq"], values["version"])
        made += [(channel, *common, gone, key, time, text) for channel in now]
        if row.before is not None and any(row.before[name] != values[name] for name in kind.channel_fields):
            left = set(kind.channels_of(row.before)) - set(now)
            made += [(channel, *common, False, key, time, None) for channel in sorted(left)]
    if made:
        rows.put(db, Feed, made, replace=("channel", "kind", "record"))


def prune(db: peewee.Database, now: datetime) -> int:
    """Drop tombstones older than the offline window; a cursor from before the last of them is read anew.  # P16"""
    until = instant(now - TOMBSTONES)
    mark = db.param
    with writing(db):
        db.execute_sql('UPDATE "sync_counter" SET "seq" = "seq"')  # nobody writes meanwhile  # P14
        old = db.execute_sql(
            'SELECT "community", MAX("seq"), COUNT(*) FROM "sync_feed" '
            f'WHERE "gone" AND "time" < {mark} GROUP BY "community"',
            (until,),
        ).fetchall()
        for community, seq, _ in old:
            db.execute_sql(
                f'UPDATE "sync_counter" SET "pruned" = {mark} WHERE "community" = {mark} AND "pruned" < {mark}',
                (seq, community, seq),
            )
        db.execute_sql(f'DELETE FROM "sync_feed" WHERE "gone" AND "time" < {mark}', (until,))
    return sum(count for _, _, count in old)
