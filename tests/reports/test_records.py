"""Records and timelines at the desk: any kind over a period as a sheet, and all that happened at one door."""

from __future__ import annotations

import io
from datetime import timedelta

import openpyxl
import pytest

from fieldapp.declare.registry import registry
from fieldapp.reports.log import lines
from tests.cast import NOW, named
from tests.reports.test_hazards import find
from tests.review.desk import Desk


def sheet(desk: Desk, query: str, person: str = "zhang") -> list[list[str]]:
    """The rows of a list as .csv, its heading first."""
    text = desk.browser(person).get(f"/records?as=csv&{query}").get_data().decode("utf-8-sig")
    return [line.split(",") for line in text.splitlines()]


def test_the_visits_of_a_period_are_taken_away_in_words(desk: Desk) -> None:
    li = desk.phone("li")
    li.visit("3-1-601", phrases=["well", "request"], note="=1+1")
    li.visit("3-1-602", outcome="no_answer", at=NOW - timedelta(days=3))
    li.visit("3-1-501", outcome="refused", at=NOW - timedelta(days=40))
    desk.phone("wang").visit("4-1-601", outcome="refused")
    rows = sheet(desk, "kind=visit")
    assert rows[0][:3] == ["时间", "收到时间", "地址"] and len(rows) == 4
    assert rows[1][:4] == ["2026-11-20 10:42", "2026-11-20 10:42", "3-1-602", "无人应答"]
    assert "'=1+1" in rows[2] and "平安 · 有诉求" in rows[2]
    assert len(sheet(desk, f"kind=visit&grid={desk.town['四网格']}")) == 2
    assert len(sheet(desk, "kind=visit&since=2026-10-01&until=2026-10-31")) == 2
    assert len(sheet(desk, "kind=visit", "sun")) == 1


def test_the_page_shows_the_newest_hundred_and_says_how_many_are_in_the_sheet_alone(desk: Desk) -> None:
    li = desk.phone("li")
    li.visit("3-1-602", NOW - timedelta(days=2), note="最早的一条")
    patch = {"household": desk.town.households["3-1-601"], "outcome": "met"}
    li.send(*[{"verb": "create", "kind": "visit", "patch": patch}] * 100)
    li.visit("3-1-501", NOW + timedelta(hours=1), note="最新的一条")
    page = desk.read("/records")
    assert "另有 2 条较早的，在导出的表里。" in page
    assert page.index("最新的一条") < page.index("3-1-601") and "最早的一条" not in page
    rows = sheet(desk, "kind=visit")
    assert len(rows) == 103 and "最早的一条" in rows[1] and "最新的一条" in rows[-1]


def test_the_checks_of_a_period_say_how_many_items_were_how(desk: Desk) -> None:
    answer = desk.browser("zhang").get("/records?as=xlsx&kind=home_check")
    rows = [
        [cell.value for cell in row]
        for row in openpyxl.load_workbook(io.BytesIO(answer.get_data())).worksheets[0].iter_rows()
    ]
    assert rows[1][2] == "3-1-102" and "隐患 1 · 正常 1" in rows[1]


def test_every_kind_of_the_log_has_its_list_without_being_named(desk: Desk) -> None:
    find(desk.phone("li"), "3-1-601", "gas_hose_old", "minor", "2026-11-20")
    listed = {line.kind for line in lines()}
    assert {"visit", "home_check", "hazard", "recheck"} <= listed
    for kind in registry.records:
        status = desk.browser("zhang").get(f"/records?kind={kind}").status_code
        assert status == (200 if kind in listed else 404), kind


@pytest.mark.parametrize("query", ["kind=account", "since=2026-02-30", "until=soon", "as=exe"])
def test_what_is_no_kind_day_or_form_is_not_found(desk: Desk, query: str) -> None:
    assert desk.browser("zhang").get(f"/records?{query}").status_code == 404


def test_the_whole_timeline_of_a_home_goes_beyond_what_a_phone_shows(desk: Desk) -> None:
    home, li = desk.town.households["3-1-102"], desk.phone("li")
    for ago in range(25):
        li.visit("3-1-102", at=NOW - timedelta(days=ago), note=f"第{ago}次")
    li.send(
        {
            "verb": "create",
            "kind": "recheck",
            "patch": {"hazard": named("hazard 3-1-102"), "found": "gone", "note": "换好了"},
        }
    )
    page = desk.read(f"/households/{home}/timeline")
    assert page.count("见到人</b>") == 25 and "第24次" in page
    # The check of the cast, its recheck, and the one of today.
    assert (
        "<b>安全检查</b>" in page
        and page.count(f"/hazards/{named('hazard 3-1-102')}") == 2
        and "换好了" in page
    )
    # On the field screen it stands as well, within its limits, with the way to the whole.
    field = desk.read(f"/households/{home}")
    assert field.count("见到人</b>") == 20 and "换好了" in field and f"/households/{home}/timeline" in field


def test_the_timeline_of_anothers_home_is_not_found(desk: Desk) -> None:
    home = desk.town.households["3-1-102"]
    assert desk.browser("sun").get(f"/households/{home}/timeline").status_code == 404
    assert desk.browser("li").get(f"/households/{home}/timeline").status_code == 403
