"""Machine: a server and four phones beside the dicts of `book.py`, and the comparing of the two after every step."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import peewee
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from sync import pull, store
from sync.results import RESULT
from sync.wire import Busy, Refused
from tests.pages import rows_of
from tests.sync.book import Book
from tests.sync.world import Phone, World

HOMES = [f"{grid}-{number}" for grid in ("three", "four") for number in (1, 2)]
OWNERS = ("li", "li", "wang", "zhang")
PAGES = [1, 2, 3, 5, pull.PAGE_ROWS]


class Compared(RuleBasedStateMachine):
    """Four phones of three people and a server; whatever is asked of it, the book is asked as well."""

    open: Callable[[], peewee.Database]
    runs = 0

    @initialize(ties=st.booleans())
    def begin(self, ties: bool) -> None:
        Compared.runs += 1
        self.database = type(self).open()
        self.world = World(self.database).build(homes=2)
        self.ties = ties
        self.book = Book()
        for label in HOMES:
            door, grid = self.world[f"door {label}"], label.split("-")[0]
            self.book.doors[door] = {"grid": grid, "was": set(), "gone": False}
            self.book.furnish(self.world[label], door=door, grid=grid, people=2, plan="2026-12-01")
        self.phones = [self.world.phone(getattr(self.world, name)) for name in OWNERS]
        self.late: list[tuple[Phone, dict[str, Any]]] = []
        self.backup: tuple[Any, Book] | None = None
        self.page_rows = PAGES[-1]
        self.dirty = True
        for phone in self.phones:
            self.exchange(phone, [])

    def teardown(self) -> None:
        if hasattr(self, "database"):
            for phone in self.phones:
                self.settle(phone)
            self.the_server_says_what_the_book_says()
            kept = dict(self.rows('SELECT "op", "payload" FROM "sync_operation"'))
            for key, payload in kept.items():
                said = store.Operation.payload.python_value(payload)
                assert said["patch"] == self.sent(key)["patch"]
            self.database.close()

    def hear(self, who: int) -> Phone:
        """A phone that comes from another epoch first hears where this history stands; none of its work is taken."""
        phone = self.phones[who]
        if phone.epoch != store.epoch(self.database):
            answer = self.ask(phone, phone.request())
            assert answer and answer["results"] == []
            phone.records.clear()
            phone.apply(answer)
            phone.acknowledged = answer["last"]
        return phone

    def exchange(
        self,
        phone: Phone,
        ops: list[dict[str, Any]],
        lost: bool = False,
        whole: bool = True,
        tail: bool = False,
    ) -> dict[str, Any] | None:
        """One question and its answer, which the phone takes over unless it is lost on the way."""
        answer = self.ask(phone, phone.request(copy.deepcopy(ops), tail), whole)
        if answer and not lost:
            phone.apply(answer)
            phone.acknowledged = answer["last"]
            for page in (page for page in answer["pages"] if page["kind"] == "knock"):
                homes = {row[page["fields"].index("home")] for row in rows_of(page)}
                assert homes <= phone.held("home"), "a knock without its home"
        return answer

    def ask(self, phone: Phone, request: dict[str, Any], whole: bool = True) -> dict[str, Any] | None:
        """The server and the book hear the same request and must say the same."""
        ops, device = request["ops"], request["device"]
        said, last = "taken", self.book.last.get(device, 0)
        fresh = [op for op in ops if op["seq"] > last]
        if request["epoch"] in (None, store.epoch(self.database)):
            said, last = self.book.arrive(phone.me, device, ops)
        else:
            ops = []
        before, self.dirty = self.counter(), True
        pull.PAGE_ROWS = self.page_rows
        try:
            answer = phone.ask(request)
        except Busy:
            assert said == "busy"
            return None
        except Refused as refused:
            assert refused.code == said
            assert refused.more == ({"send_from": last + 1} if said == "gap" else {})
            return None
        finally:
            pull.PAGE_ROWS = PAGES[-1]
        assert (said, answer["last"]) == ("taken", last)
        results = [(one["seq"], one["status"], one["reason"]) for one in answer["results"]]
        expected = [(op["seq"], *self.ended(device, op)) for op in ops if op["seq"] <= last]
        assert results == expected, [
            pair for pair in zip(results, expected, strict=True) if len(set(pair)) > 1
        ]
        if whole and not any(poisoned(op) for op in fresh):
            self.the_feed_is_dense(before)
        return answer

    def settle(self, phone: Phone) -> None:
        """Exchange until there is nothing more to say either way."""
        phone = self.hear(self.phones.index(phone))
        for _ in range(500):
            answer = self.exchange(phone, phone.outbox[phone.acknowledged :][:100], tail=True)
            waits = phone.acknowledged < len(phone.outbox) or answer is None or answer["more"]
            if not waits and all(cursor["tail"] is None for cursor in phone.cursors.values()):
                break
        else:
            raise AssertionError("there is no end")
        self.compare(phone)

    def compare(self, phone: Phone) -> None:
        for kind in ("door", "home", "knock"):
            assert phone.held(kind) == self.book.living(kind, phone.me.grids)
        for id in phone.held("home"):
            held = phone.records["home", id]
            assert self.book.facts(id)[1:] == tuple(
                held[name] for name in ("phone", "people", "last", "misses", "plan")
            )
        for id in phone.held("knock"):
            held, knock = phone.records["knock", id], self.book.knocks[id]
            assert (held["home"], held["outcome"], held["device_time"]) == (
                knock["home"],
                knock["outcome"],
                knock["at"],
            )

    @invariant()
    def the_server_says_what_the_book_says(self) -> None:
        if not getattr(self, "dirty", False):
            return
        self.dirty = False
        ended = {key: (status, reason) for key, status, reason in self.rows(
            'SELECT "op", "status", "reason" FROM "sync_operation"')}  # fmt: skip
        assert ended == self.book.ended, set(ended.items()) ^ set(self.book.ended.items())
        homes = self.rows(
            'SELECT "id", "gone", "grid", "phone", "people", "last", "misses", "plan" FROM "home" '
            "WHERE \"community\" = 'heping'"
        )
        held = {id: (bool(gone), *facts) for id, gone, *facts in homes}
        said = {id: (home["gone"], *self.book.facts(id)) for id, home in self.book.homes.items()}
        assert held == said, [(held[id], said[id]) for id in held if held[id] != said.get(id)]
        self.the_feed_says_what_the_book_says()
        self.the_authors_are_told()

    def the_feed_says_what_the_book_says(self) -> None:
        told = self.rows(
            'SELECT "channel", "kind", "record", "gone", "row" IS NULL, "seq" FROM "sync_feed" '
            "WHERE \"community\" = 'heping'"
        )
        of_records = {(*one[:3], bool(one[3]), bool(one[4])) for one in told if one[1] != RESULT.name}
        assert of_records == self.book.feed()
        numbers: dict[int, tuple[str, str]] = {}
        for _, kind, record, _, _, seq in told:
            assert numbers.setdefault(seq, (kind, record)) == (kind, record), "two records with one number"
        assert max(numbers) == self.counter()
        for kind in ("home", "knock"):
            held = dict(self.rows(f"""SELECT "id", "seq" FROM "{kind}" WHERE "community" = 'heping'"""))
            newest = {}
            for _, name, record, _, _, seq in told:
                if name == kind:
                    newest[record] = max(seq, newest.get(record, 0))
            assert held == newest

    def the_authors_are_told(self) -> None:
        """Of what was decided: where it stands now, on a channel of their own."""
        told = self.rows(
            f"""SELECT "record", "channel", "row" FROM "sync_feed" WHERE "kind" = '{RESULT.name}'"""
        )
        for key, channel, row in told:
            said = dict(zip(RESULT.columns, json.loads(row), strict=True))
            assert channel == f"user:{self.book.done[key]['user']}"
            assert (said["status"], said["reason"]) == self.book.ended[key]
        decided = {key for key, one in self.book.done.items() if one.get("decided")}
        assert decided <= {key for key, _, _ in told}

    def the_feed_is_dense(self, before: int) -> None:
        """One transaction's numbers follow each other without a hole."""
        found = self.rows(
            f"""SELECT DISTINCT "seq" FROM "sync_feed" WHERE "community" = 'heping' AND "seq" > {before}"""
        )
        assert sorted(seq for (seq,) in found) == list(range(before + 1, self.counter() + 1))

    def counter(self) -> int:
        return int(self.rows("""SELECT "seq" FROM "sync_counter" WHERE "community" = 'heping'""")[0][0])

    def rows(self, sql: str) -> list[Any]:
        return self.database.execute_sql(sql).fetchall()  # type: ignore[no-any-return]

    def ended(self, device: str, op: dict[str, Any]) -> tuple[str, str | None]:
        taken = f"{op['op']}:{device}:{op['seq']}"
        return self.book.ended[taken if taken in self.book.ended else op["op"]]

    def sent(self, key: str) -> dict[str, Any]:
        op, _, place = key.partition(":")
        device, _, seq = place.rpartition(":")
        return self.book.sent[device, int(seq)] if place else self.book.done[op]["sent"]

    def known_homes(self, phone: Phone) -> list[str]:
        own = {op["record"] for op in phone.outbox if op["kind"] == "home" and op["verb"] == "create"}
        return sorted(own | set(self.book.homes))


def poisoned(op: dict[str, Any]) -> bool:
    """Whether it makes the batch fail whole."""
    return op["patch"].get("outcome") in ("jam", "explode")
