"""Uploads: blobs on their way in, by tus 1.0: resumable at any byte, verified as a whole, dropped when they expire.  # P23

How much is here is the length of the upload's file, which is synced before it is told: no second truth to keep in step.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import peewee

from sync import blobs, rows
from sync.blobs import Place, Unfit
from sync.depot import sync_folder
from sync.instants import instant
from sync.kinds import Kind
from sync.scope import Me
from sync.store import Upload, writing
from sync.wire import Refused

LIMIT_BYTES = 4 * 1024 * 1024
LIMIT_OPEN = 50  # uploads of one person that are not whole
LIMIT_UNNAMED = 300  # blobs of one person that no operation names
EXPIRES_AFTER = timedelta(days=2)
PIECE = 16 * 1024  # what a cut connection may take with it at most


@dataclass(frozen=True)
class Standing:
    """How far one upload has come; all numbers are bytes."""

    id: str
    hash: str
    offset: int
    length: int
    expires: str
    done: bool


class Desk:
    """The uploads of one person."""

    def __init__(
        self, db: peewee.Database, kinds: Mapping[str, Kind], place: Place, me: Me, now: datetime
    ) -> None:
        self.db = db
        self.kinds = kinds
        self.place = place
        self.me = me
        self.now = now

    def begin(self, id: str, hash: str, length: int) -> Standing:
        """A new upload, whole at once where the person has sent this blob before. Refused: `too_large`, `too_many`."""
        if not 0 < length <= LIMIT_BYTES:
            raise Refused("too_large")
        self._sweep()
        whole = bool(blobs.held(self.db, self.me, [hash], self.place.depot))
        still_open = rows.select(self.db, Upload, "user", [self.me.id], extra=' AND NOT "done"')
        if not whole and (len(still_open) >= LIMIT_OPEN or blobs.unnamed(self.db, self.me) >= LIMIT_UNNAMED):
            raise Refused("too_many")
        row = {
            "id": id, "community": self.me.community, "user": self.me.id, "hash": hash, "length": length,
            "expires": instant(self.now + EXPIRES_AFTER), "done": whole,
        }  # fmt: skip
        if not whole:
            self.place.pieces.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self._file(id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            sync_folder(self.place.pieces)
        with writing(self.db):
            rows.insert(self.db, Upload, [row])
        return self.look(id)

    def look(self, id: str) -> Standing:
        """How far it has come; what is told is on disk. Refused: `not_found` (expired as well), `locked`."""
        at = self._at(id)
        if at.offset < at.length or at.done:
            return at
        with self._alone(id):  # the server died between the last byte and the look at the whole
            try:
                self._finish(at)
            except Refused as refused:
                raise Refused("not_found") from refused
        return self._at(id)

    def append(
        self, id: str, offset: int, read: Callable[[int], bytes], checksum: tuple[str, bytes] | None
    ) -> Standing:
        """Write what `read` brings behind `offset`. Refused: `offset`, `locked`, `checksum`, `too_large`, `unfit`.

        Whatever arrived before a connection broke stays. The last byte has the whole verified: a blob that is not what
        its hash says is dropped, and sent anew.
        """
        with self._alone(id) as file:
            at = self._at(id)
            if at.offset != offset:
                raise Refused("offset", offset=at.offset)
            if checksum:
                _copy(_verified(read, at.length - offset, checksum), file, at.length - offset)
            else:
                _copy(read, file, at.length - offset)
            if not at.done and self._durable(id) == at.length:
                self._finish(at)
            return self._at(id)

    def drop(self, id: str) -> None:
        """Forget an upload."""
        self._row(id)
        self._forget([id])

    def _finish(self, at: Standing) -> None:
        content = self._file(at.id).read_bytes()
        if hashlib.sha256(content).hexdigest() != at.hash:
            self._forget([at.id])
            raise Refused("checksum")
        try:
            blobs.keep(self.db, self.kinds, self.place, self.me, at.hash, content, self.now)
        except Unfit as unfit:
            self._forget([at.id])
            raise Refused("unfit") from unfit
        with writing(self.db):
            self.db.execute_sql(
                f'UPDATE "sync_upload" SET "done" = {self.db.param} WHERE "id" = {self.db.param}',
                (True, at.id),
            )
        self._file(at.id).unlink(missing_ok=True)

    def _at(self, id: str) -> Standing:
        row = self._row(id)
        offset = row["length"] if row["done"] else self._durable(id)
        return Standing(id, row["hash"], offset, row["length"], row["expires"], bool(row["done"]))

    def _row(self, id: str) -> dict[str, Any]:
        found = rows.select(self.db, Upload, "id", [id])
        if not found or found[0]["user"] != self.me.id or found[0]["expires"] < instant(self.now):
            raise Refused("not_found")
        if not found[0]["done"] and not self._file(id).is_file():
            raise Refused("not_found")
        return found[0]

    def _durable(self, id: str) -> int:
        """The length of the upload's file, once it is on disk."""
        opened = os.open(self._file(id), os.O_RDONLY)
        try:
            os.fsync(opened)
            return os.fstat(opened).st_size
        finally:
            os.close(opened)

    @contextlib.contextmanager
    def _alone(self, id: str) -> Iterator[int]:
        """The upload's file, open at its end; two that write at once would mix their bytes."""
        row = self._row(id)
        if row["done"]:
            yield -1
            return
        file = os.open(self._file(id), os.O_WRONLY | os.O_APPEND)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise Refused("locked") from None
        try:
            yield file
        finally:
            os.close(file)

    def _sweep(self) -> None:
        """Unfinished uploads of anybody that have expired go."""
        mark = self.db.param
        late = self.db.execute_sql(
            f'SELECT "id" FROM "sync_upload" WHERE "expires" < {mark}', (instant(self.now),)
        )
        self._forget([id for (id,) in late.fetchall()])

    def _forget(self, ids: list[str]) -> None:
        for id in ids:
            self._file(id).unlink(missing_ok=True)
        if ids:
            condition, parameters = rows.within(self.db, '"id"', ids)
            with writing(self.db):
                self.db.execute_sql(f'DELETE FROM "sync_upload" WHERE {condition}', parameters)

    def _file(self, id: str) -> Path:
        return self.place.pieces / id


def _verified(read: Callable[[int], bytes], most: int, checksum: tuple[str, bytes]) -> Callable[[int], bytes]:
    """A piece that is not what its checksum says is not written at all."""
    algorithm, digest = checksum
    content = b""
    while len(content) <= most and (more := read(PIECE)):
        content += more
    if hashlib.new(algorithm, content).digest() != digest:
        raise Refused("checksum")
    left = memoryview(content)

    def again(size: int) -> bytes:
        nonlocal left
        piece, left = left[:size], left[size:]
        return bytes(piece)

    return again


def _copy(read: Callable[[int], bytes], file: int, most: int) -> None:
    """Everything that `read` brings; more than may come is refused, and the file stays as it was promised."""
    while piece := read(PIECE):
        if len(piece) > most:
            raise Refused("too_large")
        most -= len(piece)
        while piece:
            piece = piece[os.write(file, piece) :]
