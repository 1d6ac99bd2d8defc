"""Tasks: taken over and given away while phones are offline; what waits on a phone is not lost by it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Phones
from tests.browser.doors import household, send, toast, words
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.browser.test_home_checks import save, tap
from tests.cast import named
from tests.proxy import Proxy
from tests.server import Server

HOSE = named("hazard 3-1-102")
ASKING = "3-2-502"
WANG = named("account wang")


def hose(phone: Phone, path: str) -> Locator:
    """The old hose at 3-1-102 on a page that lists tasks."""
    return phone.go(path).page.locator(f"main a[href='/hazards/{HOSE}']")


def test_li_rechecks_and_answers_offline_what_zhang_meanwhile_gives_to_wang_and_all_of_it_stands(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    server.command("user", "move", "wang", "--grid", "三网格", "--grid", "四网格")
    direct = f"http://127.0.0.1:{server.port}"
    proxy.mode = "refuse"
    li.go(f"/hazards/{HOSE}")
    tap(li, "found", "still")
    li.page.locator("#fix_by").fill("2026-12-05")
    save(li, "recheck")
    expect(li.page).to_have_url(re.compile("/hazards$"))
    li.go(household(ASKING)).page.get_by_role("button", name=words("Answered"), exact=True).click()
    expect(toast(li.page)).to_contain_text(ASKING)

    zhang = phones("zhang", url=direct, viewport={"width": 1280, "height": 800}).open().sign_in("zhang")
    zhang.go("/tasks/all").page.locator(f"input[value='hazard:{HOSE}']").check()
    zhang.page.locator("tr", has_text="想问犬证怎么办").locator("input[type=checkbox]").check()
    zhang.page.locator("select[name=member]").select_option(WANG)
    zhang.page.get_by_role("button", name=words("Give"), exact=True).click()
    expect(zhang.page.locator("[role=status]")).to_contain_text("2")

    proxy.mode = "pass"
    send(li)
    office = Office(server)
    office.until(lambda: office.rows("SELECT * FROM recheck WHERE author = ?", named("account li")))
    hazard = office.rows("SELECT * FROM hazard WHERE id = ?", HOSE)[0]
    assert (hazard["assigned"], hazard["fix_by"], hazard["open"]) == (WANG, "2026-12-05", 1)
    asking = office.household(ASKING)
    assert (asking["assigned"], asking["request"]) == (WANG, None)
    assert {one["status"] for one in office.operations()} == {"applied"} and len(office.operations()) == 5
    li.go("/sync").page.locator("[data-run]").click()
    li.until(lambda: hose(li, "/tasks").filter(has_text=words("%(name)s's", name="王")).count())
    wang = phones("wang", url=direct).open().sign_in("wang").until_ready()
    expect(hose(wang, "/today")).to_contain_text(words("yours"))


def test_li_takes_a_hazard_and_a_request_over_and_hands_one_on_without_a_signal(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    proxy.mode = "refuse"
    li.go(f"/hazards/{HOSE}").page.get_by_role("button", name=words("Take over")).click()
    expect(li.page.locator("main .badge.blue")).to_have_text(words("yours"))
    expect(hose(li, "/tasks")).to_contain_text(words("yours"))
    li.go(f"/hazards/{HOSE}/assign")
    # Wang does not work grid three, so nobody hands him what he could not see.
    expect(li.page.locator("label.out")).to_have_text([words("Whoever works the grid"), "李", "张"])
    tap(li, "assigned", named("account zhang"))
    save(li, "assign")
    # Back at the hazard: the line that her first tap left says the same words on the form already.
    expect(li.page).to_have_url(re.compile(f"/hazards/{HOSE}$"))
    expect(toast(li.page)).to_contain_text(words("Assigned"))
    expect(hose(li, "/tasks")).to_contain_text(words("%(name)s's", name="张"))
    asking = li.go("/tasks").page.locator(f"main a[href='{household(ASKING)}']")
    asking.click()
    li.page.get_by_role("button", name=words("Take over")).click()
    expect(toast(li.page)).to_contain_text(ASKING)
    expect(li.go("/tasks").page.locator("main a", has_text="想问犬证怎么办")).to_contain_text(words("yours"))
    proxy.mode = "pass"
    send(li)
    office = Office(server)
    office.until(lambda: office.rows("SELECT * FROM hazard WHERE assigned = ?", named("account zhang"))[:1])
    office.until(lambda: office.household(ASKING)["assigned"] == named("account li"))


def test_li_narrows_her_tasks_to_a_building_without_a_signal(li: Phone, proxy: Proxy) -> None:
    proxy.mode = "refuse"
    rows = li.go("/tasks").page.locator("main ul.list li")
    # Twenty-two visits, a hazard, what was asked for at 3-2-502, and the drill, which is in no building.
    expect(rows).to_have_count(25)
    li.page.locator("select[name=building]").select_option(named("building 3"))
    li.page.get_by_role("button", name=words("Show")).click()
    expect(li.page).to_have_url(re.compile("building="))
    expect(rows).to_have_count(24)
    li.go(f"/tasks?building={named('building 4')}")
    expect(rows).to_have_count(0)
