"""Screenshots: takes the pictures of the README from the demo community, each below 150 kB.

python3 dev.py screenshots
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Playwright, sync_playwright

from fieldapp.demo.sign_ins import PASSWORD
from tests.browser.phone import Phone
from tests.cast import NOW
from tests.server import ROOT, Server

SCREENS = ROOT / "docs" / "screens"
LARGEST = 150_000


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


def worker(playwright: Playwright, folder: Path, url: str) -> None:
    """Li at work: the morning in Chinese, by day; the evening in English, in the dark."""
    li = Phone(playwright, folder / "li", url, device_scale_factor=1.5, color_scheme="light")
    li.open().sign_in("li", PASSWORD).until_ready(60)
    page = li.page
    li.go("/today")
    keep(li, "today")
    page.locator(".dock a.btn").click()
    page.wait_for_url("**/units/*")
    page.locator("li.cell form button").nth(1).click()
    page.locator(".cell.no_answer").first.wait_for()
    li.until("() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    keep(li, "board")
    page.locator(".dock a.btn").click()
    page.wait_for_url("**/visit")
    page.locator("label.out", has=page.locator("input[value=met]")).click()
    page.locator("label.chip", has=page.locator("input[value=well]")).click()
    keep(li, "visit")
    li.go("/profile")
    page.locator("label.out", has=page.locator("input[value=en]")).click()
    page.locator("label.out", has=page.locator("input[value=dark]")).click()
    page.locator("button.btn").click()
    li.see("Settings saved")
    li.go("/buildings")
    page.locator("a[href^='/units/']").first.click()
    page.locator("a.door").first.click()
    page.locator("a[href^='/households/']").first.click()
    page.locator("h1").wait_for()
    keep(li, "household-dark")
    li.go("/search?q=wang")
    keep(li, "search-dark")
    li.close()


def supervisor(playwright: Playwright, folder: Path, url: str) -> None:
    """Lin at the desk: what came in."""
    desk = {"viewport": {"width": 1100, "height": 760}, "has_touch": False}
    lin = Phone(playwright, folder / "lin", url, **desk).open().sign_in("lin", PASSWORD)
    lin.go("/received")
    keep(lin, "received")
    lin.close()


def main() -> None:
    """The whole walk."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "data", FIELDAPP_NOW=NOW.isoformat())
        server.command("demo")
        server.start()
        try:
            worker(playwright, Path(folder), server.url)
            supervisor(playwright, Path(folder), server.url)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
