"""The phone's own modules against the real program: its backup and restore, and its orders, on SQLite and PostgreSQL."""

from __future__ import annotations

import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fieldapp.config import now
from fieldapp.db import open_database
from fieldapp.declare.kinds import kinds
from fieldapp.people.account import Account
from fieldapp.people.me import me_of
from fieldapp.phone import static_folder
from fieldapp.visits.record import Visit
from sync.ids import uuid7
from sync.replay import replay
from sync.store import Operation
from tests.cast import PASSWORD
from tests.parity.phone_process import PhoneProcess
from tests.postgres import Cluster
from tests.server import Server
from tests.test_commands import Installation, installation

__all__ = ["installation"]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Answer:
    """What the server said, in the shape of Flask's test client."""

    status_code: int
    headers: Any
    data: bytes


class Wire:
    """A signed-in connection to the real server, which may be down."""

    def __init__(self, server: Server, username: str) -> None:
        self.server = server
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        page = self.opener.open(server.url + "/sign-in").read().decode()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token
        form = {"username": username, "password": PASSWORD, "csrf_token": token[1]}
        self.opener.open(server.url + "/sign-in", urllib.parse.urlencode(form).encode())

    def open(self, path: str, method: str, headers: dict[str, str], data: bytes) -> Answer:
        """One request of the phone; a dead server is a gateway's page, which changes nothing on a phone."""
        asked = urllib.request.Request(
            self.server.url + path, data or None, {**headers, "Origin": self.server.url}, method=method
        )
        try:
            with self.opener.open(asked) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, refused.headers, refused.read())
        except urllib.error.URLError:
            return Answer(502, {"Content-Type": "text/html"}, b"Bad gateway")


class Phone:
    """Li's phone in Node, with her work on it."""

    def __init__(self, town: Installation, server: Server) -> None:
        self.town = town.town
        li = self.town.people["li"]
        self.process = PhoneProcess(static_folder() / "build" / "data.js", Wire(server, "li"))  # type: ignore[arg-type]
        self.process.tell("open", user=li.id, me=None, now=int(time.time() * 1000))
        self.meet("done")

    def meet(self, code: str) -> None:
        """One exchange, and how it ends."""
        assert self.process.tell("exchange")["outcome"]["code"] == code

    def visit(self, address: str) -> str:
        """Save a visit at a door; the record's id."""
        fresh = str(uuid7())
        saved = self.process.tell(
            "ask",
            path=f"/households/{self.town.households[address]}/visit",
            method="POST",
            body=urllib.parse.urlencode({"outcome": "no_answer", "fresh_id": fresh}),
            headers=FORM,
        )
        assert saved["status"] == 303, saved
        assert self.held()["records"][fresh] == "phone"
        return fresh

    def held(self, kind: str = "visit") -> dict[str, Any]:
        """What the phone holds."""
        return self.process.tell("held", kind=kind)


@contextmanager
def street(installed: Installation) -> Iterator[tuple[Server, Phone]]:
    """The server, and Li's phone that has read her grid."""
    server = Server(installed.folder, **installed.extra).start()
    phone = None
    try:
        phone = Phone(installed, server)
        yield server, phone
    finally:
        if phone:
            phone.process.close()
        server.stop()
    assert "holds other records" not in server.log.read_text(), "phone and server counted differently"


def test_after_a_restored_backup_the_phone_brings_back_what_the_copy_lacks(
    installation: Installation,
) -> None:  # P4 P20
    file = installation.folder / "town.backup"
    with street(installation) as (server, phone):
        first = phone.visit("3-1-601")
        phone.meet("done")
        done = installation.run("backup", str(file))
        assert done.returncode == 0, done.stderr
        second = phone.visit("3-1-502")
        phone.meet("done")
        assert phone.held()["records"] == {first: "received", second: "received"}
        server.stop()
        third = phone.visit("3-1-401")
        phone.meet("offline")
        done = installation.run("restore", str(file))
        assert done.returncode == 0, done.stderr
        assert installation.count(Visit) == 1
        server.start()
        phone.meet("done")
        assert phone.held()["records"] == dict.fromkeys([first, second, third], "received")
        assert set(phone.held()["ops"].values()) == {"applied"}
        phone.meet("done")
    assert installation.count(Visit) == 3
    assert installation.count(Operation) == 3
    database = open_database(installation.url)
    with database.connection_context():
        assert {visit.author for visit in Visit.select()} == {installation.town.people["li"].id}


def test_li_is_moved_to_another_grid_with_work_waiting_and_loses_nothing(
    installation: Installation,
) -> None:  # P13 P15
    with street(installation) as (_, phone):
        visit = phone.visit("3-1-601")
        done = installation.run("user", "move", "li", "--grid", "四网格")
        assert done.returncode == 0, done.stderr
        phone.meet("done")
        held = phone.held()
        assert list(held["ops"].values()) == ["review"]
        assert held["records"] == {visit: "review"}, "it stays on Li's own list"
        doors = phone.held("door")["records"]
        assert len(doors) == 24, "the new grid was read, the old one forgotten"
        database = open_database(installation.url)
        with database.connection_context():
            waiting = Operation.get(Operation.record == visit)
            assert (waiting.status, waiting.reason) == ("review", "left_scope")
            li, zhang = (me_of(Account.get(Account.username == one)) for one in ("li", "zhang"))
            decided = replay(database, kinds(), li, waiting.op, now(), by=zhang)
            assert decided.status == "applied"
            assert Visit.get_by_id(visit).author == li.id
        phone.meet("done")
        assert list(phone.held()["ops"].values()) == ["applied"]
        assert phone.held()["records"] == {}, "it is at the centre, with the door that is no longer Li's"
        back = installation.run("user", "move", "li", "--grid", "三网格", "--grid", "四网格")
        assert back.returncode == 0, back.stderr
        phone.meet("done")
        assert len(phone.held("door")["records"]) == 48
        assert phone.held()["records"] == {visit: "received"}
    unknown = installation.run("user", "move", "li", "--grid", "九网格")
    assert unknown.returncode == 1
    assert "三网格" in unknown.stderr


@pytest.mark.postgres
def test_a_town_moves_from_sqlite_to_postgresql_and_no_phone_notices(
    tmp_path: Path, postgres: Cluster
) -> None:  # P20
    town = Installation(tmp_path, None)
    with street(town) as (server, phone):
        first = phone.visit("3-1-601")
        phone.meet("done")
        waiting = phone.visit("3-1-502")
        server.stop()
        url = postgres.url()
        done = town.run("move", url)
        assert done.returncode == 0, done.stderr
        again = town.run("move", url)
        assert again.returncode == 1
        assert "not empty" in again.stderr
        server.environment["DATABASE_URL"] = url
        server.start()
        phone.meet("done")
        assert phone.held()["records"] == {first: "received", waiting: "received"}
        assert len(phone.held("door")["records"]) == 24
        town.url = url
    assert town.count(Visit) == town.count(Operation) == 2
