"""The basement: a whole round without signal, with a phone whose battery dies after every door."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import expect

from tests.browser.doors import (
    LIVED_IN,
    board_of,
    meet,
    no_answer,
    operations,
    received,
    restarted,
    send,
    visit,
    waits,
)
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.proxy import Proxy
from tests.server import Server

TWENTY = LIVED_IN[:20]


def test_twenty_doors_in_the_basement_arrive_once_though_the_phone_dies_after_each(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    restarted(li, "/today")
    proxy.mode = "refuse"
    for number, address in enumerate(TWENTY):
        if number % 2:
            li.go(visit(address))
            meet(li, address)
        else:
            li.go(board_of(address))
            no_answer(li, address)
        li.kill()
        li.open()
    li.go("/sync")
    waits(li, 20)
    expect(li.page.locator("#waiting ol li")).to_have_count(20)
    assert [one["n"] for one in operations(li, "li")] == list(range(1, 21))
    assert office.operations() == []
    proxy.mode = "pass"
    li.page.locator("[data-run]").click()
    received(li)
    assert office.addresses() == sorted(TWENTY)
    assert Counter(one["status"] for one in office.operations()) == {"applied": 20}
    assert [one["seq"] for one in office.operations()] == list(range(1, 21))
    assert len({one["device"] for one in office.operations()}) == 1


def test_a_phone_that_dies_while_it_sends_sends_each_visit_once(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    restarted(li, board_of(TWENTY[0]))
    proxy.mode = "refuse"
    for address in TWENTY[:5]:
        no_answer(li, address)
    lost = proxy.lose_answer()
    proxy.mode = "pass"
    send(li)
    lost.wait()
    li.kill()
    assert office.addresses() == sorted(TWENTY[:5])
    li.open("/sync")
    li.page.locator("[data-run]").click()
    received(li)
    assert office.addresses() == sorted(TWENTY[:5])
    assert len(office.operations()) == 5
