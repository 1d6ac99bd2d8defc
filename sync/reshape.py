"""Reshape: when a declaration gains or loses a field, rows that were written before are written anew and travel again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import peewee

from sync import rows
from sync.batch import Batch
from sync.encode import dumps
from sync.kinds import Kind
from sync.store import Shape, writing

CHUNK = 1_000


def reshape(db: peewee.Database, kinds: Mapping[str, Kind], now: datetime) -> list[str]:
    """Bring the feed's rows to the declared fields, in transactions of 1,000; the kinds that had changed.

    To be called after the tables were brought up to the declarations, before the server answers again. Interrupted, it
    is continued by calling it again.
    """
    known = {row["kind"]: row["fields"] for row in rows.select(db, Shape, "kind", kinds)}
    changed = [name for name, kind in kinds.items() if known.get(name) != list(kind.columns)]
    for name in changed:
        for community in _communities(db, kinds[name]):
            _rewrite(db, kinds, kinds[name], community, now)
        with writing(db):
            shape = {"kind": name, "fields": dumps(kinds[name].columns)}
            rows.insert(db, Shape, [shape], replace=("kind",))
    return changed


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
