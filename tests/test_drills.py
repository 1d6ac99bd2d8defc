"""Drills at the centre: what the desk prepares, prints and counts, and codes that are looked at again when they arrive."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import peewee
import pytest
from flask import Flask
from flask.testing import FlaskClient

from fieldapp import create_app
from fieldapp.declare.kinds import kinds
from fieldapp.drills.copies import copies
from fieldapp.drills.make import Expected, pasted
from fieldapp.drills.record import (
    HELD_AFTER,
    Drill,
    DrillCheck,
    DrillFix,
    DrillGroup,
    DrillLeader,
    DrillPerson,
)
from fieldapp.drills.report import minutes
from fieldapp.phone import asset
from sync.ids import uuid7
from sync.write import put
from tests.browser.badges import DRILL, badge, person
from tests.cast import NOW, Town, named, signed_in_database
from tests.test_scope import client_of

CHANNEL = f"drill:{DRILL}"
World = tuple[Flask, Town, peewee.Database]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("FIELDAPP_DATA", str(tmp_path))
    monkeypatch.setenv("FIELDAPP_NOW", NOW.isoformat())
    monkeypatch.setenv("FIELDAPP_RATE_LIMITS", "off")
    database, town = signed_in_database(f"sqlite:///{tmp_path / 'fieldapp.db'}")
    yield create_app(database), town, database
    database.close()


class Leader:
    """A leader's phone: checks are sent in whatever order, at whatever time of its clock."""

    def __init__(self, app: Flask, town: Town, who: str) -> None:
        self.client, self.user, self.device, self.seq = (
            client_of(app, who),
            town.people[who].id,
            str(uuid7()),
            0,
        )

    def check(
        self, whom: int, at: datetime = NOW, what: str = "in", drill: str = DRILL, **more: Any
    ) -> dict[str, Any]:
        """One sign of the nth person of the list; where it ended."""
        self.seq += 1
        patch = {"drill": drill, "drill_person": person(whom), "what": what, "how": "tick", **more}
        op = {
            "op": str(uuid7()), "seq": self.seq, "group": str(uuid7()), "after": [], "form": 1, "base_version": None,
            "base": {}, "at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "offset": 0, "files": [], "verb": "create",
            "kind": "drill_check", "record": str(uuid7()), "patch": patch,
        }  # fmt: skip
        result: dict[str, Any] = self.exchange([op])["results"][0]
        return result

    def exchange(self, ops: list[dict[str, Any]], cursors: dict[str, Any] | None = None) -> dict[str, Any]:
        """One exchange of this phone."""
        request = {
            "protocol": 1, "app": "test", "user": self.user, "device": self.device, "clock": "2026-11-23T02:42:05.000Z",
            "epoch": None, "ops": ops, "cursors": cursors or {}, "tail": False,
            "report": {"waiting": len(ops), "oldest": None, "used": None, "left": None},
        }  # fmt: skip
        answer: dict[str, Any] = self.client.post("/sync", json=request).get_json()
        return answer

    def forgets(self) -> list[str]:
        """The channels that this phone held and is told to forget."""
        told: list[str] = self.exchange([], {CHANNEL: {"at": 1, "head": None, "tail": None}})["forget"]
        return told


def at(minute: int) -> datetime:
    """A minute of the drill, which began at 02:30 UTC."""
    return datetime(2026, 11, 23, 2, 30, tzinfo=NOW.tzinfo) + timedelta(minutes=minute)


def test_the_first_time_stays_the_earliest_in_whatever_order_the_checks_arrive(world: World) -> None:
    li = Leader(*world[:2], "li")
    for minute, what in ((9, "in"), (3, "in"), (60, "out"), (5, "in"), (41, "out"), (2, "station")):
        more = {"station": "escape"} if what == "station" else {}
        assert li.check(3, at(minute), what, **more)["status"] == "applied"
    sun = DrillPerson.get_by_id(person(3))
    assert (sun.first_in, sun.last_out) == ("2026-11-23T02:32:00Z", "2026-11-23T03:30:00Z")
    assert sun.stations == ["escape"]
    assert DrillCheck.select().count() == 6


def test_a_code_that_does_not_hold_goes_to_quarantine_whatever_the_phone_said(world: World) -> None:
    li = Leader(*world[:2], "li")
    scan = {"how": "scan"}
    assert li.check(1, token=badge(person(1)), **scan)["status"] == "applied"
    for token in (
        "",
        "HELLO",
        badge(person(1), secret=8),
        badge(person(2)),  # somebody else's
        badge(None),  # the poster's
        badge(person(1), drill=named("another drill")),
        badge(person(1), until=NOW - timedelta(minutes=5)),
    ):
        ended = li.check(1, token=token, **scan)
        assert (ended["status"], ended["reason"]) == ("quarantined", "invalid"), token
        assert list(ended["detail"]["fields"]) == ["token"]
    assert DrillCheck.select().count() == 1


def test_a_badge_scanned_in_time_and_sent_days_later_is_taken(world: World) -> None:
    li = Leader(*world[:2], "li")
    token = badge(person(1), until=NOW - timedelta(minutes=5))
    assert li.check(1, at(3), how="scan", token=token)["status"] == "applied"


def test_only_leaders_of_a_drill_check_people_in(world: World) -> None:
    app, town, _ = world
    for who in ("wang", "chen", "zhao"):
        assert Leader(app, town, who).check(3)["status"] == "quarantined", who


def test_who_leads_no_roll_call_is_not_told_that_nobody_is_missing(world: World) -> None:
    app, _, _ = world
    leading, other = (client_of(app, who).get(f"/drills/{DRILL}").text for who in ("li", "wang"))
    assert 'class="figure"' in leading and 'class="figure"' not in other
    assert "到齐" not in other and "119" in other


def test_who_is_expected_at_one_drill_is_not_checked_in_at_another(world: World) -> None:
    app, town, _ = world
    client = client_of(app, "zhang")
    prepare(client, town, leader=town.people["li"].id)
    other = Drill.get(Drill.title == "冬季演习").id
    assert Leader(app, town, "li").check(3, drill=other)["status"] == "quarantined"


def prepare(client: FlaskClient, town: Town, **more: Any) -> Any:
    """Zhang prepares a drill of the winter."""
    form = {
        "title": "冬季演习", "place": "东广场", "commander": "张", "day": "2026-11-25", "starts_at": "14:00", "ends_at": "16:00",
        "stations": ["hose", "leaflets"], "building": town["building 3"], f"group-{town.people['chen'].id}": "first_aid",
        f"post-{town.people['li'].id}": "西门", "people": "何小雨，灭火，000-1388 4417\n\n吴大爷，7号楼，，7-1-402，4", **more,
    }  # fmt: skip
    return client.post("/drills", data=form)


def test_zhang_prepares_a_drill_with_everybody_who_is_expected(world: World) -> None:
    app, town, _ = world
    client = client_of(app, "zhang")
    answer = prepare(client, town, leader=town.people["li"].id)
    assert answer.status_code == 303
    drill = Drill.get(Drill.title == "冬季演习")
    assert (drill.starts_at, drill.stations) == ("2026-11-25T06:00:00Z", ["hose", "leaflets"])
    groups = {one.id: one.code or one.name for one in DrillGroup.select().where(DrillGroup.drill == drill.id)}
    people = {one.name: one for one in DrillPerson.select().where(DrillPerson.drill == drill.id)}
    assert groups[people["何小雨"].drill_group] == "firefighting" and people["何小雨"].digits == "4417"
    assert people["陈"].user == town.people["chen"].id and people["陈"].part == "volunteer"
    assert (groups[people["吴大爷"].drill_group], people["吴大爷"].floor) == ("7号楼", 4)
    homes = DrillPerson.select().where(DrillPerson.drill == drill.id, DrillPerson.address.startswith("3-"))
    # Every home of the building in which somebody lives; who is in care may need help.
    assert homes.count() == 22 and {one.address for one in homes if one.needs_help} == {"3-1-402", "3-2-402"}
    (leader,) = DrillLeader.select().where(DrillLeader.drill == drill.id)
    assert (leader.user, leader.post) == (town.people["li"].id, "西门")


def test_what_is_wrong_with_a_drill_is_said_and_nothing_is_made(world: World) -> None:
    app, town, _ = world
    client = client_of(app, "zhang")
    for more in (
        {"title": ""},
        {"ends_at": "13:00"},
        {"day": "soon"},
        {"people": "", "building": "", f"group-{town.people['chen'].id}": ""},
    ):
        assert prepare(client, town, **more).status_code == 422
    assert Drill.select().count() == 1


class Fields(HTMLParser):
    """What a page's form would send as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.given: dict[str, list[str]] = {}
        self.select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        of = {name: text or "" for name, text in attributes}
        self.select = of.get("name", "") if tag == "select" else self.select
        ticked = of.get("type") != "checkbox" or "checked" in of
        if (tag == "input" and ticked and of.get("name")) or (tag == "option" and "selected" in of):
            self.given.setdefault(of.get("name") or self.select, []).append(of.get("value", ""))


def put_right(client: FlaskClient, **more: Any) -> Any:
    """Zhang changes what the form of the cast's drill shows, and sends it."""
    form = Fields()
    form.feed(client.get(f"/drills/{DRILL}/change").text)
    given = form.given
    return client.post(f"/drills/{DRILL}/change", data={**given, **more})


def test_zhang_puts_a_drill_right_and_nobody_who_is_expected_or_came_is_lost(world: World) -> None:
    app, town, _ = world
    li, client = Leader(app, town, "li"), client_of(app, "zhang")
    li.check(3, at(4))
    before = {one.id: one.__data__ for one in DrillPerson.select().where(DrillPerson.drill == DRILL)}
    building = DrillPerson.get_by_id(person(3)).drill_group
    wang = town.people["wang"].id
    answer = put_right(
        client, place="北广场", ends_at="17:30", people="孙国强，7号楼，，7-2-501，5\n何大姐，灭火\n吴秀兰，3号楼，，3-1-402", building=town["building 3"],
        **{f"name-{building}": "三号楼居民", "leader": [wang, town.people["zhang"].id], f"post-{wang}": "西门"},
    )  # fmt: skip
    assert answer.status_code == 303
    drill = Drill.get_by_id(DRILL)
    assert (drill.place, drill.ends_at, drill.commander) == ("北广场", "2026-11-23T09:30:00Z", "张")
    after = {one.id: one for one in DrillPerson.select().where(DrillPerson.drill == DRILL)}
    assert all(
        after[id].first_in == one["first_in"] and after[id].drill_group == one["drill_group"]
        for id, one in before.items()
    )
    added = {(one.name, one.address) for id, one in after.items() if id not in before}
    assert {("孙国强", "7-2-501"), ("何大姐", "")} <= added and ("吴秀兰", "3-1-402") not in added
    assert len(after) - len(before) == len(added) >= 20  # the homes of building 3
    names = {one.id: one.code or one.name for one in DrillGroup.select().where(DrillGroup.drill == DRILL)}
    assert names[building] == "三号楼居民" and {"firefighting", "7号楼"} <= set(names.values())
    # Who leads now can, and Li's phone forgets the list; what she still brings is looked at.
    assert Leader(app, town, "wang").check(3, at(5))["status"] == "applied"
    assert li.forgets() == [CHANNEL]
    assert (li.check(1, at(6))["reason"], DrillCheck.select().count()) == ("left_scope", 2)
    assert put_right(client, ends_at="00:01").status_code == 422


def test_a_cancelled_drill_leaves_the_phones_and_can_be_held_after_all(world: World) -> None:
    app, town, _ = world
    li, client = Leader(app, town, "li"), client_of(app, "zhang")
    li.check(3, at(4))
    assert li.forgets() == [] and "119" in client_of(app, "li").get("/today").text
    assert client.post(f"/drills/{DRILL}/off").status_code == 303
    assert li.forgets() == [CHANNEL] and "119" not in client_of(app, "li").get("/today").text
    assert client.get(f"/drills/{DRILL}/report").status_code == 404 and "已取消" in client.get("/drills").text
    assert client_of(app, "sun").post(f"/drills/{DRILL}/off").status_code == 404
    assert client.post(f"/drills/{DRILL}/off").status_code == 303
    assert li.forgets() == [] and DrillPerson.get_by_id(person(3)).first_in == "2026-11-23T02:34:00Z"
    assert li.check(1, at(6))["status"] == "applied"


def test_leaders_hold_the_list_of_a_drill_until_some_days_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = Leader(*world[:2], "li")
    ends = datetime.fromisoformat(Drill.get_by_id(DRILL).ends_at)
    for moment, told in (
        (ends + HELD_AFTER - timedelta(hours=2), []),
        (ends + HELD_AFTER + timedelta(minutes=1), [CHANNEL]),
    ):
        monkeypatch.setenv("FIELDAPP_NOW", moment.isoformat())
        assert li.forgets() == told
    assert li.check(3, at(4))["status"] == "review"


def test_every_badge_on_the_sheet_holds_for_its_own_drill(world: World) -> None:
    app, town, _ = world
    client = client_of(app, "zhang")
    sheet = client.get(f"/drills/{DRILL}/badges").text
    assert sheet.count("<svg") - client.get("/drills").text.count("<svg") == 4
    for name in ("何小雨", "吴秀兰", "孙国强"):
        assert name in sheet
    assert "<svg" in client.get(f"/drills/{DRILL}/poster").text


def test_volunteer_minutes_go_out_as_a_sheet_in_which_nothing_computes(world: World) -> None:
    app, _, _ = world
    li = Leader(*world[:2], "li")
    DrillPerson.update(name="=1+1").where(DrillPerson.id == person(1)).execute()
    for whom, minute, what in ((0, 0, "in"), (1, 4, "in"), (1, 100, "out")):
        li.check(whom, at(minute), what)
    client = client_of(app, "zhang")
    rows = list(csv.reader(io.StringIO(client.get(f"/drills/{DRILL}/hours/csv").data.decode("utf-8-sig"))))
    assert rows[0][:2] == ["姓名", "身份"]
    lines = {row[0]: row for row in rows[1:]}
    assert lines["'=1+1"][4:7] == ["10:34", "12:10", "96"]
    # Li never signed out: no minutes, and it is said.
    assert lines["李"][4:7] == ["10:30", "", ""] and lines["李"][8] == "未签退"
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/drills/{DRILL}/hours/xlsx").data))
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {"s", "n"}
    assert "吴秀兰" not in lines


def test_zhang_puts_a_time_right_with_a_reason_and_what_was_recorded_stays(world: World) -> None:
    app, _, _ = world
    Leader(*world[:2], "li").check(3, at(4))
    client = client_of(app, "zhang")
    path = f"/drills/{DRILL}/fix/{person(3)}"
    assert client.post(path, data={"left_at": "11:50"}).status_code == 422
    assert client.post(path, data={"left_at": "11:50", "reason": "签退时手机没电"}).status_code == 303
    sun = DrillPerson.get_by_id(person(3))
    assert (sun.first_in, sun.last_out) == ("2026-11-23T02:34:00Z", "2026-11-23T03:50:00Z")
    assert (DrillFix.get().reason, DrillCheck.select().count()) == ("签退时手机没电", 1)
    assert "签退时手机没电" in client.get(f"/drills/{DRILL}/report").text
    assert client.post(path, data={"absent": "1", "reason": "认错人"}).status_code == 303
    assert DrillPerson.get_by_id(person(3)).first_in is None


def test_the_desk_of_another_community_sees_nothing_of_it(world: World) -> None:
    app, _, _ = world
    sun = client_of(app, "sun")
    for page in ("report", "badges", "poster", "hours/csv", f"fix/{person(3)}"):
        assert sun.get(f"/drills/{DRILL}/{page}").status_code == 404
    assert "119" not in sun.get("/drills").text
    for who in ("li", "chen"):
        assert client_of(app, who).get(f"/drills/{DRILL}/report").status_code == 403


def check(author: str, minute: int, token: str = "T") -> dict[str, Any]:
    """A scan as the rule sees it."""
    time = at(minute).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": f"{author} {minute}",
        "author": author,
        "device_time": time,
        "token": token,
        "drill_person": token.lower(),
    }


@pytest.mark.parametrize(
    ("checks", "found"),
    [
        ([check("li", 0), check("wang", 1)], {"t"}),
        ([check("wang", 1), check("li", 0)], {"t"}),
        ([check("li", 0), check("wang", 9)], set()),  # somebody may walk from one gate to the other
        ([check("li", 0), check("chen", 1)], set()),  # two leaders at one gate
        ([check("li", 0, "T"), check("wang", 0, "U")], set()),
        ([check("li", 0, ""), check("wang", 0, "")], set()),  # by name: there is no badge to copy
    ],
)
def test_one_badge_at_two_places_at_once_is_a_copy(checks: list[dict[str, Any]], found: set[str]) -> None:
    told = copies(checks, {"li": "东门", "chen": "东门", "wang": "西门"})
    assert told.keys() == found
    assert all(scans == {"li 0", "wang 1"} for scans in told.values())


def test_zhang_is_asked_about_a_badge_and_its_copy_until_she_has_accepted_it(world: World) -> None:
    app, town, database = world
    row = {"id": named("leader wang"), "drill": DRILL, "user": town.people["wang"].id, "post": "西门"}
    put(database, kinds(), named("heping"), [("drill_leader", row)], NOW)
    client, by_badge = client_of(app, "zhang"), {"how": "scan", "token": badge(person(1))}
    for who, minute in (("li", 3), ("wang", 4), ("li", 90)):
        result = Leader(app, town, who).check(1, at(minute), "out" if minute > 4 else "in", **by_badge)
        assert result["status"] == "applied"
        found = re.findall(r'href="/review/(copied/[^"?]+)', client.get("/review?reason=copied").text)
        assert len(set(found)) == (minute > 3), minute
    page = client.get(f"/review/{found[0]}").text
    assert "何小雨：一码两地" in page and page.count("<h3> ") == 2  # both scans, not the way out
    shown = dict(re.findall(r'name="(until|count)" value="([^"]+)"', page))
    assert client.post(f"/review/{found[0]}", data={"choice": "accept", **shown}).status_code == 303
    assert "copied/" not in client.get("/review").text
    # A third place brings it back: it is another scan that cannot be.
    row = {"id": named("leader chen"), "drill": DRILL, "user": town.people["chen"].id, "post": "北门"}
    put(database, kinds(), named("heping"), [("drill_leader", row)], NOW)
    assert Leader(app, town, "chen").check(1, at(5), **by_badge)["status"] == "applied"
    assert "copied/" in client.get("/review").text


def test_minutes_are_whole_and_never_less_than_none() -> None:
    assert minutes("2026-11-23T02:30:00Z", "2026-11-23T03:29:59Z") == 59
    assert minutes("2026-11-23T02:30:00Z", "2026-11-23T02:00:00Z") == 0
    assert minutes("2026-11-23T02:30:00Z", None) is None


def test_pasted_lines_need_no_more_than_a_name() -> None:
    assert pasted("何小雨", {}) == [Expected("何小雨", "evacuation", "volunteer")]
    (one,) = pasted("吴大爷\t7号楼\t000-1388 0412\t7-1-402\t4", {})
    assert one == Expected("吴大爷", "7号楼", "resident", "0412", "7-1-402", 4)


def test_only_the_decoders_own_answer_may_compile_webassembly(world: World) -> None:
    app, _, _ = world
    client = client_of(app, "li")
    for name in ("decoder.js", "decoder.wasm", "scan.js", "page.js"):
        answer = client.get(asset(name))
        assert answer.status_code == 200
        assert ("wasm-unsafe-eval" in answer.headers["Content-Security-Policy"]) is name.startswith("decoder")
    assert client.get(asset("decoder.wasm")).content_type == "application/wasm"
    assert "wasm" not in client.get(f"/drills/{DRILL}/scan").headers["Content-Security-Policy"]
