"""Server: what the exchange carries beside the floor, in turns of seconds in one run; on SQLite and on PostgreSQL."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from pysqlite3 import dbapi2 as sqlite3

from sync.ids import uuid7
from tests.bench.figures import Figure, say
from tests.bench.load import CONNECTIONS, Floor, Line, Ours, rate
from tests.bench.stores import store
from tests.bench.wire import Wire
from tests.pages import rows_of
from tests.postgres import Cluster
from tests.server import ROOT, Server, free_port

BATCH = 50
DATABASES = ("SQLite", "PostgreSQL")
TURNS, SECONDS = 5, 1.5
PULLS = 15  # turns of a fifth of a second
TABLE = "CREATE TABLE record (seq {serial} PRIMARY KEY, channel TEXT NOT NULL, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL)"
INDEX = "CREATE INDEX record_channel ON record (channel, seq)"


class FloorServer:
    """The floor under the same gunicorn settings as ours, on a database of its own of the same sort."""

    def __init__(self, folder: Path, database: str | None) -> None:
        folder.mkdir(parents=True)
        self.database = database or str(folder / "floor.db")
        self.port = free_port()
        with self.connection() as db:
            if database is None:
                db.execute("PRAGMA journal_mode = WAL")
            db.execute(TABLE.format(serial="INTEGER" if database is None else "BIGSERIAL"))
            db.execute(INDEX)
            db.commit()
        words = [
            "--workers",
            "2",
            "--threads",
            "4",
            "--worker-class",
            "gthread",
            "--keep-alive",
            "15",
            "--no-control-socket",
        ]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "tests.bench.floor_server:app",
                "-b",
                f"127.0.0.1:{self.port}",
                *words,
            ],
            cwd=ROOT,
            env={**os.environ, "FLOOR_DATABASE": self.database},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _until(lambda: Line(self.port))

    @contextlib.contextmanager
    def connection(self) -> Iterator[Any]:
        """A connection to its database."""
        import psycopg

        remote = self.database.startswith("postgresql")
        made: Any = psycopg.connect(self.database) if remote else sqlite3.connect(self.database)
        yield made
        made.close()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(timeout=15)


def _until(attempt: Callable[[], object]) -> None:
    limit = time.monotonic() + 30
    while True:
        try:
            attempt()
            return
        except OSError:
            if time.monotonic() > limit:
                raise
            threading.Event().wait(0.05)


def figures(folder: Path, parts: set[str], large: bool = True) -> list[Figure]:
    """Everything on SQLite, then on PostgreSQL."""
    found: list[Figure] = []
    for name in DATABASES:
        if name.lower() in parts:
            with database_of(name, folder / f"cluster-{name}") as fresh:
                found += _on(name, folder / name, fresh, large)
    return found


@contextlib.contextmanager
def database_of(name: str, folder: Path) -> Iterator[Callable[[], str | None]]:
    """What gives the address of a new database; none for SQLite, which lives in the data folder. Both wait for the disk."""
    if name == "SQLite":
        yield lambda: None
        return
    cluster = Cluster(folder, durable=True)
    try:
        yield cluster.url
    finally:
        cluster.stop()


def _on(name: str, folder: Path, database: Callable[[], str | None], large: bool) -> list[Figure]:
    floor = FloorServer(folder / "floor", database())
    found: list[Figure] = []
    try:
        say(f"{name}: a store of eight grids; pushing")
        with _serving(store(folder / "eight", database(), 8 * 960, 8)) as ours:
            found += _push(name, ours, floor)
        say(f"{name}: a store of 20,000 records; pulling")
        with _serving(store(folder / "20", database(), 10_000, 1)) as ours:
            found += _pull(name, ours, floor)
            costs = {20: _last_changes(ours)}
        for thousands in (2, 200) if large else (2,):
            say(f"{name}: a store of {thousands} thousand records")
            with _serving(store(folder / str(thousands), database(), thousands * 500, 1)) as ours:
                costs[thousands] = _last_changes(ours)
        found += [
            Figure(f"the last 100 changes, store of {of} thousand, {name}", costs[of], "ms", floor=costs[2], most_ratio=1.2,
                   floor_is="with 2 thousand")
            for of in (20, 200) if of in costs
        ]  # fmt: skip
    finally:
        floor.stop()
    return found


@contextlib.contextmanager
def _serving(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _push(name: str, ours: Server, floor: FloorServer) -> list[Figure]:
    """Batches of fifty, then single records, from eight phones of eight workers; ours and the floor take turns."""
    phones = [Ours(ours.port, f"w{at + 1}") for at in range(CONNECTIONS)]
    floors = [Floor(floor.port) for _ in phones]
    found = []
    for words, size, bar, unit, floor_work in (
        (f"push in batches of {BATCH}, {name}", BATCH, 0.4, "records/s", "push"),
        (f"one-record exchanges, {name}", 1, 0.8, "/s", "push_and_pull"),
    ):
        most = int(SECONDS * (400 if size > 1 else 600))
        turns = []
        for _ in range(TURNS + 1):
            bodies = [phone.batches(most, size) for phone in phones]
            # Side by side: of what connects one after the other, one of two idle processes may take all.
            with ThreadPoolExecutor(2 * CONNECTIONS) as beside:
                list(beside.map(lambda one: one.line.connect(), (*phones, *floors)))
            theirs = rate(
                SECONDS,
                [(getattr(one, floor_work), iter(body)) for one, body in zip(floors, bodies, strict=True)],
            )
            mine = rate(
                SECONDS, [(phone.push, iter(body)) for phone, body in zip(phones, bodies, strict=True)]
            )
            say(f"  {words}: {mine * size:,.0f} beside {theirs * size:,.0f}, {mine / theirs:.2f}")
            turns.append((mine * size, theirs * size))
        del turns[0]  # caches are cold
        found.append(_beside(words, turns, unit, bar))
    return found


def _beside(words: str, turns: list[tuple[float, float]], unit: str, bar: float) -> Figure:
    """Medians; the ratio is the median of the turns' ratios."""
    ratio = median(mine / theirs for mine, theirs in turns)
    return Figure(words, median(mine for mine, _ in turns), unit, floor=median(theirs for _, theirs in turns),
                  least_ratio=bar, ratio=ratio)  # fmt: skip


def _pull(name: str, ours: Server, floor: FloorServer) -> list[Figure]:
    """Everything that a worker of 20,000 records holds; the floor hands out the same rows by one select."""
    wire = Wire(ours.port, "w1")
    bytes_packed, rows, _ = wire.first_pull()
    channel = str(uuid7())
    _copy_rows(ours, floor, channel)
    line = Line(floor.port)
    turns = []
    gc.disable()  # of this process: it took a third of a pull, of ours or of the floor's as luck had it
    for _ in range(PULLS + 1):
        gc.collect()
        line.connect()
        wire.connection.close()  # it opens again by itself
        began = time.perf_counter()
        said = json.loads(line.ask("GET", f"/pull/{channel}/0"))
        theirs = time.perf_counter() - began
        wire.cursors = {}
        began = time.perf_counter()
        _, again, _ = wire.first_pull()
        mine = time.perf_counter() - began
        assert len(said["rows"]) == again == rows, (len(said["rows"]), again, rows)
        say(f"  first pull, {name}: {mine:.2f} s beside {theirs:.2f} s, {theirs / mine:.2f}")
        turns.append((rows / mine, rows / theirs))
    gc.enable()
    del turns[0]
    return [
        _beside(f"first pull of {rows:,} records, {name}", turns, "records/s", 0.65),
        Figure(f"the same, gzip, {name}", bytes_packed / rows, "bytes a record", bar=160),
    ]


def _copy_rows(ours: Server, floor: FloorServer, channel: str) -> None:
    """The feed's rows of the worker's pull, into the floor's table."""
    wire = Wire(ours.port, "w1")
    rows = []
    while True:
        said = wire.exchange()
        rows += [(channel, row[0], json.dumps(row, ensure_ascii=False, separators=(",", ":")))
                 for page in said["pages"] for row in rows_of(page)]  # fmt: skip
        if not said["more"]:
            break
    with floor.connection() as db:
        mark = "%s" if floor.database.startswith("postgresql") else "?"
        db.cursor().executemany(
            f"INSERT INTO record (channel, id, body) VALUES ({mark}, {mark}, {mark})", rows
        )
        db.commit()


def _last_changes(ours: Server) -> float:
    """Milliseconds for the hundred last changes of a channel that holds the whole store."""
    phone = Ours(ours.port, "w1")
    before = phone.cursors
    for ops in phone.batches(1, BATCH):
        phone.push(ops)
    body = _asking(phone, before)
    times = []
    for _ in range(200):
        began = time.perf_counter()
        answer = phone.line.ask("POST", "/sync", body)
        times.append((time.perf_counter() - began) * 1000)
    rows = sum(len(rows_of(page)) for page in json.loads(answer)["pages"])
    assert rows == 2 * BATCH, rows
    return median(times)


def _asking(phone: Ours, cursors: bytes) -> bytes:
    clock = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    head = {"protocol": 1, "app": "bench", "user": phone.user, "device": phone.device, "clock": clock, "epoch": phone.epoch,
            "report": {"waiting": 0}}  # fmt: skip
    return json.dumps(head).encode()[:-1] + b', "cursors": ' + cursors + b"}"
