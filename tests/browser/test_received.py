"""Received: what a supervisor sees come in while phones sync, and what a volunteer sees."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Phones
from tests.browser.doors import LIVED_IN, UNIT, meet, no_answer, visit, words
from tests.browser.phone import Phone
from tests.proxy import Proxy


def test_zhang_watches_lis_visits_come_in_while_li_walks(li: Phone, phones: Phones, proxy: Proxy) -> None:
    zhang = phones("zhang").open().sign_in("zhang").until_ready()
    zhang.page.locator("a[href='/received']").click()
    page = zhang.page
    expect(page.locator("#rows")).to_contain_text(words("Nothing has come in yet."))
    zhang.evaluate("() => { window.never_left = true; }")
    li.go(UNIT)
    no_answer(li, LIVED_IN[0])
    expect(page.locator("#rows h2")).to_contain_text("李 · 3号楼", timeout=15_000)
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("#rows tbody")).to_contain_text(LIVED_IN[0])
    proxy.mode = "refuse"
    li.go(visit(LIVED_IN[1]))
    meet(li, LIVED_IN[1])
    proxy.mode = "pass"
    li.go("/sync").page.locator("[data-run]").click()
    expect(page.locator("#rows tbody tr")).to_have_count(2, timeout=15_000)
    # Narrowed to a worker who sent nothing, the page says so, and goes on saying so.
    page.locator("select[name=worker]").select_option(label="王")
    expect(page.locator("#rows")).to_contain_text(words("Nothing has come in yet."))
    page.locator("select[name=worker]").select_option(label="李")
    expect(page.locator("#rows tbody tr")).to_have_count(2)
    assert zhang.evaluate("() => window.never_left === true")


def test_zhang_looks_at_lis_board_and_sees_what_li_found(li: Phone, phones: Phones) -> None:
    li.go(UNIT)
    no_answer(li, LIVED_IN[0])
    zhang = phones("zhang").open().sign_in("zhang").until_ready()
    zhang.until(lambda: zhang.go(UNIT).page.locator(".cell.no_answer").count() == 1)


def test_chen_the_volunteer_sees_an_own_day_and_the_guide_and_no_door(phones: Phones, proxy: Proxy) -> None:
    chen = phones("chen").open().sign_in("chen").until_ready()
    for mode in ("pass", "refuse"):
        proxy.mode = mode
        page = chen.go("/today").page
        expect(page.locator("main")).to_contain_text("文明养犬")
        expect(page.locator("nav.tabs a")).to_have_count(2)
        expect(page.locator("body")).not_to_contain_text("王建国")
        page.locator("a[href='/guide']").click()
        expect(page.locator("h1")).to_have_text(words("Short guide"))
        for path in (UNIT, visit(LIVED_IN[0]), "/buildings", "/search?q=w"):
            chen.go(path)
            expect(page.locator("main")).to_contain_text(re.compile(r"\S"))
            expect(page.locator(".cell, #found a, form#visit")).to_have_count(0)
            expect(page.locator("body")).not_to_contain_text("王建国")
