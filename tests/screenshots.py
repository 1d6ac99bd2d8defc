"""Screenshots: takes the pictures of the README from the demo community, each below 150 kB.

python3 dev.py screenshots
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from fieldapp.demo.sign_ins import PASSWORD
from tests.browser.doors import words
from tests.browser.phone import Phone
from tests.cast import NOW
from tests.server import ROOT, Server

SCREENS = ROOT / "docs" / "screens"
LARGEST = 150_000
DESK = {"viewport": {"width": 1280, "height": 800}, "has_touch": False}
ALL_SENT = "() => !document.querySelector('#status.wait')"


def keep(phone: Phone, name: str) -> None:
    """Write what is on the screen; colours are thinned out until the file is small."""
    phone.page.mouse.move(0, 0)
    picture = Image.open(io.BytesIO(phone.page.screenshot()))
    file = SCREENS / f"{name}.png"
    for colours in (128, 64, 32):
        picture.convert("RGB").quantize(colours).save(file, optimize=True)
        if file.stat().st_size < LARGEST:
            break
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size // 1000} kB", flush=True)


def morning(li: Phone) -> None:
    """Li at work by day, in Chinese: today, a board with some doors done, a visit."""
    page = li.page
    keep(li, "today")
    page.locator(".dock a.btn").click()
    page.wait_for_url("**/units/*")
    for done in range(3):
        page.locator("li.cell:not(.no_answer) > button").nth(done * 2).click()
        li.until("(done) => document.querySelectorAll('.cell.no_answer').length > done", done)
    li.until("() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    keep(li, "board")
    page.locator(".dock a.btn").click()
    page.wait_for_url("**/visit")
    page.locator("label.out", has=page.locator("input[value=met]")).click()
    page.locator("label.chip", has=page.locator("input[value=well]")).click()
    keep(li, "visit")
    page.locator("button[form=visit]").click()
    page.wait_for_url("**/units/*")
    page.locator("a.door").nth(4).click()
    page.wait_for_url("**/visit")
    page.locator("main a[href^='/households/']").first.click()
    page.locator("a[href$='/check']").first.click()
    page.wait_for_url("**/check")
    page.locator("[data-toast]").wait_for(state="detached")
    keep(li, "check")


def drill(leader: Phone) -> None:
    """A leader of today's drill: the roll call, the missing first."""
    leader.page.locator("main a[href^='/drills/']").first.click()
    leader.page.wait_for_url("**/drills/*")
    leader.page.get_by_role("button", name=words("Here")).first.click()
    leader.until(lambda: leader.page.locator("#count b").inner_text() == "1")
    leader.page.locator("a.back").click()
    leader.page.wait_for_url("**/drills/*")
    leader.page.locator("[data-toast]").wait_for(state="detached")
    keep(leader, "drill")


def evening(li: Phone) -> None:
    """The same phone in the dark, in English: a household, a search by pinyin."""
    page = li.page
    li.go("/profile")
    page.locator("label.out", has=page.locator("input[value=en]")).click()
    page.locator("label.out", has=page.locator("input[value=dark]")).click()
    page.locator("button[form=profile]").click()
    li.see("设置已存下")
    li.go("/today")
    page.locator("main a.card[href$='/visit']").first.click()
    page.wait_for_url("**/visit")
    page.locator("main a[href^='/households/']").first.click()
    page.wait_for_url("**/households/*")
    page.locator("[data-toast]").wait_for(state="detached")
    keep(li, "household")
    li.go("/search?q=wang")
    page.locator("[data-toast]").wait_for(state="detached")
    keep(li, "search")


def desk(lin: Phone) -> None:
    """Lin, the supervisor: a conflict in the review, what came in."""
    lin.go("/review")
    keep(lin, "review")
    lin.go("/received")
    keep(lin, "received")


def main() -> None:
    """The whole walk."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "data", FIELDAPP_NOW=NOW.isoformat())
        server.command("demo")
        server.start()
        try:
            with Phone(playwright, Path(folder) / "li", server.url, device_scale_factor=1.5).open() as li:
                morning(li.sign_in("li", PASSWORD).until_ready(60))
                li.until(ALL_SENT)
                with Phone(playwright, Path(folder) / "lin", server.url, **DESK).open() as lin:
                    desk(lin.sign_in("lin", PASSWORD))
                with Phone(
                    playwright, Path(folder) / "wang", server.url, device_scale_factor=1.5
                ).open() as wang:
                    drill(wang.sign_in("wang", PASSWORD).until_ready(60))
                evening(li)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
