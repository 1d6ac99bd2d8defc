"""Leaflet rounds: two helpers on old phones in a stairwell, what their phones hold, and where requests go."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, expect

from fieldapp.declare.registry import registry
from fieldapp.features import declare_all
from tests.browser.conftest import Phones
from tests.browser.doors import STORED, household, meet, received, send, toast, visit, waits, words
from tests.browser.office import Office
from tests.browser.phone import SCREEN, Phone
from tests.browser.test_accessible import SMALLEST_TARGET, TOO_SMALL, TOO_WIDE, complaints
from tests.cast import named
from tests.proxy import Proxy
from tests.server import Server

ROUND = "/leaflets/" + named("round dogs")
BOARD = ROUND + "/" + named("unit 3-1")
# Every record and every other thing in every store of every database on the phone.
EVERYTHING = """async () => {
  const found = {};
  const done = (asked) => new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  for (const { name } of await indexedDB.databases()) {
    const db = await done(indexedDB.open(name));
    for (const store of db.objectStoreNames)
      found[`${name}/${store}`] = await done(db.transaction(store).objectStore(store).getAll());
    db.close();
  }
  return found;
}"""


def door(address: str) -> str:
    """The address of one door of the round."""
    return "/leaflet-doors/" + named(f"round door {address}")


def mark(phone: Phone, address: str, outcome: str) -> None:
    """On the board: one tap; the board says so."""
    phone.page.locator(f"button[formaction='{door(address)}'][value={outcome}]").click()
    expect(toast(phone.page)).to_contain_text(address)


def cell(phone: Phone, address: str) -> Locator:
    """The door on the board."""
    return phone.page.locator(f"a.door[href='{door(address)}']")


@pytest.fixture
def chen(phone: Phone) -> Phone:
    """Chen's phone with the round on it."""
    return phone.sign_in("chen").until_ready()


def test_chen_marks_doors_by_one_tap_in_the_basement_and_takes_one_back(
    chen: Phone, proxy: Proxy, server: Server
) -> None:
    chen.until_quiet()
    proxy.mode = "refuse"
    page = chen.go("/today").page
    page.locator(f"a[href='{ROUND}']").click()
    expect(page.locator("h1")).to_have_text("文明养犬")
    page.locator(f"a[href='{BOARD}']").click()
    # Of the 20 that Chen was given, one was handed before.
    hand = page.locator(".coverage .eyebrow")
    expect(hand).to_contain_text(words("%(count)s in hand", count=19))
    page.locator("summary").click()
    expect(page.get_by_text("清理粪便")).to_be_visible()
    mark(chen, "3-1-602", "left")
    mark(chen, "3-1-601", "handed")
    mark(chen, "3-1-501", "no_answer")
    mark(chen, "3-1-502", "refused")
    expect(hand).to_contain_text(words("%(count)s in hand", count=17))
    expect(cell(chen, "3-1-601")).to_contain_text(words("Handed"))
    expect(cell(chen, "3-1-501")).to_contain_text(words("No answer"))
    # A door without an answer can be marked again, the others are done.
    expect(page.locator(f"button[formaction='{door('3-1-501')}']")).to_have_count(4)
    expect(page.locator(f"button[formaction='{door('3-1-601')}']")).to_have_count(0)
    page.locator("[data-toast] button").click()
    expect(cell(chen, "3-1-502")).not_to_contain_text(words("Not wanted"))
    page.get_by_role("link", name=re.compile(words("Next staircase · %(name)s", name=""))).click()
    expect(page.locator("h1")).to_have_text("3号楼 2单元")
    proxy.mode = "pass"
    send(chen)
    received(chen)
    found = Office(server).rows("SELECT * FROM round_door WHERE marks > 0 ORDER BY address")
    assert [(one["address"], one["outcome"], one["done"]) for one in found] == [
        ("3-1-501", "no_answer", 0),
        ("3-1-601", "handed", 1),
        ("3-1-602", "left", 1),
        ("3-2-502", "handed", 1),
    ]


def test_chens_phone_holds_nothing_of_who_lives_behind_the_doors(chen: Phone, proxy: Proxy) -> None:  # P21
    chen.until_quiet()
    chen.go(BOARD)
    mark(chen, "3-1-601", "handed")
    send(chen)
    received(chen)
    stores = chen.evaluate(EVERYTHING)
    records = next(rows for name, rows in stores.items() if name.endswith("/records"))
    kinds = {row["kind"] for row in records}
    assert {"leaflet_round", "round_door", "leaflet_event"} <= kinds
    declare_all()
    narrow = {
        kind
        for kind, one in registry.records.items()
        if one.channels() and all("grid" in name for name in one.channels())
    }
    assert {"household", "care_person", "visit", "hazard"} <= narrow and not kinds & narrow
    text = json.dumps(stores, ensure_ascii=False)
    assert "3-1-601" in text
    for told in ("王建国", "wang jianguo", "000-1388", "赵奶奶", '"living_alone"', '"rented"', "六年了"):
        assert told not in text, told
    # The app's own shape is on every phone, with channels as patterns; Chen holds none of the grid.
    assert not re.search("(grid|care):[0-9a-f]{8}", text)


def lines(saves: list[tuple[str, str]]) -> list[list[str]]:
    """(address, outcome) as the page posts them: where to, and the body."""
    return [[door(address), f"outcome={outcome}"] for address, outcome in saves]


# As fast as a thumb that never tires: every save is a form of its own, answered by the phone itself.
POST = """async (saves) => {
  for (const [path, body] of saves) {
    const answer = await fetch(path, {
      method: "POST", redirect: "manual", body, headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    if (answer.type !== "opaqueredirect") return `${path}: ${answer.status}`;
  }
  return "saved";
}"""
DOORS = [
    f"3-{unit}-{'3A' if (floor, position) == (3, 1) else f'{floor}0{position}'}"
    for unit in (1, 2)
    for floor in range(1, 7)
    for position in (1, 2)
]


def hand_out(phone: Phone, handed: int, left: int) -> None:
    """So many leaflets, door after door, round and round; all without a signal."""
    outcomes = ["handed"] * handed + ["left"] * left
    saves = [(DOORS[at % len(DOORS)], outcome) for at, outcome in enumerate(outcomes)]
    assert phone.evaluate(POST, lines(saves)) == "saved"


def stock(desk: Phone, person: str, move: str, count: int) -> None:
    """At the desk: leaflets change hands."""
    page = desk.page
    page.locator("#move").select_option(move)
    page.locator("select[name=user]").select_option(named(f"account {person}"))
    page.locator("#count").fill(str(count))
    page.get_by_role("button", name=words("Enter")).click()
    expect(page.locator("#count")).to_have_value("")


def test_what_somebody_asks_chen_in_the_basement_stands_on_lis_today_until_she_visits(
    chen: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    proxy.mode = "refuse"
    page = chen.go(door("3-1-601")).page
    page.get_by_role("link", name=words("Request")).click()
    page.locator("#text").fill("楼道灯坏了三天")
    page.locator("label", has=page.locator("input[name=please_come]")).click()
    page.locator("button[form=form]").click()
    expect(toast(page)).to_contain_text("3-1-601")
    waits(chen, 1)
    proxy.mode = "pass"
    send(chen)
    received(chen)
    li = phones("li").open().sign_in("li").until_ready()
    proxy.mode = "refuse"
    asking = li.go("/today").page.locator(f"main a[href='{household('3-1-601')}']").filter(has_text="楼道灯")
    asking.click()
    expect(li.page.locator(".timeline")).to_contain_text(words("Please come"))
    # Chen's phone never held the home; Li's visit answers the request.
    li.go(household("3-1-601") + "/visit")
    meet(li, "3-1-601")
    li.go("/today")
    expect(asking).to_have_count(0)
    # Another one she answers by one tap.
    li.go(household("3-2-502")).page.get_by_role("button", name=words("Answered"), exact=True).click()
    expect(toast(li.page)).to_contain_text("3-2-502")
    expect(li.page.locator(".timeline")).to_contain_text("陈")
    li.go("/today")
    expect(li.page.get_by_text(words("Request"), exact=True)).to_have_count(0)
    proxy.mode = "pass"
    send(li)
    Office(server).until(lambda: not Office(server).rows("SELECT * FROM household WHERE request IS NOT NULL"))


def test_600_leaflets_balance_and_a_door_that_two_mark_offline_is_one_household_with_two_events(
    chen: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    zhou = phones("zhou").open().sign_in("zhou").until_ready()
    desk = phones("zhang", url=f"http://127.0.0.1:{server.port}").open().sign_in("zhang")
    desk.go("/rounds/" + named("round dogs"))
    # Of the 20 that Chen has already, one is handed.
    for person, count in (("chen", 280), ("zhou", 300)):
        stock(desk, person, "issued", count)
    proxy.mode = "refuse"
    for phone in (chen, zhou):
        phone.go(BOARD)
        mark(phone, "3-1-402", "handed" if phone is chen else "left")
    hand_out(chen, 230, 37)  # with the one of before and the one at 3-1-402: 232 and 37
    hand_out(zhou, 199, 80)
    proxy.mode = "pass"
    for phone in (chen, zhou):
        send(phone)
        received(phone)
    for person, move, count in (("chen", "returned", 31), ("zhou", "returned", 16), ("zhou", "spoiled", 4)):
        desk.go("/rounds/" + named("round dogs"))
        expect(desk.page.locator("#balance")).to_contain_text("陈" if person == "chen" else "周")
        stock(desk, person, move, count)
    expect(desk.page.locator("#balance")).to_have_text(words("The balance is complete."))
    # Each reads the same on the own phone: nothing is left, whatever the other had.
    for phone in (chen, zhou):
        send(phone)
        phone.until(
            lambda phone=phone: words("%(count)s in hand", count=0) in phone.go(BOARD).page.inner_text("main")
        )
    row = desk.page.locator("tr", has=desk.page.get_by_role("rowheader", name=words("All"))).last
    expect(row.locator("td")).to_have_text(["600", "431", "118", "47", "4", "0"])
    office = Office(server)
    both = office.rows(
        "SELECT * FROM leaflet_event WHERE round_door = ? AND device_time < ?",
        named("round door 3-1-402"),
        "2026-11-24",
    )
    assert {one["author"] for one in both} == {named("account chen"), named("account zhou")}
    reached = office.rows("SELECT * FROM round_door WHERE address = '3-1-402'")
    assert [(one["outcome"], one["marks"]) for one in reached] == [("handed", len(both))]


def test_li_loses_her_grid_and_chen_the_round_while_work_waits_and_all_of_it_is_found_at_the_desk(
    phone: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    desk = phones("zhang", url=f"http://127.0.0.1:{server.port}").open().sign_in("zhang")
    page = desk.go("/rounds/" + named("round dogs")).page
    page.locator("label", has=page.locator(f"input[value='{named('account li')}']")).click()
    page.get_by_role("button", name=words("Add helpers")).click()
    expect(page.get_by_role("button", name=words("Take off: %(name)s", name="李"))).to_be_visible()
    li = phone.sign_in("li").until_ready()
    chen = phones("chen").open().sign_in("chen").until_ready()
    proxy.mode = "refuse"
    li.go(BOARD)
    mark(li, "3-1-601", "handed")
    li.go(visit("3-1-602"))
    meet(li, "3-1-602")
    chen.go(BOARD)
    mark(chen, "3-1-501", "left")
    server.command("user", "move", "li", "--grid", "四网格")
    page.get_by_role("button", name=words("Take off: %(name)s", name="陈")).click()
    expect(page.get_by_role("button", name=words("Take off: %(name)s", name="陈"))).to_have_count(0)
    proxy.mode = "pass"
    for one in (li, chen):
        send(one)
    office = Office(server)
    office.until(lambda: len(office.operations()) == 3)
    # Li still helps with the round: her leaflet is in the books. Her visit and Chen's leaflet wait for a person.
    ended = {(one["kind"], one["user"]): (one["status"], one["reason"]) for one in office.operations()}
    assert ended == {
        ("leaflet_event", named("account li")): ("applied", None),
        ("visit", named("account li")): ("review", "left_scope"),
        ("leaflet_event", named("account chen")): ("review", "left_scope"),
    }
    desk.go("/review")
    rows = page.locator("#queue a.q").filter(has_text=words("Out of the area"))
    expect(rows).to_have_count(2)
    rows.filter(has_text="李").click()
    expect(page.locator("main")).to_contain_text("3-1-602")
    # The round has left Chen's phone, and with it everything of its doors but what waits.
    chen.until(
        lambda: (
            not [
                row
                for row in chen.evaluate(STORED, [named("account chen"), "records"])
                if row["kind"] == "leaflet_round"
            ]
        )
    )
    chen.go("/today")
    expect(chen.page.locator(f"a[href='{ROUND}']")).to_have_count(0)
    desk.go("/review")
    rows.filter(has_text="陈").click()
    expect(page.locator("main")).to_contain_text("3-1-501")
    page.get_by_role("button", name=words("Take it after all")).click()
    office.until(
        lambda: office.rows("SELECT * FROM round_door WHERE address = '3-1-501' AND outcome = 'left'")
    )


def test_zhang_makes_a_round_with_a_phone_and_its_pages_are_for_everyone(
    phones: Phones, server: Server
) -> None:
    zhang = phones("zhang", url=f"http://127.0.0.1:{server.port}").open().sign_in("zhang")
    page = zhang.go("/rounds").page
    page.get_by_text(words("New round")).click()
    found = faults(zhang)
    page.get_by_role("button", name=words("Make the round")).click()
    expect(page.locator("[role=alert].card")).to_be_visible()
    page.locator("#topic").fill("消防安全")
    page.locator("#points").fill("人走电断\n楼道不堆物")
    page.locator("#first_day").fill("2026-11-23")
    page.locator("#last_day").fill("2026-11-29")
    page.locator("label", has=page.locator(f"input[value='{named('building 4')}']")).click()
    page.locator("label", has=page.locator(f"input[value='{named('account zhou')}']")).click()
    page.get_by_role("button", name=words("Make the round")).click()
    expect(page.locator("h1")).to_have_text("消防安全")
    expect(page.locator("tr", has_text="4号楼 1单元").locator("td").first).to_have_text("11")
    stock(zhang, "zhou", "issued", 50)
    expect(page.locator("#balance")).to_have_text(
        words("%(count)s still with %(name)s.", count=50, name="周")
    )
    found += faults(zhang)
    page.get_by_role("button", name=words("Close the round")).click()
    expect(page.locator("#balance")).to_have_text(
        words("%(count)s missing with %(name)s.", count=50, name="周")
    )
    assert found == []


def faults(phone: Phone) -> list[str]:
    """What axe, a narrow screen with large text and a thumb have against the page."""
    found = complaints(phone, phone.page.url) + phone.evaluate(TOO_SMALL, SMALLEST_TARGET)
    phone.page.set_viewport_size({"width": 320, "height": 640})
    for size in ("200%", "100%"):
        phone.evaluate("(size) => { document.documentElement.style.fontSize = size; }", size)
        found += phone.evaluate(TOO_WIDE)
    phone.page.set_viewport_size(SCREEN)
    return found
