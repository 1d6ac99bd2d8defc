"""Tasks at the desk: one list over all kinds by the phone's own queries; given, taken over, and nothing lost by it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from fieldapp.declare.registry import registry
from fieldapp.home_checks.record import Hazard, Recheck
from fieldapp.people.account import Account
from fieldapp.people.accounts import reassign
from fieldapp.reports.tasks import is_late
from tests.cast import NOW, named
from tests.reports.test_hazards import find
from tests.review.desk import Desk

LIST = "/tasks/all"
HOSE = named("hazard 3-1-102")


def tasks(page: str) -> list[tuple[str, str]]:
    """(address, kind) of the list's rows, in order."""
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]*)</a></th><td class="day">([^<]*)</td>', page)


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
    page = desk.read(LIST)
    found = tasks(page)
    assert found[0] == ("3-1-102", "待复查隐患")
    assert {kind for _, kind in found} == {"待复查隐患", "退回给您", "约好再来", "到期和超期"}
    assert len(registry.tasks) >= 4
    # Twenty-two homes of each grid are due but for the one that was met.
    assert (
        len([one for one in found if one[1] == "到期和超期"]) == 43 and ("3-1-602", "到期和超期") not in found
    )


def test_zhang_narrows_the_list_to_a_grid_a_building_and_a_person(desk: Desk) -> None:
    every, four = tasks(desk.read(LIST)), tasks(desk.read(f"{LIST}?grid={desk.town['四网格']}"))
    assert len(four) == 22 and all(address.startswith("4-") for address, _ in four) and len(every) == 45
    assert len(tasks(desk.read(f"{LIST}?building={desk.town['building 3']}"))) == 23
    desk.post(LIST, task=f"hazard:{HOSE}", member=desk.town.people["li"].id)
    assert tasks(desk.read(f"{LIST}?whose={desk.town.people['li'].id}")) == [("3-1-102", "待复查隐患")]
    assert len(tasks(desk.read(f"{LIST}?whose=-"))) == 44


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


def test_the_list_is_taken_away_as_it_is_narrowed(desk: Desk) -> None:
    desk.post(LIST, task=f"hazard:{HOSE}", member=desk.town.people["li"].id)
    answer = desk.browser("zhang").get(f"{LIST}?whose={desk.town.people['li'].id}&as=csv")
    rows = answer.get_data().decode("utf-8-sig").splitlines()
    assert rows[1:] == ["2026-05-20,待复查隐患,3-1-102,燃气软管老化或没有卡箍,李"]
