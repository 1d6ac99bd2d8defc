"""Results: what became of an operation after its receipt, told to its author's phones through their own channel.  # P13"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import peewee

from sync import rows
from sync.batch import Batch
from sync.encode import dumps
from sync.feed import TOMBSTONES
from sync.kinds import Kind
from sync.store import Operation, Result, writing

# A fresh baseline brings the results of as long as phones may be away.
RESULT = Kind(
    "sync_result",
    Result,
    ("user", "status", "reason", "detail"),
    ("user:{user}",),
    window_days=TOMBSTONES.days,
)


def tell(
    db: peewee.Database,
    community: str,
    stored: Mapping[str, Any],
    now: datetime,
    status: str,
    reason: str | None,
    detail: Mapping[str, Any],
    version: int | None,
) -> None:
    """Write the new result into the operation, and into the feed of its author; within the caller's transaction."""
    mark = db.param
    db.execute_sql(
        f'UPDATE "sync_operation" SET "status" = {mark}, "reason" = {mark}, "detail" = {mark}, "version" = {mark} '
        f'WHERE "op" = {mark}',
        (status, reason, dumps(detail), version, stored["op"]),
    )
    batch = Batch(db, {RESULT.name: RESULT}, community, now)
    said = {"status": status, "reason": reason, "detail": dict(detail)}
    row = batch.get(RESULT.name, stored["op"])
    if row is not None:
        row.values.update(said)
        batch.touch(row)
    else:
        own = {"id": stored["op"], "user": stored["user"], "community": community, "author": stored["user"]}
        batch.add(RESULT, {**own, **said, "device_time": batch.now, "gone": False})
    batch.write()


def tell_again(db: peewee.Database, now: datetime) -> None:
    """Tell once more what waits for a person: a restored copy has forgotten decisions that phones have heard of.  # P20"""
    of = rows.table(Operation)
    waiting = db.execute_sql(f"""SELECT {of.selected} FROM {of.name} WHERE "status" <> 'applied'""")
    for stored in map(of.read, waiting.fetchall()):
        said = (stored["status"], stored["reason"], stored["detail"], stored["version"])
        with writing(db):
            tell(db, stored["community"], stored, now, *said)
