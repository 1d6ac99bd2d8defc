"""Daily log: read from what was recorded, whatever its kind; a supervisor writes remarks and nothing else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from fieldapp.declare.registry import registry
from fieldapp.reports.log import lines, week_of
from fieldapp.reports.record import LogRemark
from sync.store import Operation
from tests.cast import NOW
from tests.reports.test_hazards import find
from tests.review.desk import Desk

TODAY = "2026-11-23"


def numbers(page: str) -> dict[str, list[int]]:
    """The lines of the sum by their heading."""
    found = re.findall(r'<tr[^>]*><th scope="row">([^<]+)</th>((?:<td class="n">\d+</td>)+)', page)
    return {label: [int(one) for one in re.findall(r"\d+", cells)] for label, cells in found}


def test_every_append_only_kind_stands_in_the_log_without_a_list(desk: Desk) -> None:
    told = {line.kind for line in lines()}
    wanted = {
        kind
        for kind, record in registry.records.items()
        if record.append_only and record.channels() and not record.channels()[0].startswith("user:")
    }
    assert wanted <= told and {"visit", "home_check", "recheck", "hazard"} <= told
    assert "decision" not in told and "household" not in told


def test_the_day_says_what_was_done_and_the_next_day_is_another(desk: Desk) -> None:
    li = desk.phone("li")
    li.visit("3-1-601")
    li.visit("3-1-602", outcome="no_answer")
    # Seven in the morning in town is still the day before in UTC; ten minutes to midnight is the day before in town.
    li.visit("3-1-401", at=NOW - timedelta(hours=3, minutes=42, seconds=5))
    li.visit("3-1-501", at=NOW - timedelta(hours=10, minutes=52, seconds=5))
    hazard = find(li, "3-1-502", "gas_hose_old", "minor", "2026-12-01")
    li.send({"verb": "create", "kind": "recheck", "patch": {"hazard": hazard, "found": "gone"}})
    page = desk.read(f"/log?day={TODAY}")
    # What the cast was built with was found at the same moment.
    assert numbers(page)["入户走访"] == [3] and numbers(page)["查出的隐患"] == [2]
    assert numbers(page)["销号隐患"] == [1] and numbers(page)["复查"] == [2]
    assert "见到人 2 · 无人应答 1" in page and "3-1-602" in page and "3-1-501" not in page
    assert numbers(desk.read("/log?day=2026-11-22")) == {"入户走访": [1]}


def test_the_week_is_the_sum_of_its_days(desk: Desk) -> None:
    li = desk.phone("li")
    for ago in (0, 1, 1, 2):
        li.visit("3-1-601", at=NOW - timedelta(days=ago))
    assert week_of(TODAY)[0] == TODAY and week_of("2026-11-22")[0] == "2026-11-16"
    assert numbers(desk.read("/log/week"))["入户走访"] == [1, 0, 0, 0, 0, 0, 0, 1]
    before = desk.read("/log/week?day=2026-11-22")
    assert numbers(before)["入户走访"] == [0, 0, 0, 0, 0, 1, 2, 3] and "大风" in before


def test_zhang_writes_a_remark_and_sun_cannot_see_or_change_it(desk: Desk) -> None:
    desk.post("/log", day=TODAY, text="上午停电\r\n下午恢复")
    page = desk.read("/log")
    assert "上午停电\n下午恢复" in page
    remark = LogRemark.get(LogRemark.day == TODAY)
    assert remark.author == desk.town.people["zhang"].id
    assert "停电" not in desk.read("/log", "sun")
    change = {"day": TODAY, "remark": remark.id, "text": "改掉", "seen": remark.text}
    desk.post("/log", "sun", expect=404, **change)
    assert LogRemark.get_by_id(remark.id).text == "上午停电\n下午恢复"


def test_every_change_of_a_remark_stays_with_its_author(desk: Desk) -> None:
    desk.post("/log", day=TODAY, text="停电")
    remark = LogRemark.get(LogRemark.day == TODAY)
    desk.post("/log", day=TODAY, remark=remark.id, text="停电两小时", seen="停电")
    page = desk.read("/log")
    assert "停电两小时" in page and "修改" in page
    kept = Operation.select().where(Operation.record == remark.id).order_by(Operation.seq)
    assert [(one.verb, one.payload["patch"]["text"]) for one in kept] == [
        ("create", "停电"),
        ("patch", "停电两小时"),
    ]
    # Someone who still saw the first text does not write over the second.
    desk.post("/log", day=TODAY, remark=remark.id, text="没有停电", seen="停电")
    assert LogRemark.get_by_id(remark.id).text == "停电两小时"


@pytest.mark.parametrize("text", ["", "  ", "长" * 2001])
def test_an_empty_or_endless_remark_is_refused(desk: Desk, text: str) -> None:
    desk.post("/log", expect=400, day=TODAY, text=text)
    assert not LogRemark.select().where(LogRemark.day == TODAY).exists()


def test_a_day_that_is_none_is_not_found(desk: Desk) -> None:
    for day in ("2026-02-30", "yesterday", "2026-11-23T00"):
        assert desk.browser("zhang").get(f"/log?day={day}").status_code == 404


def test_no_phone_of_a_worker_is_given_a_remark(desk: Desk) -> None:
    from fieldapp.people.account import Account
    from fieldapp.people.me import me_of
    from sync.scope import visible

    for person, sees in (("zhang", 1), ("li", 0), ("chen", 0), ("sun", 0)):
        me = me_of(Account.get_by_id(desk.town.people[person].id))
        assert LogRemark.select().where(visible(LogRemark, LogRemark.channels(), me)).count() == sees


def test_the_log_is_taken_away_with_its_remarks(desk: Desk) -> None:
    desk.phone("li").visit("3-1-601")
    desk.post("/log", day=TODAY, text="=1+1")
    rows = desk.browser("zhang").get(f"/log?day={TODAY}&as=csv").get_data().decode("utf-8-sig").splitlines()
    assert rows[0].count(",") == 3 and "10:42,入户走访,3-1-601,见到人" in rows and rows[-1] == ",备注,,'=1+1"
    week = (
        desk.browser("zhang").get(f"/log/week?day={TODAY}&as=csv").get_data().decode("utf-8-sig").splitlines()
    )
    assert "入户走访,见到人,1,0,0,0,0,0,0,1" in week
