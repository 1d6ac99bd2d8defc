"""Progress: Zhang sees how far the visits are, by grid and building, while phones sync, and never who did how much."""

from __future__ import annotations

import re
from datetime import timedelta

from fieldapp.reports.progress import month, outcome_of, part_of, total
from tests.cast import NOW
from tests.review.desk import Desk

GRID_THREE = "三网格"


def line(page: str, building: str) -> list[int]:
    """The numbers of a building: met, no answer, refused, left."""
    found = re.search(rf'<th scope="row">{building}</th>(.*?)</tr>', page)
    assert found
    return [int(number) for number in re.findall(r'<td class="n">(\d+)</td>', found[1])]


def test_only_met_counts_as_met_and_what_is_due_is_told_apart() -> None:
    assert [part_of(code) for code in (None, "met", "no_answer", "refused", "moved")] == [
        "left", "left", "no_answer", "refused", "left",
    ]  # fmt: skip
    assert [outcome_of(code) for code in ("met", "phone_only", "told_by_neighbour", "vacant")] == [
        "met", "other", "other", "other",
    ]  # fmt: skip
    assert total([{"met": 1, "left": 2}, {"met": 3}], ("met", "left")) == {"met": 4, "left": 2}


def test_li_and_wang_knock_and_zhang_sees_the_buildings_move(desk: Desk) -> None:
    before = line(desk.read("/progress"), "3号楼")
    assert before == [0, 0, 0, 22] == line(desk.read("/progress"), "4号楼")
    li, wang = desk.phone("li"), desk.phone("wang")
    li.visit("3-1-601")
    li.visit("3-1-602", outcome="no_answer")
    li.visit("3-1-501", outcome="refused")
    li.visit("3-1-502", outcome="phone_only")
    wang.visit("4-1-601")
    page = desk.read("/progress")
    assert line(page, "3号楼") == [1, 1, 1, 19]
    assert line(page, "4号楼") == [1, 0, 0, 21]
    assert desk.town["3-1"] in page and f"/units/{desk.town['3-1']}" in page


def test_the_page_asks_again_and_is_answered_only_when_something_came_in(desk: Desk) -> None:
    token = re.search(r"seen=(\d+)", desk.read("/progress"))
    assert token
    again = f"/progress?grid=&seen={token[1]}"
    htmx = {"HX-Request": "true"}
    assert desk.browser("zhang").get(again, headers=htmx).status_code == 204
    desk.phone("li").visit("3-1-601")
    answer = desk.browser("zhang").get(again, headers=htmx)
    assert answer.status_code == 200 and answer.text.lstrip().startswith('<div id="progress"')


def test_the_knocks_of_a_month_stand_day_by_day_and_older_ones_do_not(desk: Desk) -> None:
    li = desk.phone("li")
    li.visit("3-1-601")
    li.visit("3-1-602", outcome="no_answer", at=NOW - timedelta(days=3))
    li.visit("3-1-501", outcome="refused", at=NOW - timedelta(days=40))
    with desk.app.test_request_context():
        from fieldapp.people.account import Account
        from fieldapp.people.me import me_of

        zhang = me_of(Account.get_by_id(desk.town.people["zhang"].id))
        days = dict(month(zhang, NOW))
        assert len(days) == 30 and days["2026-11-23"]["met"] == 1 and days["2026-11-20"]["no_answer"] == 1
        assert total(days.values(), ("met", "no_answer", "refused", "other")) == {
            "met": 1, "no_answer": 1, "refused": 0, "other": 0,
        }  # fmt: skip
        assert total(dict(month(zhang, NOW, desk.town["四网格"])).values(), ("met",)) == {"met": 0}


def test_zhang_narrows_to_a_grid_and_takes_it_away_as_a_sheet(desk: Desk) -> None:
    page = desk.read(f"/progress?grid={desk.town[GRID_THREE]}")
    assert "3号楼" in page and ">4号楼<" not in page
    answer = desk.browser("zhang").get(f"/progress?grid={desk.town[GRID_THREE]}&as=csv")
    text = answer.get_data().decode("utf-8-sig").splitlines()
    assert text[1:] == ["三网格,3号楼,0,0,0,22"]


def test_another_communitys_supervisor_sees_only_their_own(desk: Desk) -> None:
    page = desk.read("/progress", "sun")
    assert "1号楼" in page and "3号楼" not in page


def test_no_worker_is_named_or_counted(desk: Desk) -> None:
    desk.phone("li").visit("3-1-601")
    main = desk.read("/progress").split("<main")[1]
    assert "李" not in main and "王" not in main
