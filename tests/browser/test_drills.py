"""Fire drills: leaders scan, search and tick without a signal; one person is one person, and the roll call says who is missing."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import peewee
from playwright.sync_api import expect

from fieldapp.db import open_database
from fieldapp.declare.kinds import kinds
from fieldapp.features import declare_all
from sync.write import put
from tests.browser.badges import DRILL, ROLL, SCAN, badge, film, has_scanner, person, show
from tests.browser.conftest import Phones
from tests.browser.doors import STORED, send, toast, words
from tests.browser.office import Office
from tests.browser.phone import QUIET, Phone
from tests.cast import NOW, named
from tests.proxy import Proxy
from tests.server import Server


def test_li_calls_the_roll_without_a_signal_by_badge_by_name_and_by_the_list(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    has_scanner(li)
    proxy.mode = "refuse"
    page = li.go("/today").page
    page.locator(f"main a[href='{ROLL}']").click()
    expect(page.locator("main .figure")).to_contain_text("0 / 4")
    expect(page.locator("main")).to_contain_text(words("needs help"))
    # By the list: one tap.
    page.get_by_role("button", name="吴秀兰 " + words("Here")).click()
    expect(toast(page)).to_contain_text("吴秀兰")
    # By pinyin, initials, the last four digits.
    li.go(ROLL)
    for typed in ("sungu", "sgq", "7790", "孙"):
        page.locator("#q").fill(typed)
        expect(page.locator("#found li")).to_have_count(1)
        expect(page.locator("#found li")).to_contain_text("孙国强")
    page.locator("#found button").click()
    expect(toast(page)).to_contain_text("孙国强")
    # By badge: the picture of a printed code.
    li.go(ROLL).page.locator(f"a[href='{SCAN}']").click()
    show(li, badge(person(1)))
    expect(toast(page)).to_contain_text("何小雨")
    show(li, badge(person(1)))
    expect(page.locator("#error-token")).to_contain_text("何小雨")
    li.go(ROLL)
    expect(page.locator("main .figure")).to_contain_text("3 / 4")
    proxy.mode = "pass"
    send(li)
    office = Office(server)
    office.until(lambda: len(office.rows("SELECT * FROM drill_check")) == 3)
    found = office.rows("SELECT * FROM drill_check ORDER BY seq")
    assert [(one["how"], one["what"]) for one in found] == [("tick", "in"), ("name", "in"), ("scan", "in")]
    assert office.rows("SELECT count(*) AS n FROM drill_person WHERE first_in IS NOT NULL")[0]["n"] == 3
    assert {one["status"] for one in office.operations()} == {"applied"}


def test_a_forged_an_expired_and_another_drills_code_are_refused_in_words_and_nothing_goes_over_the_line(
    li: Phone, proxy: Proxy
) -> None:
    has_scanner(li)
    page = li.go(SCAN).page
    expect(page.locator("[data-script] .pair")).to_be_visible()
    proxy.mode = "refuse"
    asked = len(proxy.requests)
    for text, why in (
        (badge(person(1), secret=8), "This code is not genuine."),
        ("HELLO", "This code is not genuine."),
        (badge(person(1), until=NOW - timedelta(minutes=5)), "This code has run out."),
        (badge(person(1), drill=named("another drill")), "This code is for something else."),
        (badge(None), "This code is for something else."),
        (badge(named("nobody")), "Whom this code names is not on this list."),
    ):
        show(li, text)
        expect(page.locator("#error-token")).to_have_text(words(why))
        expect(page.locator("#token")).to_have_value(text)
    show(li, badge(person(3)))
    expect(toast(page)).to_contain_text("孙国强")
    assert [one for one in proxy.requests[asked:] if "/sync" not in one] == []


def test_three_badges_shown_before_the_first_is_answered_are_three_people(li: Phone, proxy: Proxy) -> None:
    has_scanner(li)
    proxy.mode = "refuse"
    li.slow_down(1500).go(SCAN)
    for number in (1, 2, 3):
        show(li, badge(person(number)))
        # The field shows what goes out next; another code waits for its answer.
        expect(li.page.locator("[data-script][aria-busy]")).to_have_count(0)
    expect(toast(li.page)).to_contain_text("孙国强")
    expect(li.go(ROLL).page.locator("main .figure")).to_contain_text("3 / 4")


# A browser that reads codes by itself; what it is shown is a frame of the camera.
OWN_DETECTOR = """window.BarcodeDetector = class {
  static getSupportedFormats = async () => ["qr_code"];
  detect = async (seen) => (seen instanceof HTMLVideoElement && seen.videoWidth === 640 ? [{ rawValue: "%s" }] : []);
};"""


def test_li_holds_her_camera_before_badges_without_a_signal_and_it_goes_on_from_one_to_the_next(
    phones: Phones, proxy: Proxy, server: Server, tmp_path: Path
) -> None:
    seen = film(badge(person(1)), tmp_path / "camera.y4m")
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    camera.append(f"--use-file-for-fake-video-capture={seen}")
    li = has_scanner(phones("li", args=[*QUIET, *camera]).open().sign_in("li").until_ready())
    proxy.mode = "refuse"
    page = li.go(SCAN).page
    page.locator("[data-scan-start]").click()
    expect(toast(page)).to_contain_text("何小雨")
    # Read once, though it stays in view; the picture goes on, and a picture from a file is read beside it.
    playing = page.locator("video").element_handle()
    show(li, badge(person(2)))
    expect(toast(page)).to_contain_text("吴秀兰")
    assert playing.evaluate("(video) => video.isConnected && !video.paused && video.srcObject.active")
    expect(page.locator("main .error:visible")).to_have_count(0)
    assert any("decoder" in worker.url for worker in page.workers)
    # Where the browser reads codes itself, no decoder is loaded.
    li.context.add_init_script(OWN_DETECTOR % badge(person(3)))
    li.go(SCAN)
    page.locator("[data-scan-start]").click()
    expect(toast(page)).to_contain_text("孙国强")
    assert not [worker.url for worker in page.workers if "decoder" in worker.url]
    playing = page.locator("video").element_handle()
    page.locator("a.back").click()
    expect(page.locator("main .figure")).to_contain_text("3 / 4")
    # The camera is let go with the screen.
    li.until(lambda: not playing.evaluate("(video) => video.srcObject.active"))
    proxy.mode = "pass"
    send(li)
    office = Office(server)
    office.until(lambda: office.rows("SELECT count(*) AS n FROM drill_check")[0]["n"] >= 3)
    assert [one["drill_person"] for one in office.rows("SELECT * FROM drill_check ORDER BY seq")] == [
        person(at) for at in (1, 2, 3)
    ]


def expected(server: Server, count: int, leaders: dict[str, str]) -> None:
    """So many more are expected at the cast's drill, of three buildings; and these leaders stand at these places."""
    with signed_database(server) as database:
        shared = {"drill": DRILL, "drill_group": named("drill 3"), "part": "volunteer"}
        people = [
            {
                **shared,
                "id": named(f"expected {at}"),
                "name": f"来宾{at}",
                "address": f"{at % 3 + 1}-{at}",
                "floor": at % 6 + 1,
            }
            for at in range(count)
        ]
        rows = [("drill_person", one) for one in people]
        rows += [
            (
                "drill_leader",
                {"id": named(f"leader {who}"), "drill": DRILL, "user": named(f"account {who}"), "post": post},
            )
            for who, post in leaders.items()
        ]
        put(database, kinds(), named("heping"), rows, NOW)


@contextlib.contextmanager
def signed_database(server: Server) -> Iterator[peewee.Database]:
    """The database of a running server, as the desk would write to it."""
    declare_all()
    database = open_database(f"sqlite:///{server.data / 'fieldapp.db'}")
    try:
        yield database
    finally:
        database.close()


# What the scanner does once it has read a code: the form is sent.
POST = """async ([path, bodies]) => {
  const said = [];
  for (const body of bodies) {
    const fresh_id = crypto.randomUUID();
    const answer = await fetch(path, { method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams({ fresh_id, ...body }) });
    said.push([answer.status, await answer.text()]);
  }
  return said;
}"""


def scan(phone: Phone, whom: list[int], what: str = "in") -> list[int]:
    """So many badges one after the other; the status of each answer."""
    bodies = [{"what": what, "how": "scan", "token": badge(named(f"expected {at}"))} for at in whom]
    return [status for status, _ in phone.evaluate(POST, [SCAN, bodies])]


def test_two_leaders_scan_76_people_offline_five_of_them_twice_and_three_never_sign_out(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    expected(server, 76, {"wang": "东门"})
    send(li)
    wang = phones("wang").open().sign_in("wang").until_ready()
    for phone in (li, wang):
        has_scanner(phone).go(ROLL)
        phone.until(lambda phone=phone: "/ 80" in phone.go(ROLL).page.locator("main").inner_text())
        phone.go(SCAN)
    proxy.mode = "refuse"
    # Five come by both gates' queues; the last of each by a real picture.
    assert scan(li, [*range(40)]) == [200] * 40
    assert scan(wang, [*range(35, 75)]) == [200] * 40
    show(li, badge(named("expected 75")))
    expect(toast(li.page)).to_contain_text("来宾75")
    # The same phone says that they are in already, and adds nothing.
    assert scan(li, [3, 4]) == [422, 422]
    stay = {7, 44, 60}
    assert scan(wang, [at for at in range(76) if at not in stay], "out") == [200] * 73
    proxy.mode = "pass"
    send(li)
    send(wang)
    office = Office(server)
    office.until(lambda: office.rows("SELECT count(*) AS n FROM drill_check")[0]["n"] == 81 + 73)
    came = office.rows("SELECT * FROM drill_person WHERE first_in IS NOT NULL")
    assert len(came) == 76
    twice = office.rows(
        "SELECT drill_person, count(*) AS n, min(device_time) AS first FROM drill_check WHERE what = 'in'"
        " GROUP BY drill_person HAVING n > 1"
    )
    assert len(twice) == 5
    first = {one["id"]: one["first_in"] for one in came}
    assert all(first[one["drill_person"]] == one["first"] for one in twice)
    desk = phones("desk", url=server.url, viewport={"width": 1280, "height": 900}).open().sign_in("zhang")
    page = desk.go(f"{ROLL}/report").page
    expect(page.locator("#lines .figure")).to_contain_text("76 / 80")
    expect(page.locator("#lines .figure")).to_contain_text(words("%(count)s not signed out", count=3))
    expect(page.locator("#lines .figure .badge")).to_have_count(2)  # two leaders at one gate: no copied badge
    with page.expect_download() as download:
        page.locator("a[href$='/hours/csv']").click()
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        lines = {row["姓名"]: row for row in csv.DictReader(file)}
    assert {one["备注"] for name, one in lines.items() if name in {f"来宾{at}" for at in stay}} == {"未签退"}
    served = [one for name, one in lines.items() if name.startswith("来宾") and one["服务分钟"]]
    assert len(served) == 73 and all(int(one["服务分钟"]) >= 0 for one in served)


def held_by(phone: Phone, who: str) -> list[dict[str, Any]]:
    """The records that somebody's phone holds."""
    held: list[dict[str, Any]] = phone.evaluate(STORED, [named(f"account {who}"), "records"])
    return held


def test_a_badge_and_its_copy_at_two_gates_are_told_to_the_desk_which_ends_what_wang_leads(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    expected(server, 2, {"wang": "西门"})
    send(li)
    wang = phones("wang").open().sign_in("wang").until_ready()
    for phone in (li, wang):
        phone.until(lambda phone=phone: "/ 6" in phone.go(ROLL).page.locator("main").inner_text())
    proxy.mode = "refuse"
    assert scan(li, [0, 1]) == [200, 200]
    assert scan(wang, [0]) == [200]
    proxy.mode = "pass"
    send(li)
    send(wang)
    office = Office(server)
    office.until(lambda: office.rows("SELECT count(*) AS n FROM drill_check")[0]["n"] == 3)
    desk = phones("desk", url=server.url, viewport={"width": 1280, "height": 900}).open().sign_in("zhang")
    page = desk.go(f"{ROLL}/report").page
    expect(page.locator("#lines .figure")).to_contain_text(words("%(count)s badges at two places", count=1))
    expect(page.locator("#lines tr", has_text="来宾0")).to_contain_text(words("badge at two places"))
    desk.go("/review?reason=copied")
    (row,) = page.locator("#queue a.q").all()
    expect(row).to_contain_text(words("%(name)s: badge at two places", name="来宾0"))
    expect(page.locator(".pane")).to_contain_text(words("Check-in"))
    page.get_by_role("button", name=words("Accept")).click()
    expect(page.locator("#queue")).to_contain_text(words("Nothing waits for you."))
    # Wang leads no longer: her phone forgets the list at its next exchange.
    desk.go(f"{ROLL}/change")
    page.locator("label", has=page.locator(f"input[value='{named('account wang')}']")).click()
    page.get_by_role("button", name=words("Save")).click()
    expect(page.locator("#lines")).not_to_contain_text("西门")
    assert any(one["kind"] == "drill_person" for one in held_by(wang, "wang"))
    send(wang)
    wang.until(lambda: not any(one["kind"].startswith("drill_") for one in held_by(wang, "wang")))


def test_chen_a_volunteer_signs_in_and_out_by_the_poster_offline_and_holds_nothing_of_the_others(
    phones: Phones, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    with signed_database(server) as database:
        own = {
            "id": named("chen there"),
            "drill": DRILL,
            "drill_group": named("drill 2"),
            "part": "volunteer",
        }
        own |= {"name": "陈", "user": named("account chen")}
        put(database, kinds(), named("heping"), [("drill_person", own)], NOW)
    chen = has_scanner(phones("chen").open().sign_in("chen").until_ready())
    proxy.mode = "refuse"
    page = chen.go("/today").page
    page.locator(f"main a[href^='{ROLL}/self/']").click()
    show(chen, badge(person(1)))
    expect(page.locator("#error-token")).to_have_text(words("This code is for something else."))
    show(chen, badge(None))
    expect(toast(page)).to_contain_text("陈")
    show(chen, badge(None))
    expect(page.locator("#error-token")).to_contain_text("陈")
    # Later the same screen proposes the way out.
    page.locator("a.back").click()
    page.locator(f"main a[href^='{ROLL}/self/']").click()
    expect(page.locator("input[name=what][value=out]")).to_be_checked()
    show(chen, badge(None))
    expect(toast(page)).to_contain_text(words("Out"))
    held = held_by(chen, "chen")
    kinds_held = {one["kind"] for one in held if one.get("shown")}
    assert not kinds_held & {
        "household",
        "door",
        "care_person",
        "visit",
        "drill_group",
        "drill_leader",
        "drill_check",
    }
    assert [one["id"] for one in held if one["kind"] == "drill_person"] == [named("chen there")]
    proxy.mode = "pass"
    send(chen)
    office.until(lambda: len(office.rows("SELECT * FROM drill_self")) == 2)
    (row,) = office.rows("SELECT * FROM drill_person WHERE id = ?", named("chen there"))
    assert row["first_in"] and row["last_out"] >= row["first_in"]
