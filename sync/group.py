"""Group: the batches that wait for SQLite at one time are written in one transaction: all of them wait for the disk once.

Whoever comes first writes; who comes meanwhile waits in line, and the next one writes for the whole line. Each batch has
a savepoint of its own: one that fails takes none of the others with it.  # P12  PostgreSQL, where many write at one time,
needs none of it: batches in one transaction would hold the records of the first while they wait for those of the second.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import peewee

from sync.store import writing

MOST = 8  # batches of one transaction
PATIENCE_S = 5.0
LISTEN_S = 0.01


def _shared_semaphore() -> Any:
    """At most one word that nobody has heard yet; where the machine has no such thing, of this process alone."""
    try:
        return multiprocessing.get_context("fork").BoundedSemaphore(1)
    except (ImportError, OSError):
        return threading.BoundedSemaphore(1)


class _Job:
    __slots__ = ("done", "error", "value", "work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None

    def attempt(self, db: peewee.Database) -> None:
        """In a savepoint; raises only what has ended the whole transaction."""
        try:
            with db.atomic():
                try:
                    self.value = self.work()
                except Exception as error:
                    self.error = error
                    raise
        except Exception as error:
            if error is not self.error:  # there was no savepoint left to go back to
                raise


class Group:
    """The line of one process before one database; `path`: where its writers meet those of other processes.

    Made before a server forks: what tells one process that the turn of another is over is shared from then on.
    """

    def __init__(self, path: str | None = None) -> None:
        self._line: deque[_Job] = deque()
        self._writer = threading.Lock()
        self._path = path
        self._file: tuple[int, int] | None = None  # of this process
        self._over = _shared_semaphore()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """The processes' turns: SQLite would ask for its lock again and again, after ever longer pauses. It is the one that
        counts: where there can be no such file, and for other programs, it is asked for as ever."""
        if not self._has_come():
            yield
            return
        try:
            yield
        finally:
            fcntl.flock(self._opened(), fcntl.LOCK_UN)
            with contextlib.suppress(ValueError):  # it was said before, and nobody listened
                self._over.release()

    def _has_come(self) -> bool:
        """Whether it is our turn; asked for as long as SQLite has patience, should another process hang in its own."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                fcntl.flock(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                self._listen()
            except OSError:
                return False
        return False

    def _listen(self) -> None:
        """Until a process says that its turn is over; one that was killed says nothing."""
        self._over.acquire(timeout=LISTEN_S)

    def _opened(self) -> int:
        if self._path is None:
            raise FileNotFoundError
        if self._file is None or self._file[0] != os.getpid():
            self._file = os.getpid(), os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file[1]

    def run(self, db: peewee.Database, work: Callable[[], Any]) -> Any:
        """What `work` gives, once it is committed; it runs in a write transaction, perhaps on another thread."""
        if db.in_transaction() or not isinstance(db, peewee.SqliteDatabase):
            with writing(db):
                return work()
        job = _Job(work)
        self._line.append(job)
        with self._writer:
            while not job.done:
                self._write(db, [self._line.popleft() for _ in range(min(MOST, len(self._line)))])
        if job.error is not None:
            raise job.error
        return job.value

    def _write(self, db: peewee.Database, jobs: list[_Job]) -> None:
        try:
            with self._turn(), writing(db):
                if len(jobs) == 1:
                    jobs[0].value = jobs[0].work()
                else:
                    for job in jobs:
                        job.attempt(db)
        except BaseException as error:
            for job in jobs:
                job.error = error
        finally:
            for job in jobs:
                job.done = True


_groups: WeakKeyDictionary[peewee.Database, Group] = WeakKeyDictionary()


def group_of(db: peewee.Database) -> Group:
    """The line before a database."""
    found = _groups.get(db)
    if found is None:
        file = isinstance(db, peewee.SqliteDatabase) and ":memory:" not in str(db.database)
        found = _groups.setdefault(db, Group(f"{db.database}-turn" if file else None))
    return found
