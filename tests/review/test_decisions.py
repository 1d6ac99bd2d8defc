"""Decisions: a supervisor settles what machines cannot; each is an operation, told to the workers, and can be undone."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta

import pytest

from fieldapp.declare.registry import registry
from fieldapp.people.record import Member
from fieldapp.places.record import Household
from fieldapp.review.record import Decision
from sync.store import Operation
from tests.cast import NOW, named
from tests.review.desk import Desk, Handset, desk_pages, seen

DOOR = "3-1-601"
OLD, FIRST, SECOND = "000-1388 0412", "000-1366 7790", "000-1399 0001"


def conflict(desk: Desk) -> str:
    """Li and Zhang, both at the door, wrote down another number; the second one's row in the queue."""
    li, zhang = desk.phone("li"), desk.phone("zhang")
    assert zhang.change(DOOR, OLD, phone=FIRST)["status"] == "applied"
    late = li.change(DOOR, OLD, NOW + timedelta(minutes=28), phone=SECOND)
    assert (late["status"], late["reason"]) == ("review", "conflict")
    return f"/review/conflict/{late['op']}"


def history(page: str) -> list[str]:
    """The lines of the history beside a row, without their times."""
    lines = page.split('<ol class="tl">')[1].split("</ol>")[0].split("<li>")[1:]
    return [re.sub(r"<time.*?</time>|<[^>]+>", "", line).strip() for line in lines]


def phone_of(address: str, desk: Desk) -> str:
    return str(Household.get_by_id(desk.town.households[address]).phone)


def test_zhang_sees_both_values_with_who_when_and_where_from(desk: Desk) -> None:
    row = conflict(desk)
    assert desk.rows()[0] == row
    page = desk.read(row)
    for words in (FIRST, SECOND, "李 · 三网格", "入户走访: 见到人", "10:42", "11:10"):
        assert words in page, words
    assert "电话" in desk.read("/received") and SECOND not in desk.read("/received")
    assert OLD not in page.split('class="two"')[1].split('class="acts"')[0]


def test_one_tap_takes_the_second_value_and_tells_both(desk: Desk) -> None:
    row = conflict(desk)
    desk.decide(row, choice="take_second", field="phone", seen=seen(FIRST))
    assert phone_of(DOOR, desk) == SECOND
    assert desk.told("li") == desk.told("zhang") == [("take_second", "phone", "", "open")]
    assert row not in desk.rows()
    op = desk.operation(row.rsplit("/", 1)[1])
    assert (op.status, op.detail["chosen"]) == ("applied", {"phone": "take_second"})


def test_the_first_value_stays_without_a_change(desk: Desk) -> None:
    row = conflict(desk)
    version = Household.get_by_id(desk.town.households[DOOR]).version
    desk.decide(row, choice="keep_first", field="phone", seen=seen(FIRST))
    home = Household.get_by_id(desk.town.households[DOOR])
    assert (home.phone, home.version) == (FIRST, version)
    assert row not in desk.rows()


def test_both_numbers_are_kept_where_the_field_holds_two(desk: Desk) -> None:
    row = conflict(desk)
    desk.decide(row, choice="keep_both", field="phone", seen=seen(FIRST))
    assert phone_of(DOOR, desk) == f"{FIRST} / {SECOND}"


def test_a_count_of_people_cannot_be_two_numbers_at_once(desk: Desk) -> None:
    li, zhang = desk.phone("li"), desk.phone("zhang")
    zhang.change(DOOR, 3, people=4)
    row = f"/review/conflict/{li.change(DOOR, 3, people=5)['op']}"
    assert "keep_both" not in desk.read(row)
    desk.decide(row, expect=400, choice="keep_both", field="people", seen=seen(4))


def test_what_changed_after_zhang_looked_is_not_overwritten(desk: Desk) -> None:
    row = conflict(desk)
    desk.phone("zhang").change(DOOR, FIRST, NOW + timedelta(hours=1), phone="000-1")
    desk.decide(row, expect=409, choice="take_second", field="phone", seen=seen(FIRST))
    assert phone_of(DOOR, desk) == "000-1"
    assert row in desk.rows()
    assert desk.told("li") == []


def test_zhang_takes_a_decision_back_and_it_waits_again(desk: Desk) -> None:
    row = conflict(desk)
    group = desk.decide(row, choice="take_second", field="phone", seen=seen(FIRST))
    desk.post("/review/undo", group=group)
    assert phone_of(DOOR, desk) == FIRST
    assert desk.told("li") == []
    assert row in desk.rows()
    assert "已撤销" in desk.read("/review/decided")
    made = Operation.select().where(Operation.kind == "decision")
    assert {(one.verb, one.user) for one in made} == {
        (verb, desk.town.people["zhang"].id) for verb in ("create", "retract")
    }


def test_two_fields_in_conflict_are_settled_one_by_one(desk: Desk) -> None:
    home = desk.town.households[DOOR]
    patch = {"verb": "patch", "kind": "household", "record": home}
    desk.phone("zhang").send(
        {**patch, "patch": {"phone": FIRST, "people": 4}, "base": {"phone": OLD, "people": 3}}
    )
    late = desk.phone("li").send(
        {**patch, "patch": {"phone": SECOND, "people": 5}, "base": {"phone": OLD, "people": 3}}
    )
    row = f"/review/conflict/{late[0]['op']}"
    desk.decide(row, choice="take_second", field="phone", seen=seen(FIRST))
    assert row in desk.rows()
    desk.decide(row, choice="keep_first", field="people", seen=seen(4))
    assert row not in desk.rows()


def test_asked_again_it_comes_back_answered(desk: Desk) -> None:
    row = conflict(desk)
    li = desk.town.people["li"].id
    desk.decide(row, choice="return", field="phone", comment="请再核实号码", worker=li)
    assert desk.told("li") == [("return", "phone", "请再核实号码", "open")]
    assert desk.told("zhang") == [("asked", "phone", "请再核实号码", "open")]
    assert desk.rows() == [row.replace("conflict", "returned")]
    decision = Decision.get(Decision.worker == li)
    page = desk.read("/today", "li")
    assert f"/decisions/{decision.id}" in page and "请再核实号码" in page
    form = {"returned": "phone", "phone": SECOND, "note": "住户本人说的", "fresh_id": ""}
    assert desk.browser("li").post(f"/decisions/{decision.id}", data=form).status_code == 303
    assert phone_of(DOOR, desk) == SECOND
    assert f"/decisions/{decision.id}" not in desk.read("/today", "li")
    answered = desk.rows()[0]
    assert answered.startswith("/review/answered/")
    assert "住户本人说的" in desk.read(answered) and "请再核实号码" in desk.read(answered)
    desk.decide(answered, choice="accept")
    assert desk.rows() == []
    assert desk.operation(row.rsplit("/", 1)[1]).status == "applied"


def test_a_hazard_without_a_note_is_returned_at_the_note(desk: Desk) -> None:
    op = desk.phone("li").visit(DOOR, phrases=["hazard"])
    row = f"/review/hazard/{op}"
    assert desk.rows() == [row]
    desk.decide(row, expect=400, choice="return", field="note", comment=" ")
    desk.decide(row, choice="return", field="note", comment="是什么隐患？")
    assert desk.told("li") == [("return", "note", "是什么隐患？", "open")]


def test_three_doors_in_a_minute_are_one_row_and_accepted_with_one_tap(desk: Desk) -> None:
    li = desk.phone("li")
    ops = [
        li.visit(door, NOW + timedelta(seconds=9 * at))
        for at, door in enumerate(("3-1-601", "3-1-602", "3-1-501"))
    ]
    rows = desk.rows()
    assert rows == [f"/review/doors/{ops[0]}"]
    assert "一分钟内 3 户" in desk.read("/review")
    assert history(desk.read(rows[0])) == [
        f"{door} 李 入户走访: 见到人" for door in ("3-1-501", "3-1-602", "3-1-601")
    ]
    desk.decide(rows[0], choice="accept")
    assert desk.rows() == []
    assert len(desk.told("li")) == 3


def test_a_clock_26_minutes_off_is_one_row_for_all_its_records(desk: Desk) -> None:
    slow = desk.phone("li", off=timedelta(minutes=-26))
    for at, door in enumerate(("3-1-601", "3-1-602")):
        slow.visit(door, NOW + timedelta(minutes=5 * at))
    (row,) = desk.rows()
    assert row.startswith("/review/clock/")
    assert "手机时间差 26 分钟" in desk.read(row)


def test_what_came_in_while_zhang_looked_is_not_accepted_unseen(desk: Desk) -> None:
    slow = desk.phone("li", off=timedelta(minutes=-26))
    first = slow.visit("3-1-601")
    (row,) = desk.rows()
    early = desk.read(row)
    second = slow.visit("3-1-602", NOW + timedelta(minutes=5))
    late = desk.read(row)
    desk.decide(row, page=early, choice="accept")
    assert [one.operation for one in Decision.select()] == [first]
    assert desk.rows() == [f"/review/clock/{second}"]
    desk.decide(f"/review/clock/{second}", expect=409, page=late, choice="accept")
    desk.decide(f"/review/clock/{second}", choice="accept")
    assert desk.rows() == []


def test_a_row_of_very_many_is_decided_in_parts_each_of_which_was_shown(desk: Desk) -> None:
    slow = desk.phone("li", off=timedelta(minutes=-26))
    patch = {"household": desk.town.households[DOOR], "outcome": "met"}
    for minute in range(11):
        slow.send(
            *[{"verb": "create", "kind": "visit", "patch": patch}] * 100, at=NOW + timedelta(minutes=minute)
        )
    (row,) = desk.rows()
    page = desk.read(row)
    assert page.count("<pre") == 50 and "还有 950 条同类" in page and "后到的 100 条留到下一次决定。" in page
    desk.decide(row, choice="accept")
    assert len(desk.told("li")) == 1000
    (rest,) = desk.rows()
    desk.decide(rest, choice="accept")
    assert desk.rows() == [] and len(desk.told("li")) == 1100


def test_a_visit_at_night_is_shown_and_the_hours_are_the_towns_own(desk: Desk) -> None:
    desk.phone("li").visit(DOOR, NOW + timedelta(hours=11))
    assert [row.split("/")[2] for row in desk.rows()] == ["hours"]


def test_what_nothing_flags_is_accepted_all_at_once_and_only_what_was_shown(desk: Desk) -> None:
    li = desk.phone("li")
    shown = [
        li.visit(door, NOW + timedelta(minutes=5 * at)) for at, door in enumerate(("3-1-601", "3-1-602"))
    ]
    later = li.visit("3-1-501", NOW + timedelta(minutes=30))
    desk.post("/review/accept", op=shown)
    page = desk.read("/review")
    assert later in page and not any(op in page for op in shown)
    assert [choice for choice, *_ in desk.told("li")] == ["accept", "accept"]


def test_what_nothing_flags_is_narrowed_by_worker_building_and_kind(desk: Desk) -> None:
    li, wang = desk.phone("li"), desk.phone("wang")
    home = desk.town.households[DOOR]
    (fact,) = li.send({"verb": "patch", "kind": "household", "record": home, "patch": {"people": 3}})
    assert fact["status"] == "applied"
    near, far = li.visit("3-1-602", NOW + timedelta(minutes=5)), wang.visit("4-1-601")

    def plain(query: str) -> set[str]:
        return set(re.findall(r'name="op" value="([^"]+)"', desk.read("/review" + query)))

    assert plain("") == {fact["op"], near, far}
    assert plain(f"?building={desk.town['building 3']}") == {fact["op"], near}
    assert (
        plain(f"?building={desk.town['building 4']}")
        == plain(f"?worker={desk.town.people['wang'].id}")
        == {far}
    )
    assert plain("?kind=visit") == {near, far}
    assert plain("?reason=hazard") == set()


def test_what_is_left_unread_is_what_no_rule_is_about(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    li, wang = desk.phone("li"), desk.phone("wang")
    for at, door in enumerate(("3-1-601", "3-1-602", "3-1-501", "3-1-502")):
        li.visit(door, NOW + timedelta(seconds=19 * at))
        wang.visit("4-1-601", NOW + timedelta(minutes=5 * at))
    li.visit(DOOR, NOW + timedelta(minutes=40), phrases=["hazard"])
    li.visit(DOOR, NOW + timedelta(hours=11))
    desk.phone("li", off=timedelta(minutes=-26)).visit(DOOR, NOW + timedelta(hours=1))
    rows = desk.rows()
    assert sorted(row.split("/")[2] for row in rows) == ["clock", "doors", "hazard", "hours"]
    read = []
    monkeypatch.setattr(
        "fieldapp.review.queue.candidates", lambda received: read.append(len(received)) or received
    )
    assert desk.rows() == rows and read == [11], "the same, were everything read"


def quarantined(desk: Desk) -> tuple[Handset, str]:
    """Wang recorded a visit whose value cannot be right."""
    wang = desk.phone("wang")
    op = wang.visit("4-1-601", outcome="teleported")
    assert desk.operation(op).status == "quarantined"
    return wang, op


def test_the_whole_payload_and_the_reason_are_readable(desk: Desk) -> None:
    _, op = quarantined(desk)
    page = desk.read(f"/review/quarantined/{op}")
    assert "teleported" in page and "&#34;outcome&#34;" in page
    assert "有一项填得不对。" in page


def test_a_repaired_visit_is_applied_under_its_workers_name(desk: Desk) -> None:
    _, op = quarantined(desk)
    row = f"/review/quarantined/{op}"
    desk.decide(row, expect=422, choice="repair", outcome="again nonsense")
    assert desk.operation(op).status == "quarantined"
    desk.decide(row, choice="repair", outcome="no_answer", note="")
    visit = registry.records["visit"].get_by_id(desk.operation(op).record)
    assert (visit.outcome, visit.author) == ("no_answer", desk.town.people["wang"].id)
    assert desk.told("wang") == [("repair", "", "", "open")]
    assert desk.rows() == []
    assert desk.operation(op).payload["patch"]["outcome"] == "teleported"


def test_what_waits_for_anothers_record_is_taken_once_that_is_there(desk: Desk) -> None:
    _, op = quarantined(desk)
    patch = {"household": desk.town.households[DOOR], "outcome": "met"}
    li = desk.phone("li")
    (waits,) = li.send({"verb": "create", "kind": "visit", "patch": patch, "after": [op]})
    assert waits["status"] == "held"
    row = f"/review/quarantined/{op}"
    assert desk.rows() == [row], "with what it waits for"
    desk.decide(row, choice="repair", outcome="no_answer", note="")
    row = f"/review/quarantined/{waits['op']}"
    assert desk.rows() == [row]
    desk.decide(row, choice="replay")
    assert (desk.rows(), desk.operation(waits["op"]).status) == ([], "applied")
    assert desk.told("li") == [("replay", "", "", "open")]


def test_a_rejected_one_says_why_to_its_worker(desk: Desk) -> None:
    _, op = quarantined(desk)
    row = f"/review/quarantined/{op}"
    desk.decide(row, expect=400, choice="reject", comment="")
    group = desk.decide(row, choice="reject", comment="这一条重复了")
    assert desk.told("wang") == [("reject", "", "这一条重复了", "open")]
    assert desk.operation(op).reason == "rejected"
    assert desk.rows() == []
    desk.post("/review/undo", group=group)
    assert desk.rows() == [row]
    assert desk.operation(op).reason == "invalid"


def test_a_door_outside_the_area_is_taken_after_all(desk: Desk) -> None:
    op = desk.phone("wang").visit(DOOR)
    row = f"/review/area/{op}"
    assert desk.rows() == [row]
    assert "这一户不在记录人的网格里。" in desk.read(row)
    desk.decide(row, choice="replay")
    assert desk.operation(op).status == "applied"
    assert desk.told("wang") == [("replay", "", "", "open")]


def decision_on(op: str) -> str:
    """The save of the newest decision on an operation."""
    made = Operation.select().where(Operation.kind == "decision", Operation.verb == "create")
    return str(
        [one.group for one in made.order_by(Operation.seq) if one.payload["patch"]["operation"] == op][-1]
    )


def people(desk: Desk) -> int:
    """How many live at the door."""
    return int(registry.records["household"].get_by_id(desk.town.households[DOOR]).people)


def test_a_repair_that_was_a_mistake_is_undone_and_waits_again_as_it_was_sent(desk: Desk) -> None:
    _, op = quarantined(desk)
    row = f"/review/quarantined/{op}"
    home = registry.records["household"]
    before = home.get_by_id(desk.town.households["4-1-601"]).last_outcome
    desk.decide(row, choice="repair", outcome="no_answer", note="")
    assert home.get_by_id(desk.town.households["4-1-601"]).last_outcome == "no_answer" != before
    desk.post("/review/undo", group=decision_on(op))
    assert desk.rows() == [row]
    assert (desk.operation(op).status, desk.operation(op).reason) == ("quarantined", "invalid")
    assert registry.records["visit"].get_by_id(desk.operation(op).record).gone
    assert home.get_by_id(desk.town.households["4-1-601"]).last_outcome == before
    assert desk.told("wang") == []
    desk.decide(row, choice="repair", outcome="refused", note="")
    assert not registry.records["visit"].get_by_id(desk.operation(op).record).gone


def test_what_others_went_on_from_is_not_undone_and_the_page_says_so(desk: Desk) -> None:
    wang = desk.phone("wang")
    home = desk.town.households[DOOR]
    sent = {
        "verb": "patch",
        "kind": "household",
        "record": home,
        "patch": {"people": 7},
        "base": {"people": people(desk)},
    }
    op = wang.send(sent)[0]["op"]
    desk.decide(f"/review/area/{op}", choice="replay")
    assert people(desk) == 7
    desk.phone("li").change(DOOR, 7, NOW + timedelta(hours=1), people=4)
    page = desk.post("/review/undo", expect=409, group=decision_on(op)).text
    assert 'role="alert"' in page
    assert desk.operation(op).status == "applied" and people(desk) == 4


def test_the_queue_is_narrowed_by_worker_building_kind_and_reason(desk: Desk) -> None:
    hazard = desk.phone("li").visit(DOOR, phrases=["hazard"])
    _, stuck = quarantined(desk)
    li = desk.town.people["li"].id
    building = desk.town["building 4"]
    assert len(desk.rows()) == 2
    for query in (f"?worker={li}", "?reason=hazard", f"?building={desk.town['building 3']}"):
        assert desk.rows(query) == [f"/review/hazard/{hazard}"], query
    assert desk.rows(f"?building={building}") == [f"/review/quarantined/{stuck}"]
    assert len(desk.rows("?kind=visit")) == 2 and desk.rows("?kind=household") == []


def visits(desk: Desk, count: int, at: datetime) -> list[str]:
    """So many visits of Li's to one door, brought by one exchange."""
    patch = {"household": desk.town.households[DOOR], "outcome": "met"}
    op = {"verb": "create", "kind": "visit", "patch": patch}
    return [one["op"] for one in desk.phone("li").send(*[op] * count, at=at)]


def older(page: str) -> str:
    """Where the page leads to what is older."""
    found = re.findall(r'href="([^"]+before=[^"]+)"', page)
    assert len(found) == 1, found
    return html.unescape(found[0])


def test_what_came_in_before_the_newest_is_some_pages_back_however_it_is_narrowed(desk: Desk) -> None:
    desk.phone("wang").visit("4-1-601", NOW - timedelta(hours=1))
    for minute in range(4):
        visits(desk, 100, NOW + timedelta(minutes=minute))
    assert "4-1-601" not in desk.read("/received")
    page = desk.read(f"/received?building={named('building 4')}")
    assert "这一页没有这类记录。" in page and "还没有收到记录。" not in page
    page = desk.read(older(page))
    assert "4-1-601" in page and DOOR not in page and "before=" not in page
    assert 'hx-trigger="every 3s"' not in page, "what is older is read in peace"
    page = desk.read(older(desk.read("/received")))
    assert page.count(f">{DOOR}<") == 100 and "4-1-601" in page, "nothing twice, nothing left out"


def test_decisions_of_last_week_are_found_and_can_be_taken_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = visits(desk, 1, NOW)
    desk.post("/review/accept", op=[first])
    saves = []
    for hour in range(3):
        at = NOW + timedelta(days=7, hours=hour)
        monkeypatch.setenv("FIELDAPP_NOW", at.isoformat())
        desk.post("/review/accept", op=visits(desk, 100, at))
        saves.append(Decision.select().count())
    assert saves == [101, 201, 301]
    page = desk.read("/review/decided")
    assert page.count('name="group"') == 2, "two hundred decisions, and no save cut in two"
    page = desk.read(older(page))
    *_, group = re.findall(r'name="group" value="([^"]+)"', page)
    assert page.count('name="group"') == 2
    desk.post("/review/undo", group=group)
    assert first in desk.read("/review")


def test_the_queue_answers_only_when_something_changed(desk: Desk) -> None:
    desk.phone("li").visit(DOOR, phrases=["hazard"])
    token = re.search(r"seen=([\w-]+)", desk.read("/review"))
    assert token
    ask = {"headers": {"HX-Request": "true"}}
    assert desk.browser("zhang").get(f"/review?seen={token[1]}", **ask).status_code == 204
    quarantined(desk)
    again = desk.browser("zhang").get(f"/review?seen={token[1]}", **ask)
    assert again.status_code == 200 and again.text.count('class="q"') == 2


def test_another_communitys_supervisor_finds_none_of_it_and_a_worker_no_page(desk: Desk) -> None:
    row = conflict(desk)
    token_page = desk.read("/review", "sun")
    assert "/review/conflict" not in token_page
    assert desk.browser("sun").get(row).status_code == 404
    desk.phone("zhao").visit("1-1-601", phrases=["hazard"])
    assert desk.post(row, "sun", expect=404, choice="keep_first", field="phone", seen=seen(FIRST))
    assert desk.post(
        "/phones/" + desk.operation(row.rsplit("/", 1)[1]).device, "sun", expect=404, revoked="1"
    )
    for person in ("li", "chen"):
        assert desk.browser(person).get(row).status_code == 403
        assert desk.browser(person).post(row, data={"choice": "keep_first"}).status_code == 403
    assert desk.told("li") == []


def test_a_decision_without_the_pages_token_is_refused(desk: Desk) -> None:
    row = conflict(desk)
    form = {"choice": "take_second", "field": "phone", "seen": seen(FIRST)}
    assert desk.browser("zhang").post(row, data=form).status_code == 400
    assert phone_of(DOOR, desk) == FIRST


def test_no_worker_writes_a_decision_or_a_reply_to_anothers(desk: Desk) -> None:
    row = conflict(desk)
    desk.decide(row, choice="return", field="phone", comment="?", worker=desk.town.people["li"].id)
    decision = Decision.get(Decision.worker == desk.town.people["li"].id)
    wang = desk.phone("wang")
    reply = wang.send({"verb": "create", "kind": "reply", "patch": {"decision": decision.id, "note": "x"}})
    assert reply[0]["reason"] == "out_of_scope"
    forged = {"worker": desk.town.people["wang"].id, "operation": "x", "choice": "accept", "subject": "visit"}
    assert wang.send({"verb": "create", "kind": "decision", "patch": forged})[0]["reason"] == "not_allowed"
    assert Decision.get_by_id(decision.id).state == "open"


def test_the_phones_page_says_what_each_phone_last_said_and_signs_one_off(desk: Desk) -> None:
    li = desk.phone("li", off=timedelta(minutes=-26))
    li.visit(DOOR)
    page = desk.read("/phones")
    assert "李" in page and li.id[-4:] in page and "5f2c91" in page and "时间慢 26 分钟" in page
    desk.post(f"/phones/{li.id}", revoked="1")
    assert desk.device(li.id).revoked
    assert desk.told("li")[-1][0] == "revoke"
    late = li.visit("3-1-602", NOW + timedelta(hours=1))
    assert (desk.operation(late).status, desk.operation(late).reason) == ("quarantined", "revoked")
    desk.decide(f"/review/quarantined/{late}", choice="replay")
    assert desk.operation(late).status == "applied"
    desk.post(f"/phones/{li.id}", revoked="0")
    assert not desk.device(li.id).revoked


def test_the_phones_page_says_whose_clock_is_slow_and_whose_fast(desk: Desk) -> None:
    desk.phone("wang", off=timedelta(minutes=26)).visit("4-1-601")
    desk.phone("li", off=-timedelta(hours=2)).visit(DOOR)
    page = desk.read("/phones")
    assert "时间快 26 分钟" in page and "时间慢 2 小时" in page


def test_from_every_page_of_the_desk_a_link_leads_to_every_other(desk: Desk) -> None:
    """But for pages that lie below one of these, such as the week below the log, and those about one record."""
    navs = {}
    for path in desk_pages():
        nav = re.search(r"<nav aria-label=.*?</nav>", desk.read(path), re.S)
        assert nav
        navs[path] = sorted(re.findall(r'href="([^"]+)"', nav[0]))
        assert re.findall(r'href="([^"]+)" aria-current="page"', nav[0]) == [path] * (path in navs[path]), (
            path
        )
    linked = navs["/review"]
    assert all(found == linked for found in navs.values()) and "/today" in linked
    apart = [path for path in navs if path not in linked and not re.search(r"/[0-9a-f-]{36}(/|$)", path)]
    assert all(path.startswith(tuple(f"{one}/" for one in linked)) for path in apart), apart


def test_no_page_orders_or_totals_by_worker(desk: Desk) -> None:
    """Not a ranking: Li has done much, Wang little; no page counts a worker's records or puts the busier one first."""
    for at, door in enumerate(("3-1-601", "3-1-602", "3-1-501", "3-1-502")):
        desk.phone("li").visit(door, NOW + timedelta(minutes=3 * at), phrases=["hazard"])
    desk.phone("wang").visit("4-1-601", phrases=["hazard"])
    names = [
        one.name
        for one in Member.select().where(Member.community == desk.town["heping"]).order_by(Member.name)
    ]
    for path in ("/review", "/review/decided", "/phones"):
        page = re.sub(r"<select.*?</select>|<time.*?</time>", "", desk.read(path), flags=re.S)
        text = re.sub(r"<[^>]+>", "\n", page)
        for name in names:
            assert not re.search(rf"^{name}\s*[·:：]?\s*\d+\s*(条|户|次|%)?$", text, re.M), (
                f"{path} totals {name}"
            )
    assert desk.read("/phones").index("李") < desk.read("/phones").index("王")
    busier_last = desk.rows("?reason=hazard")
    assert len(busier_last) == 5
