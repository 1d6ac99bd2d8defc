"""Desk: what a supervisor waits for who has looked at nothing for a month, beside one select of the same operations."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from pysqlite3 import dbapi2 as sqlite3

from tests.bench.figures import Figure, say
from tests.bench.stores import BOSS, store
from tests.bench.wire import Wire, visit

WORKERS, DAYS, A_DAY = 8, 29, 120
TURNS = 15
OTHERS = (
    "/received",
    "/progress",
    "/tasks/all",
    "/log",
    "/log/week",
    "/records",
    "/phones",
    "/review/decided",
)
SELECT = 'SELECT "op", "user", "kind", "record", "verb", "device_time", "payload" FROM "sync_operation"'


def figures(folder: Path) -> list[Figure]:
    """The queue beside a month of visits that nothing flags."""
    say("Desk: a month of visits that nobody accepted")
    server = store(folder, None, 960 * WORKERS, WORKERS).start()
    try:
        count = sum(_month_of(Wire(server.port, f"w{at}")) for at in range(1, WORKERS + 1))
        boss = Wire(server.port, BOSS)
        review, *others = (_page(boss, path) for path in ("/review", *OTHERS))
        with sqlite3.connect(server.data / "fieldapp.db") as db:
            floor = []
            for _ in range(TURNS):
                began = time.perf_counter()
                db.execute(SELECT).fetchall()
                floor.append((time.perf_counter() - began) * 1000)
            assert len(db.execute(SELECT).fetchall()) >= count
        assert f"{count}".encode() in boss.ask("GET", "/review")[1]
    finally:
        server.stop()
    slowest = max(others)
    return [
        Figure(f"the review beside {count:,} records that nothing flags", review, "ms", 500,
               floor=median(floor), floor_is="one select of them"),
        Figure("the desk's other pages beside them, the slowest", slowest, "ms", 1_000, floor_is=f"at {OTHERS[others.index(slowest)]}"),
    ]  # fmt: skip


def _page(boss: Wire, path: str) -> float:
    """The median of its answers; the first, with cold caches, is left out."""
    times = []
    for _ in range(TURNS + 1):
        began = time.perf_counter()
        status, _ = boss.ask("GET", path)
        times.append((time.perf_counter() - began) * 1000)
        assert status == 200, (path, status)
    return median(times[1:])


def _month_of(phone: Wire) -> int:
    """Visits by day, minutes apart, brought a day at a time; their number."""
    homes = phone.first_pull()[2]
    morning = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    seq = 0
    for day in range(DAYS):
        ops: list[dict[str, Any]] = []
        for at in range(A_DAY):
            seq += 1
            when = morning + timedelta(days=day, minutes=4 * at)
            ops.append({**visit(homes[seq % len(homes)], seq), "at": when.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
        for part in (ops[:60], ops[60:]):
            phone.exchange(part)
    return seq
