"""Group: phones that wait for SQLite at the same time are written together, and stay strangers to each other."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest

from sync import devices, group, store
from sync.group import group_of
from sync.push import Receipt, push
from sync.store import Device, Operation
from sync.wire import Busy, Refused
from tests.sync.world import Home, Knock, Phone, World, kinds, open_database


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The same world, always on SQLite."""
    opened = open_database(f"sqlite:///{tmp_path / 'engine.db'}")
    store.create(opened, kinds())
    return World(opened).build()


def pushed(world: World, phone: Phone) -> Callable[[], Receipt]:
    """The whole outbox of a phone, on its way in."""
    return lambda: push(world.database, world.kinds, phone.me, phone.device, phone.outbox, world.now)


def waiting_together(world: World, *tasks: Callable[[], Any]) -> list[Any]:
    """Let the tasks wait in one line, in this order, before the first of them may write; what each gave or raised."""
    line = group_of(world.database)
    given: list[Any] = [None] * len(tasks)

    def run(at: int) -> None:
        try:
            given[at] = tasks[at]()
        except Exception as problem:
            given[at] = problem
        finally:
            world.database.close()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(tasks))]
    with line._writer:
        for at, thread in enumerate(threads):
            thread.start()
            while len(line._line) <= at:
                assert thread.is_alive(), given[at]
                thread.join(timeout=0.01)
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return given


def commits_of(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows with each commit."""
    made: list[str] = []
    commit = world.database.commit

    def counted() -> None:
        commit()
        made.append("commit")

    monkeypatch.setattr(world.database, "commit", counted)
    return made


def test_li_wang_and_zhang_who_wait_together_are_written_by_one_commit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P12 P14
    phones = [world.phone(me) for me in (world.li, world.wang, world.zhang)]
    for phone in phones:
        phone.knock("three-1", "no_answer")
    commits = commits_of(world, monkeypatch)
    receipts = waiting_together(world, *(pushed(world, phone) for phone in phones))
    assert [receipt.last for receipt in receipts] == [1, 1, 1]
    assert commits == ["commit"]
    assert Home.get_by_id(world["three-1"]).misses == 3, "each saw what the one before it wrote"
    assert sorted(knock.author for knock in Knock.select()) == ["li", "wang", "zhang"]


def test_wangs_batch_that_fails_takes_neither_lis_nor_zhangs_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P12
    li, wang, zhang = phones = [world.phone(me) for me in (world.li, world.wang, world.zhang)]
    for phone in phones:
        phone.knock("three-1", "no_answer")
    zhang.outbox[0]["seq"] = 2  # the one before it never arrived
    save = devices.save

    def fails_for_wang(db: Any, device: dict[str, Any], *rest: Any, **more: Any) -> None:
        if device["id"] == wang.device:
            raise KeyError("a bug of the server")
        save(db, device, *rest, **more)

    monkeypatch.setattr("sync.push.devices.save", fails_for_wang)
    receipt, busy, gap = waiting_together(world, *(pushed(world, phone) for phone in phones))
    assert receipt.results[0]["status"] == "applied"
    assert isinstance(busy, Busy)
    assert isinstance(gap, Refused) and gap.more == {"send_from": 1}
    assert [knock.author for knock in Knock.select()] == ["li"]
    assert [device.id for device in Device.select().where(Device.last > 0)] == [li.device]
    monkeypatch.undo()
    assert pushed(world, wang)().results[0]["status"] == "applied"


def test_where_the_disk_is_full_at_the_commit_everybody_is_asked_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P13
    phones = [world.phone(me) for me in (world.li, world.wang)]
    for phone in phones:
        phone.knock("three-1", "no_answer")

    def full() -> None:
        raise peewee.OperationalError("database or disk is full")

    monkeypatch.setattr(world.database, "commit", full)
    assert [type(one) for one in waiting_together(world, *(pushed(world, phone) for phone in phones))] == [
        Busy,
        Busy,
    ]
    monkeypatch.undo()
    assert Operation.select().count() == Knock.select().count() == 0
    assert [
        receipt.last for receipt in waiting_together(world, *(pushed(world, phone) for phone in phones))
    ] == [1, 1]


def test_where_the_transaction_ends_in_the_midst_nobody_is_told_that_it_was_received(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P13
    phones = [world.phone(me) for me in (world.li, world.wang, world.zhang)]
    for phone in phones:
        phone.knock("three-1", "no_answer")
    save = devices.save

    def ends_for_wang(db: peewee.Database, device: dict[str, Any], *rest: Any, **more: Any) -> None:
        if device["id"] == phones[1].device:
            db.connection().rollback()  # as SQLite does by itself where the disk is full
            raise peewee.OperationalError("database or disk is full")
        save(db, device, *rest, **more)

    monkeypatch.setattr("sync.push.devices.save", ends_for_wang)
    given = waiting_together(world, *(pushed(world, phone) for phone in phones))
    assert [type(one) for one in given] == [Busy] * 3
    assert Operation.select().count() == Knock.select().count() == 0


def test_who_pushes_within_a_transaction_of_their_own_does_not_wait_in_line(world: World) -> None:  # P12
    phone = world.phone(world.li)
    phone.knock("three-1", "no_answer")
    with store.writing(world.database):
        assert pushed(world, phone)().last == 1
        line = group_of(world.database)
        assert not line._line and not line._writer.locked()
    assert Knock.get().author == "li"


def another_process(world: World) -> group.Group:
    """Its line before the same database: what keeps processes apart keeps two openings of one file apart."""
    mine = group_of(world.database)
    assert mine._path
    other = group.Group(mine._path)
    other._over = mine._over
    return other


def pushing(world: World, phone: Phone) -> threading.Thread:
    """Begins to push from a thread of its own."""

    def run() -> None:
        pushed(world, phone)()
        world.database.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def listens(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once somebody waits for the turn of another process."""
    asked = threading.Event()
    listen = group.Group._listen

    def asks(line: group.Group) -> None:
        asked.set()
        listen(line)

    monkeypatch.setattr(group.Group, "_listen", asks)
    return asked


def test_a_process_that_hangs_in_its_turn_keeps_nobody_out_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P12
    monkeypatch.setattr(group, "PATIENCE_S", 0.2)
    phone = world.phone(world.li)
    phone.knock("three-1", "no_answer")
    with another_process(world)._turn():
        assert pushed(world, phone)().last == 1
    assert Knock.get().author == "li"


def test_the_next_process_writes_as_soon_as_the_turn_before_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch, listens: threading.Event
) -> None:  # P12
    monkeypatch.setattr(group, "PATIENCE_S", 3600.0)
    monkeypatch.setattr(group, "LISTEN_S", 3600.0)
    group_of(world.database)._over.acquire()  # what was said before anybody waited
    phone = world.phone(world.li)
    phone.knock("three-1", "no_answer")
    with another_process(world)._turn():
        writes = pushing(world, phone)
        assert listens.wait(60)
        assert not Knock.select().exists()
    writes.join(timeout=60)
    assert Knock.get().author == "li"


def test_the_turn_of_a_process_that_was_killed_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch, listens: threading.Event
) -> None:  # P12
    monkeypatch.setattr(group, "PATIENCE_S", 3600.0)
    killed = another_process(world)
    assert killed._has_come()
    phone = world.phone(world.li)
    phone.knock("three-1", "no_answer")
    writes = pushing(world, phone)
    assert listens.wait(60)
    os.close(killed._opened())  # as the kernel does; nobody says anything
    writes.join(timeout=60)
    assert Knock.get().author == "li"


def test_the_processes_of_a_server_share_the_word_that_a_turn_is_over(world: World) -> None:  # P12
    line = group_of(world.database)
    line._over.acquire()
    child = os.fork()
    if not child:
        with line._turn():
            pass
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert line._over.acquire(timeout=60)
