"""Together: many phones and processes at once; commit order is feed order, and a kill leaves all or nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import peewee
import pytest

from sync.ids import uuid7
from sync.store import Counter, Feed, Operation
from sync.wire import Busy
from sync.write import put
from tests.sync.world import Home, Knock, Phone, World


def at_once(database: peewee.Database, *tasks: Callable[[], Any]) -> list[Any]:
    """Run the tasks in threads that start together, each with a connection of its own; what each gave or raised."""
    start = threading.Barrier(len(tasks))
    given: list[Any] = [None] * len(tasks)

    def run(at: int, task: Callable[[], Any]) -> None:
        start.wait()
        try:
            given[at] = task()
        except Exception as problem:
            given[at] = problem
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return given


def test_six_phones_at_once_leave_one_order_without_a_gap(world: World) -> None:  # P14
    phones = [world.phone(me) for me in (world.li, world.wang, world.zhang) * 2]
    before = Counter.get_by_id("heping").seq

    def work(phone: Phone) -> Callable[[], None]:
        def run() -> None:
            for number in range(8):
                phone.knock(f"three-{number % 4 + 1}", "no_answer")
                while True:
                    try:
                        phone.sync()
                        break
                    except Busy:
                        continue

        return run

    assert at_once(world.database, *(work(phone) for phone in phones)) == [None] * 6
    assert Knock.select().count() == 48
    seqs = sorted(knock.seq for knock in Knock.select())
    assert len(set(seqs)) == 48
    assert Counter.get_by_id("heping").seq == before + 96, "one number for the knock, one for its home"
    assert sum(home.misses for home in Home.select()) == 48


def test_a_reader_never_misses_what_commits_late(world: World) -> None:  # P14
    """Li reads on while others write; cursors must not run past a number that is not committed yet."""
    writers = [world.phone(me) for me in (world.wang, world.zhang, world.wang)]
    li = world.phone(world.li)
    li.sync()  # so that nothing below is older history, which only a tail would bring
    done = threading.Event()

    def write(phone: Phone) -> Callable[[], None]:
        def run() -> None:
            for number in range(12):
                phone.knock(f"three-{number % 4 + 1}", "no_answer")
                while phone.acknowledged < len(phone.outbox):
                    try:
                        phone.sync()
                    except Busy:
                        continue

        return run

    def read() -> int:
        rounds = 0
        while not done.is_set():
            li.sync()
            rounds += 1
        return rounds

    reader: list[Any] = []
    thread = threading.Thread(target=lambda: reader.append(at_once(world.database, read)))
    thread.start()
    assert at_once(world.database, *map(write, writers)) == [None] * 3
    done.set()
    thread.join(timeout=60)
    li.sync()
    assert li.held("knock") == {knock.id for knock in Knock.select()}
    for home in Home.select().where(Home.grid == "three"):
        assert li.records["home", home.id]["version"] == home.version


def test_the_same_phone_pushing_twice_at_once_is_applied_once(world: World) -> None:  # P11
    li = world.phone(world.li)
    li.sync()
    for _ in range(5):
        for label in ("three-1", "three-2", "three-3"):
            li.knock(label, "no_answer")
        request = li.request()
        answers = at_once(world.database, lambda r=request: li.ask(r), lambda r=request: li.ask(r))  # type: ignore[misc]
        good = [answer for answer in answers if isinstance(answer, dict)]
        assert good
        assert all(isinstance(answer, dict | Busy) for answer in answers)
        assert len({json.dumps(answer["results"], sort_keys=True) for answer in good}) == 1
        li.acknowledged = good[0]["last"]
    assert li.acknowledged == 15
    assert Knock.select().count() == 15
    assert Operation.select().count() == 15


def test_a_new_phone_that_asks_twice_at_once_is_one_device(world: World) -> None:  # P9
    for _ in range(5):
        li = world.phone(world.li)
        answers = at_once(world.database, *[lambda phone=li: phone.ask(phone.request())] * 4)  # type: ignore[misc]
        assert all(isinstance(answer, dict) for answer in answers)


def test_two_phones_that_create_the_same_record_leave_the_first(world: World) -> None:  # P21
    for _ in range(5):
        li, wang = world.phone(world.li), world.phone(world.wang)
        record = str(uuid7())
        for phone in (li, wang):
            phone.save("create", "knock", record, {"home": world["three-1"], "outcome": "no_answer"})
        answers = at_once(world.database, li.sync, wang.sync)
        assert all(isinstance(answer, dict) for answer in answers), answers
        statuses = sorted(answer["results"][0]["status"] for answer in answers)
        assert statuses == ["applied", "quarantined"]


def test_phones_that_touch_the_same_homes_in_opposite_order_both_get_through(world: World) -> None:  # P13
    def both(phone: Phone, labels: list[str]) -> Callable[[], None]:
        def run() -> None:
            for _ in range(5):
                for label in labels:
                    phone.knock(label, "no_answer")
                while phone.acknowledged < len(phone.outbox):
                    try:
                        phone.sync()
                    except Busy:
                        continue

        return run

    labels = ["three-1", "three-2", "three-3", "three-4"]
    li, wang = world.phone(world.li), world.phone(world.wang)
    assert at_once(world.database, both(li, labels), both(wang, labels[::-1])) == [None, None]
    assert [home.misses for home in Home.select().where(Home.grid == "three")] == [10] * 4


_KILLED = """
import json, os, sys
from tests.sync.world import World, open_database
from sync import batch, push
from sync.exchange import exchange
from sync.scope import Me
url, where, request, channels = sys.argv[1:5]
database = open_database(url)
world = World(database)
def die(*_, **__):
    print("dying", flush=True)
    os.kill(os.getpid(), 9)
if where == "before the feed":
    batch.feed.write = die
elif where == "before the commit":
    push.devices.save = die
elif where == "before the answer":
    import sync.exchange
    sync.exchange.Pull.run = die
exchange(database, world.kinds, Me("li", "heping", "worker", frozenset(json.loads(channels))), json.loads(request), world.now)
"""


@pytest.mark.parametrize(
    ("where", "arrived"), [("before the feed", 0), ("before the commit", 0), ("before the answer", 3)]
)
def test_a_server_that_is_killed_has_taken_all_or_nothing(
    world: World, database_url: str, where: str, arrived: int
) -> None:  # P12
    li = world.phone(world.li)
    for label in ("three-1", "three-2", "three-3"):
        li.knock(label, "no_answer")
    request, channels = json.dumps(li.request()), json.dumps(sorted(world.li.channels))
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, database_url, where, request, channels],
        capture_output=True,
        text=True,
        cwd=os.path.dirname(os.path.dirname(os.path.dirname(__file__))),
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert "dying" in killed.stdout
    counts = (
        Knock.select().count(),
        Operation.select().count(),
        Feed.select().where(Feed.kind == "knock").count(),
    )
    assert counts == (arrived, arrived, arrived)
    li.sync()
    assert {result["status"] for result in li.results.values()} == {"applied"}
    assert Knock.select().count() == 3
    assert [world.home(f"three-{n}")["misses"] for n in (1, 2, 3)] == [1, 1, 1]


def test_a_register_that_is_imported_and_phones_that_push_throw_nobody_out(world: World) -> None:  # P14 P22
    """Whoever writes has the lock before reading: what was read is still so when it is written."""

    def imported() -> None:
        for people in range(60):
            home = {"id": world["three-1"], "people": people}
            put(world.database, world.kinds, "heping", [("home", home)], world.now)

    def pushing(phone: Phone) -> Callable[[], None]:
        def run() -> None:
            for _ in range(30):
                phone.knock("three-1", "no_answer")
                phone.sync()

        return run

    li, wang = world.phone(world.li), world.phone(world.wang)
    assert at_once(world.database, imported, pushing(li), pushing(wang)) == [None] * 3
    home = world.home("three-1")
    assert (home["people"], home["misses"]) == (59, 60)


def test_a_lock_held_by_another_program_makes_the_phone_wait(world: World) -> None:  # P13
    li = world.phone(world.li)
    op = li.knock("three-1")
    other = type(world.database)(world.database.database, **world.database.connect_params)
    with other.connection_context(), other.atomic():
        other.execute_sql("UPDATE sync_counter SET seq = seq")
        if isinstance(world.database, peewee.SqliteDatabase):
            world.database.execute_sql("PRAGMA busy_timeout = 50")
        else:
            world.database.execute_sql("SET lock_timeout = '50ms'")
        with pytest.raises(Busy):
            li.sync()
        assert li.ask(li.request([]))["last"] == 0, "reading goes on"
    li.sync()
    assert li.result(op)["status"] == "applied"
