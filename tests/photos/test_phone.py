"""The phone's own modules send photos to the real server over a line that breaks, lies and damages.  # P23"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import peewee
import pytest
from flask import Flask

from fieldapp import create_app
from fieldapp.config import data_folder
from fieldapp.people.account import Account
from fieldapp.people.me import describe, me_of
from fieldapp.phone import static_folder
from fieldapp.visits.record import Visit
from sync.store import Blob, Upload, new_epoch
from tests.cast import NOW, Town, named, signed_in_database
from tests.parity.phone_process import PhoneProcess
from tests.photos.pictures import picture
from tests.test_scope import client_of

LI = named("account li")
DOOR = f"/households/{named('household 3-1-601')}/visit"
BROKEN = {"status": 0, "headers": {}, "body": ""}
clock = [NOW]
Harm = Callable[[dict[str, Any], Callable[[], dict[str, Any]]], dict[str, Any]]


class Phone(PhoneProcess):
    """Li's phone; `harm` decides what becomes of each request, `seen` lists them."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.harm: Harm = lambda asked, answer: answer()
        self.seen: list[str] = []

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        path = asked["url"].split("/", 3)[3]
        self.seen.append(f"{asked['method']} /{path.split('/')[0]}")
        return self.harm(asked, lambda: super(Phone, self)._answer(asked))

    def photograph(self, content: bytes, outcome: str = "met") -> str:
        """A photo at the door of 3-1-601, saved with a visit; its name."""
        where = urlencode({"for": DOOR, "field": "photos"})
        kept = self.tell(
            "ask", path=f"/photos?{where}", method="PUT", bytes=base64.b64encode(content).decode()
        )
        assert (kept["status"], kept["html"]) == (201, hashlib.sha256(content).hexdigest())
        body = urlencode({"fresh_id": "", "outcome": outcome, "photos": kept["html"]})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert self.tell("ask", path=DOOR, method="POST", headers=form, body=body)["status"] == 303
        return str(kept["html"])

    def exchange(self) -> str:
        """What came of one."""
        return str(self.tell("exchange")["outcome"]["code"])

    def held(self) -> list[dict[str, Any]]:
        """Send what waits; what the phone holds afterwards. Its bytes are there exactly as long as what is known of them."""
        left = self.tell("upload", user=LI)
        assert sorted(one["hash"] for one in left["blobs"]) == sorted(left["bytes"])
        found: list[dict[str, Any]] = left["blobs"]
        return found

    def upload(self) -> list[dict[str, Any]]:
        """Send what waits; what the phone holds afterwards, but what a pull has confirmed."""
        return [one for one in self.held() if not one.get("kept")]

    def pass_time(self, time: timedelta) -> None:
        """On its own clock and on the server's."""
        clock[0] = NOW + time
        self.tell("clock", now=int(clock[0].timestamp() * 1000))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Town, peewee.Database]]:
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("photos")
    patch.setenv("FIELDAPP_DATA", str(folder))
    patch.setenv("FIELDAPP_RATE_LIMITS", "off")
    database, town = signed_in_database(f"sqlite:///{Path(folder) / 'fieldapp.db'}")
    app = create_app(database)  # what it imports would keep the clock of this story for good
    for place in ("fieldapp.config", "fieldapp.declare.answer", "fieldapp.exchange", "fieldapp.uploads"):
        patch.setattr(f"{place}.now", lambda: clock[0])
    yield app, town, database
    database.close()
    patch.undo()


@pytest.fixture
def li(world: tuple[Flask, Town, peewee.Database]) -> Iterator[Phone]:
    app, _, _ = world
    clock[0] = NOW
    phone = Phone(static_folder() / "build" / "data.js", client_of(app, "li"))
    with app.app_context():
        account = Account.get_by_id(LI)
        me = describe(account, me_of(account))
    phone.tell("open", user=LI, me=me, now=int(NOW.timestamp() * 1000))
    assert phone.exchange() == "done"
    yield phone
    phone.close()


def arrived(hash: str) -> bool:
    """The server holds the photo once, and its visit says so."""
    visits = [one for one in Visit.select() if hash in one.photos]
    return [one.photos_here for one in visits] == [[hash]] and Blob.select().where(
        Blob.hash == hash
    ).count() == 1


def test_a_photo_goes_after_its_visit_in_pieces_and_waits_no_more_when_a_pull_confirms_it(li: Phone) -> None:
    content = picture(21, (1600, 1200), 60)
    hash = li.photograph(content)
    shown = li.tell("ask", path=f"/photos/{hash}")
    assert (shown["status"], shown["headers"]["content-type"]) == (200, "image/jpeg")
    li.seen.clear()
    assert li.exchange() == "done"
    assert li.seen == ["POST /sync"]
    assert not arrived(hash)
    assert li.upload() == []
    pieces = -(-len(content) // (128 * 1024))
    assert li.seen[1:] == ["POST /uploads", *["PATCH /uploads"] * pieces, "POST /sync"]
    assert arrived(hash)


def test_what_was_sent_whole_stays_on_the_phone_until_a_pull_has_confirmed_it(li: Phone) -> None:
    hash = li.photograph(picture(22, (800, 600)))
    li.exchange()
    li.harm = lambda asked, answer: BROKEN if asked["url"].endswith("/sync") else answer()
    (left,) = li.upload()
    assert left["sent"] and "due" not in left
    assert arrived(hash)
    li.harm = lambda asked, answer: answer()
    assert li.exchange() == "done"
    assert li.upload() == []


def test_the_answer_to_the_last_byte_is_lost_and_nothing_is_sent_twice(li: Phone) -> None:
    content = picture(23, (800, 600))
    hash = li.photograph(content)
    li.exchange()

    def lose(asked: dict[str, Any], answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        said = answer()
        return (
            BROKEN
            if asked["method"] == "PATCH" and said["headers"].get("Upload-Offset") == str(len(content))
            else said
        )

    li.harm = lose
    (left,) = li.upload()
    assert "due" in left
    li.harm = lambda asked, answer: answer()
    li.seen.clear()
    assert li.upload() == []
    assert li.seen == ["HEAD /uploads", "POST /sync"]
    assert arrived(hash)


def test_a_photo_damaged_on_its_way_is_sent_anew(li: Phone) -> None:
    hash = li.photograph(picture(24, (800, 600)))
    li.exchange()
    damaged = []

    def damage(asked: dict[str, Any], answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if asked["method"] == "PATCH" and not damaged:
            body = base64.b64decode(asked["body"])
            asked["body"] = base64.b64encode(body[:-1] + bytes([body[-1] ^ 1])).decode()
            damaged.append(asked["url"])
        return answer()

    li.harm = damage
    assert li.upload() == []
    assert damaged
    assert arrived(hash)


def test_a_photo_that_is_always_damaged_stays_on_the_phone_and_stops_trying(li: Phone) -> None:
    hash = li.photograph(picture(25, (400, 300)))
    li.exchange()

    def damage(asked: dict[str, Any], answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if asked["method"] == "PATCH":
            asked["body"] = base64.b64encode(base64.b64decode(asked["body"])[:-1] + b"?").decode()
        return answer()

    li.harm = damage
    (left,) = li.upload()
    assert (left["hash"], left["problem"]) == (hash, 460)
    li.seen.clear()
    li.upload()
    assert li.seen == []


def test_an_upload_that_expired_begins_again(li: Phone) -> None:
    content = picture(26, (1600, 1200), 60)
    hash = li.photograph(content)
    li.exchange()
    patches = []

    def once(asked: dict[str, Any], answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        patches.append(asked["method"] == "PATCH")
        return BROKEN if sum(patches) > 1 else answer()

    li.harm = once
    (left,) = li.upload()
    assert left["to"]
    clock[0] = NOW + timedelta(days=3)
    li.tell("clock", now=int(clock[0].timestamp() * 1000))
    li.harm = lambda asked, answer: answer()
    li.seen.clear()
    assert li.upload() == []
    assert li.seen[:2] == ["HEAD /uploads", "POST /uploads"]
    assert arrived(hash)


def test_a_captive_portal_changes_nothing(li: Phone) -> None:  # P5
    hash = li.photograph(picture(27, (400, 300)))
    li.exchange()
    portal = {
        "status": 200,
        "headers": {"Content-Type": "text/html"},
        "body": base64.b64encode(b"<h1>WiFi").decode(),
    }
    li.harm = lambda asked, answer: portal
    (before,) = li.upload()
    assert (before["hash"], before.get("to")) == (hash, None)
    li.harm = lambda asked, answer: answer()
    assert li.upload() == []
    assert arrived(hash)


def test_a_server_that_lost_the_photo_before_it_confirmed_it_gets_it_again(li: Phone) -> None:  # P20
    hash = li.photograph(picture(28, (400, 300)))
    li.exchange()
    li.harm = lambda asked, answer: BROKEN if asked["url"].endswith("/sync") else answer()
    (left,) = li.upload()
    assert left["sent"]
    Blob.delete().where(Blob.hash == hash).execute()
    Upload.delete().where(Upload.hash == hash).execute()
    li.harm = lambda asked, answer: answer()
    assert li.exchange() == "done"
    assert li.upload() == []
    assert Blob.select().where(Blob.hash == hash).count() == 1


def test_a_photo_that_the_folder_lost_before_a_pull_confirmed_it_is_sent_again(li: Phone) -> None:  # P20 P23
    hash = li.photograph(picture(38, (400, 300)))
    li.exchange()
    li.harm = lambda asked, answer: BROKEN if asked["url"].endswith("/sync") else answer()
    li.upload()
    (file,) = (data_folder() / "photos").glob(f"*/*/*/{hash}")
    file.unlink()  # put back from an older copy than the database
    li.harm = lambda asked, answer: answer()
    assert li.exchange() == "done"
    assert li.upload() == []
    assert file.is_file() and arrived(hash)


def test_a_machine_that_was_lost_with_its_newest_photos_gets_them_again_from_the_phone(
    li: Phone, world: tuple[Flask, Town, peewee.Database]
) -> None:  # P20 P23
    hash = li.photograph(picture(39, (400, 300)))
    li.exchange()
    assert li.upload() == [] and arrived(hash)
    # Restored from last night's copies, of the database and of the folder.
    Blob.delete().where(Blob.hash == hash).execute()
    Upload.delete().where(Upload.hash == hash).execute()
    (file,) = (data_folder() / "photos").glob(f"*/*/*/{hash}")
    file.unlink()
    new_epoch(world[2])
    assert li.exchange() == "done"
    assert li.upload() == []
    assert file.is_file() and arrived(hash)


def test_a_photo_that_is_confirmed_is_seen_without_a_signal_for_two_days_and_then_leaves_the_phone(
    li: Phone,
) -> None:
    hash = li.photograph(picture(40, (400, 300)))
    li.exchange()
    assert li.upload() == [] and arrived(hash)
    li.pass_time(timedelta(hours=47))
    li.exchange()
    li.harm = lambda asked, answer: BROKEN
    assert li.tell("ask", path=f"/photos/{hash}")["status"] == 200
    li.harm = lambda asked, answer: answer()
    li.pass_time(timedelta(hours=49))
    li.exchange()
    assert li.held() == []


def test_another_page_sends_the_same_photo_at_the_same_time(li: Phone) -> None:
    content = picture(29, (400, 300))
    hash = li.photograph(content)
    li.exchange()
    begun = []

    def overtake(asked: dict[str, Any], answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if asked["method"] == "PATCH" and not begun:
            begun.append(asked["url"])
            first = {**asked, "body": base64.b64encode(content[:1000]).decode()}
            assert super(Phone, li)._answer(first)["status"] == 204
        return answer()

    li.harm = overtake
    li.seen.clear()
    assert li.upload() == []
    # 409: it asks how far the other has come, and goes on from there.
    assert li.seen == ["POST /uploads", "PATCH /uploads", "HEAD /uploads", "PATCH /uploads", "POST /sync"]
    assert arrived(hash)


def test_a_removed_photo_is_not_sent_and_leaves_the_phone_with_the_first_save_a_day_later(li: Phone) -> None:
    where = urlencode({"for": DOOR, "field": "photos"})
    gone = picture(30, (400, 300))
    li.tell("ask", path=f"/photos?{where}", method="PUT", bytes=base64.b64encode(gone).decode())
    kept = li.photograph(picture(31, (400, 300)))
    li.exchange()
    assert [one["hash"] for one in li.upload()] == [hashlib.sha256(gone).hexdigest()]
    assert arrived(kept)
    li.pass_time(timedelta(hours=25))
    li.photograph(picture(33, (400, 300)))
    li.exchange()
    assert li.upload() == []
    assert Blob.select().where(Blob.hash == hashlib.sha256(gone).hexdigest()).count() == 0


def test_both_sides_say_of_a_photo_on_its_way_the_same(
    li: Phone, world: tuple[Flask, Town, peewee.Database]
) -> None:
    hash = li.photograph(picture(32, (400, 300)))
    home = DOOR.removesuffix("/visit")
    li.exchange()
    app, _, _ = world
    for done in (False, True):
        pages = [li.tell("ask", path=home)["html"], client_of(app, "li").get(home).text]
        said = [page.split(f'href="/photos/{hash}"')[1].split("</a>")[0] for page in pages]
        assert said[0] == said[1]
        assert ("还在路上" in said[0]) is not done
        assert li.upload() == []
