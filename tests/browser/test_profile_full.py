"""The phone's disk: 8 MiB, and full; what was called saved is there, what was not is refused in words or kept as it was typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError

from tests.browser.conftest import Phones
from tests.browser.doors import LIVED_IN, UNIT, no_answer, operations, received, send, visit
from tests.browser.office import Office
from tests.processes.small_disk import small_disk
from tests.proxy import Proxy
from tests.server import Server

SAVED = "[data-toast] [role=status]"
REFUSED = "[role=alert]"


@pytest.mark.slow
def test_on_a_disk_of_eight_mebibytes_that_fills_up_nothing_is_falsely_called_saved(
    phones: Phones, proxy: Proxy, server: Server, tmp_path: Path
) -> None:  # P1
    cache = f"--disk-cache-dir={tmp_path / 'cache'}"
    with small_disk(tmp_path / "phone-li") as disk:
        li = phones(
            "li",
            args=[
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                cache,
            ],
        )
        li.open().sign_in("li").until_ready()
        proxy.mode = "refuse"
        page = li.go(UNIT).page
        no_answer(li, LIVED_IN[0])
        disk.fill()
        promised = [LIVED_IN[0]]
        refusals = 0
        for address in LIVED_IN[1:10]:
            try:
                li.go(visit(address))
                page.locator("input[name=outcome][value=no_answer]").check(force=True, timeout=5000)
                page.evaluate("() => document.querySelector('button[form=visit]').click()")
                shown = page.locator(f"{SAVED}:has-text('{address}'), {REFUSED}:visible").first
                shown.wait_for(timeout=10_000)
                said = page.locator(SAVED).all_inner_texts()
            except PlaywrightError:
                # The browser itself gives up on a full disk: nothing was called saved.
                refusals += 1
                continue
            if any(address in words for words in said):
                promised.append(address)
            else:
                refusals += 1
        print(f"\non a full disk: {len(promised) - 1} called saved, {refusals} refused")
        disk.free()
        li.kill()
        # A browser whose disk was full may have dropped the worker; with a signal it comes back.
        proxy.mode = "pass"
        li.open("/sync").until_ready()
        kept = len(operations(li, "li"))
        assert kept >= len(promised), "everything that was called saved is there"
        send(li)
        received(li)
        arrived = Office(server).addresses()
        assert len(arrived) == kept
        assert set(promised) <= set(arrived)
        assert len(set(arrived)) == len(arrived)
        li.close()
