"""Blobs: attachments that arrived whole, the records that name them, and who may have them.  # P23

A blob is named by the SHA-256 of what was sent and belongs to the person who sent it: an attachment counts as arrived
only when the author of the operation that names it has sent it, so knowing a hash gives nobody a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import peewee

from sync import rows
from sync.batch import Batch, Row
from sync.depot import Depot
from sync.instants import instant
from sync.kinds import Kind
from sync.scope import Me
from sync.store import Attachment, Blob, writing
from sync.wire import Op


class Unfit(ValueError):
    """The content is not what may be kept; the message is a code."""


@dataclass(frozen=True)
class Place:
    """Where blobs are kept whole and in pieces; `refine` makes what is kept of what was sent, or raises Unfit."""

    depot: Depot
    pieces: Path
    refine: Callable[[bytes], bytes]


def name_of(community: str, user: str, hash: str) -> str:
    """A blob's name in the depot: it says all that the table of blobs does, so that a restore can fill that again."""
    return f"{community}/{user}/{hash}"


def lock(db: peewee.Database, ops: Iterable[Op]) -> None:
    """Keep the blobs that operations name from arriving between the look for them and the commit."""
    hashes = {hash for op in ops for hash in op.files}
    if hashes and isinstance(db, peewee.PostgresqlDatabase):
        for hash in sorted(hashes):
            db.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 23))", (hash,))


def attach(batch: Batch, me: Me, ops: Iterable[Op]) -> None:
    """Note which records name which blobs, and show on the records which of these are here already."""
    named = {(op.kind, op.record, hash) for op in ops for hash in op.files}
    if not named:
        return
    made = [
        {"community": me.community, "hash": hash, "kind": kind, "record": record, "user": me.id}
        for kind, record, hash in sorted(named)
    ]
    rows.insert(batch.db, Attachment, made, keep=True)
    for kind, record in sorted({(kind, record) for kind, record, _ in named}):
        if kind in batch.kinds and (row := batch.get(kind, record)):
            _show(batch, row)


def keep(
    db: peewee.Database,
    kinds: Mapping[str, Kind],
    place: Place,
    me: Me,
    hash: str,
    content: bytes,
    now: datetime,
) -> None:
    """Keep a blob whose content was verified, and show it on the records that name it. Raises Unfit."""
    kept = place.refine(content)
    place.depot.put(name_of(me.community, me.id, hash), kept)
    blob = {"community": me.community, "user": me.id, "hash": hash, "size": len(kept), "at": instant(now)}
    mark = db.param
    with writing(db):
        if isinstance(db, peewee.PostgresqlDatabase):
            db.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 23))", (hash,))
        rows.insert(db, Blob, [blob], keep=True)
        extra = f' AND "community" = {mark} AND "user" = {mark}'
        naming = rows.select(db, Attachment, "hash", [hash], extra=extra, parameters=[me.community, me.id])
        _show_all(db, kinds, me.community, naming, now)


def _show_all(
    db: peewee.Database,
    kinds: Mapping[str, Kind],
    community: str,
    naming: Iterable[Mapping[str, str]],
    now: datetime,
) -> None:
    """Show on the records of these attachments which of their blobs are here."""
    named = sorted({(one["kind"], one["record"]) for one in naming if one["kind"] in kinds})
    if not named:
        return
    batch = Batch(db, kinds, community, now)
    batch.load(named)
    for kind, record in named:
        if row := batch.get(kind, record):
            _show(batch, row)
    batch.write()


def _show(batch: Batch, row: Row) -> None:
    """Set the fields of a record that say which of its blobs are here."""
    mark = batch.db.param
    sql = (
        'SELECT "a"."hash" FROM "sync_attachment" "a" JOIN "sync_blob" "b" ON "b"."community" = "a"."community" '
        'AND "b"."user" = "a"."user" AND "b"."hash" = "a"."hash" '
        f'WHERE "a"."community" = {mark} AND "a"."kind" = {mark} AND "a"."record" = {mark}'
    )
    found = batch.db.execute_sql(sql, (batch.community, row.kind.name, row.id)).fetchall()
    here = {hash for (hash,) in found}
    for field, arrived in row.kind.files.items():
        now_here = [hash for hash in row.values[field] if hash in here]
        if now_here != row.values[arrived]:
            row.values[arrived] = now_here
            if row.place is None:
                batch.touch(row)


def held(db: peewee.Database, me: Me, hashes: Iterable[str], depot: Depot | None = None) -> list[str]:
    """Of these blobs, those that this person has sent and the server keeps: their phone need not keep them.

    With `depot` no phone throws away what that has lost, as a folder does that was put back from an older copy.
    """
    mark = db.param
    extra = f' AND "community" = {mark} AND "user" = {mark}'
    found = rows.select(db, Blob, "hash", hashes, extra=extra, parameters=[me.community, me.id])
    kept = [row["hash"] for row in found]
    return [hash for hash in kept if depot is None or depot.has(name_of(me.community, me.id, hash))]


def owner(db: peewee.Database, kinds: Mapping[str, Kind], me: Me, hash: str) -> str | None:
    """Whose copy of a blob the person may see: their own, or one that a record names which they may hold.  # P21"""
    if held(db, me, [hash]):
        return me.id
    sql = (
        'SELECT "a"."kind", "a"."record", "a"."user" FROM "sync_attachment" "a" JOIN "sync_blob" "b" '
        'ON "b"."community" = "a"."community" AND "b"."user" = "a"."user" AND "b"."hash" = "a"."hash" '
        f'WHERE "a"."community" = {db.param} AND "a"."hash" = {db.param}'
    )
    for kind, record, user in db.execute_sql(sql, (me.community, hash)).fetchall():
        found = rows.select(db, kinds[kind].model, "id", [record]) if kind in kinds else []
        if any(not one["gone"] and me.channels.intersection(kinds[kind].channels_of(one)) for one in found):
            return str(user)
    return None


def unnamed(db: peewee.Database, me: Me) -> int:
    """How many blobs of this person no operation of theirs names."""
    sql = (
        f'SELECT COUNT(*) FROM "sync_blob" "b" WHERE "b"."community" = {db.param} AND "b"."user" = {db.param} '
        'AND NOT EXISTS (SELECT 1 FROM "sync_attachment" "a" WHERE "a"."community" = "b"."community" '
        'AND "a"."user" = "b"."user" AND "a"."hash" = "b"."hash")'
    )
    return int(db.execute_sql(sql, (me.community, me.id)).fetchone()[0])


def lost(db: peewee.Database, depot: Depot) -> list[str]:
    """The names of blobs that the database says are here and the depot lacks."""
    found = db.execute_sql('SELECT "community", "user", "hash" FROM "sync_blob"').fetchall()
    return [name for row in found if not depot.has(name := name_of(*row))]


def adopt(db: peewee.Database, kinds: Mapping[str, Kind], depot: Depot, now: datetime) -> None:
    """After a restore: what lies in the depot is here, also where this copy of the database is older than it.

    Records of the copy that name such a blob show it: no phone has its bytes any more, so it will not arrive again.
    """
    made = []
    for name in depot.names():
        community, user, hash = name.split("/")
        size = len(depot.get(name) or b"")
        made.append({"community": community, "user": user, "hash": hash, "size": size, "at": instant(now)})
    for at in range(0, len(made), 1000):
        here = made[at : at + 1000]
        with writing(db):
            rows.insert(db, Blob, here, keep=True)
            naming = rows.select(db, Attachment, "hash", {one["hash"] for one in here})
            for community in sorted({one["community"] for one in naming}):
                own = [one for one in naming if one["community"] == community]
                _show_all(db, kinds, community, own, now)
