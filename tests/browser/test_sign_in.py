"""Signing in: the first time, a wrong password, somebody else's phone; and signing out with work waiting."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Phones
from tests.browser.doors import (
    LIVED_IN,
    UNIT,
    drafts,
    meet,
    no_answer,
    operations,
    received,
    send,
    status,
    visit,
    waits,
    words,
)
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.cast import PASSWORD, named
from tests.proxy import Proxy
from tests.server import Server

ONE_OF_ANOTHER = words(
    "%(count)s record of another person waits on this phone and is sent when they sign in.", count=1
)

ANOTHER = (
    "Not saved: somebody else has signed in on this phone. Sign in again; what you entered is kept for you."
)


def test_li_signs_in_and_is_told_when_the_phone_is_ready_for_a_day_without_signal(phone: Phone) -> None:
    phone.sign_in("li")
    expect(status(phone.page)).to_have_text(re.compile(r"\S"))
    phone.until_ready()
    received(phone)
    phone.page.locator("#status").click()
    expect(phone.page.locator("dl.facts")).to_contain_text(words("ready"))


def test_a_wrong_password_is_told_and_opens_nothing(phone: Phone) -> None:
    phone.go("/sign-in")
    phone.page.locator("#username").fill("li")
    phone.page.locator("#password").fill("door-by-door")
    phone.page.locator("#password").press("Enter")
    # Before somebody is known the browser's own language is spoken.
    expect(phone.page.locator("[role=alert]#error")).to_have_text("User name or password is wrong.")
    phone.go("/today")
    expect(phone.page).to_have_url(re.compile("/sign-in"))


def test_the_session_ends_while_li_is_offline_and_the_work_is_sent_after_signing_in(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, LIVED_IN[0])
    li.context.clear_cookies()
    proxy.mode = "pass"
    send(li)
    expect(status(li.page)).to_contain_text(words("Sign in again to send"))
    assert office.visits() == []
    # Work goes on meanwhile.
    li.go(visit(LIVED_IN[1]))
    meet(li, LIVED_IN[1])
    waits(li, 2)
    li.page.locator("#status").click()
    expect(li.page).to_have_url(re.compile("/sign-in"))
    li.sign_in("li")
    office.until(lambda: office.addresses() == sorted(LIVED_IN[:2]))
    received(li)


def test_wang_signs_in_on_lis_phone_and_never_reads_or_sends_lis_work(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, LIVED_IN[0])
    li.go(visit(LIVED_IN[1]))
    li.page.locator("#note").fill("李自己的草稿")
    li.until(lambda: drafts(li, "li"))
    li.context.clear_cookies()
    proxy.mode = "pass"
    wang = li.sign_in("wang").until_ready()
    wang.go("/sync")
    received(wang)
    expect(wang.page.locator("#waiting")).to_contain_text(ONE_OF_ANOTHER)
    # Li's board, and what Li began to write at a door, are not for Wang.
    wang.go(UNIT)
    expect(wang.page.locator("h1")).to_have_text("3号楼 1单元")
    expect(wang.page.locator(".cell")).to_have_count(0)
    wang.go(visit(LIVED_IN[1]))
    expect(wang.page.locator("#note")).to_have_count(0)
    expect(wang.page.locator("body")).not_to_contain_text("李自己的草稿")
    send(wang)
    received(wang)
    assert office.operations() == []
    li.sign_in("li")
    office.until(lambda: office.addresses() == [LIVED_IN[0]])
    assert {one["user"] for one in office.operations()} == {operations_author(server)}
    # The centre has the visit a moment before the phone knows that it is Li's again.
    note = li.page.locator("#note")
    li.until(lambda: li.go(visit(LIVED_IN[1])) and note.input_value() == "李自己的草稿")


def operations_author(server: Server) -> str:
    """Li's id."""
    return str(Office(server).rows("SELECT id FROM account WHERE username = 'li'")[0]["id"])


def test_a_form_that_li_left_open_is_not_saved_as_wangs_and_is_there_when_li_is_back(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    page = li.go(visit(LIVED_IN[1])).page
    page.locator("#note").fill("李写了一半")
    li.until(lambda: drafts(li, "li"))
    page.locator("input[name=outcome][value=met]").check(force=True)

    def signs_in(person: str) -> None:
        li.context.clear_cookies()
        tab = li.context.new_page()
        tab.goto(li.url + "/sign-in")
        tab.locator("#username").fill(person)
        tab.locator("#password").fill(PASSWORD)
        tab.locator("#password").press("Enter")
        tab.wait_for_url(lambda url: "/sign-in" not in url)
        tab.close()
        li.until_ready()

    signs_in("wang")
    page.locator("button[form=visit]").click()
    expect(page.get_by_text(words(ANOTHER))).to_be_visible()
    expect(page.locator("#note")).to_have_value("李写了一半")
    assert operations(li, "wang") == operations(li, "li") == []
    signs_in("li")
    meet(li, LIVED_IN[1])
    expect(page.get_by_text(words(ANOTHER))).to_be_hidden()
    office = Office(server)
    office.until(office.operations)
    (kept,) = office.rows("SELECT * FROM visit WHERE note = ?", "李写了一半")
    assert kept["author"] == named("account li")


def test_li_signs_out_with_work_waiting_and_wang_is_told_that_it_waits(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, LIVED_IN[0])
    waits(li, 1)
    # The session has ended as well, or the phone would send what waits as soon as it can sign out.
    li.context.clear_cookies()
    proxy.mode = "pass"
    li.go("/sync").page.locator("a[href='/leave']").click()
    expect(li.page.locator("[role=alert].card")).to_contain_text(
        words("%(count)s record has not been sent yet", count=1)
    )
    expect(li.page.locator("[name=clear]")).to_have_count(0)
    li.page.locator("form[action='/sign-out'] button").click()
    expect(li.page).to_have_url(re.compile("/sign-in"))
    li.go("/today")
    expect(li.page).to_have_url(re.compile("/sign-in"))
    wang = li.sign_in("wang").until_ready()
    wang.go("/sync")
    expect(wang.page.locator("#waiting")).to_contain_text(ONE_OF_ANOTHER)
    assert len(operations(li, "li")) == 1
    assert office.operations() == []
    li.sign_in("li")
    office.until(lambda: office.addresses() == [LIVED_IN[0]])


def test_an_exchange_that_ends_after_li_signed_out_does_not_sign_li_in_again(li: Phone, proxy: Proxy) -> None:
    li.go("/sync")
    # A slow link: the exchange is answered long after the tap on "sign out".
    proxy.shape(None, latency=0.5)
    li.page.locator("[data-run]").click()
    seen = proxy.seen("/sync")
    li.page.locator("a[href='/leave']").click()
    li.page.locator("form[action='/sign-out']:not(:has([name=clear])) button").click()
    expect(li.page).to_have_url(re.compile("/sign-in"))
    li.until(lambda: proxy.seen("/sync") >= seen)
    proxy.shape(None)
    li.go("/today")
    expect(li.page).to_have_url(re.compile("/sign-in"))
    assert [
        one for one in li.context.cookies() if one["name"] == "fieldapp_session" and "user" in one["value"]
    ] == []


def test_li_works_on_a_second_phone_and_sees_what_the_first_one_sent(phones: Phones, server: Server) -> None:
    first = phones("li").open().sign_in("li").until_ready()
    second = phones("li-at-home").open().sign_in("li").until_ready()
    first.go(UNIT)
    no_answer(first, LIVED_IN[0])
    Office(server).until(lambda: Office(server).addresses() == [LIVED_IN[0]])
    send(second)
    second.until(lambda: second.go(UNIT).page.locator(".cell.no_answer").count() == 1)
