"""Reshape: when a declaration gains or loses a field, rows that were written before are written anew and travel again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import peewee

from sync import digest, rows
from sync.batch import Batch
from sync.encode import dumps
from sync.kinds import Kind
from sync.store import Shape, writing

CHUNK = 1_000
COUNTED = "*"  # the shape's row that says which kinds the digests count


def reshape(db: peewee.Database, kinds: Mapping[str, Kind], now: datetime) -> list[str]:
    """Bring the feed's rows to the declared fields, in transactions of 1,000; the kinds that had changed.

    To be called after the tables were brought up to the declarations, before the server answers again. Interrupted, it
    is continued by calling it again.
    """
    known = {row["kind"]: row["fields"] for row in rows.select(db, Shape, "kind", [*kinds, COUNTED])}
    stale = [name for name, kind in kinds.items() if known.get(name) != list(kind.columns)]
    changed = [name for name in stale if name in known or not _fits(db, kinds[name])]
    for name in changed:
        for community in _communities(db, kinds[name]):
            _rewrite(db, kinds, kinds[name], community, now)
    for name in stale:
        _note(db, name, kinds[name].columns)
    counted = sorted([name, *kind.channels] for name, kind in kinds.items() if kind.counted)
    if known.get(COUNTED) != counted:
        digest.rebuild(db, kinds)
        _note(db, COUNTED, counted)
    return changed


def _note(db: peewee.Database, name: str, fields: Any) -> None:
    with writing(db):
        rows.insert(db, Shape, [{"kind": name, "fields": dumps(fields)}], replace=("kind",))


def _fits(db: peewee.Database, kind: Kind) -> bool:
    """Whether rows that were written before any shape was noted have the declared width."""
    sql = f'SELECT "row" FROM "sync_feed" WHERE "kind" = {db.param} AND "row" IS NOT NULL LIMIT 1'
    found = db.execute_sql(sql, (kind.name,)).fetchone()
    return found is None or len(json.loads(found[0])) == len(kind.columns)


def _communities(db: peewee.Database, kind: Kind) -> list[str]:
    of = rows.table(kind.model)
    sql = f"SELECT DISTINCT {of.column['community']} FROM {of.name} ORDER BY 1"
    return [found for (found,) in db.execute_sql(sql).fetchall()]


def _rewrite(
    db: peewee.Database, kinds: Mapping[str, Kind], kind: Kind, community: str, now: datetime
) -> None:
    of, mark = rows.table(kind.model), db.param
    sql = (
        f"SELECT {of.column['id']} FROM {of.name} WHERE {of.column['community']} = {mark} "
        f"AND {of.column['gone']} = {mark} AND {of.column['id']} > {mark} ORDER BY {of.column['id']} LIMIT {CHUNK}"
    )
    last = ""
    while ids := [found for (found,) in db.execute_sql(sql, (community, False, last)).fetchall()]:
        with writing(db):
            batch = Batch(db, kinds, community, now)
            batch.load((kind.name, id) for id in ids)
            for row in batch.held(kind.name):
                batch.move(row)
            batch.write()
        last = ids[-1]
