"""Tasks at the desk: one list over all kinds by the phone's own queries; given, taken over, and nothing lost by it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from fieldapp.declare.digest import digests
from fieldapp.declare.registry import registry
from fieldapp.home_checks.record import Hazard, Recheck
from fieldapp.letters.record import Letter, LetterTemplate
from fieldapp.people.account import Account
from fieldapp.people.accounts import reassign
from fieldapp.places.record import Household
from fieldapp.reports.tasks import is_late
from tests.cast import NOW, named
from tests.reports.test_hazards import find
from tests.review.desk import Desk, Handset

LIST = "/tasks/all"
HOSE = named("hazard 3-1-102")
EVERY_KIND = {
    "待复查隐患",
    "退回给您",
    "约好再来",
    "到期和超期",
    "诉求",
    "宣传单发放",
    "消防演习",
    "待签消防承诺书",
}


def tasks(page: str) -> list[tuple[str, str]]:
    """(address, kind) of the list's rows, in order."""
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]*)</a></th><td class="day">([^<]*)</td>', page)


def sign(phone: Handset, address: str) -> dict[str, Any]:
    """The fire letter of a household is signed; the result."""
    text = LetterTemplate.get(LetterTemplate.topic == "fire", LetterTemplate.number == 1)
    made = {
        "household": phone.desk.town.households[address], "letter_template": text.id, "topic": "fire", "number": 1,
        "title": text.title, "text": text.text, "address": address, "signer": "王建国", "way": "screen",
        "signature": "M100 60 180 60 260 64M180 60 180 180", "witness": "李",
    }  # fmt: skip
    return phone.send({"verb": "create", "kind": "letter", "patch": {**made, **digests(Letter, made)}})[0]


def give(kind: str, record: str, to: str, base: str = "") -> dict[str, Any]:
    """The operation by which a task is given to somebody, as a phone makes it or a hand writes it."""
    patch = {"patch": {"assigned": to}, "base": {"assigned": base}}
    return {"verb": "patch", "kind": kind, "record": record, **patch}


def home(desk: Desk, address: str) -> Household:
    return Household.get_by_id(desk.town.households[address])


def share_grid_three(desk: Desk) -> None:
    """Wang works grid three as well from now on."""
    account = Account.get_by_id(desk.town.people["wang"].id)
    reassign(account, [desk.town["三网格"], desk.town["四网格"]], now=NOW, database=desk.database)


@pytest.mark.parametrize(
    ("due", "late"),
    [("2026-11-22", True), ("2026-11-23", False), ("2026-11-23T02:42:04Z", True), ("2026-11-23T02:42:06Z", False), ("", False)],
)  # fmt: skip
def test_a_day_is_late_when_it_is_over_and_an_instant_when_it_is_past(due: str, late: bool) -> None:
    assert is_late(due, "2026-11-23T02:42:05Z", "2026-11-23") is late


def test_the_list_holds_every_declared_kind_the_earliest_due_first(desk: Desk) -> None:
    li = desk.phone("li")
    li.visit("3-1-601", outcome="no_answer", come_back="2026-11-23T01:00:00Z")
    op = li.visit("3-1-602", outcome="met", phrases=["hazard"])
    desk.decide(f"/review/hazard/{op}", choice="return", comment="请写清楚")
    find(li, "3-1-601", "ebike_indoors", "serious", "2026-11-24")
    find(li, "3-1-601", "flying_wire", "serious", "2026-11-25")
    found = tasks(desk.read(LIST))
    assert found[0] == ("3-1-102", "待复查隐患")
    # Hazard recheck, returned record, second knock, visit due, letter to sign, round doors, drill today, and what was asked for.
    assert {kind for _, kind in found} == EVERY_KIND
    assert len(registry.tasks) == len(EVERY_KIND)
    to_sign = ("3-1-601", "待签消防承诺书")
    assert [one for one in found if one[1] == to_sign[1]] == [to_sign]
    assert sign(li, "3-1-601")["status"] == "applied"
    assert to_sign not in tasks(desk.read(LIST))
    # Twenty-two homes of each grid are due but for the one that was met.
    assert (
        len([one for one in found if one[1] == "到期和超期"]) == 43 and ("3-1-602", "到期和超期") not in found
    )


def test_zhang_narrows_the_list_to_a_grid_a_building_and_a_person(desk: Desk) -> None:
    every, four = tasks(desk.read(LIST)), tasks(desk.read(f"{LIST}?grid={desk.town['四网格']}"))
    assert len(four) == 22 and all(address.startswith("4-") for address, _ in four) and len(every) == 48
    assert len(tasks(desk.read(f"{LIST}?building={desk.town['building 3']}"))) == 24
    desk.post(LIST, task=f"hazard:{HOSE}", member=desk.town.people["li"].id)
    assert tasks(desk.read(f"{LIST}?whose={desk.town.people['li'].id}")) == [("3-1-102", "待复查隐患")]
    assert len(tasks(desk.read(f"{LIST}?whose=-"))) == 47


def test_zhang_gives_hazards_in_bulk_to_who_works_their_grid_and_to_nobody_else(desk: Desk) -> None:
    four = find(desk.phone("wang"), "4-1-601", "hood_grease", "minor", "2026-11-23")
    wang = desk.town.people["wang"].id
    answer = desk.post(
        LIST, task=[f"hazard:{HOSE}", f"hazard:{four}", "hazard:nothing", "visit:x"], member=wang
    )
    assert "given=1" in answer.headers["Location"] and "left=3" in answer.headers["Location"]
    assert (Hazard.get_by_id(four).assigned, Hazard.get_by_id(HOSE).assigned) == (wang, "")
    share_grid_three(desk)
    desk.post(LIST, task=[f"hazard:{HOSE}", f"hazard:{four}"], member=wang)
    assert Hazard.get_by_id(HOSE).assigned == wang
    desk.post(LIST, task=[f"hazard:{HOSE}"], member="-")
    assert Hazard.get_by_id(HOSE).assigned == "-"
    assert [one for one in tasks(desk.read(f"{LIST}?whose=-")) if one[0] == "3-1-102"]


def test_another_communitys_supervisor_gives_nothing_of_it(desk: Desk) -> None:
    desk.post(LIST, "sun", task=f"hazard:{HOSE}", member=desk.town.people["zhao"].id)
    assert Hazard.get_by_id(HOSE).assigned == ""
    assert all(address.startswith("1-") for address, _ in tasks(desk.read(LIST, "sun")))


def test_a_recheck_that_waited_is_applied_and_the_reassignment_stays(desk: Desk) -> None:
    share_grid_three(desk)
    li, wang = desk.phone("li"), desk.town.people["wang"].id
    desk.post(LIST, task=f"hazard:{HOSE}", member=wang)
    # Li saw the hazard before it was given to Wang, and sends hours later what she found without a signal.
    ends = li.send(
        {"verb": "create", "kind": "recheck", "patch": {"hazard": HOSE, "found": "still", "note": "下周换"}},
        {
            "verb": "patch",
            "kind": "hazard",
            "record": HOSE,
            "patch": {"fix_by": "2026-12-01"},
            "base": {"fix_by": "2026-05-20"},
        },
        at=NOW - timedelta(hours=2),
    )
    assert [one["status"] for one in ends] == ["applied", "applied"]
    hazard = Hazard.get_by_id(HOSE)
    assert (hazard.assigned, hazard.fix_by, hazard.rechecks, hazard.open) == (wang, "2026-12-01", 1, True)
    assert Recheck.select().where(Recheck.note == "下周换").count() == 1


def test_a_phone_cannot_give_a_hazard_what_is_no_person(desk: Desk) -> None:
    op = {
        "verb": "patch",
        "kind": "hazard",
        "record": HOSE,
        "patch": {"assigned": "<b>王</b>"},
        "base": {"assigned": ""},
    }
    assert desk.phone("li").send(op)[0]["status"] == "quarantined"


@pytest.mark.parametrize(("kind", "record"), [("hazard", HOSE), ("household", named("household 3-1-601"))])
def test_an_operation_by_hand_gives_nothing_to_who_does_not_hold_the_grid(
    desk: Desk, kind: str, record: str
) -> None:
    people, model = {name: one.id for name, one in desk.town.people.items()}, registry.records[kind]
    li, zhang = desk.phone("li"), desk.phone("zhang")
    # Wang works grid four, Chen is a volunteer, Zhao and Sun are of another community, and the last is nobody at all.
    refused = {"wang": "unfit", "chen": "unfit", "zhao": "out_of_scope", "sun": "out_of_scope"}
    for phone in (li, zhang):
        for name, reason in refused.items():
            made = phone.send(give(kind, record, people[name]))[0]
            assert (made["status"], made["reason"]) == ("quarantined", reason), name
        assert phone.send(give(kind, record, named("nobody")))[0]["reason"] == "missing_record"
    # Neither can Zhao give away what is none of his, not even to himself.
    assert desk.phone("zhao").send(give(kind, record, people["zhao"]))[0]["reason"] == "out_of_scope"
    assert model.get_by_id(record).assigned == ""
    # Who decides about them reads why, in words.
    assert any("所指派的人不负责该网格" in desk.read(row) for row in desk.rows())
    for name in ("li", "zhang", "-"):
        assert (
            li.send(give(kind, record, people.get(name, "-"), model.get_by_id(record).assigned))[0]["status"]
            == "applied"
        )
    share_grid_three(desk)
    assert li.send(give(kind, record, people["wang"], "-"))[0]["status"] == "applied"
    assert model.get_by_id(record).assigned == people["wang"]


def test_a_lie_about_what_stood_before_gives_nothing_away_when_it_is_taken_back(desk: Desk) -> None:
    li, sun = desk.phone("li"), desk.town.people["sun"].id
    made = li.send(give("hazard", HOSE, desk.town.people["li"].id))[0]
    assert made["status"] == "applied"
    lie = li.send({**give("hazard", HOSE, desk.town.people["li"].id, sun), "base_version": None})[0]
    li.send({"verb": "retract", "kind": "hazard", "record": HOSE, "patch": {"of": lie["op"]}})
    assert Hazard.get_by_id(HOSE).assigned == desk.town.people["li"].id


def test_what_is_asked_for_at_a_door_waits_in_the_list_until_it_is_answered_whoever_heard_it(
    desk: Desk,
) -> None:
    def asked(page: str) -> list[str]:
        return [address for address, kind in tasks(page) if kind == "诉求"]

    li, people = desk.phone("li"), desk.town.people
    chen = {"round_door": named("round door 3-1-501"), "text": "楼道灯坏了"}
    assert (
        desk.phone("chen").send({"verb": "create", "kind": "door_request", "patch": chen})[0]["status"]
        == "applied"
    )
    li.visit("3-1-601", phrases=["request"], note="想装扶手")
    page = desk.read(LIST)
    assert asked(page) == ["3-2-502", "3-1-501", "3-1-601"] and "想装扶手" in page and "楼道灯坏了" in page
    assert (home(desk, "3-1-601").request, home(desk, "3-1-601").request_on) == ("想装扶手", "2026-11-23")
    given = [f"household:{desk.town.households[one]}" for one in ("3-1-501", "3-1-601")]
    desk.post(LIST, task=given, member=people["li"].id)
    assert home(desk, "3-1-601").assigned == people["li"].id
    mine = desk.read(f"{LIST}?whose={people['li'].id}")
    assert asked(mine) == ["3-1-501", "3-1-601"]
    # A second visit that meets them answers the one, a tap the other.
    li.visit("3-1-601", at=NOW + timedelta(hours=1))
    tap = {"household": desk.town.households["3-1-501"], "how": "answered"}
    li.send({"verb": "create", "kind": "request_answer", "patch": tap}, at=NOW + timedelta(hours=1))
    assert asked(desk.read(LIST)) == ["3-2-502"]


def test_a_visit_that_hears_of_another_request_keeps_the_open_one_unless_it_met_somebody(desk: Desk) -> None:
    li = desk.phone("li")
    li.visit("3-2-502", outcome="told_by_neighbour", phrases=["request"], note="水管漏水", at=NOW)
    assert (home(desk, "3-2-502").request, home(desk, "3-2-502").request_on) == (
        "想问犬证怎么办 / 水管漏水",
        "2026-11-22",
    )
    li.visit("3-2-502", phrases=["request"], note="想要宣传册", at=NOW + timedelta(hours=1))
    assert (home(desk, "3-2-502").request, home(desk, "3-2-502").request_on) == ("想要宣传册", "2026-11-23")


def test_the_list_is_taken_away_as_it_is_narrowed(desk: Desk) -> None:
    desk.post(LIST, task=f"hazard:{HOSE}", member=desk.town.people["li"].id)
    answer = desk.browser("zhang").get(f"{LIST}?whose={desk.town.people['li'].id}&as=csv")
    rows = answer.get_data().decode("utf-8-sig").splitlines()
    assert rows[1:] == ["2026-05-20,待复查隐患,3-1-102,燃气软管老化或没有卡箍,李"]
