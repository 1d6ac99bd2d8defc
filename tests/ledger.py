"""Ledger: what the database holds against what phones saved and were told; plain SQL, none of the engine's code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pysqlite3

from tests.walker import Walker

Rows = Callable[[str], list[tuple[Any, ...]]]
Kept = tuple[str, int, dict[str, Any], str]


class Ledger:
    """The rows of a database, whether its server runs or was just killed."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def moment(self) -> Iterator[Rows]:
        """A function from a query to its rows; all queries see the same moment."""
        if self.url.startswith("sqlite"):
            connection = pysqlite3.connect(
                self.url.removeprefix("sqlite:///"), timeout=20, isolation_level=None
            )
            try:
                connection.execute("BEGIN")
                yield lambda query: [tuple(row) for row in connection.execute(query)]
            finally:
                connection.close()
            return
        with psycopg.connect(self.url) as open_:
            open_.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield lambda query: open_.execute(query).fetchall()  # type: ignore[call-overload, no-any-return]

    def check(self, walkers: Sequence[Walker], drained: bool = False) -> None:
        """Nothing lost, nothing doubled, nothing called received that is not there; all of it, once all was sent."""
        heard = [(one, one.last, dict(one.told)) for one in walkers]
        with self.moment() as rows:
            kept = _operations(rows)
            devices = dict(rows("SELECT id, last FROM sync_device"))
            for walker, last, told in heard:
                _check_phone(walker, last, told, devices.get(walker.device, 0), kept)
            if drained:
                assert [len(one.saved) for one in walkers] == [devices[one.device] for one in walkers]
                assert all(one.last == len(one.saved) for one in walkers)
            _check_visits(rows, kept)
            _check_feed(rows)


def _operations(rows: Rows) -> dict[str, Kept]:
    """Operation → device, seq, payload and status."""
    found = rows("SELECT op, device, seq, payload, status FROM sync_operation ORDER BY seq")
    kept = {op: (device, seq, json.loads(payload), status) for op, device, seq, payload, status in found}
    assert len(kept) == len(found)
    return kept


def _check_phone(walker: Walker, last: int, told: dict[str, str], count: int, kept: dict[str, Kept]) -> None:
    mine = [op for op, (device, *_) in kept.items() if device == walker.device]
    assert mine == [op["op"] for op in walker.saved[:count]], "what is kept is not what was saved, in order"
    assert last <= count, f"{last} were called received, {count} are there"
    for op in walker.saved[:count]:
        assert kept[op["op"]][2]["patch"] == op["patch"]
    for name, status in told.items():
        assert kept[name][3] == status, f"{name} was told as {status}, it is {kept[name][3]}"


def _check_visits(rows: Rows, kept: dict[str, Kept]) -> None:
    """Each visit that was applied stands once, but for those taken back; each household counts its own."""
    applied = [said for _, _, said, status in kept.values() if status == "applied"]
    made = Counter(said["record"] for said in applied if said["verb"] == "create")
    undone = {said["record"] for said in applied if said["verb"] == "retract"}
    standing = rows("SELECT id, household, outcome FROM visit WHERE NOT gone ORDER BY device_time, id")
    assert Counter(id for id, *_ in standing) == Counter(made.keys() - undone)
    assert max(made.values(), default=1) == 1
    misses: Counter[str] = Counter()
    for _, household, outcome in standing:
        misses[household] = {"met": 0, "no_answer": misses[household] + 1}.get(outcome, misses[household])
    counted = dict(rows("SELECT id, no_answers FROM household WHERE no_answers > 0"))
    apart = {
        id: (counted.get(id, 0), misses[id]) for id in {*counted, *misses} if counted.get(id, 0) != misses[id]
    }
    assert apart == {}, f"{len(apart)} households counted otherwise than their visits say"


def _check_feed(rows: Rows) -> None:
    """Every record is in the feed under its own number; the counter has reached them all."""
    for kind in ("visit", "household"):
        apart = rows(
            f"SELECT count(*) FROM {kind} LEFT JOIN sync_feed ON sync_feed.record = {kind}.id"
            f" AND sync_feed.kind = '{kind}' AND sync_feed.seq = {kind}.seq AND sync_feed.gone = {kind}.gone"
            " WHERE sync_feed.record IS NULL"
        )
        assert apart == [(0,)], f"{kind}: records apart from the feed"
    beyond = rows(
        "SELECT count(*) FROM sync_feed JOIN sync_counter ON sync_counter.community = sync_feed.community"
        " WHERE sync_feed.seq > sync_counter.seq"
    )
    assert beyond == [(0,)]
