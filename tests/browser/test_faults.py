"""Faults: phones copied and restored, clocks a day off, tabs that hold on, memory and workers that go; each visit arrives once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SET_CLOCK, Phones
from tests.browser.doors import LIVED_IN, UNIT, no_answer, operations, received, send, waits, words
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.browser.test_update import NEXT, UPDATE, next_version
from tests.cast import named
from tests.proxy import Proxy
from tests.server import Server

FIRST, SECOND, THIRD = LIVED_IN[:3]
LIS = "fieldapp:" + named("account li")
HOLD_LOCK = """(name) => new Promise((held) => {
  navigator.locks.request(name, () => { held(true); return new Promise(() => {}); });
})"""
UPGRADE = """async (name) => {
  const { version } = (await indexedDB.databases()).find((one) => one.name === name);
  return new Promise((resolve) => {
    const asked = indexedDB.open(name, version + 1);
    asked.onblocked = () => resolve("blocked");
    asked.onerror = () => resolve("error");
    asked.onsuccess = () => { asked.result.close(); resolve("upgraded"); };
  });
}"""
THROW_AWAY = """(name) => new Promise((resolve, reject) => {
  const asked = indexedDB.deleteDatabase(name);
  asked.onsuccess = () => resolve(true);
  asked.onblocked = asked.onerror = () => reject(new Error("blocked"));
})"""
UNREGISTER = """async () => {
  for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
}"""


def copy(of: Phone, to: Path) -> None:
    """The phone's storage, byte for byte; it must be off."""
    shutil.copytree(of.profile, to, ignore=shutil.ignore_patterns("Singleton*"))


def test_a_copied_phone_and_its_original_both_send_and_each_visit_arrives_once(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    li.go(UNIT)
    no_answer(li, FIRST)
    received(li)
    twin = phones("twin")
    li.close()
    copy(li, twin.profile)
    proxy.mode = "refuse"
    for one, address in ((li, SECOND), (twin, THIRD)):
        one.open(UNIT)
        no_answer(one, address)
    proxy.mode = "pass"
    for one in (li, twin):
        one.until(lambda one=one: send(one) or all(op["acked"] for op in operations(one, "li")))
    assert office.addresses() == sorted([FIRST, SECOND, THIRD])
    assert len({op["device"] for op in office.operations()}) == 2
    assert len(office.operations()) == 3


def test_a_phone_restored_from_an_older_copy_sends_what_it_saves_then_and_nothing_twice(
    li: Phone, proxy: Proxy, server: Server, tmp_path: Path
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, FIRST)
    waits(li, 1)
    li.close()
    copy(li, tmp_path / "backup")
    li.open(UNIT)
    no_answer(li, SECOND)
    proxy.mode = "pass"
    send(li)
    received(li)
    li.close()
    shutil.rmtree(li.profile)
    shutil.move(tmp_path / "backup", li.profile)
    proxy.mode = "refuse"
    li.open(UNIT)
    no_answer(li, THIRD)
    waits(li, 2)
    proxy.mode = "pass"
    li.until(lambda: send(li) or all(op["acked"] for op in operations(li, "li")))
    assert office.addresses() == sorted([FIRST, SECOND, THIRD])
    assert len(office.operations()) == 3


@pytest.fixture
def wrong_clock(town_data: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A centre whose clock is right where the phone's is a day off."""
    clock = datetime.now(UTC) + request.param
    made = Server(
        Path(shutil.copytree(town_data, tmp_path / "clock")), FIELDAPP_NOW=clock.isoformat()
    ).start()
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("wrong_clock", "said"),
    [
        (timedelta(days=1, minutes=10), "This phone's clock is %(by)s behind; times are corrected."),
        (timedelta(days=-1, minutes=-10), "This phone's clock is %(by)s ahead; times are corrected."),
    ],
    indirect=["wrong_clock"],
)
def test_a_phone_whose_clock_is_a_day_off_says_so_and_dates_its_visits_rightly(
    wrong_clock: Server, phones: Phones, said: str
) -> None:
    office = Office(wrong_clock)
    li = phones("li", wrong_clock.url).open().sign_in("li").until_ready()
    li.go(UNIT)
    no_answer(li, FIRST)
    li.until(lambda: all(op["acked"] for op in operations(li, "li")))
    expect(li.go("/sync").page.locator("dl.facts")).to_contain_text(
        words(said, by=words("%(hours)s h", hours=24))
    )
    (visit,) = office.visits()
    recorded, arrived = (datetime.fromisoformat(visit[name]) for name in ("device_time", "server_time"))
    assert abs(arrived - recorded) < timedelta(minutes=5)
    assert abs(arrived - datetime.now(UTC)) > timedelta(hours=23)


def test_a_tab_that_froze_with_the_lock_does_not_keep_lis_work_on_the_phone(
    li: Phone, server: Server
) -> None:
    frozen = li.context.new_page()
    frozen.goto(li.url + "/today")
    assert frozen.evaluate(HOLD_LOCK, LIS)
    li.page.bring_to_front()
    li.go(UNIT)
    no_answer(li, FIRST)
    Office(server).until(lambda: Office(server).addresses() == [FIRST])
    li.until(lambda: all(op["acked"] for op in operations(li, "li")))
    assert frozen.evaluate("async () => (await navigator.locks.query()).held.length") == 1


def test_an_old_worker_lets_a_newer_app_upgrade_the_memory_at_once_and_loses_nothing(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, FIRST)
    assert li.evaluate(UPGRADE, LIS) == "upgraded"
    # The old worker can read it no more: the centre answers the same address, and without it there are words.
    proxy.mode = "pass"
    expect(li.go(UNIT).page.locator(".cell")).to_have_count(12)
    assert [one["n"] for one in operations(li, "li")] == [1]
    assert Office(server).operations() == []


def test_a_memory_that_the_browser_threw_away_is_noticed_and_said_with_how_much_waited(
    li: Phone, proxy: Proxy
) -> None:
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, FIRST)
    no_answer(li, SECOND)
    waits(li, 2)
    assert li.evaluate(THROW_AWAY, LIS)
    li.close()
    proxy.mode = "pass"
    li.open("/today").until_ready()
    lost = li.page.locator("[role=alert].card")
    li.until(lambda: li.go("/sync").page.locator("[role=alert].card").count())
    expect(lost).to_contain_text(words("This phone's memory was cleared"))
    expect(lost).to_contain_text("2")
    # It is said again tomorrow, and work goes on.
    li.close()
    li.open(UNIT)
    no_answer(li, THIRD)
    expect(li.go("/sync").page.locator("[role=alert].card")).to_contain_text("2")


def test_work_waits_though_the_worker_is_gone_and_is_sent_when_the_page_brings_it_back(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, FIRST)
    waits(li, 1)
    li.evaluate(UNREGISTER)
    li.close()
    proxy.mode = "pass"
    li.open("/today")
    Office(server).until(lambda: Office(server).addresses() == [FIRST])
    li.until(lambda: all(op["acked"] for op in operations(li, "li")))


def test_a_phone_with_the_old_app_goes_on_sending_to_the_new_centre(
    li: Phone, proxy: Proxy, server: Server, tmp_path: Path
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, FIRST)
    folder = next_version(tmp_path / "next")
    for name in ("sw.js", "sw.js.br", "sw.js.gz"):
        (folder / "static" / "build" / name).unlink()
    server.stop()
    newer = Server(server.data, server.port, folder=folder, **SET_CLOCK).start()
    try:
        proxy.mode = "pass"
        assert not li.evaluate(f"() => ({UPDATE})().catch(() => false)")
        send(li)
        received(li)
        li.go(UNIT)
        no_answer(li, SECOND)
        office.until(lambda: office.addresses() == sorted([FIRST, SECOND]))
        assert office.rows("SELECT app FROM sync_device")[0]["app"] not in ("", NEXT)
    finally:
        newer.stop()
