"""Desk: the town of the cast with phones that push, and the supervisor's browser; what the tests of the review tell with."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import peewee
import pytest
from flask import Flask
from flask.testing import FlaskClient

from fieldapp import create_app
from fieldapp.declare.kinds import kinds
from fieldapp.people.account import Account
from fieldapp.people.at_desk import made_here
from fieldapp.people.me import me_of
from fieldapp.review.record import Decision
from sync.devices import Contact
from sync.ids import uuid7
from sync.instants import instant_ms
from sync.push import push
from sync.store import Device, Operation
from tests.cast import NOW, PASSWORD, Town, example

TOKEN = re.compile(r'name="csrf_token"[^>]*? value="([^"]+)"')


def desk_pages() -> list[str]:
    """The addresses of all pages at the desk, as the blueprints say them; those about one record for an example of the cast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIELDAPP_SECRET_KEY", "of no installation")
        create_app(peewee.SqliteDatabase(":memory:"))
    app = Flask(__name__)
    for blueprint in made_here:
        app.register_blueprint(blueprint)
    rules = (rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()))
    return sorted({path for rule in rules if (path := _address(rule)) and "." not in path})


def _address(rule: str) -> str | None:
    """A rule with the ids of the cast's examples; none for pages about something else, such as an import under way."""
    try:
        path = re.sub(r"<(\w+)>", lambda name: example(name[1]), rule)
    except KeyError:
        return None
    return None if "<" in path else path


@dataclass
class Handset:
    """One phone of one worker, with its own clock."""

    desk: Desk
    person: str
    id: str = field(default_factory=lambda: str(uuid7()))
    off: timedelta = timedelta()  # the phone's clock minus the true one
    seqs: Any = field(default_factory=lambda: itertools.count(1))

    def send(self, *ops: Mapping[str, Any], at: datetime = NOW) -> list[dict[str, Any]]:
        """Push one save; the results."""
        group = str(uuid7())
        offset = -round(self.off.total_seconds() * 1000)
        whole = [
            {
                "op": str(uuid7()),
                "seq": next(self.seqs),
                "group": group,
                "record": str(uuid7()),
                "base": {},
                "base_version": None,
                "at": instant_ms(at + self.off),
                "offset": offset,
                **op,
            }
            for op in ops
        ]
        me = me_of(Account.get_by_id(self.desk.town.people[self.person].id))
        contact = Contact(
            offset, "5f2c91", {"waiting": 0, "oldest": None, "used": 800_000, "left": 9_000_000}
        )
        return push(self.desk.database, kinds(), me, self.id, whole, at, contact).results

    def visit(self, address: str, at: datetime = NOW, **fields: Any) -> str:
        """Record a visit; the operation."""
        patch = {"household": self.desk.town.households[address], "outcome": "met", **fields}
        return str(self.send({"verb": "create", "kind": "visit", "patch": patch}, at=at)[0]["op"])

    def change(self, address: str, base: Any, at: datetime = NOW, **fields: Any) -> dict[str, Any]:
        """Change facts of a household within a visit, having seen `base`; the change's result."""
        home = self.desk.town.households[address]
        name = next(iter(fields))
        return self.send(
            {"verb": "create", "kind": "visit", "patch": {"household": home, "outcome": "met"}},
            {"verb": "patch", "kind": "household", "record": home, "patch": fields, "base": {name: base}},
            at=at,
        )[1]


@dataclass
class Desk:
    """The application with its people."""

    app: Flask
    town: Town
    database: peewee.Database
    browsers: dict[str, FlaskClient] = field(default_factory=dict)

    def phone(self, person: str, **given: Any) -> Handset:
        """A phone of this person."""
        return Handset(self, person, **given)

    def browser(self, person: str) -> FlaskClient:
        """A browser in which this person is signed in."""
        if person not in self.browsers:
            client = self.app.test_client()
            token = TOKEN.search(client.get("/sign-in").text)
            assert token
            client.post("/sign-in", data={"username": person, "password": PASSWORD, "csrf_token": token[1]})
            self.browsers[person] = client
        return self.browsers[person]

    def read(self, path: str, person: str = "zhang") -> str:
        """A page of the desk."""
        answer = self.browser(person).get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return str(answer.text)

    def rows(self, query: str = "") -> list[str]:
        """The addresses of the queue's rows, in order."""
        page = self.read("/review" + query)
        return re.findall(r'class="q" id="[^"]+" href="([^"?]+)', page)

    def post(self, path: str, person: str = "zhang", expect: int = 303, **form: Any) -> Any:
        """Send a form of the desk, with the token of its page."""
        token = TOKEN.search(self.read("/review", person))
        # Where nothing waits there is no form on the page, but the phones' page and the next decision have one.
        given = token[1] if token else TOKEN.search(self.read("/sign-in", person))[1]  # type: ignore[index]
        answer = self.browser(person).post(path, data={**form, "csrf_token": given})
        assert answer.status_code == expect, answer.text
        return answer

    def decide(self, path: str, expect: int = 303, page: str = "", **form: Any) -> str:
        """Decide on a row, on its page as it is now or as it was read; the decision's group."""
        shown = dict(re.findall(r'name="(until|count)" value="([^"]+)"', page or self.read(path)))
        location = self.post(path, expect=expect, **shown, **form).headers.get("Location", "")
        done = re.search(r"done=([0-9a-f-]+)", location)
        return done[1] if done else ""

    def told(self, person: str) -> list[tuple[str, str, str, str]]:
        """What this person was told, oldest first: (choice, field, comment, state)."""
        mine = Decision.select().where(Decision.worker == self.town.people[person].id, Decision.gone == False)  # noqa: E712
        return [(one.choice, one.field, one.comment, one.state) for one in mine.order_by(Decision.seq)]

    def operation(self, op: str) -> Operation:
        """An operation as it stands."""
        return Operation.get_by_id(op)

    def device(self, id: str) -> Device:
        """A phone as the server knows it."""
        return Device.get_by_id(id)


def seen(value: Any) -> str:
    """What stood when the supervisor looked, as the page sends it back."""
    return json.dumps(value, ensure_ascii=False)
