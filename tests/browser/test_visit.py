"""The visit: three taps for the routine case, one for no answer; drafts, undo, changed facts, the next door."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.doors import (
    LIVED_IN,
    UNIT,
    drafts,
    household,
    meet,
    no_answer,
    operations,
    received,
    restarted,
    send,
    toast,
    visit,
    waits,
    words,
)
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.browser.slow import share_of_a_core
from tests.cast import named
from tests.proxy import Proxy
from tests.server import Server

FIRST, SECOND = LIVED_IN[:2]
SECONDS_FOR_A_ROUTINE_VISIT = 10
COUNT_TAPS = """() => {
  window.taps = 0;
  window.addEventListener("pointerdown", () => window.taps++, true);
}"""


@pytest.mark.alone
def test_a_routine_visit_takes_three_taps_and_ten_seconds_on_an_old_phone(li: Phone, proxy: Proxy) -> None:
    proxy.mode = "refuse"
    page = li.go(UNIT).page
    li.evaluate(COUNT_TAPS)
    with share_of_a_core(li.main_process) as how:
        start = time.perf_counter()
        page.locator(f"a.door[href='{visit(FIRST)}']").tap()
        page.locator("label.out", has=page.locator("input[value=met]")).tap()
        page.locator("button[form=visit]").tap()
        expect(toast(page)).to_contain_text(FIRST, timeout=30_000)
        took = time.perf_counter() - start
    taps = li.evaluate("() => window.taps")
    print(f"\nroutine visit on a sixth of a core ({how}): {taps} taps, {took:.1f} s from board to board")
    expect(page).to_have_url(li.url + UNIT)
    assert taps == 3
    assert took < SECONDS_FOR_A_ROUTINE_VISIT
    assert [one["patch"]["outcome"] for one in operations(li, "li")] == ["met"]


def test_taps_at_three_doors_before_the_first_is_answered_are_three_visits_and_a_double_tap_is_one(
    li: Phone, proxy: Proxy
) -> None:
    proxy.mode = "refuse"
    page = li.slow_down(700).go(UNIT).page
    doors = [page.locator(f"button[formaction='{visit(address)}']") for address in LIVED_IN[:3]]
    for door in (doors[0], doors[0], doors[2], doors[1], doors[2]):
        door.click()
    waits(li, 3)
    expect(page.locator(".cell.no_answer")).to_have_count(3)
    kept = [one["record"] for one in operations(li, "li")]
    assert len(kept) == len(set(kept)) == 3
    # In the order of the taps.
    homes = [one["patch"]["household"] for one in operations(li, "li")]
    assert homes == [named(f"household {LIVED_IN[at]}") for at in (0, 2, 1)]


def test_nobody_opens_is_one_tap_on_the_board_and_says_when_to_come_back(li: Phone, proxy: Proxy) -> None:
    proxy.mode = "refuse"
    page = li.go(UNIT).page
    li.evaluate(COUNT_TAPS)
    page.locator(f"button[formaction='{visit(FIRST)}']").tap()
    expect(toast(page)).to_contain_text(FIRST)
    assert li.evaluate("() => window.taps") == 1
    expect(page).to_have_url(li.url + UNIT)
    cell = page.locator(".cell", has=page.locator(f"a[href='{visit(FIRST)}']"))
    expect(cell).to_have_class(re.compile("no_answer"))
    # It is 10:42 in the town: this evening.
    expect(cell).to_contain_text("18:30")
    expect(cell).to_contain_text(words("On this phone"))
    assert operations(li, "li")[0]["patch"]["come_back"] == "2026-11-23T10:30:00Z"
    page.locator("nav.tabs a[href='/today']").click()
    expect(page.locator(f"main a[href='{visit(FIRST)}']").filter(has_text="18:30")).to_be_visible()


def test_the_same_as_last_time_is_a_chip_and_the_next_door_is_proposed(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    proxy.mode = "refuse"
    page = li.go(visit(FIRST)).page
    expect(page.locator("button[form=visit]")).to_have_text(
        words("Save, next door %(label)s", label=SECOND.rsplit("-", 1)[1])
    )
    page.locator("label.chip", has=page.locator("input[value=as_last_time]")).click()
    page.locator("#note").fill("饺子很香")
    meet(li, FIRST)
    expect(page.locator(".cell", has=page.locator(f"a[href='{visit(FIRST)}']"))).to_contain_text("饺子很香")
    proxy.mode = "pass"
    send(li)
    received(li)
    (kept,) = Office(server).visits()
    assert (kept["outcome"], kept["phrases"], kept["note"]) == ("met", '["as_last_time"]', "饺子很香")
    assert Office(server).household(FIRST)["met_on"] == "2026-11-23"


def test_a_visit_taken_back_within_ten_seconds_is_gone_before_and_after_it_was_received(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    page = li.go(UNIT).page
    no_answer(li, FIRST)
    page.locator("[data-toast] button").click()
    cell = page.locator(".cell", has=page.locator(f"a[href='{visit(FIRST)}']"))
    expect(cell).not_to_have_class(re.compile("no_answer"))
    expect(page.locator("[data-toast]")).to_have_count(0)
    proxy.mode = "pass"
    send(li)
    received(li)
    assert office.visits() == []
    assert [one["verb"] for one in office.operations()] == ["create", "retract"]
    # The same after the centre has it.
    li.go(UNIT)
    no_answer(li, FIRST)
    office.until(lambda: office.addresses() == [FIRST])
    page.locator("[data-toast] button").click()
    office.until(lambda: office.addresses() == [])
    assert office.household(FIRST)["last_outcome"] in (None, "")
    received(li)
    expect(cell).not_to_have_class(re.compile("no_answer"))


def test_the_line_that_offers_undo_counts_ten_seconds_down_and_goes(li: Phone, proxy: Proxy) -> None:
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, FIRST)
    expect(li.page.locator("[data-toast] time")).to_have_text(re.compile("[5-8]"), timeout=8_000)
    expect(li.page.locator("[data-toast]")).to_have_count(0, timeout=15_000)


def test_every_tap_of_a_half_filled_form_survives_a_dead_battery(li: Phone, proxy: Proxy) -> None:
    restarted(li, visit(FIRST))
    proxy.mode = "refuse"
    page = li.page
    page.locator("input[name=outcome][value=met]").check(force=True)
    li.until(lambda: [one.get("outcome") for one in drafts(li, "li")] == [["met"]])
    li.kill()
    li.open(visit(FIRST))
    page = li.page
    expect(page.locator("input[name=outcome][value=met]")).to_be_checked()
    expect(page.locator("[data-draft-state]")).to_be_visible()
    page.locator("input[name=phrases][value=request]").check(force=True)
    page.locator("#note").fill("水龙头漏水")
    li.until(lambda: [one.get("note") for one in drafts(li, "li")] == [["水龙头漏水"]])
    li.kill()
    li.open(visit(FIRST))
    page = li.page
    expect(page.locator("input[name=phrases][value=request]")).to_be_checked()
    expect(page.locator("#note")).to_have_value("水龙头漏水")
    page.locator("button[form=visit]").click()
    expect(toast(page)).to_contain_text(FIRST)
    # Saved, the draft is done with.
    assert drafts(li, "li") == []
    li.go(visit(FIRST))
    expect(page.locator("#note")).to_have_value("")
    waits(li, 1)


def test_changed_facts_travel_field_by_field_and_leave_the_others_alone(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    page = li.go(visit(FIRST)).page
    page.locator("input[name=outcome][value=met]").check(force=True)
    page.locator("details[data-shown-if] summary").click()
    page.locator("#phone").fill("000-1399 0001")
    page.locator("#people").fill("4")
    page.locator("button[form=visit]").click()
    expect(toast(page)).to_contain_text(FIRST)
    created, patched = operations(li, "li")
    assert (created["kind"], patched["kind"], patched["verb"]) == ("visit", "household", "patch")
    assert patched["patch"] == {"phone": "000-1399 0001", "people": 4}
    assert patched["base"] == {"phone": "000-1388 0412", "people": 3}
    assert created["group"] == patched["group"]
    li.go(household(FIRST))
    expect(page.locator("dl.facts")).to_contain_text("4")
    proxy.mode = "pass"
    send(li)
    received(li)
    kept = office.household(FIRST)
    assert (kept["phone"], kept["people"], kept["tenure"]) == ("000-1399 0001", 4, "owner")


def test_a_form_without_an_outcome_is_not_saved_and_says_so(li: Phone, proxy: Proxy) -> None:
    proxy.mode = "refuse"
    page = li.go(visit(FIRST)).page
    page.locator("#note").fill("忘了选结果")
    page.locator("button[form=visit]").click()
    expect(page.locator("[role=alert].card")).to_contain_text(words("Not saved yet"))
    expect(page.locator("#note")).to_have_value("忘了选结果")
    assert operations(li, "li") == []
    expect(page).to_have_url(li.url + visit(FIRST))
