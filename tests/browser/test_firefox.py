"""Firefox: the core walk in the other browser: sign in, reload without a server, save, be killed, start again, send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.doors import LIVED_IN, UNIT, visit, words
from tests.browser.firefox import FIREFOX, Firefox
from tests.browser.office import Office
from tests.conftest import missing_tool
from tests.proxy import Proxy
from tests.server import Server

READY = re.compile(words("%(time)s received", time=r"\d\d:\d\d"))


@pytest.fixture
def firefox(proxy: Proxy, tmp_path: Path) -> Iterator[Firefox]:
    """Li's other phone."""
    if FIREFOX is None:
        missing_tool("firefox-esr")
    made = Firefox(tmp_path / "firefox", proxy.url).open()
    yield made
    made.close()


def test_li_walks_with_firefox_without_a_server_is_cut_off_and_sends_each_visit_once(
    firefox: Firefox, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    firefox.sign_in("li")
    firefox.until(
        lambda: (
            READY.search(firefox.text("#status"))
            and firefox.page.execute_script("return Boolean(navigator.serviceWorker.controller)")
        )
    )
    firefox.go("/today")
    firefox.until(lambda: READY.search(firefox.text("#status")))
    firefox.close()
    server.stop()
    firefox.open().go(UNIT)
    assert firefox.text("h1") == "3号楼 1单元"
    firefox.find(f"button[formaction='{visit(LIVED_IN[0])}']").click()
    firefox.until(lambda: LIVED_IN[0] in firefox.text("[data-toast] [role=status]"))
    firefox.kill()
    firefox.open().go(visit(LIVED_IN[1]))
    firefox.page.execute_script("document.querySelector('input[name=outcome][value=met]').click()")
    firefox.find("button[form=visit]").click()
    firefox.until(lambda: LIVED_IN[1] in firefox.text("[data-toast] [role=status]"))
    firefox.kill()
    firefox.open().go("/sync")
    firefox.until(lambda: words("%(count)s on this phone", count=2) in firefox.text("#status"))
    server.start()
    firefox.find("[data-run]").click()
    office.until(lambda: office.addresses() == sorted(LIVED_IN[:2]))
    firefox.until(lambda: READY.search(firefox.text("#status")))
    assert len(office.operations()) == 2
