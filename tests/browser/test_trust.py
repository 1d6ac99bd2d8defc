"""Trust: what Li reads of each record, leaves with work waiting, and carries to the centre in a file."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Phones
from tests.browser.doors import (
    LIVED_IN,
    UNIT,
    meet,
    no_answer,
    operations,
    received,
    send,
    visit,
    waits,
    words,
)
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.proxy import Proxy
from tests.server import Server

FIRST, SECOND, THIRD = LIVED_IN[:3]


def rescued(phone: Phone, folder: Path, link: str = "a[href='/rescue/file']") -> Path:
    """Tap "make a rescue file"; the file that the browser kept."""
    with phone.page.expect_download() as kept:
        phone.page.locator(link).first.click()
    assert kept.value.suggested_filename.endswith(".fieldrescue")
    path = folder / kept.value.suggested_filename
    kept.value.save_as(path)
    return path


def held(path: Path) -> list[str]:
    """The operations in a file, by id."""
    content = json.loads(json.loads(path.read_text())["content"])
    return [op["op"] for person in content["persons"] for op in person["ops"]]


def test_li_reads_of_each_record_where_it_is_and_nothing_leaves_the_list_without_a_word(
    li: Phone, proxy: Proxy
) -> None:
    rows = li.page.locator("#mine li")
    li.go(UNIT)
    no_answer(li, FIRST)
    received(li)
    proxy.mode = "refuse"
    no_answer(li, SECOND)
    li.page.locator("[data-toast] button").click()
    expect(li.page.locator("[data-toast]")).to_have_count(0)
    no_answer(li, THIRD)
    li.go("/sync").page.locator("a[href='/mine']").click()
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_contain_text(THIRD)
    expect(rows.nth(0)).to_contain_text(words("On this phone"))
    expect(rows.nth(1)).to_contain_text(words("Undone"))
    expect(rows.nth(2)).to_contain_text(words("You took it back."))
    expect(rows.nth(3)).to_contain_text(words("in the books"))
    # The receipt has its time, and the sign stands beside the word.
    expect(rows.nth(3).locator(".state time")).to_contain_text(":")
    expect(rows.nth(3).locator(".state .i-state_received")).to_be_visible()
    proxy.mode = "pass"
    send(li)
    received(li)
    li.go("/mine")
    expect(rows).to_have_count(4)
    expect(rows.filter(has_text=words("On this phone"))).to_have_count(0)


def test_a_visit_that_the_centre_holds_back_says_so_at_its_door_on_the_board_and_in_lis_list(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    li.go(visit(FIRST))
    proxy.mode = "refuse"
    meet(li, FIRST)
    # The grid was given to somebody else meanwhile; then it is Li's again.
    grids = Office(server).rows("SELECT grids FROM account WHERE username = 'li'")[0]["grids"]
    Office(server).change("UPDATE account SET role = 'volunteer' WHERE username = 'li'")
    proxy.mode = "pass"
    send(li)
    Office(server).until(lambda: Office(server).operations())
    Office(server).change("UPDATE account SET role = 'grid_worker', grids = ? WHERE username = 'li'", grids)
    li.until(lambda: send(li) or li.go("/mine").page.locator("#mine .state.quarantined").count())
    expect(li.page.locator("#mine li").first).to_contain_text(words("Held back by the centre"))
    expect(li.page.locator("#mine li").first).to_contain_text(words("Your role may not do this."))
    expect(li.page.locator("#mine .state.quarantined .i-state_quarantined").first).to_be_visible()


def test_li_leaves_with_work_waiting_and_is_told_how_many_since_when_and_what_to_do(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    page = li.page
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, FIRST)
    no_answer(li, SECOND)
    li.go("/leave")
    alert = page.locator("[role=alert].card")
    expect(alert).to_contain_text(words("%(count)s record has not been sent yet", count=2))
    expect(alert).to_contain_text(words("%(minutes)s min", minutes=1))
    # Without a signal nobody is signed out, and nothing is cleared.
    assert li.evaluate(
        """async () => (await fetch("/sign-out", {
          method: "POST", body: new URLSearchParams({clear: "1"}), redirect: "manual",
        })).type"""
    )
    assert len(operations(li, "li")) == 2
    proxy.mode = "pass"
    page.locator("[data-run]").click()
    expect(page.locator("#leaving")).to_contain_text(words("Clear this phone"), timeout=30_000)
    assert Office(server).addresses() == sorted([FIRST, SECOND])


def test_a_page_that_offered_to_clear_the_phone_before_the_last_save_clears_nothing(
    li: Phone, proxy: Proxy
) -> None:
    stale = li.context.new_page()
    stale.goto(li.url + "/leave")
    expect(stale.locator("[name=clear]")).to_have_count(1)
    stale.evaluate("() => document.querySelector('#leaving').removeAttribute('data-live')")
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, FIRST)
    stale.locator("form:has([name=clear]) button").click()
    expect(stale.locator("[role=alert].card")).to_contain_text(
        words("%(count)s record has not been sent yet", count=1)
    )
    assert len(operations(li, "li")) == 1
    waits(li, 1)


def test_li_clears_the_phone_and_finds_everything_at_the_centre_again(li: Phone, server: Server) -> None:
    li.go(UNIT)
    no_answer(li, FIRST)
    received(li)
    li.go("/leave").page.locator("form:has([name=clear]) button").click()
    li.page.wait_for_url("**/sign-in")
    li.until(lambda: operations(li, "li") == [])
    assert Office(server).addresses() == [FIRST]
    li.sign_in("li").until_ready()
    li.until(lambda: li.go(UNIT).page.locator(".cell.no_answer").count() == 1)


def test_a_full_phone_that_reaches_no_server_gives_a_file_and_the_phone_comes_back_and_counts_once(
    li: Phone, proxy: Proxy, server: Server, tmp_path: Path
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, FIRST)
    no_answer(li, SECOND)
    li.close()
    page = li.open().page
    devtools = li.context.new_cdp_session(page)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": li.url, "quotaSize": 1})
    li.go("/sync")
    path = rescued(li, tmp_path)
    assert held(path) == [one["op"] for one in operations(li, "li")]
    assert "2 records (2 applied); 0 had arrived before" in server.command("rescue", str(path))
    assert office.addresses() == sorted([FIRST, SECOND])
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": li.url})
    li.go(UNIT)
    no_answer(li, THIRD)
    proxy.mode = "pass"
    send(li)
    received(li)
    assert office.addresses() == sorted([FIRST, SECOND, THIRD])
    assert [one["seq"] for one in office.operations()] == [1, 2, 3]
    assert len({one["device"] for one in office.operations()}) == 1


def test_zhang_brings_lis_file_at_the_desk_though_li_is_signed_out_and_wang_uses_the_phone(
    li: Phone, phones: Phones, proxy: Proxy, server: Server, tmp_path: Path
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    li.go(UNIT)
    no_answer(li, FIRST)
    waits(li, 1)
    li.context.clear_cookies()
    proxy.mode = "pass"
    li.go("/leave").page.locator("form[action='/sign-out'] button").click()
    li.page.wait_for_url("**/sign-in")
    signed_out = rescued(li, tmp_path)
    # Without a server the gate itself says what waits, and gives the file.
    proxy.mode = "refuse"
    li.go("/today")
    expect(li.page.locator("main")).to_contain_text("1")
    assert held(rescued(li, tmp_path)) == held(signed_out)
    proxy.mode = "pass"
    wang = li.sign_in("wang").until_ready()
    wang.go("/sync")
    expect(wang.page.locator("#waiting")).not_to_contain_text(FIRST)
    under_wang = rescued(wang, tmp_path)
    assert held(under_wang) == held(signed_out)
    zhang = phones("zhang").open().sign_in("zhang")
    for path in (signed_out, under_wang):
        zhang.go("/rescued").page.locator("#file").set_input_files(path)
        zhang.page.locator("form[action='/rescued'] button").click()
        expect(zhang.page.locator("section[role=status]")).to_contain_text("李")
        assert office.addresses() == [FIRST]
    assert {one["user"] for one in office.operations()} == {
        office.rows("SELECT id FROM account WHERE username = 'li'")[0]["id"]
    }
    li.sign_in("li")
    li.until(lambda: send(li) or operations(li, "li")[0]["acked"])
    assert office.addresses() == [FIRST]
