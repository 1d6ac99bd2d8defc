"""Flood: hundreds of phones with a day's work each come back in the same second after an outage, to the real server.

python3 dev.py bench -- flood                              500 phones with 200 operations each, on SQLite
python3 dev.py bench -- flood --database postgresql://…    the same on an empty PostgreSQL
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import peewee

from fieldapp.config import now
from fieldapp.db import open_database, upgrade
from fieldapp.declare.kinds import kinds
from fieldapp.features import declare_all
from fieldapp.people import accounts
from fieldapp.people.account import Account
from sync.write import put
from tests.bench.figures import Figure, most, table
from tests.cast import PASSWORD, named
from tests.ledger import Ledger
from tests.server import Server
from tests.walker import Walker, sign_in

DOORS = 12


def build_town(url: str, people: int) -> dict[str, tuple[str, list[str]]]:
    """One community, a grid with a staircase of twelve doors for each worker: user name → id and households."""
    declare_all()
    database = open_database(url)
    upgrade(database)
    community = named("flooded")
    records: list[tuple[str, dict[str, Any]]] = [
        (
            "community",
            {"id": community, "name": "和平社区", "town": "安宁街道", "visit_days": [7, 30, 90, 180]},
        )
    ]
    found = {}
    for number in range(people):
        name = f"worker{number}"
        found[name] = (named(f"account {name}"), _grid(records, number))
    put(database, kinds(), community, records, now())
    _people(database, community, list(found))
    database.close()
    return found


def _grid(records: list[tuple[str, dict[str, Any]]], number: int) -> list[str]:
    grid, building, unit = (named(f"{kind} {number}") for kind in ("grid", "building", "unit"))
    records += [
        ("grid", {"id": grid, "name": f"{number}网格", "number": number, "door_count": DOORS}),
        ("building", {"id": building, "grid": grid, "name": f"{number}号楼", "number": number, "floors": 6, "unit_count": 1}),
        ("stair_unit", {"id": unit, "building": building, "name": "1单元", "number": 1}),
    ]  # fmt: skip
    households = []
    for at in range(DOORS):
        label, address = f"{at // 2 + 1}0{at % 2 + 1}", f"{number}-1-{at}"
        door, household = named(f"door {address}"), named(f"household {address}")
        records += [
            ("door", {"id": door, "stair_unit": unit, "label": label, "floor": at // 2 + 1, "position": at % 2 + 1, "address": address}),
            ("household", {"id": household, "door": door, "label": label, "address": address, "floor": at // 2 + 1, "name": "王建国"}),
        ]  # fmt: skip
        households.append(household)
    return households


def _people(database: peewee.Database, community: str, names: Sequence[str]) -> None:
    """The first is made as any town makes one; the others get the same password's hash, which is slow on purpose."""
    first = names[0]
    made = accounts.add(
        first,
        PASSWORD,
        first,
        "grid_worker",
        community,
        [named("grid 0")],
        id=named(f"account {first}"),
        database=database,
    )
    others = [
        {
            **made.__data__, "id": named(f"account {name}"), "username": name, "name": name, "profile": named(f"profile {name}"),
            "grids": f'["{named(f"grid {number}")}"]',
        }
        for number, name in enumerate(names) if number
    ]  # fmt: skip
    records: list[tuple[str, dict[str, Any]]] = []
    for number, name in enumerate(names):
        if number:
            id, profile = named(f"account {name}"), named(f"profile {name}")
            records.append(
                (
                    "member",
                    {"id": id, "name": name, "role": "grid_worker", "grids": [named(f"grid {number}")]},
                )
            )
            records.append(("profile", {"id": profile, "user": id, "locale": "zh_Hans_CN", "theme": "auto"}))
    for at in range(0, len(others), 50):
        Account.insert_many(others[at : at + 50]).execute()
    put(database, kinds(), community, records, now())


class Flood:
    """Phones that were in the middle of their work when the server went away."""

    def __init__(
        self,
        server: Server,
        people: dict[str, tuple[str, list[str]]],
        phones: int,
        operations: int,
        hurry: float = 1.0,
    ) -> None:
        self.server = server
        self.walkers: list[Walker] = []
        self.seconds = 0.0
        names = list(people)
        signed = _at_once(8, [lambda name=name: self._synced(name, people[name], hurry) for name in names])
        for number in range(phones):
            first = signed[number % len(names)]
            one = Walker(server.port, first.user, first.cookie, first.households, f"flood {number}", hurry)
            one.cursors, one.epoch = first.cursors, first.epoch
            for _ in range(operations):
                one.visit()
            self.walkers.append(one)

    def _synced(self, name: str, known: tuple[str, list[str]], hurry: float) -> Walker:
        """A phone that has what it needs, as of the last time that the server answered."""
        walker = Walker(self.server.port, known[0], sign_in(self.server.port, name), known[1], name, hurry)
        walker.send(threading.Event())
        walker.connection.close()
        return walker

    def come_back(self, minutes: float = 10) -> None:
        """All at once; until everything has arrived."""
        over, gate = threading.Event(), threading.Barrier(len(self.walkers) + 1)
        problems: list[BaseException] = []

        def send(walker: Walker) -> None:
            gate.wait()
            try:
                walker.send(over)
            except BaseException as problem:
                problems.append(problem)
                over.set()

        threads = [threading.Thread(target=send, args=(one,), daemon=True) for one in self.walkers]
        for thread in threads:
            thread.start()
        gate.wait()
        began = time.perf_counter()
        for thread in threads:
            thread.join(timeout=max(0.0, began + minutes * 60 - time.perf_counter()))
        self.seconds = time.perf_counter() - began
        over.set()
        assert problems == [], problems[0]

    def figures(self) -> list[Figure]:
        """What it took."""
        times = [one for walker in self.walkers for one in walker.times]
        seen = sum((one.seen for one in self.walkers), Counter())
        served = [took for took, status in times if status == 200]
        operations = sum(len(one.saved) for one in self.walkers)
        waits = f"{seen['503'] + seen['429']:,} were told to wait, {seen['0']} got no answer"
        return [
            Figure(f"{len(self.walkers)} phones × {operations // len(self.walkers)} operations, drained in", self.seconds, "s", 600, floor_is=f"{operations / self.seconds:,.0f} operations/s"),
            Figure("an exchange, p95", most(served), "s", 2, floor_is=f"{len(served):,} answered; median {sorted(served)[len(served) // 2]:.2f} s, longest {max(served):.2f} s"),
            Figure("any answer, busy ones too, p95", most([took for took, _ in times]), "s", 2, floor_is=waits),
        ]  # fmt: skip


def _at_once(threads: int, tasks: Sequence[Any]) -> list[Any]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda task: task(), tasks))


def main(words: Sequence[str]) -> int:
    """Build, flood, check with SQL, print; the exit status."""
    parser = argparse.ArgumentParser(prog="python3 dev.py bench -- flood")
    parser.add_argument("--phones", type=int, default=500)
    parser.add_argument("--operations", type=int, default=200)
    parser.add_argument("--database", help="an empty PostgreSQL's address; default a SQLite file")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as name:
        url = options.database or f"sqlite:///{Path(name) / 'fieldapp.db'}"
        people = build_town(url, max(1, options.phones // 2))
        server = Server(Path(name) / "data", DATABASE_URL=url).start()
        try:
            print(f"== {len(people)} workers sign in and pull", flush=True)
            flood = Flood(server, people, options.phones, options.operations)
            print(f"== {options.phones} phones come back at once", flush=True)
            flood.come_back()
            figures = flood.figures()
            print(
                table(
                    figures,
                    f"{os.cpu_count()} cores with the phones on the same machine, {url.split(':')[0]}",
                )
            )
            Ledger(url).check(flood.walkers, drained=True)
            print("All in, none lost, none doubled (plain SQL).")
        finally:
            server.stop()
    return 0 if all(one.holds for one in figures) else 1
