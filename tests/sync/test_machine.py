"""Machine: any order of saves, undos, decisions, lost answers, repeats, clones, faults, restores and changes of scope,
held against the dicts of `book.py`.

200 runs of 50 steps on each database; `--machine-minutes 30` goes on for so long with new ones and prints how many.
"""

from __future__ import annotations

import copy
import time
from datetime import timedelta
from typing import Any

import peewee
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from sync import store
from sync.ids import uuid7
from sync.push import push_page
from sync.replay import Built, replay, settle, take_back
from sync.scope import Me
from sync.wire import Busy, Refused
from sync.write import put
from tests.sync import harm
from tests.sync.book import APPLIED
from tests.sync.machine import HOMES, OWNERS, PAGES, Compared, poisoned
from tests.sync.world import Phone, kinds, open_database, person

GRIDS = [("three",), ("four",), ("three", "four")]
PHONES = st.integers(0, len(OWNERS) - 1)
VERDICTS = ["let through", "let through", "repair", "turn down", "choose", "choose", "take back"]
OUTCOMES = ["met", "no_answer", "no_answer", "odd", "jam", "explode"]


class Machine(Compared):
    """What people do, what happens to them, and what travels."""

    # ---------------------------------------------------------------- what people do

    def save(self, phone: Phone, verb: str, kind: str, record: str, patch: Any, **more: Any) -> None:
        if not self.ties:
            self.world.pass_time(seconds=1)
        phone.save(verb, kind, record, patch, **more)

    @rule(who=PHONES, outcome=st.sampled_from(OUTCOMES), needs=st.booleans(), data=st.data())
    def knock(self, who: int, outcome: str, needs: bool, data: st.DataObject) -> None:
        phone = self.phones[who]
        home = data.draw(st.sampled_from(self.known_homes(phone)))
        made = [op["op"] for op in phone.outbox if op["record"] == home and op["verb"] == "create"]
        patch = {"home": home, "outcome": outcome}
        self.save(phone, "create", "knock", str(uuid7()), patch, after=made if needs else [])

    @rule(who=PHONES, label=st.sampled_from(HOMES), people=st.sampled_from([1, 2, "many"]))
    def found_a_home(self, who: int, label: str, people: Any) -> None:
        patch = {"door": self.world[f"door {label}"], "people": people}
        self.save(self.phones[who], "create", "home", str(uuid7()), patch)

    @rule(
        who=PHONES,
        facts=st.dictionaries(st.sampled_from(["phone", "people"]), st.integers(0, 3), min_size=1),
        stale=st.booleans(),
        data=st.data(),
    )
    def edit(self, who: int, facts: dict[str, int], stale: bool, data: st.DataObject) -> None:
        phone = self.phones[who]
        home = data.draw(st.sampled_from(self.known_homes(phone)))
        seen = self.book.homes.get(home, {"phone": "", "people": 0})
        old = {"phone": "old", "people": 99}
        base = {name: old[name] if stale else seen[name] for name in facts}
        patch = {name: str(value) if name == "phone" else value for name, value in facts.items()}
        self.save(phone, "patch", "home", home, patch, base=base)

    @rule(who=PHONES, data=st.data())
    def undo(self, who: int, data: st.DataObject) -> None:
        """Anything that this phone did, an undo among them."""
        known = self.phones[who].outbox
        if known:
            op = data.draw(st.sampled_from(known))
            self.save(self.phones[who], "retract", op["kind"], op["record"], {"of": op["op"]})

    @rule(who=PHONES, other=PHONES, data=st.data())
    def undo_anothers(self, who: int, other: int, data: st.DataObject) -> None:
        arrived = self.phones[other].outbox[: self.phones[other].acknowledged]
        if arrived:
            op = data.draw(st.sampled_from(arrived))
            self.save(self.phones[who], "retract", op["kind"], op["record"], {"of": op["op"]})

    @rule(who=PHONES, kind=st.sampled_from(["knock", "home"]), data=st.data())
    def delete(self, who: int, kind: str, data: st.DataObject) -> None:
        held = sorted(self.book.knocks if kind == "knock" else self.book.homes)
        if held:
            self.save(self.phones[who], "delete", kind, data.draw(st.sampled_from(held)), {})

    @rule(label=st.sampled_from(HOMES), outcome=st.sampled_from(OUTCOMES[:4]), times=st.integers(1, 2))
    def page(self, label: str, outcome: str, times: int) -> None:
        """Li saves on a page that the server answered: the same operations, stamped there."""
        drafted = Phone(self.world, self.phones[0].me, "web:li")
        for _ in range(times):
            self.save(
                drafted, "create", "knock", str(uuid7()), {"home": self.world[label], "outcome": outcome}
            )
        self.save_page(drafted)

    def save_page(self, drafted: Phone) -> None:
        """What somebody did on a page is stamped by the server and arrives at once."""
        last = self.book.last.get(drafted.device, 0)
        ops = [{**op, "seq": last + op["seq"]} for op in drafted.outbox]
        assert self.book.arrive(drafted.me, drafted.device, ops) == ("taken", last + len(ops))
        made = push_page(
            self.database, self.world.kinds, drafted.me, drafted.device, drafted.outbox, self.world.now
        )
        assert [one["seq"] for one in made] == [op["seq"] for op in ops]
        self.dirty = True

    @rule(who=PHONES, verdicts=st.lists(st.sampled_from(VERDICTS), min_size=1, max_size=4), data=st.data())
    def zhang_decides(self, who: int, verdicts: list[str], data: st.DataObject) -> None:
        """What a phone has just brought, or what came before."""
        phone = self.hear(who)
        self.exchange(phone, phone.outbox[phone.acknowledged :])
        for verdict in verdicts:
            if verdict == "take back":
                among = [key for key, one in self.book.done.items() if "let" in one]
            else:
                among = [key for key, one in self.book.done.items() if one["ended"] != APPLIED]
                among = [key for key in among if ":" not in key]  # of an id that was taken there are two
            if verdict == "choose":
                among = [key for key in among if self.in_conflict(key)]
            if among:
                self.decide(verdict, data.draw(st.sampled_from(among)))
                self.dirty = True

    def decide(self, verdict: str, key: str) -> None:
        """The server and the book, and what each says of the operation and of those that were held behind it."""
        author, by, one = self.author_of(key), self.phones[-1].me, self.book.done[key]
        before = one["ended"]
        about = self.database, self.world.kinds, author, key, self.world.now
        if verdict == "take back":
            released = self.book.take_back(author, by, key)
            if released is None:
                with pytest.raises(Built):
                    take_back(*about, by=by)
                return
            said = take_back(*about, by=by)
        elif verdict == "turn down" and one["ended"] != (
            "review",
            "conflict",
        ):  # that is decided field by field
            released = self.book.turn_down(author, by, key)
            said = settle(*about, "quarantined", "rejected", by=by)
        elif verdict == "choose":
            self.take_second(one)
            released = self.book.choose(author, by, key)
            said = settle(*about, "applied", by=by)
        elif verdict == "repair" and one["verb"] == "create":
            right = {"outcome": "met"} if one["kind"] == "knock" else {"people": 2}
            repaired = {**one["patch"], **right}
            released = self.book.let_through(author, by, key, repaired)
            said = replay(*about, by=by, patch=repaired)
        else:
            released = self.book.let_through(author, by, key)
            said = replay(*about, by=by)
        assert ((said.status, said.reason), said.released) == (self.book.ended[key], released)
        one["decided"] = one.get("decided") or one["ended"] != before

    def in_conflict(self, key: str) -> bool:
        one = self.book.done[key]
        return one["ended"] == ("review", "conflict") and not self.book.homes[one["record"]]["gone"]

    def take_second(self, one: dict[str, Any]) -> None:
        """Zhang writes the value that came second in place of the first, on the desk's page."""
        left = {name: value for name, value in one["patch"].items() if name not in one["applied"]}
        home = self.book.homes[one["record"]]
        drafted = Phone(self.world, self.phones[-1].me, "web:zhang")
        if one["verb"] == "patch":
            self.save(drafted, "patch", "home", one["record"], left, base={name: home[name] for name in left})
            self.save_page(drafted)

    def author_of(self, key: str) -> Me:
        return next(phone.me for phone in self.phones if phone.me.id == self.book.done[key]["user"])

    # ---------------------------------------------------------------- what happens to them

    @rule(minutes=st.integers(1, 300))
    def pass_time(self, minutes: int) -> None:
        self.world.pass_time(minutes=minutes)

    @rule(who=PHONES, hours=st.sampled_from([-24, -7, 24]), measured=st.booleans())
    def clock_jumps(self, who: int, hours: int, measured: bool) -> None:
        phone = self.phones[who]
        phone.clock_off += timedelta(hours=hours)
        if measured:
            phone.offset = -round(phone.clock_off.total_seconds() * 1000)

    @rule(who=st.sampled_from(["li", "wang"]), grids=st.sampled_from(GRIDS))
    def other_grids(self, who: str, grids: tuple[str, ...]) -> None:
        for phone in self.phones:
            if phone.me.id == who:
                phone.me = person(who, "heping", "worker", *grids)

    @rule(label=st.sampled_from(HOMES), grid=st.sampled_from(["three", "four"]))
    def home_moves(self, label: str, grid: str) -> None:
        """What moves gets a new place in the feed, so knocks of one second could change their order."""
        if not self.ties:
            door = self.world[f"door {label}"]
            put(
                self.database,
                self.world.kinds,
                "heping",
                [("door", {"id": door, "grid": grid})],
                self.world.now,
            )
            self.book.move(door, grid)
            self.dirty = True

    @rule(who=PHONES)
    def clone(self, who: int) -> None:
        """The phone takes a new device id and sends everything again."""
        phone = self.phones[who]
        phone.device, phone.acknowledged = str(uuid7()), 0

    @rule(who=PHONES, channel=st.sampled_from(["grid:three", "grid:four"]))
    def cursor_is_lost(self, who: int, channel: str) -> None:
        phone = self.phones[who]
        phone.cursors.pop(channel, None)
        phone.records = {key: one for key, one in phone.records.items() if one["_channel"] != channel}

    @rule(rows=st.sampled_from(PAGES))
    def other_page_size(self, rows: int) -> None:
        self.page_rows = rows

    @rule()
    def backs_up(self) -> None:
        self.backup = harm.copied(self.world.kinds), copy.deepcopy(self.book)

    @rule()
    def restores(self) -> None:
        """Last night's copy, under a new epoch: what came since is the phones' to bring again."""
        if self.backup:
            harm.put_back(self.database, self.world.kinds, self.backup[0])
            self.book = copy.deepcopy(self.backup[1])
        else:
            store.new_epoch(self.database)
        self.dirty = True

    # ---------------------------------------------------------------- what travels

    @rule(who=PHONES, count=st.integers(0, 4), back=st.integers(0, 2), lost=st.booleans())
    def push(self, who: int, count: int, back: int, lost: bool) -> None:
        """Some operations, perhaps with some that were sent before; perhaps the answer never comes."""
        phone = self.hear(who)
        self.exchange(
            phone, phone.outbox[max(0, phone.acknowledged - back) : phone.acknowledged + count], lost
        )

    @rule(who=PHONES, count=st.integers(1, 4))
    def is_delayed(self, who: int, count: int) -> None:
        phone = self.hear(who)
        ops = phone.outbox[phone.acknowledged : phone.acknowledged + count]
        self.late.append((phone, copy.deepcopy(phone.request(ops))))

    @rule(data=st.data())
    def arrives_late(self, data: st.DataObject) -> None:
        """Perhaps after others, perhaps a second time, perhaps under a device id that the phone has given up."""
        if self.late:
            phone, request = data.draw(st.sampled_from(self.late))
            self.ask(phone, request)

    @rule(who=PHONES, skipped=st.integers(1, 2))
    def gap(self, who: int, skipped: int) -> None:
        phone = self.hear(who)
        self.ask(phone, phone.request(phone.outbox[self.book.last.get(phone.device, 0) + skipped :]))

    @rule(who=PHONES, new_id=st.booleans(), data=st.data())
    def fork(self, who: int, new_id: bool, data: st.DataObject) -> None:
        """Something else under a seq that was used."""
        phone = self.hear(who)
        arrived = phone.outbox[: phone.acknowledged]
        if arrived:
            other = {**data.draw(st.sampled_from(arrived)), "group": str(uuid7())}
            self.ask(phone, phone.request([{**other, "op": str(uuid7())} if new_id else other]))

    @rule(who=PHONES, other=PHONES, data=st.data())
    def takes_anothers_id(self, who: int, other: int, data: st.DataObject) -> None:
        arrived = self.phones[other].outbox[: self.phones[other].acknowledged]
        if arrived:
            op = data.draw(st.sampled_from(arrived))["op"]
            patch = {"home": self.world[HOMES[0]], "outcome": "met"}
            self.save(self.phones[who], "create", "knock", str(uuid7()), patch, op=op)

    @rule(who=PHONES)
    def uses_anothers_device(self, who: int) -> None:
        phone = self.hear(who)
        other = next(one for one in self.phones if one.me.id != phone.me.id)
        if self.rows(f"""SELECT 1 FROM "sync_device" WHERE "id" = '{other.device}'"""):
            with pytest.raises(Refused, match="fork"):
                phone.ask({**phone.request([]), "device": other.device})

    @rule(who=PHONES, place=st.sampled_from(list(harm.PLACES)), error=st.sampled_from(list(harm.TEMPORARY)))
    def crashes_before_the_commit(self, who: int, place: str, error: str) -> None:
        """Nothing was consumed; only a failure of its own may have been counted before the server came that far."""
        phone = self.hear(who)
        request = phone.request()
        if not request["ops"]:
            return
        after = copy.deepcopy(self.book)
        said, _ = after.arrive(phone.me, phone.device, request["ops"])
        with harm.failing(harm.PLACES[place], harm.TEMPORARY[error]):
            try:
                phone.ask(request)
                came_by = place == "before the feed"
                assert came_by and said == "taken", "where nothing is written, nothing fails"
                self.book = after
            except Busy:
                if said == "busy" and place == "before the feed":
                    self.book = after
        self.dirty = True

    @rule(who=PHONES, place=st.sampled_from(list(harm.PLACES)), error=st.sampled_from(list(harm.ONCE)))
    def stumbles(self, who: int, place: str, error: str) -> None:
        """The batch fails whole and is repeated one by one, with the same end."""
        phone = self.hear(who)
        ops = phone.outbox[phone.acknowledged :]
        if ops and not any(poisoned(op) for op in ops):
            with harm.failing(harm.PLACES[place], harm.ONCE[error], once=True):
                self.exchange(phone, ops, whole=False)

    @rule(who=PHONES)
    def crashes_after_the_commit(self, who: int) -> None:
        phone = self.hear(who)
        request = phone.request()
        said, _ = self.book.arrive(phone.me, phone.device, request["ops"])
        self.dirty = True
        raised = pytest.raises(Busy if said == "busy" else peewee.InterfaceError)
        with harm.failing(harm.AFTER_COMMIT, harm.TEMPORARY["away"]), raised:
            phone.ask(request)

    @rule(who=PHONES)
    def sync(self, who: int) -> None:
        """Everything goes, and afterwards the phone holds what the book holds for it."""
        self.settle(self.phones[who])


QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), stateful_step_count=50)


def test_whatever_three_people_do_the_server_agrees_with_the_book(
    database_url: str, request: pytest.FixtureRequest
) -> None:  # P9 P10 P11 P12 P13 P14 P15 P16 P17 P19 P20
    declared = kinds()
    opened = open_database(database_url)
    store.create(opened, declared)
    opened.close()

    def fresh() -> peewee.Database:
        database = open_database(database_url)
        harm.emptied(database, declared)
        store.epoch(database)
        return database

    Machine.open = staticmethod(fresh)  # type: ignore[method-assign]
    minutes = request.config.getoption("--machine-minutes")
    if not minutes:
        run_state_machine_as_test(Machine, settings=settings(QUIET, max_examples=200))
        return
    Compared.runs, until = 0, time.monotonic() + minutes * 60
    new = settings(
        QUIET, max_examples=200, derandomize=False, database=None, phases=[Phase.generate, Phase.shrink]
    )
    while time.monotonic() < until:
        run_state_machine_as_test(Machine, settings=new)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{Compared.runs} runs of 50 steps in {minutes:g} minutes: {database_url.partition(':')[0]}")
