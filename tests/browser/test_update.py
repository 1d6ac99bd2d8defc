"""An update: the centre installs a new version while work waits on a phone and a form is half filled."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from fieldapp.packing import ENDINGS, packed
from tests.browser.conftest import SET_CLOCK
from tests.browser.doors import LIVED_IN, UNIT, no_answer, operations, received, send, toast, visit, waits
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.proxy import Proxy
from tests.server import ROOT, Server

NEXT = "next-version"
UPDATE = "() => navigator.serviceWorker.ready.then((found) => found.update()).then(() => true)"


def next_version(folder: Path) -> Path:
    """The program as it is, with the phone's next version in it: another style, another worker."""
    for name in ("fieldapp", "sync", "templates", "static"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    built = folder / "static" / "build"
    manifest = json.loads((built / "manifest.json").read_text())
    old_style = manifest["files"]["app.css"].removeprefix("build/")
    style = (built / old_style).read_text() + "\nhtml { --of-the-next-version: yes; }\n"
    worker = (built / "sw.js").read_text()
    worker = worker.replace(manifest["version"], NEXT).replace(old_style, "app-next.css")
    for name, text in (("app-next.css", style), ("sw.js", worker)):
        (built / name).write_text(text)
        for packing, ending in ENDINGS.items():
            (built / f"{name}{ending}").write_bytes(packed(text.encode(), packing))
    manifest["files"]["app.css"] = "build/app-next.css"
    (built / "manifest.json").write_text(json.dumps({**manifest, "version": NEXT}))
    return folder


@pytest.fixture
def next_server(server: Server, tmp_path: Path) -> Iterator[Server]:
    """The next version on the same data and port; the test stops the old one and starts this."""
    made = Server(server.data, server.port, folder=next_version(tmp_path / "next"), **SET_CLOCK)
    yield made
    made.stop()


def test_the_app_is_updated_and_neither_waiting_work_nor_a_half_filled_form_is_lost(
    li: Phone, proxy: Proxy, server: Server, next_server: Server
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    page = li.go(UNIT).page
    no_answer(li, LIVED_IN[0])
    # The session has ended, so that the work still waits when the new version has taken over.
    li.context.clear_cookies()
    li.go(visit(LIVED_IN[1]))
    page.locator("input[name=outcome][value=met]").check(force=True)
    page.locator("#note").fill("写了一半")
    expect(page.locator("[data-draft-state]")).to_be_visible()
    li.evaluate("() => { window.never_left = true; }")
    server.stop()
    next_server.start()
    proxy.mode = "pass"
    li.until(UPDATE)
    li.until(f"async () => (await caches.keys()).join() === 'assets-{NEXT}'")
    # The page under the person's hands stays as it is.
    assert li.evaluate("() => window.never_left === true")
    expect(page.locator("#note")).to_have_value("写了一半")
    page.locator("#note").press_sequentially("，又写了一点")
    page.locator("nav.tabs a[href='/buildings']").click()
    # The next screen comes with the new version's style, which is there without signal, too.
    li.until(
        "() => getComputedStyle(document.documentElement).getPropertyValue('--of-the-next-version') === 'yes'"
    )
    proxy.mode = "refuse"
    li.go(visit(LIVED_IN[1]))
    expect(page.locator("#note")).to_have_value("写了一半，又写了一点")
    waits(li, 1)
    page.locator("button[form=visit]").click()
    expect(toast(page)).to_contain_text(LIVED_IN[1])
    assert [one["n"] for one in operations(li, "li")] == [1, 2]
    proxy.mode = "pass"
    li.sign_in("li")
    send(li)
    received(li)
    assert office.addresses() == sorted(LIVED_IN[:2])
    assert office.rows("SELECT DISTINCT app FROM sync_device") == [{"app": NEXT}]
