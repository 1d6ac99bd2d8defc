"""Storage: a full phone refuses in words and keeps the form; and a save is on the disk before it is called saved."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.doors import LIVED_IN, UNIT, meet, no_answer, operations, visit, waits, words
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.cast import named
from tests.conftest import missing_tool
from tests.processes.small_disk import small_disk
from tests.proxy import Proxy
from tests.server import Server

FULL = "This phone is full, so nothing was saved. Free some space, then save again; what you entered is kept here."
UNSAVED = (
    "Not saved: there is no connection, or this phone is full. What you entered is still here; try again."
)
# One write into a database of the test's own, as durable as it is told to be.
WRITE = """async (durability) => {
  const db = await new Promise((resolve, reject) => {
    const asked = indexedDB.open("a-test-of-durability", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("notes", { autoIncrement: true });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const tx = db.transaction("notes", "readwrite", { durability });
  tx.objectStore("notes").put("one note");
  await new Promise((resolve, reject) => { tx.oncomplete = resolve; tx.onabort = reject; });
  db.close();
  return true;
}"""


def test_a_full_phone_says_so_and_keeps_what_li_entered(li: Phone, proxy: Proxy) -> None:
    proxy.mode = "refuse"
    li.close()
    page = li.open().page
    # Before the first write: Chromium remembers for a while how much room it found.
    devtools = li.context.new_cdp_session(page)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": li.url, "quotaSize": 1})
    li.go(visit(LIVED_IN[0]))
    page.locator("input[name=outcome][value=met]").check(force=True)
    page.locator("#note").fill("满了也不能丢")
    page.locator("button[form=visit]").click()
    expect(page.locator("[role=alert].card")).to_contain_text(words(FULL))
    expect(page.locator("#note")).to_have_value("满了也不能丢")
    expect(page.locator("input[name=outcome][value=met]")).to_be_checked()
    assert operations(li, "li") == []
    # Some space was made.
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": li.url})
    page.locator("button[form=visit]").click()
    expect(page).to_have_url(re.compile("/units/"))
    waits(li, 1)
    li.go("/sync")
    expect(page.locator("dl.facts")).to_contain_text(words("Storage"))


def test_on_a_full_disk_of_8_mebibytes_chromium_says_so_keeps_the_form_and_has_what_was_saved_before(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    """The disk itself, of which the browser's own count of what is left knows nothing."""
    li.close()
    memory, before = li.profile / "Default" / "IndexedDB", li.profile / "before"
    memory.rename(before)
    with small_disk(memory) as disk:
        shutil.copytree(before, memory, dirs_exist_ok=True)
        li.open("/today")
        page = li.page
        proxy.mode = "refuse"
        li.go(UNIT)
        no_answer(li, LIVED_IN[0])
        li.go(visit(LIVED_IN[1]))
        disk.fill()
        page.locator("#note").fill("满了也不能丢")
        page.locator("input[name=outcome][value=met]").check(force=True)
        for _ in range(3):
            page.locator("button[form=visit]").click()
            expect(page.get_by_text(words(UNSAVED))).to_be_visible()
            expect(page.locator("#note")).to_have_value("满了也不能丢")
            expect(page.locator("input[name=outcome][value=met]")).to_be_checked()
        li.kill()
        disk.free()
        li.open(visit(LIVED_IN[1]))
        waits(li, 1)
        meet(li, LIVED_IN[1])
        waits(li, 2)
        proxy.mode = "pass"
        office = Office(server)
        li.go("/sync")
        page = li.page
        page.locator("[data-run]").click()
        office.until(lambda: office.addresses() == sorted(LIVED_IN[:2]))
        assert len(office.operations()) == 2
        li.kill()


# A store that is busy for as long as another tab pleases, and a page whose patience is over in a second.
HOLD = """async (user) => {
  const db = await new Promise((resolve) => {
    const asked = indexedDB.open(`fieldapp:${user}`);
    asked.onsuccess = () => resolve(asked.result);
  });
  const ops = db.transaction("ops", "readwrite").objectStore("ops");
  window.held = true;
  const hold = () => { if (window.held) ops.count().onsuccess = hold; else db.close(); };
  hold();
}"""
IMPATIENT = """const kept = Object.getOwnPropertyDescriptor(XMLHttpRequest.prototype, "timeout");
Object.defineProperty(XMLHttpRequest.prototype, "timeout", { set(value) { kept.set.call(this, value / 90); } });"""


def test_a_store_that_never_answers_is_said_to_have_saved_nothing_and_a_second_save_is_no_second_visit(
    li: Phone, proxy: Proxy
) -> None:
    proxy.mode = "refuse"
    li.context.add_init_script(IMPATIENT)
    page = li.go(visit(LIVED_IN[0])).page
    page.locator("input[name=outcome][value=met]").check(force=True)
    page.locator("#note").fill("卡住了也不能丢")
    other = li.context.new_page()
    other.goto(li.url + "/today")
    other.evaluate(HOLD, named("account li"))
    page.locator("button[form=visit]").click()
    expect(page.get_by_text(words(UNSAVED))).to_be_visible()
    expect(page.locator("#note")).to_have_value("卡住了也不能丢")
    other.evaluate("() => { window.held = false; }")
    meet(li, LIVED_IN[0])
    assert [one["patch"]["note"] for one in operations(li, "li") if one["kind"] == "visit"] == [
        "卡住了也不能丢"
    ]


class Syncs:
    """What a running strace saw: the moments at which the browser asked for its IndexedDB files to be on the disk."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def moments(self) -> list[float]:
        """Seconds since 1970 of each fsync or fdatasync of a file of IndexedDB."""
        found = re.findall(
            r"^(?:\d+ +)?(\d+\.\d+) f(?:data)?sync\([^)]*IndexedDB", self.log.read_text(), re.M
        )
        return [float(one) for one in found]


@contextmanager
def syncs(phone: Phone, log: Path) -> Iterator[Syncs]:
    """Watch every process of the phone's browser."""
    if shutil.which("strace") is None:
        missing_tool("strace")
    pids = [word for process in phone.processes() for word in ("-p", str(process.pid))]
    watch = subprocess.Popen(
        ["strace", "-f", "-ttt", "-y", "-e", "trace=fsync,fdatasync", "-o", str(log), *pids],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert watch.stderr is not None
        said = watch.stderr.readline()
        if "attached" not in said:
            missing_tool(f"permission to trace processes ({said.strip()})")
        yield Syncs(log)
    finally:
        watch.terminate()
        watch.communicate()


def test_a_save_is_on_the_disk_before_li_is_told_that_it_is_saved(
    li: Phone, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, LIVED_IN[0])
    li.evaluate(WRITE, "relaxed")
    with syncs(li, tmp_path / "syncs") as seen:
        quiet = len(seen.moments())
        for _ in range(5):
            li.evaluate(WRITE, "relaxed")
        relaxed = len(seen.moments()) - quiet
        for _ in range(5):
            li.evaluate(WRITE, "strict")
        li.until(lambda: len(seen.moments()) - quiet - relaxed >= 5)
        strict = len(seen.moments()) - quiet - relaxed
        for address in LIVED_IN[1:6]:
            start = time.time()
            no_answer(li, address)
            shown = time.time()
            during = [moment for moment in seen.moments() if start <= moment <= shown]
            assert during, f"{address} was called saved before anything was on the disk"
        print(f"\nfsyncs of five writes: relaxed {relaxed}, strict {strict}")
        assert relaxed < 5 <= strict
    li.go(visit(LIVED_IN[6]))
    meet(li, LIVED_IN[6])
