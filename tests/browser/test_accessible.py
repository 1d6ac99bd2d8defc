"""Accessible: axe finds nothing on any screen, light and dark; large text fits small phones; targets fit thumbs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from fieldapp.declare.registry import registry
from fieldapp.features import declare_all
from tests.browser.badges import DRILL, person
from tests.browser.conftest import Phones
from tests.browser.doors import LIVED_IN, UNIT, drafts, meet, no_answer, visit
from tests.browser.phone import Phone
from tests.browser.queue import leave_work
from tests.cast import example
from tests.proxy import Proxy
from tests.review.desk import desk_pages
from tests.server import Server

SMALLEST_TARGET = 56
# What is wider than the window, with the elements that make it so.
TOO_WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const guilty = [...document.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && box.right > root.clientWidth + 1 && !one.closest(".scroll, .hide");
  });
  return [`${root.scrollWidth} > ${root.clientWidth}`, ...guilty.slice(-3).map((one) => one.outerHTML.slice(0, 120))];
}"""
# Links, buttons and fields that a thumb must hit; a link in running text is as tall as its line.
TOO_SMALL = """(least) => {
  const found = document.querySelectorAll("main :is(a, button, input, select, textarea, summary), nav.tabs a, .back");
  return [...found].flatMap((one) => {
    const target = one.closest("label") ?? one;
    const style = getComputedStyle(target);
    const box = target.getBoundingClientRect();
    if (!box.width || style.visibility === "hidden" || one.type === "hidden") return [];
    if (one.tagName === "A" && style.display === "inline") return [];
    return box.height + 0.5 < least ? [`${Math.round(box.width)}×${Math.round(box.height)} ${one.outerHTML.slice(0, 90)}`] : [];
  });
}"""


def screens() -> list[str]:
    """The addresses of every declared screen, for a household of Li's grid that was visited."""
    declare_all()
    found = []
    for screen in registry.screens.values():
        path = screen.pattern
        for name in screen.parameters():
            path = path.replace(f"<{name}>", example(screen.queries[name].record.kind))
        found.append(path)
    return [*found, "/search?q=wjg", "/search?q=zzz", visit(LIVED_IN[1]), "/units/nothing"]


def drill_pages() -> list[str]:
    """The desk's pages of the cast's drill."""
    pages = ("report", "badges", "poster", "change", f"fix/{person(3)}")
    return [f"/drills/{DRILL}/{page}" for page in pages]


@pytest.fixture
def zhang(server: Server, phones: Phones, proxy: Proxy) -> Iterator[Phone]:
    """A supervisor's phone on which every screen has something to show: visits sent, one waiting, a draft, a queue."""
    leave_work(server)
    made = phones("zhang").open().sign_in("zhang").until_ready()
    made.go(UNIT)
    no_answer(made, LIVED_IN[0])
    made.go("/sync").page.locator("[data-run]").click()
    yield made


def leave_something_waiting(phone: Phone, proxy: Proxy) -> None:
    """One record that waits, with its line that offers undo, and a half-filled form."""
    proxy.mode = "refuse"
    phone.go(visit(LIVED_IN[2]))
    meet(phone, LIVED_IN[2])
    phone.go(visit(LIVED_IN[1]))
    phone.page.locator("input[name=outcome][value=refused]").check(force=True)
    phone.until(lambda: drafts(phone, "zhang"))


def walk(phone: Phone, proxy: Proxy) -> Iterator[str]:
    """Be on every page in turn: the server's own, then every screen without signal, then a refused form."""
    proxy.mode = "pass"
    for path in ("/sign-in", *desk_pages(), *drill_pages()):
        phone.go(path)
        expect(phone.page.locator("h1")).to_be_visible()
        yield path
    phone.go("/review")
    rows = phone.page.locator("#queue a.q").evaluate_all(
        "(all) => all.map((one) => one.getAttribute('href'))"
    )
    assert len(rows) == 5
    for path in rows:
        phone.go(path)
        for summary in phone.page.locator("summary:visible").all():
            summary.click()
        yield path
    leave_something_waiting(phone, proxy)
    for path in [*screens(), "/received"]:
        phone.go(path)
        expect(phone.page.locator("h1")).to_be_visible()
        yield path
    phone.page.goto(phone.url + visit(LIVED_IN[3]))
    phone.page.locator("details summary").first.click()
    phone.page.locator("button[form=visit]").click()
    expect(phone.page.locator("[role=alert].card")).to_be_visible()
    yield "a refused form"


def complaints(phone: Phone, where: str) -> list[str]:
    """What axe, with all its rules, has against the page as it is now."""
    found: list[dict[str, Any]] = Axe().run(phone.page, options={}).response["violations"]
    return [f"{where}: {one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def sideways(phone: Phone, where: str) -> list[str]:
    """What makes the page as it is now scroll sideways on the smallest phone, with text as usual and twice as large."""
    found = []
    usual = phone.page.viewport_size
    phone.page.set_viewport_size({"width": 320, "height": 640})
    for size in ("100%", "200%"):
        phone.evaluate("(size) => { document.documentElement.style.fontSize = size; }", size)
        found += [f"{where} at {size}: {words}" for words in phone.evaluate(TOO_WIDE)]
    phone.evaluate("() => { document.documentElement.style.fontSize = ''; }")
    assert usual
    phone.page.set_viewport_size(usual)
    return found


def test_by_day_axe_finds_nothing_on_any_screen_and_a_thumb_in_a_glove_hits_what_it_taps(
    zhang: Phone, proxy: Proxy
) -> None:
    zhang.page.emulate_media(color_scheme="light")
    found = []
    for where in walk(zhang, proxy):
        found += complaints(zhang, where)
        found += [f"{where}: {words}" for words in zhang.evaluate(TOO_SMALL, SMALLEST_TARGET)]
    assert found == []


def test_by_night_axe_finds_nothing_and_with_large_text_on_the_smallest_phone_nothing_scrolls_sideways(
    zhang: Phone, proxy: Proxy
) -> None:
    zhang.page.emulate_media(color_scheme="dark")
    found = []
    for where in walk(zhang, proxy):
        found += [*complaints(zhang, where), *sideways(zhang, where)]
    assert found == []


def test_a_page_with_faults_is_found_out(phone: Phone) -> None:
    phone.go("/sign-in")
    assert (
        complaints(phone, "") == phone.evaluate(TOO_WIDE) == phone.evaluate(TOO_SMALL, SMALLEST_TARGET) == []
    )
    phone.evaluate(
        """() => {
          const image = document.createElement("img");
          image.src = "/static/icons/icon-512.png";
          image.style.width = "2000px";
          const button = document.createElement("button");
          button.textContent = "tiny";
          button.style.cssText = "height: 20px; min-height: 0";
          document.querySelector("h1").style.color = "#ddd";
          document.querySelector("main").prepend(button);
          document.querySelector("main").append(image);
        }"""
    )
    assert {one.split(": ")[1] for one in complaints(phone, "")} >= {"image-alt", "color-contrast"}
    assert phone.evaluate(TOO_WIDE)
    assert phone.evaluate(TOO_SMALL, SMALLEST_TARGET)
