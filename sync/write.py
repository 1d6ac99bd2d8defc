"""Write: what the server itself brings (an import, accounts, the demo) goes through the feed like everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import peewee

from sync.changes import Changes
from sync.ids import uuid7
from sync.kinds import Kind
from sync.push import instant
from sync.store import writing


class MissingParent(LookupError):
    """A record names a parent that is nowhere."""


def put(
    database: peewee.Database,
    kinds: Mapping[str, Kind],
    community: str,
    records: Sequence[tuple[str, Mapping[str, Any]]],
    now: datetime,
) -> list[str]:
    """Create or update records in ONE transaction (callers keep to about 1,000); returns their ids in order.

    `records`: (kind, fields) with parents before children; an `id` that exists is updated in the fields given, any
    other is created. Effects are not applied: who writes here says the computed fields too.
    """
    ids = [str(fields.get("id") or uuid7(int(now.timestamp() * 1000))) for _, fields in records]
    with writing(database):
        changes = Changes(database, kinds, community)
        changes.load(_named(kinds, records))
        for id, (name, fields) in zip(ids, records, strict=True):
            _one(changes, kinds[name], community, id, fields, instant(now))
        changes.flush(instant(now))
    return ids


def _named(kinds: Mapping[str, Kind], records: Iterable[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, str]]:
    """The records written and their parents; a record without an id is new and need not be looked for."""
    wanted = []
    for name, fields in records:
        kind = kinds[name]
        if fields.get("id"):
            wanted.append((name, str(fields["id"])))
        if kind.parent and kind.parent_kind and fields.get(kind.parent):
            wanted.append((kind.parent_kind, str(fields[kind.parent])))
    return wanted


def _one(changes: Changes, kind: Kind, community: str, id: str, fields: Mapping[str, Any], at: str) -> None:
    known = changes.rows.get((kind.name, id))
    if known is not None:
        changes.change(kind.name, id, {name: value for name, value in fields.items() if name != "id"})
        return
    row = kind.defaults() | dict(fields)
    row |= {"id": id, "community": community, "version": 1, "seq": 0}
    row["device_time"] = row["device_time"] or at
    row["server_time"] = row["server_time"] or at
    if not changes.inherit(kind, row):
        raise MissingParent(f"{kind.name} names a {kind.parent_kind} that is nowhere")
    changes.create(kind.name, row)
