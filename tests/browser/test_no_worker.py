"""No service worker: switched off in the browser, the same addresses work, answered by Flask."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Phones
from tests.browser.doors import LIVED_IN, UNIT, meet, no_answer, toast, visit, words
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.server import Server

FIRST, SECOND = LIVED_IN[:2]


@pytest.fixture
def plain(phones: Phones) -> Phone:
    """Li's browser, in which service workers are switched off."""
    found = phones("plain", service_workers="block").open().sign_in("li")
    assert not found.evaluate("() => Boolean(navigator.serviceWorker?.controller)")
    return found


def test_without_a_worker_li_records_a_visit_and_takes_it_back(plain: Phone, server: Server) -> None:
    office = Office(server)
    page = plain.go(UNIT).page
    no_answer(plain, FIRST)
    assert office.addresses() == [FIRST]
    page.locator("[data-toast] button").click()
    office.until(lambda: office.addresses() == [])
    expect(page.locator(".cell.no_answer")).to_have_count(0)
    page.locator(f"a.door[href='{visit(SECOND)}']").click()
    expect(page.locator("h1")).to_have_text(SECOND)
    meet(plain, SECOND)
    assert office.addresses() == [SECOND]
    assert office.household(SECOND)["met_on"] == "2026-11-23"
    assert {one["status"] for one in office.operations()} == {"applied"}
    for path in ("/today", "/buildings", "/search?q=wjg", "/sync", "/guide", "/profile"):
        plain.go(path)
        expect(page.locator("h1")).to_have_text(re.compile(r"\S"))


def test_without_a_worker_a_draft_is_kept_by_the_centre(plain: Phone) -> None:
    page = plain.go(visit(FIRST)).page
    page.locator("input[name=outcome][value=met]").check(force=True)
    page.locator("#note").fill("还没写完")
    plain.until(lambda: page.locator("[data-draft-state]").is_visible())
    with page.expect_response(re.compile("/drafts")) as kept:
        page.locator("#note").fill("还没写完，先存着")
    assert kept.value.status == 204
    plain.go(visit(FIRST))
    expect(page.locator("#note")).to_have_value("还没写完，先存着")
    expect(page.locator("input[name=outcome][value=met]")).to_be_checked()
    meet(plain, FIRST)
    plain.go(visit(FIRST))
    expect(page.locator("#note")).to_have_value("")


def test_without_a_script_the_forms_still_save(phones: Phones, server: Server) -> None:
    bare = phones("bare", java_script_enabled=False, service_workers="block").open().sign_in("li")
    page = bare.go(visit(FIRST)).page
    page.locator("input[name=outcome][value=met]").check(force=True)
    page.locator("button[form=visit]").click()
    expect(toast(page)).to_contain_text(FIRST)
    expect(page).to_have_url(re.compile("/units/"))
    page.locator("[data-toast] button").click()
    Office(server).until(lambda: Office(server).addresses() == [])
    page.locator("button[form=visit]").or_(page.locator("h1")).first.wait_for()
    page.goto(bare.url + "/today")
    expect(page.locator("h1")).to_have_text(words("Today"))
