"""Feed: the server's ordered changes, per community and channel; one row for each record in each channel.  # P14 P15"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import peewee

from sync import rows
from sync.encode import dumps
from sync.kinds import Kind, Values
from sync.store import Feed

if TYPE_CHECKING:
    from sync.batch import Row


def row_text(kind: Kind, values: Values) -> str:
    """A record as it travels: the values of `kind.columns` as a JSON array."""
    return dumps(list(map(values.__getitem__, kind.columns)))


def write(db: peewee.Database, community: str, touched: Iterable[Row]) -> None:
    """Put the touched records into their channels; a channel that one has left keeps a marker to forget it.  # P15"""
    made: list[dict[str, Any]] = []
    for row in touched:
        kind, values = row.kind, row.values
        common = {
            "kind": kind.name,
            "record": values["id"],
            "community": community,
            "seq": values["seq"],
            "version": values["version"],
            "head_key": values[kind.head_by] if kind.head_by else None,
            "time": values["device_time"],
        }
        now = row.channels
        gone = bool(values["gone"])
        text = None if gone else row_text(kind, values)
        made += [{**common, "channel": channel, "gone": gone, "row": text} for channel in now]
        if row.before is not None and any(row.before[name] != values[name] for name in kind.channel_fields):
            left = set(kind.channels_of(row.before)) - set(now)
            made += [{**common, "channel": channel, "gone": False, "row": None} for channel in sorted(left)]
    if made:
        rows.insert(db, Feed, made, replace=("channel", "kind", "record"))
