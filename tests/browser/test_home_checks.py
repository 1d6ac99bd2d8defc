"""Home checks: hazards found in the basement, their rechecks, and a list that changes under a half-done check."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.browser.conftest import Phones
from tests.browser.doors import LIVED_IN, UNIT, drafts, household, send, toast, words
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.browser.test_photos import take
from tests.cast import named
from tests.photos.pictures import picture
from tests.proxy import Proxy
from tests.server import Server

HOME = LIVED_IN[0]
CHECK = household(HOME) + "/check"


def tap(phone: Phone, name: str, value: str) -> None:
    """The large target of one answer."""
    chosen = phone.page.locator(f"input[name='{name}'][value='{value}']")
    phone.page.locator("label", has=chosen).click()
    expect(chosen).to_be_checked()


def answer(phone: Phone, item: str, state: str) -> None:
    """One item of the list, by its large target."""
    tap(phone, f"results.{item}.state", state)


def hazard(phone: Phone, item: str, severity: str, days: int) -> None:
    """A hazard, how bad it is and by when it is to be gone."""
    answer(phone, item, "hazard")
    tap(phone, f"results.{item}.severity", severity)
    phone.page.locator(".entry", has=phone.page.locator(f"[id='results.{item}.state']")).locator(
        "button.chip"
    ).filter(has_text=str(days)).first.click()


def all_in_order(phone: Phone) -> None:
    """One tap for the whole list."""
    phone.page.get_by_role("button", name=words("All in order")).click()


def save(phone: Phone, form: str = "check") -> None:
    """The large button."""
    phone.page.locator(f"button[form={form}]").click()


def test_li_finds_a_charging_battery_and_an_old_hose_offline_and_the_recheck_closes_one(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    proxy.mode = "refuse"
    page = li.go(CHECK).page
    all_in_order(li)
    hazard(li, "ebike_indoors", "serious", 1)
    hazard(li, "gas_hose_old", "minor", 30)
    li.until(lambda: drafts(li, "li"))
    save(li)
    expect(page).to_have_url(re.compile(f"{household(HOME)}$"))
    expect(toast(page)).to_contain_text(HOME)
    li.go("/today")
    tasks = page.locator("main a[href^='/hazards/']").filter(has_text=HOME)
    expect(tasks).to_have_count(2)
    expect(page.locator("main a[href^='/hazards/']").nth(1)).to_contain_text(
        words("E-bike or battery charged indoors")
    )
    li.go(UNIT)
    expect(page.locator(".cell.hazard", has_text=HOME.split("-")[-1])).to_contain_text(words("Serious"))
    li.go("/today").page.locator("main a[href^='/hazards/']").filter(
        has_text=words("E-bike or battery charged indoors")
    ).click()
    tap(li, "found", "gone")
    save(li, "recheck")
    expect(page).to_have_url(re.compile("/hazards$"))
    expect(page.locator("main a[href^='/hazards/']").filter(has_text=HOME)).to_have_count(1)
    proxy.mode = "pass"
    send(li)
    office = Office(server)
    office.until(lambda: len(office.rows("SELECT * FROM recheck WHERE found = 'gone'")) == 1)
    found = office.rows("SELECT * FROM hazard WHERE address = ? ORDER BY severity DESC", HOME)
    assert [(one["item"], one["severity"], one["open"]) for one in found] == [
        ("ebike_indoors", "serious", 0),
        ("gas_hose_old", "minor", 1),
    ]
    check = office.rows("SELECT * FROM home_check WHERE address = ?", HOME)[0]
    states = [row["state"] for row in json.loads(check["results"])]
    assert len(states) == 22 + 1 and states.count("ok") == 20 + 1
    assert {one["home_check"] for one in found} == {check["id"]}


def test_a_hazard_without_severity_or_day_is_asked_for_and_the_rest_of_the_form_is_kept(
    li: Phone, proxy: Proxy
) -> None:
    proxy.mode = "refuse"
    page = li.go(CHECK).page
    all_in_order(li)
    answer(li, "flying_wire", "hazard")
    save(li)
    expect(page.locator("[role=alert].card")).to_be_visible()
    expect(page.locator("[id='error-results.flying_wire.severity']")).to_be_visible()
    expect(page.locator("[id='error-results.flying_wire.fix_by']")).to_be_visible()
    expect(page.locator("input[name='results.hood_grease.state'][value=ok]")).to_be_checked()


def test_as_last_time_shows_li_only_what_was_wrong_then(li: Phone, proxy: Proxy) -> None:
    proxy.mode = "refuse"
    page = li.go(household("3-1-102") + "/check").page
    page.get_by_role("link", name=words("As last time")).click()
    expect(page.locator("form#check > .entry")).to_have_count(1)
    expect(page.locator("form#check > .entry")).to_contain_text(words("hazard last time"))
    expect(page.locator("input[name='results.gas_hose_old.state'][value=hazard]")).to_be_checked()


def test_a_photo_of_the_object_is_taken_with_the_check_and_shown_with_it(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    proxy.mode = "refuse"
    page = li.go(CHECK).page
    expect(page.locator("#photos")).to_contain_text(words("Photos of the object, never of the living space"))
    all_in_order(li)
    take(page, picture(1))
    expect(page.locator("#photos .shot")).to_have_count(1)
    save(li)
    expect(page).to_have_url(re.compile(f"{household(HOME)}$"))
    proxy.mode = "pass"
    send(li)
    office = Office(server)
    found = "SELECT * FROM home_check WHERE address = ? AND photos_here != '[]'"
    (check,) = office.until(lambda: office.rows(found, HOME))
    li.go(f"/checks/{check['id']}")
    li.until("() => document.querySelector('main .shot img')?.naturalWidth > 1")


def test_shared_parts_are_checked_without_a_household(li: Phone, proxy: Proxy, server: Server) -> None:
    page = li.go(UNIT + "/check").page
    tap(li, "place", "corridor")
    all_in_order(li)
    hazard(li, "corridor_piles", "minor", 7)
    save(li)
    expect(page).to_have_url(re.compile(f"{UNIT}$"))
    send(li)
    office = Office(server)
    office.until(lambda: office.rows("SELECT * FROM hazard WHERE place = 'corridor'"))
    found = office.rows("SELECT * FROM hazard WHERE place = 'corridor'")[0]
    assert (found["household"], found["stair_unit"]) == (None, named("unit 3-1"))


def test_the_list_changes_under_a_half_done_check_which_arrives_under_its_own_version(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    page = li.go(CHECK).page
    all_in_order(li)
    li.until(lambda: drafts(li, "li"))
    old = page.locator("input[name=checklist]").input_value()
    proxy.mode = "refuse"
    zhang = phones("zhang", url=f"http://127.0.0.1:{server.port}").open().sign_in("zhang").until_ready()
    zhang.go("/hazards").page.get_by_role("link", name=words("Checklists")).click()
    zhang.page.locator("[id='entries.own-2.text']").fill("阳台晾衣架")
    zhang.page.get_by_role("button", name=words("Save"), exact=True).click()
    # The version of before stands below the new one, each with its own items.
    expect(zhang.page.locator("details")).to_have_count(2)
    expect(zhang.page.locator("details").first).to_contain_text("阳台晾衣架")
    expect(zhang.page.locator("details").last).not_to_contain_text("阳台晾衣架")
    office = Office(server)
    assert len(office.rows("SELECT * FROM checklist")) == 2
    proxy.mode = "pass"
    send(li)
    li.go(CHECK)
    # The half-done check goes on on its own list, another door has the new one.
    expect(page.locator("form#check")).not_to_contain_text("阳台晾衣架")
    save(li)
    expect(toast(page)).to_contain_text(HOME)
    send(li)
    office.until(lambda: office.rows("SELECT * FROM home_check WHERE address = ?", HOME))
    made = office.rows("SELECT * FROM home_check WHERE address = ?", HOME)[0]
    assert made["checklist"] == old == named("checklist")
    li.go(household(LIVED_IN[1]) + "/check")
    expect(page.locator("form#check")).to_contain_text("阳台晾衣架")
