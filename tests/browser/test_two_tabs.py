"""Two tabs: one phone, one outbox, one story."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.doors import LIVED_IN, OTHER_UNIT, UNIT, no_answer, operations, received, visit, waits
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.proxy import Proxy
from tests.server import Server


def test_li_works_in_two_tabs_and_each_knows_what_the_other_saved(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    proxy.mode = "refuse"
    one = li.go(UNIT).page
    two = li.context.new_page()
    two.goto(li.url + OTHER_UNIT)
    for tab, other, address, count in (
        (one, two, LIVED_IN[0], 1),
        (two, one, LIVED_IN[11], 2),
        (one, two, LIVED_IN[1], 3),
    ):
        tab.bring_to_front()
        no_answer(li, address, tab)
        other.bring_to_front()
        waits(li, count, other)
    # Both at once: neither waits for the other.
    for tab, address in ((one, LIVED_IN[2]), (two, LIVED_IN[12])):
        tab.evaluate(
            "(selector) => document.querySelector(selector).click()",
            f"button[formaction='{visit(address)}']",
        )
    for tab in (one, two):
        tab.bring_to_front()
        waits(li, 5, tab)
    assert [op["n"] for op in operations(li, "li")] == [1, 2, 3, 4, 5]
    proxy.mode = "pass"
    two.goto(li.url + "/sync")
    two.locator("[data-run]").click()
    received(li, two)
    one.bring_to_front()
    received(li, one)
    office = Office(server)
    assert office.addresses() == sorted([*LIVED_IN[:3], *LIVED_IN[11:13]])
    assert [op["seq"] for op in office.operations()] == [1, 2, 3, 4, 5]


def test_the_same_form_sent_from_two_tabs_is_two_knocks_and_sent_twice_from_one_is_one(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    proxy.mode = "refuse"
    li.go(UNIT)
    button = f"button[formaction='{visit(LIVED_IN[0])}']"
    # Two taps before the answer is there.
    li.evaluate(
        """async (selector) => {
          const button = document.querySelector(selector);
          const body = () => new URLSearchParams(new FormData(button.form));
          const send = () => fetch(button.formAction, {method: "POST", body: body()});
          await Promise.all([send(), send()]);
        }""",
        button,
    )
    waits(li, 1)
    li.go(UNIT)
    expect(li.page.locator(".cell.no_answer")).to_have_count(1)
    assert len(operations(li, "li")) == 1
