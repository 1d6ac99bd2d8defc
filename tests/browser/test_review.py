"""Review: a supervisor at the desk settles what two phones brought, and both workers are told without a signal."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Phones
from tests.browser.doors import (
    LIVED_IN,
    board_of,
    household,
    meet,
    no_answer,
    operations,
    received,
    send,
    visit,
    waits,
    words,
)
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.browser.queue import leave_work
from tests.browser.test_photos import take
from tests.cast import named
from tests.photos.pictures import picture
from tests.proxy import Proxy
from tests.server import Server

DOOR = LIVED_IN[0]
DESK = {"viewport": {"width": 1280, "height": 800}, "has_touch": False}
SUPERVISOR, WORKER = "000-1366 7790", "000-1399 0001"


def change_number(phone: Phone, number: str) -> None:
    """On the visit form, somebody met says another number."""
    phone.go(visit(DOOR))
    phone.page.locator("input[name=outcome][value=met]").check(force=True)
    phone.page.locator("details[data-shown-if] > summary").click()
    phone.page.locator("#phone").fill(number)
    meet(phone, DOOR)


def test_two_phones_wrote_another_number_and_zhang_taps_once(
    li: Phone, phones: Phones, proxy: Proxy, other_proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    second = phones("second", url=other_proxy.url).open().sign_in("zhang").until_ready()
    desk = phones("desk", **DESK).open().sign_in("zhang")
    desk.go("/review")
    expect(desk.page.locator("#queue")).to_contain_text(words("Nothing waits for you."))
    proxy.mode = other_proxy.mode = "refuse"
    change_number(second, SUPERVISOR)
    change_number(li, WORKER)
    other_proxy.mode = "pass"
    send(second)
    received(second)
    proxy.mode = "pass"
    send(li)
    row = desk.page.locator("#queue a.q").first
    expect(row).to_contain_text(DOOR, timeout=20_000)  # by itself, while phones sync
    desk.page.keyboard.press("j")
    expect(row).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator(".pick .v")).to_have_text([SUPERVISOR, WORKER])
    desk.page.keyboard.press("2")
    expect(desk.page.get_by_role("status")).to_contain_text(words("Decided. Who is concerned is told."))
    assert office.household(DOOR)["phone"] == WORKER
    for phone in (li, second):
        send(phone)
        received(phone)
    proxy.mode = other_proxy.mode = "refuse"
    for phone in (li, second):
        phone.go("/today").page.locator("a[href^='/decisions/']").first.click()
        expect(phone.page.locator("main")).to_contain_text(words("The second value is taken"))
        expect(phone.page.locator("main")).to_contain_text(WORKER)
        phone.page.locator("button[form=reply]").click()
        expect(phone.page.locator("a[href^='/decisions/']")).to_have_count(0)


def test_what_zhang_returns_is_lis_task_without_a_signal_and_comes_back_answered(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    leave_work(server)
    desk = phones("desk", **DESK).open().sign_in("zhang")
    desk.go("/review")
    desk.page.locator("#queue a.q").first.click()
    desk.page.locator(".ask > summary").first.click()
    desk.page.locator(".ask textarea").first.fill("请再核实号码")
    desk.page.locator(".ask .btn", has_text=words("Return")).last.click()
    expect(desk.page.get_by_role("status")).to_be_visible()
    send(li)
    received(li)
    proxy.mode = "refuse"
    li.go(board_of("3-2-601")).see(words("Returned to you"))
    li.go(household("3-2-601")).see("请再核实号码")
    li.see(words("Returned to you"))
    li.go("/today").page.locator("a[href^='/decisions/']").first.click()
    expect(li.page.locator("#comment")).to_have_text("请再核实号码")
    li.page.locator("#phone").fill("000-1399 0009")
    li.page.locator("#note").fill("住户本人说的")
    li.page.locator("button[form=reply]").click()
    expect(li.page).not_to_have_url(re.compile("/decisions/"))
    expect(li.page.locator("a[href^='/decisions/']")).to_have_count(0)
    proxy.mode = "pass"
    send(li)
    answered = desk.page.locator("#queue a.q[href*='/answered/']")
    expect(answered).to_have_count(1, timeout=20_000)
    answered.click()
    expect(desk.page.locator(".pane")).to_contain_text("住户本人说的")
    assert Office(server).household("3-2-601")["phone"] == "000-1399 0009"


def test_zhang_puts_right_what_lay_in_quarantine(phones: Phones, server: Server) -> None:
    leave_work(server)
    desk = phones("desk", **DESK).open().sign_in("zhang")
    desk.go("/review?reason=quarantined").page.locator("#queue a.q").first.click()
    expect(desk.page.locator(".pane")).to_contain_text("teleported")
    desk.page.locator(".repair > summary").click()
    desk.page.locator(".repair input[value=no_answer]").check()
    desk.page.locator(".repair .btn").click()
    expect(desk.page).to_have_url(re.compile("/review"))
    assert "4-1-601" in Office(server).addresses()


def test_on_a_phone_zhang_has_the_queue_or_one_row_before_him_and_the_page_he_is_on_in_sight(
    phones: Phones, server: Server
) -> None:
    leave_work(server)
    pocket = phones("pocket").open().sign_in("zhang")
    page = pocket.go("/review").page
    rows = page.locator("#queue a.q:visible")
    waiting = rows.count()
    rows.first.tap()
    expect(page.locator(".pick .v")).to_have_count(2)
    expect(rows).to_have_count(0)
    page.locator(".pick .btn").last.tap()
    expect(page.get_by_role("status")).to_contain_text(words("Decided. Who is concerned is told."))
    expect(rows).to_have_count(waiting - 1)
    for path in ("/review", "/rescued"):
        pocket.go(path)
        expect(page.locator(".side [aria-current]")).to_be_in_viewport(ratio=1)
        bounds = page.locator(".side nav").bounding_box()
        assert bounds and bounds["height"] < 100, "one row of names, and the page's content below it"


def test_a_signed_off_phone_delivers_what_it_holds_and_keeps_nothing(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    li.go("/units/" + named("unit 3-1"))
    no_answer(li, LIVED_IN[1])
    take(li.go(visit(LIVED_IN[0])).page, picture(1))
    expect(li.page.locator(".shot")).to_have_count(1, timeout=20_000)
    meet(li, LIVED_IN[0])
    waits(li, 2)
    desk = phones("desk", url=server.url, **DESK).open().sign_in("zhang")
    card = desk.go("/phones").page.locator("li.card", has_text="李")
    card.locator(".ask > summary").click()
    card.locator(".ask .btn.slim:not(.ghost)").click()
    expect(desk.page.locator(".badge.red")).to_be_visible()
    proxy.mode = "pass"
    li.evaluate("() => window.dispatchEvent(new Event('online'))")
    li.page.wait_for_url("**/sign-in?why=revoked", timeout=60_000)
    # Nobody is signed in any more: the page speaks the browser's language.
    expect(li.page.get_by_role("status")).to_contain_text("A supervisor signed this phone off.")
    kept = [one for one in office.operations() if one["kind"] == "visit"]
    assert [(one["status"], one["reason"]) for one in kept] == [("quarantined", "revoked")] * 2
    assert len(office.rows("SELECT * FROM sync_blob")) == 1, "the photo came before the phone was cleared"
    assert operations(li, "li") == []
    li.go("/today")
    assert "/sign-in" in li.page.url
    expect(li.page.locator("body")).not_to_contain_text("王建国")
    desk.go("/review")
    # What one exchange brought out of one reason is one row.
    expect(desk.page.locator("#queue a.q[href*='/quarantined/']")).to_have_count(1)
