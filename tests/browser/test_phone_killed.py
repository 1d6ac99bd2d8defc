"""The phone: its browser killed at random moments, in the middle of a save, an exchange, an update, a photo; nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from random import Random
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.doors import LIVED_IN, STORED, board_of, drafts, operations, received, send, visit
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.browser.test_photos import blobs as photos_of
from tests.browser.test_photos import take
from tests.browser.test_update import UPDATE, next_server  # noqa: F401  (a fixture)
from tests.cast import named
from tests.photos.pictures import picture
from tests.proxy import Proxy
from tests.server import Server

# Tells the test the moment at which a page says that something is saved: that is a promise.
LISTEN = """() => {
  const said = () => {
    const line = document.querySelector("[data-toast] [role=status]");
    if (line?.textContent.trim()) window.promised(line.textContent);
  };
  new MutationObserver(said).observe(document, { childList: true, subtree: true, characterData: true });
}"""
SAVE = """() => { document.querySelector("button[form=visit]").click(); }"""
pytestmark = pytest.mark.slow


class Killed:
    """A phone that is killed again and again; `promised` is what its pages ever called saved."""

    def __init__(self, phone: Phone, request: pytest.FixtureRequest) -> None:
        self.phone = phone
        self.promised: set[str] = set()
        self.times = int(request.config.getoption("--kills")) // 2
        self.seed = str(request.config.getoption("--seed") or "doors")
        self.random = Random(self.seed)
        self.pause = threading.Event()
        self.aimed_at: list[int] = []

    def open(self, path: str) -> Phone:
        """Started again, listened to, at an address."""
        self.phone.open()
        self.phone.context.expose_function("promised", lambda words: self.promised.add(words))
        self.phone.context.add_init_script(f"({LISTEN})()")
        return self.phone.go(path)

    def kill_within(self, seconds: float) -> None:
        """At a random moment of the next so many seconds; `aim` was called before."""
        self.pause.wait(self.random.random() * seconds)
        for pid in self.aimed_at:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.phone.kill()

    def aim(self) -> None:
        """Look up whom to kill: that takes longer than a save."""
        self.aimed_at = [process.pid for process in self.phone.processes()]

    def was_promised(self, address: str) -> bool:
        """Whether a page had called the visit at this door saved."""
        return any(address in words for words in self.promised)

    def held(self, address: str) -> list[dict[str, Any]]:
        """The phone's operations for this door, sent or not."""
        household = named(f"household {address}")
        return [one for one in operations(self.phone, "li") if one["patch"].get("household") == household]

    def acknowledged(self) -> int:
        """How many operations the phone takes for received."""
        found = self.phone.evaluate(STORED, [named("account li"), "meta"])
        return next((one["acked"] for one in found if isinstance(one, dict) and "acked" in one), 0)


@pytest.fixture
def killed(li: Phone, request: pytest.FixtureRequest) -> Killed:
    """Li's phone, closed in peace once so that it remembers who signed in."""
    li.close()
    return Killed(li, request)


def test_the_browser_is_killed_in_the_middle_of_a_save(
    killed: Killed, proxy: Proxy, server: Server
) -> None:  # P1
    proxy.mode = "refuse"
    saved: list[str] = []
    met = again = 0
    for number in range(killed.times):
        address = LIVED_IN[number % len(LIVED_IN)]
        before = saved.count(address)
        page = killed.open(visit(address)).page
        page.locator("input[name=outcome][value=no_answer]").check(force=True)
        killed.promised.clear()
        killed.aim()
        page.evaluate(SAVE)
        killed.kill_within(0.1)
        killed.open(visit(address))
        held = len(killed.held(address)) - before
        assert held in (0, 1), "a save is there once or not at all"
        if killed.was_promised(address):
            met += 1
            assert held == 1, f"seed {killed.seed}: {address} was called saved and is not there"
        if not held:
            again += 1
        saved += [address] * held
        kept = {one["group"] for one in killed.held(address)}
        left = [one for one in drafts(killed.phone, "li") if kept & set(one["fresh_id"])]
        assert left == [], "what was saved is no draft any more"
        killed.phone.close()
    print(
        f"\nseed {killed.seed}: {killed.times} kills during a save, {met} after it was called saved, {again} before it was"
    )
    assert [one["n"] for one in operations(killed.open("/sync"), "li")] == list(range(1, len(saved) + 1))
    proxy.mode = "pass"
    if saved:
        send(killed.phone)
        received(killed.phone)
    assert Office(server).addresses() == sorted(saved)


def test_the_browser_is_killed_in_the_middle_of_an_exchange(
    killed: Killed, proxy: Proxy, server: Server
) -> None:  # P4
    office = Office(server)
    proxy.shape(60_000, latency=0.1)
    saved: list[str] = []
    halfway = 0
    for number in range(killed.times):
        address = LIVED_IN[number % len(LIVED_IN)]
        proxy.mode = "refuse"
        page = killed.open(visit(address)).page
        page.locator("input[name=outcome][value=no_answer]").check(force=True)
        killed.promised.clear()
        page.evaluate(SAVE)
        killed.phone.until(lambda at=address: killed.was_promised(at))
        saved.append(address)
        seen = proxy.seen("/sync")
        proxy.mode = "pass"
        killed.phone.go("/sync")
        killed.aim()
        page.locator("[data-run]").click()
        killed.phone.until(lambda at=seen: proxy.seen("/sync") > at)
        killed.kill_within(0.5)
        proxy.mode = "refuse"
        killed.open("/sync")
        taken, acknowledged = len(office.operations()), killed.acknowledged()
        assert acknowledged <= taken, f"seed {killed.seed}: {acknowledged} called received, {taken} are there"
        halfway += acknowledged < taken
        killed.phone.close()
    print(
        f"\nseed {killed.seed}: {killed.times} kills during an exchange, {halfway} between the centre's commit and the phone's"
    )
    proxy.shape(None)
    proxy.mode = "pass"
    send(killed.open("/sync"))
    received(killed.phone)
    assert office.addresses() == sorted(saved)
    assert len(office.operations()) == len(saved)


def test_the_browser_is_killed_in_the_middle_of_an_update(
    killed: Killed,
    proxy: Proxy,
    server: Server,
    next_server: Server,  # noqa: F811
) -> None:  # P8
    saved: list[str] = []
    versions = [server, next_server]
    for number in range(max(2, killed.times // 2)):
        address = LIVED_IN[number % len(LIVED_IN)]
        proxy.mode = "refuse"
        page = killed.open(board_of(address)).page
        killed.promised.clear()
        page.locator(f"button[formaction='{visit(address)}']").click()
        killed.phone.until(lambda at=address: killed.was_promised(at))
        saved.append(address)
        versions[0].stop()
        versions.reverse()
        versions[0].start()
        proxy.mode = "pass"
        killed.aim()
        page.evaluate(f"() => {{ ({UPDATE})().catch(() => {{}}); }}")
        killed.kill_within(0.6)
        # Without signal: whichever version it is, all of it is there.
        proxy.mode = "refuse"
        assert len(operations(killed.open(board_of(address)), "li")) == number + 1
        cells = killed.phone.page.locator(f".cell.no_answer:has(a[href='{visit(address)}'])")
        expect(cells).to_be_visible()
        killed.phone.close()
    proxy.mode = "pass"
    send(killed.open("/sync"))
    received(killed.phone)
    assert Office(server).addresses() == sorted(saved)


def uploads(proxy: Proxy) -> int:
    """How many requests of an upload went through: a new one begins with one address and goes on under another."""
    return sum("/uploads" in one for one in proxy.requests)


def test_the_browser_is_killed_in_the_middle_of_a_photo(
    killed: Killed, proxy: Proxy, server: Server
) -> None:  # P23
    office = Office(server)
    proxy.shape(120_000, latency=0.1)
    taken: list[str] = []
    halfway = 0
    for number in range(max(2, killed.times // 2)):
        address = LIVED_IN[number % len(LIVED_IN)]
        proxy.mode = "refuse"
        page = killed.open(visit(address)).page
        take(page, picture(number))
        expect(page.locator(".shot")).to_have_count(1, timeout=20_000)
        page.locator("input[name=outcome][value=no_answer]").check(force=True)
        killed.promised.clear()
        page.evaluate(SAVE)
        killed.phone.until(lambda at=address: killed.was_promised(at))
        taken += operations(killed.phone, "li")[-1]["files"]
        seen = uploads(proxy)
        proxy.mode = "pass"
        killed.phone.go("/sync")
        killed.aim()
        page.locator("[data-run]").click()
        killed.phone.until(lambda at=seen: uploads(proxy) > at)
        killed.kill_within(2)
        proxy.mode = "refuse"
        held = {one["hash"] for one in photos_of(killed.open("/sync"))}
        here = {one["hash"] for one in office.rows("SELECT hash FROM sync_blob")}
        assert set(taken) <= held | here, f"seed {killed.seed}: a photo is on neither side"
        halfway += taken[-1] not in here
        killed.phone.close()
    print(f"\nseed {killed.seed}: {len(taken)} kills during a photo, {halfway} before it was whole")
    proxy.shape(None)
    proxy.mode = "pass"
    send(killed.open("/sync"))
    killed.phone.until(lambda: send(killed.phone) or not photos_of(killed.phone), seconds=60)
    assert sorted(one["hash"] for one in office.rows("SELECT hash FROM sync_blob")) == sorted(taken)
    assert sorted(hash for one in office.visits() for hash in json.loads(one["photos_here"])) == sorted(taken)
