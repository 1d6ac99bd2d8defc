"""Blobs: attachments arrive apart from operations, resumably, once, and only for who may hold them.  # P23"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import peewee
import pytest

from sync import blobs, devices, store, uploads
from sync.blobs import Place, Unfit
from sync.depot import Folder
from sync.ids import uuid7
from sync.kinds import Kind
from sync.replay import replay
from sync.scope import Me
from sync.store import Blob, Upload
from sync.uploads import Desk
from sync.wire import Refused
from tests.sync import harm
from tests.sync.world import Common, ListField, World

LAMP, STAIRS = b"\xff\xd8 a lamp " * 500, b"\xff\xd8 the stairs " * 500


class Report(Common):
    """What was seen behind a door, with pictures of it."""

    home = store.Text(index=True)
    grid = store.Text()
    words = store.Text(default="")
    photos = ListField(default=list)
    photos_here = ListField(default=list)


def named(content: bytes) -> str:
    """What a blob is called."""
    return hashlib.sha256(content).hexdigest()


def refine(sent: bytes) -> bytes:
    """What stands for the application's own work on pictures."""
    if not sent.startswith(b"\xff\xd8"):
        raise Unfit("image")
    return b"kept:" + sent


@dataclass
class Reports:
    """The world with reports in it, and where its blobs lie."""

    world: World
    place: Place

    def desk(self, me: Me) -> Desk:
        """The uploads of a person."""
        return Desk(self.world.database, self.world.kinds, self.place, me, self.world.now)

    def send(self, me: Me, content: bytes, hash: str = "") -> str:
        """Everything in one go; the upload's id."""
        id = str(uuid7())
        self.desk(me).begin(id, hash or named(content), len(content))
        self.desk(me).append(id, 0, io.BytesIO(content).read, None)
        return id

    def report(self, phone: Any, label: str, *contents: bytes) -> dict[str, Any]:
        """A phone saves a report that names these."""
        hashes = [named(content) for content in contents]
        patch = {"home": self.world.ids.get(label, label), "words": "seen", "photos": hashes}
        made: dict[str, Any] = phone.save("create", "report", str(uuid7()), patch, files=hashes)
        return made

    def owner(self, me: Me, content: bytes) -> str | None:
        """Whose copy a person may see."""
        return blobs.owner(self.world.database, self.world.kinds, me, named(content))


@pytest.fixture
def reports(world: World, database: peewee.Database, tmp_path: Path) -> Iterator[Reports]:
    world.kinds["report"] = Kind(
        "report", Report, ("home", "words", "photos", "photos_here"), ("grid:{grid}",), parent="home", parent_kind="home",
        inherits=("grid",), patchable=("photos",), may=lambda verb, me: me.role in ("worker", "supervisor"),
        files={"photos": "photos_here"},
    )  # fmt: skip
    with database.bind_ctx([Report], bind_refs=False, bind_backrefs=False):
        store.create(database, world.kinds)
        yield Reports(world, Place(Folder(tmp_path / "photos"), tmp_path / "uploads", refine))


def test_a_report_that_came_before_its_photo_waits_for_it_and_is_told_when_it_is_here(
    reports: Reports,
) -> None:
    li, zhang = reports.world.phone(reports.world.li), reports.world.phone(reports.world.zhang)
    op = reports.report(li, "three-1", LAMP, STAIRS)
    li.sync()
    zhang.sync()
    assert li.result(op)["status"] == "applied"
    assert zhang.records["report", op["record"]]["photos_here"] == []
    reports.send(reports.world.li, STAIRS)
    zhang.sync()
    seen = zhang.records["report", op["record"]]
    assert (seen["photos"], seen["photos_here"]) == ([named(LAMP), named(STAIRS)], [named(STAIRS)])
    reports.send(reports.world.li, LAMP)
    zhang.sync()
    assert zhang.records["report", op["record"]]["photos_here"] == [named(LAMP), named(STAIRS)]


def test_a_photo_that_came_before_its_report_is_there_at_once(reports: Reports) -> None:
    li = reports.world.phone(reports.world.li)
    reports.send(reports.world.li, LAMP)
    op = reports.report(li, "three-1", LAMP)
    li.sync()
    found = Report.get_by_id(op["record"])
    assert (found.photos_here, found.version) == ([named(LAMP)], 1)


def test_what_is_here_is_for_the_server_to_say(reports: Reports) -> None:  # P21
    li = reports.world.phone(reports.world.li)
    patch = {"home": reports.world["three-1"], "photos": [named(LAMP)], "photos_here": [named(LAMP)]}
    op = li.save("create", "report", str(uuid7()), patch, files=[named(LAMP)])
    li.sync()
    assert li.result(op)["reason"] == "unknown_field"


def test_the_phone_is_told_of_its_own_photos_alone_and_only_when_it_asks(reports: Reports) -> None:
    li, wang = reports.world.phone(reports.world.li), reports.world.phone(reports.world.wang)
    reports.send(reports.world.li, LAMP)
    asked = {"files": [named(LAMP), named(STAIRS)]}
    assert li.ask(li.request() | asked)["files"] == [named(LAMP)]
    assert li.ask(li.request())["files"] == []
    assert wang.ask(wang.request() | asked)["files"] == []


def test_only_who_may_hold_the_report_may_have_its_photo(reports: Reports) -> None:  # P21
    world = reports.world
    li = world.phone(world.li)
    op = reports.report(li, "three-1", LAMP)
    li.sync()
    assert reports.owner(world.zhang, LAMP) is None
    reports.send(world.li, LAMP)
    assert reports.owner(world.li, LAMP) == "li"
    assert reports.owner(world.zhang, LAMP) == "li"
    assert reports.owner(world.chen, LAMP) is None
    assert reports.owner(world.zhao, LAMP) is None
    # Taken back, it is nobody's but the author's.
    li.undo(op)
    li.sync()
    assert reports.owner(world.zhang, LAMP) is None
    assert reports.owner(world.li, LAMP) == "li"


def test_to_know_a_photos_hash_does_not_give_the_photo(reports: Reports) -> None:  # P21
    world = reports.world
    reports.send(world.li, LAMP)
    wang = world.phone(world.wang)
    op = reports.report(wang, "four-1", LAMP)
    wang.sync()
    assert Report.get_by_id(op["record"]).photos_here == []
    assert reports.owner(world.wang, LAMP) is None
    # Nor does it come as whole because another person has sent it.
    at = reports.desk(world.wang).begin(str(uuid7()), named(LAMP), len(LAMP))
    assert at.offset == 0


def test_an_upload_that_was_cut_off_goes_on_where_it_broke(reports: Reports) -> None:
    desk, id = reports.desk(reports.world.li), str(uuid7())
    desk.begin(id, named(LAMP), len(LAMP))
    cut = len(LAMP) * 99 // 100
    assert desk.append(id, 0, io.BytesIO(LAMP[:cut]).read, None).offset == cut
    with pytest.raises(Refused) as late:
        desk.append(id, 0, io.BytesIO(LAMP).read, None)
    assert (late.value.code, late.value.more["offset"]) == ("offset", cut)
    assert desk.look(id).offset == cut
    assert desk.append(id, cut, io.BytesIO(LAMP[cut:]).read, None).done
    # The last answer was lost: asked again it is whole, and sent again it is whole at once.
    assert desk.look(id).offset == len(LAMP)
    assert desk.begin(str(uuid7()), named(LAMP), len(LAMP)).offset == len(LAMP)
    assert reports.place.depot.get(f"heping/li/{named(LAMP)}") == b"kept:" + LAMP
    assert list(reports.place.pieces.iterdir()) == []


def test_the_server_died_after_the_last_byte_and_before_it_looked_at_the_whole(reports: Reports) -> None:
    desk, id = reports.desk(reports.world.li), str(uuid7())
    desk.begin(id, named(LAMP), len(LAMP))
    (reports.place.pieces / id).write_bytes(LAMP)
    assert Blob.select().count() == 0
    assert desk.look(id).done
    assert blobs.held(reports.world.database, reports.world.li, [named(LAMP)]) == [named(LAMP)]


def test_what_is_not_what_its_hash_says_is_dropped_and_can_be_sent_anew(reports: Reports) -> None:
    with pytest.raises(Refused) as damaged:
        reports.send(reports.world.li, LAMP[:-1] + b"?", named(LAMP))
    assert damaged.value.code == "checksum"
    assert (Blob.select().count(), Upload.select().count()) == (0, 0)
    assert list(reports.place.depot.names()) == []
    reports.send(reports.world.li, LAMP)
    assert Blob.get().hash == named(LAMP)


def test_a_piece_that_is_not_what_its_checksum_says_leaves_no_byte(reports: Reports) -> None:
    desk, id = reports.desk(reports.world.li), str(uuid7())
    desk.begin(id, named(LAMP), len(LAMP))
    wrong = ("sha256", hashlib.sha256(b"other").digest())
    with pytest.raises(Refused) as damaged:
        desk.append(id, 0, io.BytesIO(LAMP).read, wrong)
    assert (damaged.value.code, desk.look(id).offset) == ("checksum", 0)
    right = ("sha1", hashlib.sha1(LAMP).digest())
    assert desk.append(id, 0, io.BytesIO(LAMP).read, right).done


def test_what_is_no_picture_is_refused_and_nothing_of_it_stays(reports: Reports) -> None:
    with pytest.raises(Refused) as refused:
        reports.send(reports.world.li, b"#!/bin/sh")
    assert refused.value.code == "unfit"
    assert (Blob.select().count(), list(reports.place.pieces.iterdir())) == (0, [])


def test_an_upload_expires_and_its_bytes_with_it(reports: Reports) -> None:
    desk, id = reports.desk(reports.world.li), str(uuid7())
    desk.begin(id, named(LAMP), len(LAMP))
    desk.append(id, 0, io.BytesIO(LAMP[:100]).read, None)
    reports.world.pass_time(days=3)
    later = reports.desk(reports.world.li)
    for touch in (lambda: later.look(id), lambda: later.append(id, 100, io.BytesIO(LAMP[100:]).read, None)):
        with pytest.raises(Refused) as gone:
            touch()
        assert gone.value.code == "not_found"
    reports.send(reports.world.li, STAIRS)
    assert list(reports.place.pieces.iterdir()) == []


def test_two_tabs_send_one_photo_and_their_bytes_do_not_mix(reports: Reports) -> None:
    desk, id = reports.desk(reports.world.li), str(uuid7())
    desk.begin(id, named(LAMP), len(LAMP))
    source = io.BytesIO(LAMP)
    refusals = []

    def meanwhile(size: int) -> bytes:
        if not refusals:
            with pytest.raises(Refused) as second:
                reports.desk(reports.world.li).append(id, 0, io.BytesIO(LAMP).read, None)
            refusals.append(second.value.code)
        return source.read(size)

    assert desk.append(id, 0, meanwhile, None).done
    assert refusals == ["locked"]
    assert Blob.select().count() == 1


def test_nobody_reaches_an_upload_of_another_person(reports: Reports) -> None:  # P21
    id = str(uuid7())
    reports.desk(reports.world.li).begin(id, named(LAMP), len(LAMP))
    with pytest.raises(Refused) as refused:
        reports.desk(reports.world.zhang).look(id)
    assert refused.value.code == "not_found"


def test_more_than_was_announced_and_more_than_may_be_are_refused(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, id = reports.desk(reports.world.li), str(uuid7())
    desk.begin(id, named(LAMP), len(LAMP))
    with pytest.raises(Refused) as longer:
        desk.append(id, 0, io.BytesIO(LAMP + b"more").read, None)
    assert longer.value.code == "too_large"
    assert desk.look(id).offset <= len(LAMP)
    with pytest.raises(Refused) as huge:
        desk.begin(str(uuid7()), named(LAMP), uploads.LIMIT_BYTES + 1)
    assert huge.value.code == "too_large"
    monkeypatch.setattr(uploads, "LIMIT_UNNAMED", 1)
    reports.send(reports.world.li, STAIRS)
    with pytest.raises(Refused) as many:
        desk.begin(str(uuid7()), named(b"another"), 7)
    assert many.value.code == "too_many"


def test_after_a_restore_the_photos_in_the_data_folder_are_here_again(reports: Reports) -> None:  # P20
    world = reports.world
    li = world.phone(world.li)
    op = reports.report(li, "three-1", LAMP)
    reports.send(world.li, LAMP)
    blobs.adopt(world.database, world.kinds, reports.place.depot, world.now)
    assert Blob.select().count() == 1
    # The older copy knows neither the report nor its photo; the phone has forgotten the photo's bytes already.
    Blob.delete().execute()
    blobs.adopt(world.database, world.kinds, reports.place.depot, world.now)
    li.sync()
    assert Report.get_by_id(op["record"]).photos_here == [named(LAMP)]
    assert blobs.lost(world.database, reports.place.depot) == []
    empty = replace(reports.place, depot=Folder(reports.place.pieces / "elsewhere"))
    assert blobs.lost(world.database, empty.depot) == [f"heping/li/{named(LAMP)}"]


def test_a_photo_that_came_after_the_backup_is_shown_by_the_report_that_came_before_it(
    reports: Reports,
) -> None:  # P20
    world = reports.world
    li, zhang = world.phone(world.li), world.phone(world.zhang)
    op = reports.report(li, "three-1", LAMP)
    li.sync()
    copy = harm.copied(world.kinds)
    reports.send(world.li, LAMP)
    # The older copy: it knows the report and that the photo is on its way; the phone keeps its bytes no more.
    harm.put_back(world.database, world.kinds, copy)
    zhang.sync()
    assert zhang.records["report", op["record"]]["photos_here"] == []
    blobs.adopt(world.database, world.kinds, reports.place.depot, world.now)
    zhang.sync()
    assert zhang.records["report", op["record"]]["photos_here"] == [named(LAMP)]


def test_a_report_that_zhang_lets_through_shows_the_photo_that_came_before_her_decision(
    reports: Reports,
) -> None:  # P13
    world = reports.world
    li, zhang = world.phone(world.li), world.phone(world.zhang)
    li.sync()
    op = reports.report(li, "three-1", LAMP)
    devices.revoke(world.database, li.device)
    with pytest.raises(Refused, match="revoked"):
        li.sync()
    reports.send(world.li, LAMP)
    assert Report.select().count() == 0
    replay(world.database, world.kinds, world.li, op["op"], world.now, by=world.zhang)
    zhang.sync()
    assert zhang.records["report", op["record"]]["photos_here"] == [named(LAMP)]


def test_a_signed_off_phone_is_told_which_of_its_photos_are_here(reports: Reports) -> None:  # P13 P23
    world = reports.world
    li = world.phone(world.li)
    li.sync()
    reports.send(world.li, LAMP)
    devices.revoke(world.database, li.device)
    with pytest.raises(Refused, match="revoked") as refused:
        li.ask(li.request() | {"files": [named(LAMP), named(STAIRS)]})
    assert refused.value.more["files"] == [named(LAMP)]


def test_a_photo_that_arrives_while_its_report_does_is_missed_by_neither(reports: Reports) -> None:
    """The photo's transaction and the report's wait for each other: whoever is second sees the first."""
    import threading

    world = reports.world
    li = world.phone(world.li)
    for turn in range(6):
        content = LAMP + str(turn).encode()
        op = reports.report(li, "three-1", content)
        both = threading.Barrier(2)

        def send(content: bytes = content, both: threading.Barrier = both) -> None:
            with world.database.connection_context():
                both.wait()
                reports.send(world.li, content)

        sending = threading.Thread(target=send)
        sending.start()
        both.wait()
        li.sync()
        sending.join()
        assert Report.get_by_id(op["record"]).photos_here == [named(content)]


def test_a_late_photo_conflicts_with_nothing(reports: Reports) -> None:  # P17
    world = reports.world
    li = world.phone(world.li)
    op = reports.report(li, "three-1", LAMP)
    li.sync()
    reports.send(world.li, LAMP)
    li.undo(op)
    li.sync()
    assert Report.get_by_id(op["record"]).gone
    assert {result["status"] for result in li.results.values()} == {"applied"}
