"""Doors: how a worker of the cast records visits with a phone, tap by tap, and what the phone says of them."""

from __future__ import annotations

import re
from typing import Any

from babel.messages.pofile import read_po
from playwright.sync_api import Page, expect

from tests.browser.phone import Phone
from tests.cast import named
from tests.server import ROOT

UNIT = "/units/" + named("unit 3-1")
OTHER_UNIT = "/units/" + named("unit 3-2")
# Li's doors behind which somebody lives, staircase by staircase, top floor first, as a round goes.
LIVED_IN = [
    f"3-{unit}-{'3A' if (floor, position) == (3, 1) else f'{floor}0{position}'}"
    for unit in (1, 2)
    for floor in range(6, 0, -1)
    for position in (1, 2)
    if (floor, position) != (1, 2)
]
STORED = """async ([user, store]) => {
  const db = await new Promise((resolve, reject) => {
    const asked = indexedDB.open(`fieldapp:${user}`);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  try {
    return await new Promise((resolve, reject) => {
      const asked = db.transaction(store).objectStore(store).getAll();
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  } finally {
    db.close();
  }
}"""


def _catalog() -> dict[str, Any]:
    folder = ROOT / "fieldapp" / "words" / "zh_Hans_CN" / "LC_MESSAGES"
    with open(folder / "messages.po", "rb") as file:
        found = read_po(file, locale="zh_Hans_CN")
    return {
        message.id[0] if isinstance(message.id, tuple) else message.id: message.string for message in found
    }


CHINESE = _catalog()


def words(english: str, **given: Any) -> str:
    """What the app says in Chinese, the language that the cast begins with."""
    said = CHINESE[english]
    return (said[0] if isinstance(said, tuple) else said) % given


def household(address: str) -> str:
    """The address of one home's page."""
    return "/households/" + named(f"household {address}")


def visit(address: str) -> str:
    """The address of the form for one door."""
    return household(address) + "/visit"


def board_of(address: str) -> str:
    """The address of the board that the door is on."""
    return "/units/" + named("unit " + address.rsplit("-", 1)[0])


def toast(page: Page) -> Any:
    """The line that says what was just saved."""
    return page.locator("[data-toast] [role=status]")


def no_answer(phone: Phone, address: str, page: Page | None = None) -> None:
    """On the board: one tap beside the door, and the board says so."""
    page = page or phone.page
    page.locator(f"button[formaction='{visit(address)}']").click()
    expect(toast(page)).to_contain_text(address)


def meet(phone: Phone, address: str, page: Page | None = None, outcome: str = "met") -> None:
    """On the form: what came of it, then save; the board says so."""
    page = page or phone.page
    page.locator(f"input[name=outcome][value={outcome}]").check(force=True)
    page.locator("button[form=visit]").click()
    expect(page).to_have_url(re.compile("/units/"))
    expect(toast(page)).to_contain_text(address)


def status(page: Page) -> Any:
    """The line in the header that always says where the work is."""
    return page.locator("#status")


def waits(phone: Phone, count: int, page: Page | None = None) -> None:
    """The header says that so many records wait on this phone."""
    expect(status(page or phone.page)).to_contain_text(
        words("%(count)s on this phone", count=count), timeout=20_000
    )


def received(phone: Phone, page: Page | None = None) -> None:
    """The button has done its work, and the header says that everything has been received, and since when."""
    expect((page or phone.page).locator("[data-run][aria-busy]")).to_have_count(0, timeout=45_000)
    said = re.compile(words("%(time)s received", time=r"\d\d:\d\d"))
    expect(status(page or phone.page)).to_have_text(said, timeout=45_000)


def send(phone: Phone) -> None:
    """On the sync screen: the button."""
    phone.go("/sync")
    phone.page.locator("[data-run]").click()


def walked_in(phone: Phone) -> Phone:
    """On the first board, by taps, and at rest.

    A page that is opened asks the server, and history comes in the background; neither may be what the network harms.
    """
    phone.until_quiet()
    send(phone)
    received(phone)
    phone.page.locator("nav.tabs a[href='/buildings']").click()
    phone.page.locator(f"a[href='{UNIT}']").click()
    phone.page.locator(f"a[href='{visit(LIVED_IN[0])}']").first.wait_for()
    return phone


def operations(phone: Phone, person: str) -> list[dict[str, Any]]:
    """The operations of one person that this phone holds, sent or not, in their order."""
    found: list[dict[str, Any]] = phone.evaluate(STORED, [named(f"account {person}"), "ops"])
    return found


def drafts(phone: Phone, person: str) -> list[dict[str, Any]]:
    """The half-filled forms of one person that this phone holds."""
    found: list[dict[str, Any]] = phone.evaluate(STORED, [named(f"account {person}"), "drafts"])
    return found


def restarted(phone: Phone, path: str) -> Phone:
    """Closed and opened again in peace: a browser writes its cookies down late, and a killed one forgets who signed in."""
    phone.close()
    return phone.open(path)
