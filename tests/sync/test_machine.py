"""Machine: any order of saves, undos, lost answers, repeats, clones and changes of scope, held against a dict.

The dict knows nothing of the engine: it applies each operation as a person would expect, in the order in which
operations first reached the server. More of it: `--hypothesis-profile=long`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import peewee
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from sync import store
from sync.ids import uuid7
from sync.store import Operation
from sync.wire import Refused
from sync.write import put
from tests.sync.world import Home, Knock, Phone, World, kinds, open_database, person

HOMES = [f"{grid}-{number}" for grid in ("three", "four") for number in (1, 2)]
PEOPLE = ("li", "wang", "zhang")
GRIDS = [("three",), ("four",), ("three", "four")]


class Book:
    """What should be true: facts of homes, knocks that stand, and where each operation ended."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[str, Any]] = {}
        self.knocks: dict[str, dict[str, Any]] = {}
        self.ended: dict[str, str] = {}
        self.done: dict[str, dict[str, Any]] = {}
        self.knocked: set[str] = set()

    def take(
        self, op: dict[str, Any], user: str, channels: frozenset[str], grids: dict[str, str], came: int
    ) -> None:
        """An operation reaches the server."""
        if op["op"] in self.ended:
            return
        op = {**op}
        self.ended[op["op"]] = getattr(self, "_" + op["verb"])(op, user, channels, grids, came)
        self.done[op["op"]] = {**op, "user": user}

    def _create(
        self, op: dict[str, Any], user: str, channels: frozenset[str], grids: dict[str, str], came: int
    ) -> str:
        home = op["patch"]["home"]
        if f"grid:{grids[home]}" not in channels:
            return "elsewhere"
        if op["patch"]["outcome"] not in ("met", "no_answer"):
            return "quarantined"
        self.knocked.add(home)
        self.knocks[op["record"]] = {**op["patch"], "at": op["at"], "came": came, "user": user}
        return "applied"

    def _patch(
        self, op: dict[str, Any], user: str, channels: frozenset[str], grids: dict[str, str], came: int
    ) -> str:
        if f"grid:{grids[op['record']]}" not in channels:
            return "elsewhere"
        facts, conflict = self.facts[op["record"]], False
        op["applied"] = {}
        for name, value in op["patch"].items():
            if facts[name] == value:
                op["applied"][name] = value
            elif facts[name] == op["base"][name]:
                facts[name] = op["applied"][name] = value
            else:
                conflict = True
        return "review" if conflict else "applied"

    def _retract(
        self, op: dict[str, Any], user: str, channels: frozenset[str], grids: dict[str, str], came: int
    ) -> str:
        undone = self.done[op["patch"]["of"]]
        if undone["user"] != user:
            return "quarantined"
        if self.ended[undone["op"]] == "quarantined":
            return "held"
        if self.ended[undone["op"]] == "elsewhere":
            return "not applied"
        home = undone["patch"]["home"] if undone["verb"] == "create" else op["record"]
        if f"grid:{grids[home]}" not in channels:
            return "elsewhere"
        if undone["verb"] == "create":
            self.knocks.pop(op["record"], None)
            return "applied"
        facts, conflict = self.facts[op["record"]], False
        for name, value in undone["applied"].items():
            if facts[name] == value:
                facts[name] = undone["base"][name]
            elif facts[name] != undone["base"][name]:
                conflict = True
        return "review" if conflict else "applied"

    def fold(self, home: str) -> dict[str, Any]:
        """The computed fields of a home."""
        standing = [knock for knock in self.knocks.values() if knock["home"] == home]
        folded: dict[str, Any] = {"last": None, "misses": 0, "plan": "2026-12-01"}
        for knock in sorted(standing, key=lambda knock: (knock["at"], knock["came"])):
            folded["last"] = knock["outcome"]
            folded["misses"] = folded["misses"] + 1 if knock["outcome"] == "no_answer" else 0
            if knock["outcome"] == "met":
                folded["plan"] = knock["at"][:19] + "Z"
        return folded


class Machine(RuleBasedStateMachine):
    """Three phones and a server."""

    open: Callable[[], peewee.Database]

    @initialize()
    def begin(self) -> None:
        self.database = type(self).open()
        self.world = World(self.database).build()
        self.book = Book()
        self.grids = {self.world[label]: label.split("-")[0] for label in HOMES}
        for label in HOMES:
            self.book.facts[self.world[label]] = {"phone": "", "people": 2}
        self.phones = [self.world.phone(getattr(self.world, name)) for name in PEOPLE]
        for phone in self.phones:
            phone.sync()
        self.came = 0

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()

    @rule(
        who=st.integers(0, 2),
        label=st.sampled_from(HOMES),
        outcome=st.sampled_from(["met", "no_answer", "no_answer", "odd"]),
    )
    def knock(self, who: int, label: str, outcome: str) -> None:
        self.phones[who].knock(label, outcome)

    @rule(
        who=st.integers(0, 2),
        label=st.sampled_from(HOMES),
        fact=st.sampled_from(["phone", "people"]),
        value=st.integers(0, 3),
        stale=st.booleans(),
    )
    def edit(self, who: int, label: str, fact: str, value: int, stale: bool) -> None:
        new: Any = str(value) if fact == "phone" else value
        seen = self.book.facts[self.world[label]][fact]
        if stale:
            seen = "old" if fact == "phone" else 99
        self.phones[who].edit(label, {fact: seen}, **{fact: new})

    @rule(who=st.integers(0, 2), data=st.data())
    def undo(self, who: int, data: st.DataObject) -> None:
        known = [op for op in self.phones[who].outbox if op["verb"] != "retract"]
        if known:
            self.phones[who].undo(data.draw(st.sampled_from(known)))

    @rule(who=st.integers(0, 2), other=st.integers(0, 2), data=st.data())
    def undo_anothers(self, who: int, other: int, data: st.DataObject) -> None:
        arrived = [
            op
            for op in self.phones[other].outbox[: self.phones[other].acknowledged]
            if op["verb"] == "create"
        ]
        if arrived:
            self.phones[who].undo(data.draw(st.sampled_from(arrived)))

    @rule(minutes=st.integers(1, 300))
    def pass_time(self, minutes: int) -> None:
        self.world.pass_time(minutes=minutes)

    @rule(who=st.integers(0, 2))
    def clock_jumps_back(self, who: int) -> None:
        self.phones[who].clock_off -= timedelta(hours=7)

    @rule(who=st.integers(0, 1), grids=st.sampled_from(GRIDS))
    def other_grids(self, who: int, grids: tuple[str, ...]) -> None:
        self.phones[who].me = person(PEOPLE[who], "heping", "worker", *grids)

    @rule(label=st.sampled_from(HOMES), grid=st.sampled_from(["three", "four"]))
    def home_moves(self, label: str, grid: str) -> None:
        door = ("door", {"id": self.world[f"door {label}"], "grid": grid})
        put(self.database, self.world.kinds, "heping", [door], self.world.now)
        self.grids[self.world[label]] = grid

    @rule(who=st.integers(0, 2), count=st.integers(1, 4), lost=st.booleans(), back=st.integers(0, 2))
    def push(self, who: int, count: int, lost: bool, back: int) -> None:
        """Some operations, perhaps with some that were sent before; perhaps the answer never comes."""
        phone = self.hear(who)
        start = max(0, phone.acknowledged - back)
        ops = phone.outbox[start : phone.acknowledged + count]
        request = phone.request(copy.deepcopy(ops))
        self.arrive(phone, ops)
        answer = phone.ask(request)
        assert answer["last"] >= start + len(ops)
        if not lost:
            phone.apply(answer)
            phone.acknowledged = answer["last"]

    @rule(who=st.integers(0, 2))
    def gap(self, who: int) -> None:
        phone = self.hear(who)
        last = self.last(phone)
        if len(phone.outbox) > last + 1:
            try:
                phone.ask(phone.request(phone.outbox[last + 1 :]))
            except Refused as refused:
                assert (refused.code, refused.more) == ("gap", {"send_from": last + 1})
            else:
                raise AssertionError("a gap was accepted")

    @rule(who=st.integers(0, 2))
    def clone(self, who: int) -> None:
        """The phone takes a new device id and sends everything again."""
        phone = self.phones[who]
        phone.device, phone.acknowledged = str(uuid7()), 0

    @rule()
    def new_epoch(self) -> None:
        store.new_epoch(self.database)

    @rule(who=st.integers(0, 2), tail=st.booleans())
    def sync(self, who: int, tail: bool) -> None:
        """Everything goes, and afterwards the phone holds what the server holds for it."""
        phone = self.hear(who)
        self.arrive(phone, phone.outbox[phone.acknowledged :])
        phone.sync(tail=True)
        assert phone.acknowledged == len(phone.outbox)
        self.compare(phone)

    def hear(self, who: int) -> Phone:
        """A phone that comes from another epoch first hears where this history stands; none of its work is taken."""
        phone = self.phones[who]
        if phone.epoch != store.epoch(self.database):
            answer = phone.ask(phone.request())
            assert answer["results"] == []
            phone.records.clear()
            phone.apply(answer)
            phone.acknowledged = answer["last"]
        return phone

    def last(self, phone: Phone) -> int:
        device = store.Device.get_or_none(store.Device.id == phone.device)
        return device.last if device else 0

    def arrive(self, phone: Phone, ops: list[dict[str, Any]]) -> None:
        for op in ops:
            self.came += 1
            self.book.take(op, phone.me.id, phone.me.channels, self.grids, self.came)

    def compare(self, phone: Phone) -> None:
        grids = {channel.partition(":")[2] for channel in phone.me.channels if channel.startswith("grid:")}
        homes = {home.id: home for home in Home.select().where(Home.grid.in_(grids))}
        assert phone.held("home") == set(homes)
        for id, home in homes.items():
            assert phone.records["home", id]["version"] == home.version
            assert phone.records["home", id]["misses"] == home.misses
        living = Knock.select().where(Knock.grid.in_(grids), Knock.gone == False)  # noqa: E712
        assert phone.held("knock") == {knock.id for knock in living}

    @invariant()
    def the_server_says_what_the_book_says(self) -> None:
        if not hasattr(self, "book"):
            return
        standing = Knock.select().where(Knock.gone == False)  # noqa: E712
        assert {knock.id for knock in standing} == set(self.book.knocks)
        for label in HOMES:
            home, id = self.world.home(label), self.world[label]
            assert {name: home[name] for name in ("phone", "people")} == self.book.facts[id]
            assert home["grid"] == self.grids[id]
            if id in self.book.knocked:
                assert {name: home[name] for name in ("last", "misses", "plan")} == self.book.fold(id)

    @invariant()
    def every_operation_ended_once_in_its_place(self) -> None:
        if not hasattr(self, "book"):
            return
        kept = {one.op: one for one in Operation.select()}
        assert set(kept) == set(self.book.ended)
        for op, ended in self.book.ended.items():
            if ended == "elsewhere":
                assert kept[op].status in ("review", "quarantined")
            elif ended == "not applied":
                assert kept[op].status in ("review", "quarantined", "held", "applied")
            else:
                assert kept[op].status == ended, (op, kept[op].reason, kept[op].detail)
            sent = self.book.done[op]
            assert kept[op].payload["patch"] == sent["patch"]
            assert kept[op].user == sent["user"]


def test_whatever_three_people_do_the_server_agrees_with_the_book(
    database_url: str,
) -> None:  # P11 P12 P15 P17 P20
    def fresh() -> peewee.Database:
        opened = open_database(database_url)
        declared = kinds()
        tables = [*store.models(), *(kind.model for kind in declared.values())]
        opened.drop_tables(tables, safe=True)
        store.create(opened, declared)
        return opened

    Machine.open = staticmethod(fresh)  # type: ignore[method-assign]
    here = settings()
    long = here.max_examples > 100
    few = settings(
        here, max_examples=here.max_examples if long else 8, stateful_step_count=50 if long else 25
    )
    run_state_machine_as_test(Machine, settings=few)
