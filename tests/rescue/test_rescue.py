"""Rescue: a file that the real phone makes is brought by a supervisor or a command, and counts once, whatever comes after."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fieldapp import create_app
from fieldapp.people.account import Account
from fieldapp.people.me import describe, me_of
from fieldapp.phone import static_folder
from fieldapp.rescue.file import DAMAGED, NEWER, NOT_ONE, RescueError, read
from fieldapp.rescue.models import RescueBrought
from fieldapp.visits.record import Visit
from sync.ids import uuid7
from sync.store import Device, Operation
from tests.cast import NOW, PASSWORD, Town, signed_in_database
from tests.parity.phone_process import PhoneProcess
from tests.places.test_register_page import token
from tests.server import ROOT

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GAP = "更早的记录还没有到"


class Centre:
    """The application on one database, its people, and the phones that sync with it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.database, self.town = signed_in_database(url)
        self.app: Flask = create_app(self.database)
        self.phones: list[PhoneProcess] = []

    def browser(self, name: str) -> FlaskClient:
        """A browser in which this person has signed in."""
        client = self.app.test_client()
        page = client.get("/sign-in").text
        form = {"username": name, "password": PASSWORD, "csrf_token": token(page)}
        assert client.post("/sign-in", data=form).status_code == 303
        return client

    def phone(self, name: str) -> PhoneProcess:
        """A phone with everything for an offline day of this person on it."""
        made = PhoneProcess(static_folder() / "build" / "data.js", self.browser(name))
        with self.app.app_context():
            account = Account.get_by_id(self.town.people[name].id)
            me = describe(account, me_of(account))
        made.tell("open", user=me["id"], me=me, now=int(NOW.timestamp() * 1000))
        assert made.tell("exchange")["outcome"]["code"] == "done"
        self.phones.append(made)
        return made

    def upload(self, name: str, file: str | bytes, **more: str) -> tuple[int, str]:
        """At the desk: the page, the file, the button; status and page."""
        client = self.browser(name)
        body = file if isinstance(file, bytes) else file.encode()
        form = {"csrf_token": token(client.get("/rescued").text), **more}
        answer = client.post("/rescued", data={**form, "file": (io.BytesIO(body), "li.fieldrescue")})
        return answer.status_code, answer.text

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`fieldapp …` on this database."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("FIELDAPP_")}
        given = {"FIELDAPP_DATA": str(self.folder), "DATABASE_URL": self.url}
        run = [sys.executable, "-m", "fieldapp.cli", *words]
        return subprocess.run(
            run, cwd=ROOT, env={**clean, **given}, capture_output=True, text=True, check=False
        )

    def counts(self) -> tuple[int, int]:
        """How many visits stand, and how many operations there are."""
        visits = Visit.select().where(Visit.gone == False).count()  # noqa: E712
        return visits, Operation.select().count()


def visit(phone: PhoneProcess, town: Town, address: str, /, **more: str) -> None:
    """Save a visit on the phone; nothing is sent."""
    form = {"outcome": "no_answer", "fresh_id": str(uuid7()), **more}
    path = f"/households/{town.households[address]}/visit"
    assert phone.tell("ask", path=path, method="POST", body=urlencode(form), headers=FORM)["status"] == 303


def rescue_file(phone: PhoneProcess) -> str:
    """The file that the phone makes now."""
    answer = phone.tell("ask", path="/rescue/file")
    assert answer["status"] == 200
    assert answer["headers"]["content-disposition"].startswith("attachment;")
    return str(answer["html"])


def content_of(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.loads(file)["content"])
    return found


def sealed(content: Any, **more: Any) -> str:
    """A file around some content, with the hash that belongs to it."""
    text = json.dumps(content)
    whole = {
        "rescue": 1,
        "envelope": "none",
        "content": text,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    return json.dumps({**whole, **more})


def test_what_waits_on_lis_phone_comes_in_by_a_file_twice_and_by_the_phone_and_counts_once(
    centre: Centre,
) -> None:
    li = centre.phone("li")
    visit(li, centre.town, "3-1-601")
    visit(li, centre.town, "3-1-602", outcome="met", phone="000-1399 0001", tenure="owner", people="4")
    file = rescue_file(li)
    bundle = content_of(file)["persons"][0]
    assert (bundle["user"], [op["seq"] for op in bundle["ops"]]) == (centre.town.people["li"].id, [1, 2, 3])
    status, page = centre.upload("zhang", file)
    assert status == 200
    assert "李的 3 条记录" in page
    assert centre.counts() == (2, 3)
    author = {"user": centre.town.people["li"].id, "device": bundle["device"], "status": "applied"}
    for one in Operation.select():
        assert {name: getattr(one, name) for name in author} == author
    brought = RescueBrought.get()
    assert (brought.brought_name, brought.author_name, brought.known) == ("张", "李", 0)
    assert (brought.device, brought.first, brought.last) == (bundle["device"], 1, 3)
    assert "其中 3 条此前已到" in centre.upload("zhang", file)[1]
    # A second file that holds more, then the phone itself.
    visit(li, centre.town, "3-1-501")
    assert "其中 3 条此前已到" in centre.upload("zhang", rescue_file(li))[1]
    assert centre.counts() == (3, 4)
    visit(li, centre.town, "3-1-502")
    assert li.tell("exchange")["outcome"]["code"] == "done"
    assert centre.counts() == (4, 5)
    mine = li.tell("ask", path="/mine")["html"]
    assert (mine.count("已入册"), mine.count("已存本机")) == (5, 0)
    assert [one.seq for one in Operation.select().order_by(Operation.seq)] == [1, 2, 3, 4, 5]
    # Nothing waits any more: there is no file to make.
    assert li.tell("ask", path="/rescue/file")["status"] == 303


def test_the_command_takes_the_file_in_and_says_what_became_of_it(centre: Centre) -> None:
    li = centre.phone("li")
    visit(li, centre.town, "3-1-601")
    path = centre.folder / "li.fieldrescue"
    path.write_text(rescue_file(li))
    for known in (0, 1):
        done = centre.command("rescue", str(path))
        assert (done.returncode, done.stdout) == (
            0,
            f"李: 1 records (1 applied); {known} had arrived before\n",
        )
    assert centre.counts() == (1, 1)
    assert [one.brought_by for one in RescueBrought.select()] == ["", ""]
    path.write_text(path.read_text()[:-40])
    done = centre.command("rescue", str(path))
    assert done.returncode == 1
    assert NOT_ONE in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_with_earlier_records_missing_waits_for_them_unless_the_phone_is_lost(centre: Centre) -> None:
    li = centre.phone("li")
    visit(li, centre.town, "3-1-601")
    visit(li, centre.town, "3-1-602")
    content = content_of(rescue_file(li))
    content["persons"][0]["ops"] = content["persons"][0]["ops"][1:]
    assert GAP in centre.upload("zhang", sealed(content))[1]
    assert centre.counts() == (0, 0)
    assert GAP not in centre.upload("zhang", sealed(content), phone_lost="1")[1].split("<form")[0]
    assert centre.counts() == (1, 1)
    # The phone was in the other coat: both records, each once.
    assert li.tell("exchange")["outcome"]["code"] == "done"
    assert centre.counts() == (2, 2)
    assert "已存本机" not in li.tell("ask", path="/mine")["html"]


def test_a_file_of_a_copied_phone_comes_in_under_a_number_of_its_own(centre: Centre) -> None:
    li = centre.phone("li")
    visit(li, centre.town, "3-1-601")
    twin = content_of(rescue_file(li))
    for name in ("op", "record", "group"):
        twin["persons"][0]["ops"][0][name] = str(uuid7())
    assert li.tell("exchange")["outcome"]["code"] == "done"
    for _ in range(2):
        assert centre.upload("zhang", sealed(twin))[0] == 200
        assert centre.counts() == (2, 2)
    assert len({one.device for one in Operation.select()}) == 2
    assert {one.status for one in Operation.select()} == {"applied"}


def test_a_file_of_a_phone_that_was_signed_off_goes_into_quarantine(centre: Centre) -> None:
    li = centre.phone("li")
    visit(li, centre.town, "3-1-601")
    Device.update(revoked=True).execute()
    file = rescue_file(li)
    # The phone has a number that the centre knows only once it has sent something.
    Device.insert(id=content_of(file)["persons"][0]["device"], user=centre.town.people["li"].id,
                  community=centre.town["heping"], revoked=True).on_conflict_ignore().execute()  # fmt: skip
    assert "暂扣 1" in centre.upload("zhang", file)[1]
    assert [(one.status, one.reason) for one in Operation.select()] == [("quarantined", "revoked")]


def test_sun_of_another_community_can_neither_bring_nor_see_lis_work(centre: Centre) -> None:
    li = centre.phone("li")
    visit(li, centre.town, "3-1-601", note="门口有狗")
    file = rescue_file(li)
    status, page = centre.upload("sun", file)
    assert status == 422
    assert "文件里没有本社区人员的记录" in page
    assert "门口有狗" not in page
    assert centre.counts() == (0, 0)
    # A phone that both communities used: each brings its own, and is told how many others there are.
    zhao = centre.phone("zhao")
    both = content_of(file)
    visit(zhao, centre.town, "1-1-601")
    both["persons"] += content_of(rescue_file(zhao))["persons"]
    status, page = centre.upload("sun", sealed(both))
    assert status == 200
    assert "赵的 1 条记录" in page
    assert "其他社区 1 人" in page
    assert "李" not in page
    assert {one.user for one in Operation.select()} == {centre.town.people["zhao"].id}


def test_nobody_but_a_supervisor_with_a_fresh_page_brings_a_file(centre: Centre) -> None:
    li = centre.phone("li")
    visit(li, centre.town, "3-1-601")
    body = {"file": (io.BytesIO(rescue_file(li).encode()), "li.fieldrescue")}
    assert centre.browser("li").post("/rescued", data=body).status_code == 403
    stale = centre.browser("zhang").post("/rescued", data={"file": (io.BytesIO(b"{}"), "li.fieldrescue")})
    assert stale.status_code == 422
    assert centre.counts() == (0, 0)


GOOD = {
    "app": "x", "made": "2026-11-23T02:42:05.000Z", "unread": [], "files": [],
    "persons": [{"user": str(uuid7()), "name": "李", "device": str(uuid7()), "epoch": None, "ops": [
        {"op": str(uuid7()), "seq": 1, "group": str(uuid7()), "kind": "visit", "record": str(uuid7()), "verb": "create",
         "at": "2026-11-23T02:42:05.000Z"},
    ]}],
}  # fmt: skip


def changed(change: Callable[[dict[str, Any]], Any]) -> str:
    content = json.loads(json.dumps(GOOD))
    change(content)
    return sealed(content)


def two_of_one_seq(content: dict[str, Any]) -> None:
    content["persons"][0]["ops"] *= 2


def deep(content: dict[str, Any]) -> None:
    nested: Any = "x"
    for _ in range(40):
        nested = [nested]
    content["persons"][0]["ops"][0]["patch"] = {"note": nested}


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("", NOT_ONE),
        ("<!doctype html>", NOT_ONE),
        ("[1, 2]", NOT_ONE),
        (sealed(GOOD)[:-1], NOT_ONE),
        (sealed(GOOD, more=1), NOT_ONE),
        (sealed(GOOD, rescue=2), NEWER),
        (sealed(GOOD, envelope="x25519"), NEWER),
        (sealed(GOOD).replace("create", "delete"), DAMAGED),
        (sealed(GOOD, sha256="0" * 64), DAMAGED),
        (sealed({}), DAMAGED),
        (changed(two_of_one_seq), DAMAGED),
        (changed(deep), DAMAGED),
        (changed(lambda content: content["persons"].clear()), DAMAGED),
        (changed(lambda content: content["persons"][0].update(device="li's phone")), DAMAGED),
        (changed(lambda content: content["persons"][0]["ops"][0].update(at="yesterday")), DAMAGED),
    ],
)
def test_a_damaged_file_is_refused_whole_with_words(file: str, why: str) -> None:
    with pytest.raises(RescueError, match=why.split(".")[0]):
        read(file.encode())
    assert read(sealed(GOOD).encode()).persons[0].name == "李"
