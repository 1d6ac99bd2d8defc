"""Firefox: the core walk in the other browser: sign in, reload without a server, save, be killed, start again, send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.doors import LIVED_IN, UNIT, visit, words
from tests.browser.firefox import FIREFOX, Firefox
from tests.browser.office import Office
from tests.browser.test_storage import FULL
from tests.conftest import missing_tool
from tests.processes.small_disk import SmallDisk, small_disk
from tests.proxy import Proxy
from tests.server import Server

READY = re.compile(words("%(time)s received", time=r"\d\d:\d\d"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Where Li's other phone keeps what pages store."""
    with small_disk(tmp_path / "firefox" / "storage") as mounted:
        yield mounted


@pytest.fixture
def firefox(proxy: Proxy, tmp_path: Path) -> Iterator[Firefox]:
    """Li's other phone."""
    if FIREFOX is None:
        missing_tool("firefox-esr")
    made = Firefox(tmp_path / "firefox", proxy.url).open()
    yield made
    made.kill()


@pytest.fixture
def ready(firefox: Firefox) -> Firefox:
    """Li has signed in, and her phone holds all that a day without a signal needs."""
    firefox.sign_in("li")
    firefox.until(
        lambda: (
            READY.search(firefox.text("#status"))
            and firefox.page.execute_script("return Boolean(navigator.serviceWorker.controller)")
        )
    )
    firefox.go("/today")
    firefox.until(lambda: READY.search(firefox.text("#status")))
    return firefox


def test_li_walks_with_firefox_without_a_server_is_cut_off_and_sends_each_visit_once(
    ready: Firefox, server: Server
) -> None:
    office, firefox = Office(server), ready
    firefox.close()
    server.stop()
    firefox.open().go(UNIT)
    assert firefox.text("h1") == "3号楼 1单元"
    knock(firefox, LIVED_IN[0])
    firefox.kill()
    firefox.open().go(visit(LIVED_IN[1]))
    met(firefox)
    firefox.until(lambda: LIVED_IN[1] in firefox.text("[data-toast] [role=status]"))
    firefox.kill()
    firefox.open().go("/sync")
    firefox.until(lambda: words("%(count)s on this phone", count=2) in firefox.text("#status"))
    server.start()
    all_arrive(firefox, office, 2)


def test_on_a_full_disk_of_8_mebibytes_firefox_says_so_keeps_the_form_and_loses_no_save(
    disk: SmallDisk, ready: Firefox, proxy: Proxy, server: Server
) -> None:
    office, firefox = Office(server), ready
    proxy.mode = "refuse"
    firefox.go(UNIT)
    knock(firefox, LIVED_IN[0])
    firefox.go(visit(LIVED_IN[1]))
    disk.fill()
    firefox.find("#note").send_keys("满了也不能丢")
    for _ in range(3):  # the first refusal is not as the others: the browser makes room for what deletes
        met(firefox)
        firefox.until(lambda: words(FULL) in firefox.text("[role=alert].card"))
        assert firefox.find("#note").get_property("value") == "满了也不能丢"
        assert firefox.find("input[name=outcome][value=met]").get_property("checked")
    disk.free()
    met(firefox)
    firefox.until(lambda: LIVED_IN[1] in firefox.text("[data-toast] [role=status]"))
    disk.fill()
    firefox.kill()
    disk.free()
    firefox.open().go("/sync")
    firefox.until(lambda: words("%(count)s on this phone", count=2) in firefox.text("#status"))
    proxy.mode = "pass"
    all_arrive(firefox, office, 2)
    notes = [one["patch"]["note"] for one in office.operations() if one["patch"].get("note")]
    assert notes == ["满了也不能丢"]


def knock(firefox: Firefox, address: str) -> None:
    """Nobody answers: one tap on the board."""
    firefox.find(f"button[formaction='{visit(address)}']").click()
    firefox.until(lambda: address in firefox.text("[data-toast] [role=status]"))


def met(firefox: Firefox) -> None:
    """Somebody is there; the form is sent."""
    firefox.page.execute_script("document.querySelector('input[name=outcome][value=met]').click()")
    firefox.find("button[form=visit]").click()


def all_arrive(firefox: Firefox, office: Office, count: int) -> None:
    """The button is tapped; the visits are at the office, each once."""
    firefox.find("[data-run]").click()
    office.until(lambda: office.addresses() == sorted(LIVED_IN[:count]))
    firefox.until(lambda: READY.search(firefox.text("#status")))
    assert len(office.operations()) == count
