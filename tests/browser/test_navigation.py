"""Navigation: by fragment, with back and forward, the same with and without signal, and after a reload."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.doors import LIVED_IN, UNIT, board_of, meet, visit, words
from tests.browser.phone import Phone
from tests.proxy import Mode, Proxy

MARK = "() => { window.never_left = true; }"
MARKED = "() => window.never_left === true"


@pytest.mark.parametrize("mode", ["pass", "refuse"], ids=["with signal", "without signal"])
def test_li_walks_to_a_door_and_back_and_forward_without_a_page_load(
    li: Phone, proxy: Proxy, mode: Mode
) -> None:
    proxy.mode = mode
    page = li.go("/today").page
    li.evaluate(MARK)
    heading = page.locator("h1")
    page.locator("nav.tabs a[href='/buildings']").click()
    expect(heading).to_have_text(words("Doors"))
    page.locator(f"main a[href='{UNIT}']").click()
    expect(heading).to_have_text("3号楼 1单元")
    page.locator(f"a.door[href='{visit(LIVED_IN[0])}']").click()
    expect(heading).to_have_text(LIVED_IN[0])
    expect(page).to_have_url(li.url + visit(LIVED_IN[0]))
    for back in ("3号楼 1单元", words("Doors"), words("Today")):
        page.go_back()
        expect(heading).to_have_text(back)
        assert page.title().startswith(back)
    for forward in (words("Doors"), "3号楼 1单元", LIVED_IN[0]):
        page.go_forward()
        expect(heading).to_have_text(forward)
    assert li.evaluate(MARKED)
    # A reload answers the same address whole; back still leads on from there.
    page.reload()
    expect(heading).to_have_text(LIVED_IN[0])
    page.go_back()
    expect(heading).to_have_text("3号楼 1单元")
    expect(page.locator("main")).to_have_count(1)
    expect(page.locator("nav.tabs")).to_have_count(1)


# The second screen has come before this slow phone has painted the first.
TAPS = """([first, second]) => new Promise((resolve) => {
  window.requestAnimationFrame = (work) => setTimeout(work, 500);
  const settled = (then) => document.addEventListener("htmx:afterSettle", then, { once: true });
  settled(() => {
    settled(() => resolve());
    document.querySelector(second).click();
  });
  document.querySelector(first).click();
})"""


def test_two_taps_in_one_breath_are_two_steps_back(li: Phone) -> None:
    page = li.go("/today").page
    li.evaluate(TAPS, ["nav.tabs a[href='/buildings']", f"main a[href='{UNIT}']"])
    expect(page).to_have_url(li.url + UNIT)
    for back in (words("Doors"), words("Today")):
        page.go_back()
        expect(page.locator("h1")).to_have_text(back)


def test_back_after_a_save_shows_a_form_that_would_record_a_new_visit(li: Phone, proxy: Proxy) -> None:
    proxy.mode = "refuse"
    page = li.go(UNIT).page
    page.locator(f"a.door[href='{visit(LIVED_IN[0])}']").click()
    fresh = page.locator("#visit input[name=fresh_id]")
    used = fresh.input_value()
    meet(li, LIVED_IN[0])
    page.go_back()
    expect(page.locator("h1")).to_have_text(LIVED_IN[0])
    expect(fresh).not_to_have_value(used)
    expect(page.locator("input[name=outcome]:checked")).to_have_count(0)


def test_nothing_of_a_resident_is_kept_in_the_browsers_history(li: Phone, proxy: Proxy) -> None:
    proxy.mode = "refuse"
    page = li.go(board_of(LIVED_IN[0])).page
    page.locator(f"a.door[href='{visit(LIVED_IN[0])}']").click()
    expect(page.locator("h1")).to_have_text(LIVED_IN[0])
    kept = li.evaluate(
        "() => JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage), history.state])"
    )
    assert "王建国" not in kept and "000-1388" not in kept


def test_the_focus_goes_to_the_new_heading_and_a_refused_form_to_its_first_wrong_field(
    li: Phone, proxy: Proxy
) -> None:
    proxy.mode = "refuse"
    page = li.go(UNIT).page
    page.locator(f"a.door[href='{visit(LIVED_IN[0])}']").click()
    expect(page.locator("h1")).to_have_text(LIVED_IN[0])
    expect(page.locator("h1")).to_be_focused()
    page.locator("button[form=visit]").click()
    expect(page.locator("[aria-invalid=true]")).to_be_focused()
