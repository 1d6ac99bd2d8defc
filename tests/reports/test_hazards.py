"""Hazards at the desk: by age and severity, overdue first, by building, as a sheet."""

from __future__ import annotations

import io
import re

import openpyxl

from fieldapp.home_checks.desk import over
from fieldapp.home_checks.record import Checklist
from tests.cast import named
from tests.review.desk import Desk, Handset


def find(phone: Handset, address: str, item: str, severity: str, fix_by: str, **more: str) -> str:
    """A hazard found at a door; its id."""
    desk = phone.desk
    patch = {
        "stair_unit": desk.town["-".join(address.split("-")[:2])], "household": desk.town.households[address],
        "address": address, "item": item, "severity": severity, "fix_by": fix_by, **more,
    }  # fmt: skip
    phone.send(
        {"verb": "create", "kind": "hazard", "patch": patch, "record": (id := named(f"{address} {item}"))}
    )
    return id


def addresses(page: str) -> list[str]:
    """The doors of the list, in its order."""
    return re.findall(r'<a href="/hazards/[^"]+">([^<]+)</a>', page)


def test_days_over_count_from_the_day_after_the_day_to_fix_it() -> None:
    assert [over(day, "2026-11-23") for day in ("2026-11-22", "2026-11-23", "2026-12-01")] == [1, 0, -8]


def test_zhang_reads_the_longest_overdue_first_and_the_serious_before_the_minor(desk: Desk) -> None:
    li = desk.phone("li")
    find(li, "3-1-601", "gas_hose_old", "minor", "2026-11-20")
    find(li, "3-1-602", "ebike_indoors", "serious", "2026-11-20")
    find(li, "3-1-501", "flying_wire", "serious", "2026-12-20")
    find(desk.phone("wang"), "4-1-601", "hood_grease", "minor", "2026-11-23")
    page = desk.read("/hazards-report")
    assert addresses(page) == ["3-1-102", "3-1-602", "3-1-601", "4-1-601", "3-1-501"]
    numbers = re.findall(
        r'<th scope="row">[^<]+</th><td class="barred".*?</td>((?:<td class="n">\d+</td>)+)', page
    )
    assert [re.findall(r"\d+", one) for one in numbers] == [
        ["0", "1"], ["0", "0"], ["1", "1"], ["0", "1"], ["0", "0"], ["1", "0"],
    ]  # fmt: skip
    assert re.search(r'<th scope="row">3号楼</th><td class="n">3</td><td class="n">4</td>', page)
    assert addresses(desk.read(f"/hazards-report?grid={desk.town['四网格']}")) == ["4-1-601"]
    assert addresses(desk.read(f"/hazards-report?building={desk.town['building 4']}")) == ["4-1-601"]


def test_a_hazard_that_a_recheck_closed_is_not_listed_and_the_progress_shows_the_rest(desk: Desk) -> None:
    li = desk.phone("li")
    hazard = find(li, "3-1-601", "gas_hose_old", "minor", "2026-11-20")
    recheck = {"hazard": hazard, "found": "gone"}
    assert li.send({"verb": "create", "kind": "recheck", "patch": recheck})[0]["status"] == "applied"
    assert addresses(desk.read("/hazards-report")) == ["3-1-102"]
    assert "/hazards-report" in desk.read("/progress").split("<main")[1]


def test_a_note_that_is_a_formula_is_harmless_in_the_sheet(desk: Desk) -> None:
    find(
        desk.phone("li"), "3-1-601", "gas_hose_old", "minor", "2026-11-20", note='=HYPERLINK("http://x","y")'
    )
    answer = desk.browser("zhang").get("/hazards-report?as=xlsx&grid=&building=")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.get_data())).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[2][3] == "3-1-601" and rows[2][1] == 3
    assert rows[2][7] == '\'=HYPERLINK("http://x","y")'


def test_another_communitys_supervisor_sees_none_of_it(desk: Desk) -> None:
    assert addresses(desk.read("/hazards-report", "sun")) == []


def test_zhang_writes_her_own_list_for_homes_and_every_version_stays_to_be_read(desk: Desk) -> None:
    keep = {f"entries.{code}.keep": "1" for code in ("ebike_indoors", "old_wires")}
    desk.post("/checklists", **keep, **{"entries.own-2.text": "阳台晾衣架"})
    page = desk.read("/checklists")
    versions = re.findall(r"<details.*?</details>", page, re.S)
    assert len(versions) == 2 and "张" in versions[0]
    assert re.findall(r"<li>([^<]+)</li>", versions[0]) == [
        "电动车或电池在屋内充电",
        "电线老化或裸露",
        "阳台晾衣架",
    ]
    assert len(re.findall(r"<li>", versions[1])) == 23 and "阳台晾衣架" not in versions[1]
    # What is too long is asked for again, and kept; nobody else writes a list, by page or by hand.
    again = desk.post("/checklists", expect=422, **keep, **{"entries.own-3.text": "长" * 81}).text
    assert "长" * 81 in again and Checklist.select().where(Checklist.scope == "home").count() == 2
    assert desk.browser("li").get("/checklists").status_code == 403
    patch = {"scope": "home", "entries": [{"key": "own-1", "text": "x"}]}
    for person in ("li", "zhang", "sun"):
        made = desk.phone(person).send({"verb": "create", "kind": "checklist", "patch": patch})[0]
        assert (made["status"], made["reason"]) == ("quarantined", "not_allowed")
    # Another community has its own.
    assert "阳台晾衣架" not in desk.read("/checklists", "sun")
