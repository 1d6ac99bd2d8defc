"""Progress: the supervisor's open page moves while phones sync, and leads to the same board that they see."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Phones
from tests.browser.doors import LIVED_IN, UNIT, meet, send, visit
from tests.browser.phone import Phone
from tests.proxy import Proxy
from tests.server import Server


def test_zhangs_open_page_moves_when_lis_phone_finds_a_signal(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    desk = {"url": f"http://127.0.0.1:{server.port}", "viewport": {"width": 1280, "height": 800}}
    zhang = phones("zhang", **desk).open().sign_in("zhang").until_ready()  # type: ignore[arg-type]
    met = zhang.go("/progress").page.locator("tr:has(th:text-is('3号楼')) td.n").first
    expect(met).to_have_text("0")
    proxy.mode = "refuse"
    li.go(visit(LIVED_IN[0]))
    meet(li, LIVED_IN[0])
    expect(met).to_have_text("0")
    proxy.mode = "pass"
    send(li)
    expect(met).to_have_text("1", timeout=20_000)
    zhang.page.locator(f"a[href='{UNIT}']").click()
    door = zhang.page.locator(".cell", has_text=LIVED_IN[0].split("-")[-1])
    expect(door).to_be_visible()
