"""Photos: taken at a door without signal, kept through dead batteries, sent apart from the visit, seen by who may."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Phones
from tests.browser.doors import (
    LIVED_IN,
    STORED,
    drafts,
    household,
    meet,
    operations,
    received,
    restarted,
    send,
    visit,
    waits,
    words,
)
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.cast import named
from tests.photos.pictures import bare, picture
from tests.proxy import Proxy
from tests.server import Server

FIRST = LIVED_IN[0]
SHOWN = "() => [...document.querySelectorAll('.shot img')].filter((one) => one.complete && one.naturalWidth > 1).length"
STATUS = "async (path) => (await fetch(path)).status"


def take(page: Page, *contents: bytes) -> None:
    """With the camera, one by one, or from the phone's pictures, all at once."""
    files: Any = [{"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": content} for content in contents]
    which = "input[type=file][capture]" if len(files) == 1 else "input[type=file][multiple]"
    page.locator(which).set_input_files(files)


def blobs(phone: Phone) -> list[dict[str, Any]]:
    """What the phone knows of Li's photos, but those that the centre has."""
    found: list[dict[str, Any]] = phone.evaluate(STORED, [named("account li"), "blobs"])
    return [one for one in found if not one.get("kept")]


def test_two_photos_taken_without_signal_survive_dead_batteries_and_arrive_once(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    restarted(li, visit(FIRST))
    li.until_quiet()
    proxy.mode = "refuse"
    take(li.page, picture(1), picture(2))
    expect(li.page.locator(".shot")).to_have_count(2, timeout=20_000)
    li.until(lambda: [len(one.get("photos", [])) for one in drafts(li, "li")] == [2])
    li.kill()
    li.open(visit(FIRST))
    li.until(f"() => ({SHOWN})() === 2")
    meet(li, FIRST)
    waits(li, 1)
    (op,) = operations(li, "li")
    assert len(op["files"]) == 2
    assert op["files"] == op["patch"]["photos"]
    li.kill()
    li.open(household(FIRST))
    li.until(f"() => ({SHOWN})() === 2")
    li.go("/sync")
    li.see(words("%(count)s photo to send.", count=2))
    proxy.mode = "pass"
    send(li)
    received(li)
    here = office.until(lambda: [one for one in office.visits() if len(json.loads(one["photos_here"])) == 2])
    assert [json.loads(one["photos"]) for one in here] == [op["files"]]
    li.until(lambda: blobs(li) == [])
    for hash in op["files"]:
        bare((server.data / "photos" / named("heping") / named("account li") / hash[:2] / hash).read_bytes())
    assert len(office.rows("SELECT * FROM sync_blob")) == 2
    zhang = phones("zhang").open().sign_in("zhang")
    zhang.go(household(FIRST)).until(f"() => ({SHOWN})() === 2")
    wang = phones("wang").open().sign_in("wang")
    assert [wang.evaluate(STATUS, f"/photos/{hash}") for hash in op["files"]] == [404, 404]
    # The phone that took them shows them without a signal for two days more, out of its own store and of no cache.
    proxy.mode = "refuse"
    li.go(household(FIRST)).until(f"() => ({SHOWN})() === 2")
    assert (
        li.evaluate("async (path) => Boolean(await caches.match(path))", f"/photos/{op['files'][0]}") is False
    )


def test_the_form_is_kept_before_the_camera_opens_and_a_photo_can_be_removed(li: Phone, proxy: Proxy) -> None:
    li.until_quiet()
    proxy.mode = "refuse"
    page = li.go(visit(FIRST)).page
    page.locator("#note").fill("电池在走廊充电")
    with page.expect_file_chooser() as camera:
        page.locator("label.btn", has=page.locator("input[capture]")).click()
    assert [one["note"] for one in drafts(li, "li")] == [["电池在走廊充电"]]
    camera.value.set_files([{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture(3)}])
    expect(page.locator(".shot")).to_have_count(1, timeout=20_000)
    take(page, picture(4))
    expect(page.locator(".shot")).to_have_count(2, timeout=20_000)
    page.locator("[data-drop]").first.click()
    expect(page.locator(".shot")).to_have_count(1)
    li.until(lambda: [len(one["photos"]) for one in drafts(li, "li")] == [1])
    assert len(blobs(li)) == 2
    meet(li, FIRST)
    (op,) = operations(li, "li")
    assert [one["hash"] for one in blobs(li) if one.get("due")] == op["files"]
    # What is no picture is said so, and the form stays.
    page.goto(li.url + visit(LIVED_IN[1]))
    page.locator("#note").fill("不是照片")
    take(page, b"no picture at all")
    expect(page.locator("[data-photo-failed]")).to_be_visible()
    expect(page.locator("#note")).to_have_value("不是照片")


def test_a_save_tapped_while_a_photo_is_being_shrunk_takes_it_along(li: Phone, proxy: Proxy) -> None:
    li.until_quiet()
    proxy.mode = "refuse"
    page = li.go(visit(FIRST)).page
    page.locator("input[name=outcome][value=met]").check(force=True)
    take(page, picture(8, (4000, 3000)))
    page.evaluate("() => document.querySelector('button[form=visit]').click()")
    expect(page).to_have_url(re.compile("/units/"), timeout=20_000)
    (op,) = operations(li, "li")
    assert len(op["files"]) == 1
    assert drafts(li, "li") == []


def test_a_visit_arrives_before_its_photo_and_says_that_it_waits_for_it(
    li: Phone, phones: Phones, server: Server
) -> None:
    office = Office(server)
    (server.data / "uploads").write_text("no folder: the disk is not as it should be")
    page = li.go(visit(FIRST)).page
    take(page, picture(5))
    expect(page.locator(".shot")).to_have_count(1, timeout=20_000)
    meet(li, FIRST)
    received(li)
    zhang = phones("zhang").open().sign_in("zhang")
    zhang.go(household(FIRST)).see(words("The photo is still on its way"))
    li.go(household(FIRST)).see(words("The photo is still on its way"))
    li.until(f"() => ({SHOWN})() === 1")
    (server.data / "uploads").unlink()
    send(li)
    office.until(lambda: [one["photos_here"] for one in office.visits() if one["photos_here"] != "[]"])
    li.until(lambda: blobs(li) == [])
    send(zhang)
    waiting = zhang.page.get_by_text(words("The photo is still on its way"))
    zhang.until(
        lambda: zhang.go(household(FIRST)).page.locator(".shot").count() == 1 and waiting.count() == 0
    )
    zhang.until(f"() => ({SHOWN})() === 1")


def test_without_a_worker_photos_are_shrunk_in_the_page_and_go_to_the_server(
    phones: Phones, server: Server
) -> None:
    plain = phones("plain", service_workers="block").open().sign_in("li")
    page = plain.go(visit(FIRST)).page
    take(page, picture(6), picture(7))
    expect(page.locator(".shot")).to_have_count(2, timeout=20_000)
    page.reload()
    plain.until(f"() => ({SHOWN})() === 2")
    meet(plain, FIRST)
    (kept,) = Office(server).visits()
    assert len(json.loads(kept["photos_here"])) == 2
    plain.go(household(FIRST)).until(f"() => ({SHOWN})() === 2")
