"""Offline: the app opens cold without a server, finds doors, and changes its language at once."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Phones
from tests.browser.doors import LIVED_IN, UNIT, no_answer, visit, waits, words
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.proxy import Proxy
from tests.server import Server


def test_li_opens_the_app_in_the_morning_without_any_signal(li: Phone, server: Server, proxy: Proxy) -> None:
    li.close()
    server.stop()
    proxy.mode = "refuse"
    li.open("/today")
    expect(li.page.locator("h1")).to_have_text(words("Today"))
    expect(li.page.locator("main a.card")).not_to_have_count(0)
    for path in ("/buildings", UNIT, visit(LIVED_IN[0]), "/search", "/sync", "/guide", "/profile"):
        li.go(path)
        expect(li.page.locator("h1")).to_have_text(re.compile(r"\S"))
        # The style and the script are there too, not the words alone.
        assert li.evaluate("() => getComputedStyle(document.querySelector('nav.tabs')).display") != "inline"
    li.go(UNIT)
    no_answer(li, LIVED_IN[0])
    waits(li, 1)


def test_a_page_that_came_past_the_worker_goes_on_without_signal_all_the_same(
    li: Phone, proxy: Proxy
) -> None:
    """As one does that was on its way while the worker took over: here the browser is told to ask the server."""
    li.go("/today")
    li.context.new_cdp_session(li.page).send("Page.reload", {"ignoreCache": True})
    li.until("() => performance.getEntriesByType('navigation')[0].type === 'reload'")
    li.until("() => navigator.serviceWorker.controller !== null")
    proxy.mode = "refuse"
    li.page.locator("nav.tabs a[href='/buildings']").click()
    expect(li.page.locator(f"a[href='{UNIT}']")).to_be_visible()


def test_li_asks_for_a_page_of_the_centre_without_signal_and_reads_what_still_works(
    li: Phone, proxy: Proxy
) -> None:
    proxy.mode = "refuse"
    li.go("/received")
    expect(li.page.locator("h1")).to_have_text(words("No connection"))
    li.page.locator("a.btn").click()
    expect(li.page.locator("h1")).to_have_text(words("Today"))


def test_li_finds_doors_without_signal_by_label_address_name_pinyin_and_initials(
    li: Phone, proxy: Proxy
) -> None:
    proxy.mode = "refuse"
    li.go("/search")
    for typed, first, count in (
        ("3a", "3-1-3A", 2),
        ("3-1-502", "3-1-502", 1),
        ("王建", "3-1-201", 22),
        ("jianguo", "3-1-201", 22),
        ("wjg", "3-1-201", 22),
    ):
        li.page.locator("#q").fill("")
        li.page.locator("#q").press_sequentially(typed)
        expect(li.page.locator("#found a")).to_have_count(count)
        expect(li.page.locator("#found")).to_contain_text(first)
    li.page.locator("#q").fill("nobody")
    expect(li.page.locator("#found a")).to_have_count(0)


def test_li_changes_the_language_without_signal_and_reads_it_at_once(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    li.until_quiet()
    proxy.mode = "refuse"
    li.go("/profile")
    li.page.locator("input[name=locale][value=en]").check(force=True)
    li.page.locator("input[name=theme][value=dark]").check(force=True)
    li.page.locator("button[form=profile]").click()
    expect(li.page.locator("h1")).to_have_text("Settings")
    expect(li.page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(li.page.locator("html")).to_have_attribute("lang", "en")
    expect(li.page.locator("#status")).to_contain_text("1 on this phone")
    proxy.mode = "pass"
    li.go("/sync")
    li.page.locator("[data-run]").click()
    Office(server).until(
        lambda: Office(server).rows("SELECT * FROM profile WHERE locale = 'en' AND theme = 'dark'")
    )
    li.go("/today")
    expect(li.page.locator("h1")).to_have_text("Today")
    # Another phone of hers has her language with the first screen, and keeps it.
    other = phones("other").open().sign_in("li").until_ready()
    proxy.mode = "refuse"
    other.go("/guide")
    expect(other.page.locator("html")).to_have_attribute("lang", "en")
    expect(other.page.locator("nav.tabs a[aria-current]")).to_have_text("Today")
