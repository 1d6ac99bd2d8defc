"""Drill: how long a leader waits on an old phone, for a badge to be read and for the roll call of 500 people; without a network."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import peewee
from playwright.sync_api import Playwright

from fieldapp.config import instant, local_day, now
from fieldapp.db import open_database
from fieldapp.demo.sign_ins import PASSWORD
from fieldapp.drills.make import Expected, Plan, make
from fieldapp.features import declare_all
from fieldapp.people.account import Account
from tests.bench.browser import TAP
from tests.bench.figures import Figure, middle, most
from tests.browser.badges import has_scanner
from tests.browser.phone import Phone
from tests.browser.plain import plain
from tests.browser.slow import share_of_a_core
from tests.proxy import Proxy
from tests.server import Server

PEOPLE, BADGES = 500, 76
# From the picture of a badge to the line that says that its person is in.
SCAN = """(picture) => new Promise((resolve, reject) => {
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], "badge.png", { type: "image/png" }));
  const input = document.querySelector("[data-scan-file]");
  const start = performance.now();
  const line = () => document.querySelector("[data-toast] p")?.textContent;
  const before = line();
  const seen = new MutationObserver(() => {
    if (document.querySelector(".error:not([hidden])")) reject(new Error(document.querySelector("main").innerText));
    if (!line() || line() === before) return;
    seen.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
  });
  seen.observe(document.body, { childList: true, subtree: true });
  input.files = files.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
})"""


def prepared(server: Server, leader: str, supervisor: str) -> str:
    """A drill of 500 people on the server: a dozen groups' worth of staff, and residents of six buildings."""
    declare_all()
    database: peewee.Database = open_database(f"sqlite:///{server.data / 'fieldapp.db'}")
    try:
        account = Account.get(Account.username == leader)
        moment = now()
        day, hour = local_day(moment), timedelta(hours=1)
        facts = {"title": "演习", "place": "广场", "day": day, "commander": supervisor, "stations": ["hose"]}
        facts |= {"starts_at": instant(moment - hour), "ends_at": instant(moment + 3 * hour)}
        people = [
            Expected(
                f"来宾{at}",
                f"{at % 6 + 1}号楼",
                digits=f"{at:04d}",
                address=f"{at % 6 + 1}-{at}",
                floor=at % 11 + 1,
            )
            for at in range(PEOPLE)
        ]
        return make(database, account.community, Plan(facts, people, {account.id: "东门"}), moment)
    finally:
        database.close()


def printed(playwright: Playwright, folder: Path, server: Server, drill: str, supervisor: str) -> list[str]:
    """Pictures of badges as the desk prints them, each cut from the sheet, as base64."""
    screen = {"width": 1000, "height": 1400}
    with Phone(playwright, folder / "drill-desk", server.url, viewport=screen, device_scale_factor=2) as desk:
        sheet = (
            desk.open().sign_in(supervisor, PASSWORD).go(f"/drills/{drill}/badges").page.locator(".badges li")
        )
        return [base64.b64encode(sheet.nth(at).screenshot()).decode() for at in range(BADGES)]


def drill_figures(
    folder: Path, playwright: Playwright, server: Server, leader: str, supervisor: str = "lin"
) -> list[Figure]:
    """Both on a sixth of a core."""
    drill = prepared(server, leader, supervisor)
    pictures = printed(playwright, folder, server, drill, supervisor)
    proxy = Proxy(server.port).start()
    with Phone(playwright, folder / "drill-phone", proxy.url).open() as phone:
        phone.sign_in(leader, PASSWORD).until_ready(300).until_quiet(900)
        has_scanner(phone)
        proxy.mode = "refuse"
        rolls, scans = [], []
        with plain(phone) as bare, share_of_a_core(bare.main_process) as how:
            bare.go("/today")
            for _ in range(24):
                rolls.append(bare.look().evaluate(TAP, f"main a[href='/drills/{drill}']"))
                bare.evaluate(TAP, "a.back")
            bare.go(f"/drills/{drill}/scan")
            bare.until("() => document.querySelector('[data-script] .pair:not([hidden])')?.isConnected")
            for picture in pictures:
                scans.append(bare.look().evaluate(SCAN, picture))
    proxy.stop()
    done = f"{PEOPLE} people, {how.split(' ')[0]}"
    return [
        Figure("a sixth of a core: roll call of 500, p50", middle(rolls[1:]), "ms", 450, floor_is=done),
        Figure("a sixth of a core: badge to 'in', p95", most(scans), "ms", 1000,
               floor_is=f"{BADGES} badges of a printed sheet, the first {scans[0]:.0f} ms"),
    ]  # fmt: skip
