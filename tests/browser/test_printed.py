"""Printed: the desk's pages on paper have no navigation and no buttons, their tables are whole, their pictures need no colour."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Phones
from tests.browser.phone import Phone
from tests.review.desk import desk_pages
from tests.server import Server

# What is on paper and should not be: chrome of the screen, and boxes that hide a part of their content.
CHROME = """() => [...document.querySelectorAll(".side, .skip, button, input:not([type=hidden]), select, .takeaway")]
  .filter((one) => one.getBoundingClientRect().height && one.checkVisibility()).map((one) => one.outerHTML.slice(0, 90))"""
CUT = """() => [...document.querySelectorAll("main *")]
  .filter((one) => one.scrollHeight > one.clientHeight + 1 && one.clientHeight > 1
    && getComputedStyle(one).overflowY !== "visible" && !one.closest("svg, .hide"))
  .map((one) => one.outerHTML.slice(0, 90))"""
# Every fill of a picture, as grey or not.
COLOURED = """() => [...document.querySelectorAll("main svg.chart rect, main svg.key rect")].flatMap((one) => {
  const parts = getComputedStyle(one).fill.match(/\\d+/g);
  return parts && new Set(parts.slice(0, 3)).size > 1 ? [one.outerHTML.slice(0, 90)] : [];
})"""
REPORTS = [
    path
    for path in desk_pages()
    if path not in ("/review", "/received", "/register", "/rescued", "/phones", "/review/decided")
]


@pytest.fixture
def zhang(phones: Phones, server: Server) -> Iterator[Phone]:
    """Zhang at the desk, whose browser shows what a printer would get."""
    made = phones("zhang", viewport={"width": 1280, "height": 800}).open().sign_in("zhang")
    yield made


def test_on_paper_there_is_no_navigation_and_nothing_is_cut_off(zhang: Phone) -> None:
    assert len(REPORTS) >= 7
    found = []
    for path in REPORTS:
        zhang.page.emulate_media(media="print", color_scheme="dark")
        zhang.go(path)
        expect(zhang.page.locator("h1")).to_be_visible()
        for script in (CHROME, CUT, COLOURED):
            found += [f"{path}: {words}" for words in zhang.evaluate(script)]
        assert zhang.evaluate("() => getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert zhang.page.pdf(format="A4").startswith(b"%PDF")
    assert found == []


def test_every_part_of_a_picture_is_told_apart_without_colour(zhang: Phone) -> None:
    """Each kind of part has its own pattern, or none where the others have one; the numbers stand in a table."""
    zhang.go("/progress")
    looks = zhang.evaluate(
        """() => [...document.querySelectorAll("ul.keys")].map((list) => [...list.querySelectorAll("svg")]
          .map((key) => [...key.querySelectorAll("rect")].map((one) => one.getAttribute("fill")
            ?? (getComputedStyle(one).fill === getComputedStyle(document.querySelector(".card")).backgroundColor ? "empty" : "full")).join()))"""
    )
    assert len(looks) >= 3
    for keys in looks:
        assert len(set(keys)) == len(keys), keys
    assert zhang.page.locator("section:has(svg.chart) table").count() >= 3
