"""The network: answers lost, links that swallow, captive portals; nothing is lost or doubled, nothing waits for it."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.browser.doors import (
    LIVED_IN,
    STORED,
    UNIT,
    meet,
    no_answer,
    operations,
    received,
    restarted,
    send,
    status,
    visit,
    waits,
    walked_in,
)
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.cast import named
from tests.proxy import Mode, Proxy
from tests.server import Server

FIRST, SECOND, THIRD = LIVED_IN[:3]
# What a save may take on a phone that can reach nothing; the machine of the tests may be busy.
SOON = 1.0
GENEROUS = 3


def cursors(phone: Phone) -> dict[str, object]:
    """How far Li's phone has read each channel."""
    meta = phone.evaluate(STORED, [named("account li"), "meta"])
    return next(one["cursors"] for one in meta if isinstance(one, dict) and "cursors" in one)


def test_a_lost_answer_does_not_record_the_visit_twice(li: Phone, proxy: Proxy, server: Server) -> None:
    office = Office(server)
    walked_in(li).page.locator(f"a[href='{visit(FIRST)}']").first.click()
    lost = proxy.lose_answer()
    meet(li, FIRST)
    lost.wait()
    assert office.addresses() == [FIRST]
    seen = proxy.seen("/sync")
    send(li)
    received(li)
    assert proxy.seen("/sync") > seen
    assert office.addresses() == [FIRST]
    assert [one["status"] for one in office.operations()] == ["applied"]


def test_an_answer_cut_in_half_changes_nothing_and_is_asked_for_again(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    walked_in(li)
    cut = proxy.cut_answer(after=700)
    no_answer(li, FIRST)
    cut.wait()
    assert office.addresses() == [FIRST]
    send(li)
    received(li)
    assert office.addresses() == [FIRST]
    assert [(one["n"], bool(one["acked"])) for one in operations(li, "li")] == [(1, True)]


@pytest.mark.alone
def test_on_a_link_that_swallows_everything_a_save_still_takes_under_a_second(
    li: Phone, proxy: Proxy
) -> None:
    li.go(UNIT)
    proxy.mode = "blackhole"
    took = []
    for address in LIVED_IN[:8]:
        start = time.perf_counter()
        no_answer(li, address)
        took.append(time.perf_counter() - start)
    took.sort()
    print(
        f"\nsave on a black hole: median {took[len(took) // 2] * 1000:.0f} ms, slowest {took[-1] * 1000:.0f} ms"
    )
    assert took[len(took) // 2] < SOON
    assert took[-1] < SOON * GENEROUS
    waits(li, 8)
    li.page.get_by_role("link").filter(has_text="2单元").click()
    expect(li.page.locator(".cell")).to_have_count(12)


def test_a_captive_portal_changes_nothing_and_loses_nothing(li: Phone, proxy: Proxy, server: Server) -> None:
    office = Office(server)
    restarted(li, UNIT)
    before = cursors(li)
    proxy.mode = "portal"
    no_answer(li, FIRST)
    send(li)
    expect(status(li.page)).to_be_visible()
    li.go(visit(SECOND))
    meet(li, SECOND)
    waits(li, 2)
    assert cursors(li) == before
    assert [one["acked"] for one in operations(li, "li") if one.get("acked")] == []
    # The browser may look for a new version of the app meanwhile: the portal's page must not become one.
    li.evaluate("() => navigator.serviceWorker.ready.then((found) => found.update()).catch(() => {})")
    li.kill()
    li.open(UNIT)
    waits(li, 2)
    assert office.operations() == []
    proxy.mode = "pass"
    send(li)
    received(li)
    assert office.addresses() == sorted([FIRST, SECOND])


@pytest.mark.parametrize("mode", ["refuse", "reset", "blackhole"])
def test_the_link_comes_and_goes_and_every_visit_arrives_once(
    li: Phone, proxy: Proxy, server: Server, mode: Mode
) -> None:
    office = Office(server)
    li.go(UNIT)
    for address in LIVED_IN[:3]:
        proxy.mode = mode
        no_answer(li, address)
        proxy.mode = "pass"
    proxy.mode = "reset"
    proxy.mode = "pass"
    send(li)
    received(li)
    assert office.addresses() == sorted(LIVED_IN[:3])
    assert len(office.operations()) == 3
