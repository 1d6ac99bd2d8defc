"""Letters: read and signed in a stairwell, frozen, proven untouched at the desk; on paper where nobody signs on glass."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.doors import household, send, words
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.browser.test_home_checks import HOME
from tests.proxy import Proxy
from tests.server import Server

LETTERS = household(HOME) + "/letters"
KEPT = """async () => {
  const lists = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
  return lists.flat().some((one) => one.url.includes("/signature-"));
}"""
INK = """() => {
  const pad = document.querySelector("canvas.pad");
  const seen = pad.getContext("2d").getImageData(0, 0, pad.width, pad.height).data;
  let dark = 0;
  for (let at = 3; at < seen.length; at += 4) dark += Number(seen[at] > 0);
  return dark;
}"""
Stroke = list[tuple[float, float]]
WANG: list[Stroke] = [
    [(0.2, 0.2), (0.4, 0.22), (0.6, 0.2)],
    [(0.22, 0.5), (0.58, 0.5)],
    [(0.4, 0.2), (0.4, 0.5), (0.4, 0.8)],
    [(0.18, 0.82), (0.62, 0.8)],
]


def draw(phone: Phone, strokes: list[Stroke]) -> None:
    """With the finger, in parts of the pad."""
    pad = phone.page.locator("canvas.pad")
    pad.evaluate("(pad) => pad.scrollIntoView({ block: 'center' })")
    expect(pad).to_be_visible()
    box: Any = pad.bounding_box()
    mouse = phone.page.mouse
    for (x, y), *others in strokes:
        mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        mouse.down()
        for x, y in others:
            mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
        mouse.up()


def drawn(phone: Phone) -> str:
    """What the form would send."""
    return phone.page.locator("input[name=signature]").input_value()


def sign(phone: Phone, name: str = "王建国") -> None:
    """The name, the strokes, the large button below them."""
    phone.page.locator("#signer").fill(name)
    draw(phone, WANG)
    phone.until(lambda: drawn(phone).count("M") == len(WANG))
    phone.page.locator("form[enctype] > button.btn").click()


def ready(phone: Phone) -> Phone:
    """The pad is on the phone, as it is soon after the first day's start."""
    phone.until(KEPT)
    return phone


def test_li_has_a_fire_letter_signed_offline_and_it_is_shown_the_same_for_ever(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    ready(li)
    proxy.mode = "refuse"
    page = li.go(household(HOME)).page
    page.get_by_role("link", name=words("Letter"), exact=True).click()
    page.get_by_role("link", name="消防与电动车安全承诺书").click()
    expect(page.locator("[data-text]")).to_contain_text("不飞线充电")
    said = page.locator("[data-text]").inner_text()
    sign(li)
    expect(page).to_have_url(re.compile("/letters/[0-9a-f-]{36}$"))
    expect(page.locator("svg.pad path")).to_have_attribute("d", re.compile("^M"))
    assert page.locator("[data-text]").inner_text() == said
    frozen = page.locator("main").inner_text()
    proxy.mode = "pass"
    send(li)
    office = Office(server)
    office.until(lambda: office.rows("SELECT * FROM letter WHERE address = ?", HOME))
