"""Letters: read and signed in a stairwell, frozen, proven untouched at the desk; on paper where nobody signs on glass."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import expect

from fieldapp.declare.digest import digest
from fieldapp.letters.record import Letter
from tests.browser.conftest import Phones
from tests.browser.doors import STORED, drafts, household, operations, restarted, send, words
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.browser.test_home_checks import CHECK, HOME, all_in_order, hazard, save, tap
from tests.browser.test_photos import take
from tests.cast import named
from tests.photos.pictures import picture
from tests.proxy import Proxy
from tests.server import Server

LETTERS = household(HOME) + "/letters"
FIRE = "消防与电动车安全承诺书"
# The form has its own address, below the household's.
FROZEN = re.compile("^[^/]+//[^/]+/letters/[0-9a-f-]{36}$")
KEPT = """async () => {
  const lists = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
  return lists.flat().some((one) => one.url.includes("/signature-"));
}"""
INK = """() => {
  const pad = document.querySelector("canvas.pad");
  const seen = pad.getContext("2d").getImageData(0, 0, pad.width, pad.height).data;
  let dark = 0;
  for (let at = 3; at < seen.length; at += 4) dark += Number(seen[at] > 0);
  return dark;
}"""
# The test's browser has no voice: what a phone's own would say, and that it is silenced.
VOICE = """(() => {
  window.heard = [];
  const give = (name, value) => Object.defineProperty(speechSynthesis, name, value);
  give("getVoices", { value: () => [{ lang: "zh-CN" }] });
  give("speaking", { get: () => window.heard.length > 0 });
  give("speak", { value: (said) => window.heard.push([said.lang, said.text]) });
  give("cancel", { value: () => { window.heard = []; } });
})()"""
Stroke = list[tuple[float, float]]
WANG: list[Stroke] = [
    [(0.2, 0.2), (0.4, 0.22), (0.6, 0.2)],
    [(0.22, 0.5), (0.58, 0.5)],
    [(0.4, 0.2), (0.4, 0.5), (0.4, 0.8)],
    [(0.18, 0.82), (0.62, 0.8)],
]


def draw(phone: Phone, strokes: list[Stroke]) -> None:
    """With the finger, in parts of the pad."""
    pad = phone.page.locator("canvas.pad")
    pad.evaluate("(pad) => pad.scrollIntoView({ block: 'center' })")
    expect(pad).to_be_visible()
    box: Any = pad.bounding_box()
    mouse = phone.page.mouse
    for (x, y), *others in strokes:
        mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        mouse.down()
        for x, y in others:
            mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
        mouse.up()


def drawn(phone: Phone) -> str:
    """What the form would send."""
    return phone.page.locator("input[name=signature]").input_value()


def stored(phone: Phone, store: str) -> list[dict[str, Any]]:
    """Everything in one of the stores of Li's phone."""
    found: list[dict[str, Any]] = phone.evaluate(STORED, [named("account li"), store])
    return found


def sign(phone: Phone, name: str = "王建国", strokes: list[Stroke] = WANG) -> None:
    """The name, the strokes, the large button below them."""
    phone.page.locator("#signer").fill(name)
    draw(phone, strokes)
    phone.until(lambda: drawn(phone).count("M") == len(WANG))
    phone.page.locator("form[enctype] > button.btn").click()


def ready(phone: Phone) -> Phone:
    """The pad is on the phone, as it is soon after the first day's start."""
    phone.until(KEPT)
    return phone


def choose(phone: Phone, title: str = FIRE) -> None:
    """The letter, from the household's list of them."""
    phone.go(LETTERS).page.get_by_role("link", name=title, exact=True).click()
    expect(phone.page.locator("h1")).to_have_text(title)
    expect(phone.page).to_have_url(re.compile("/letters/."))


def show_office(phone: Phone, letter: dict[str, Any]) -> Any:
    """Zhang asks the desk whether it is untouched."""
    phone.go(f"/letters/{letter['id']}/verify")
    return phone.page.locator("h1")


def test_a_battery_and_a_hose_found_offline_the_letter_signed_and_frozen_and_a_recheck_closes_one(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    ready(li)
    proxy.mode = "refuse"
    page = li.go(CHECK).page
    all_in_order(li)
    hazard(li, "ebike_indoors", "serious", 1)
    hazard(li, "gas_hose_old", "minor", 30)
    save(li)
    expect(page).to_have_url(re.compile(household(HOME) + "$"))
    # The serious one asks for a letter, once.
    task = li.go("/today").page.locator(f"main a[href='{LETTERS}']")
    expect(task).to_have_text(re.compile(f"{HOME}.*{words('tomorrow')}"))
    expect(page.locator("main a[href^='/hazards/']").filter(has_text=HOME)).to_have_count(2)
    task.click()
    page.get_by_role("link", name=FIRE, exact=True).click()
    expect(page.locator("[data-text]")).to_contain_text("不飞线充电")
    said = page.locator("[data-text]").inner_text()
    # What is held out to a resident leads to nobody else and says nothing of anybody else.
    ways = page.locator("#app a[href]").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
    assert set(ways) == {"#main", LETTERS}
    assert not re.search(r"3-1-(?!601)", page.locator("#app").inner_text())
    expect(page.locator("[data-script] button", has_text=words("Read aloud"))).to_be_hidden()
    sign(li)
    expect(page).to_have_url(FROZEN)
    address = page.url
    expect(page.locator("svg.pad path")).to_have_attribute("d", re.compile("^(M[0-9 ]+){4}$"))
    assert page.locator("[data-text]").inner_text() == said
    expect(li.go("/today").page.locator(f"main a[href='{LETTERS}']")).to_have_count(0)
    (op,) = [one for one in operations(li, "li") if one["kind"] == "letter"]
    assert op["patch"]["hash"] == digest(Letter, Letter.digests()["hash"], op["patch"])
    proxy.mode = "pass"
    send(li)
    office = Office(server)
    (letter,) = office.until(lambda: office.rows("SELECT * FROM letter WHERE address = ?", HOME))
    assert (letter["text"], letter["signature"], letter["hash"]) == (
        said,
        op["patch"]["signature"],
        op["patch"]["hash"],
    )
    assert (letter["witness"], letter["signer"], letter["number"]) == ("李", "王建国", 1)
    zhang = phones("zhang", url=f"http://127.0.0.1:{server.port}").open().sign_in("zhang")
    expect(show_office(zhang, letter)).to_contain_text(words("Untouched"))
    expect(zhang.page.locator("#findings li")).to_have_count(4)
    page.goto(address)
    assert page.locator("[data-text]").inner_text() == said
    expect(page.locator("main")).to_contain_text(words("Received") + " 2026-11-23")
    li.go("/today").page.locator("main a[href^='/hazards/']").filter(has_text=HOME).filter(
        has_text=words("E-bike or battery charged indoors")
    ).click()
    tap(li, "found", "gone")
    save(li, "recheck")
    expect(page).to_have_url(re.compile("/hazards$"))
    send(li)
    office.until(lambda: office.rows("SELECT * FROM recheck WHERE found = 'gone'"))
    found = office.rows("SELECT item, open FROM hazard WHERE address = ? ORDER BY item", HOME)
    assert [tuple(one.values()) for one in found] == [("ebike_indoors", 0), ("gas_hose_old", 1)]


def test_a_row_that_somebody_changed_in_the_database_is_shown_as_changed(
    li: Phone, phones: Phones, server: Server
) -> None:
    choose(ready(li))
    sign(li)
    expect(li.page).to_have_url(FROZEN)
    send(li)
    office = Office(server)
    (letter,) = office.until(lambda: office.rows("SELECT * FROM letter WHERE address = ?", HOME))
    zhang = phones("zhang", url=f"http://127.0.0.1:{server.port}").open().sign_in("zhang")
    expect(show_office(zhang, letter)).to_contain_text(words("Untouched"))
    office.change("UPDATE letter SET signer = '王小二' WHERE id = ?", letter["id"])
    expect(show_office(zhang, letter)).to_contain_text(words("Changed"))
    expect(zhang.page.locator("#findings .alert")).to_have_count(2)
    expect(zhang.page.locator("#findings")).to_contain_text(words("Name of who signs"))


def test_a_letter_that_nobody_signed_is_refused_in_words_and_the_form_is_kept(
    li: Phone, proxy: Proxy
) -> None:
    ready(li)
    proxy.mode = "refuse"
    choose(li)
    li.page.locator("#signer").fill("王建国")
    li.page.locator("form[enctype] > button.btn").click()
    expect(li.page.locator("[role=alert].card")).to_contain_text(words("Signature"))
    expect(li.page.locator("#error-signature")).to_have_text(words("This field is required."))
    expect(li.page.locator("#signer")).to_have_value("王建国")
    tap(li, "way", "paper")
    li.page.locator("form[enctype] > button.btn").click()
    expect(li.page.locator("#error-photos")).to_have_text(words("This field is required."))
    expect(li.page.locator("canvas.pad")).to_be_hidden()
    assert [one["kind"] for one in operations(li, "li")] == []


def test_a_button_stays_under_wang_s_finger_while_the_phone_says_that_the_draft_is_kept(li: Phone) -> None:
    choose(ready(li))
    button, kept = li.page.locator("form[enctype] > button.btn"), li.page.locator("[data-draft-state]")
    button.scroll_into_view_if_needed()
    expect(kept).to_be_hidden()
    before = button.bounding_box()
    li.page.locator("#signer").fill("王建国")
    expect(kept).to_be_visible()
    assert button.bounding_box() == before


def test_a_half_drawn_signature_is_there_again_when_the_browser_was_killed(li: Phone, proxy: Proxy) -> None:
    choose(ready(li))
    restarted(li, LETTERS)
    proxy.mode = "refuse"
    choose(li)
    address = li.page.url.removeprefix(li.url)
    draw(li, WANG[:2])
    li.until(lambda: [one["signature"][0].count("M") for one in drafts(li, "li")] == [2])
    half = drawn(li)
    li.kill()
    li.open(address)
    li.until(f"() => document.querySelector('canvas.pad').width > 300 && ({INK})() > 100")
    assert drawn(li) == half
    draw(li, WANG[2:])
    li.until(lambda: drawn(li).count("M") == 4)
    assert drawn(li).startswith(half)
    li.page.locator("[data-clear]").click()
    assert (drawn(li), li.evaluate(INK)) == ("", 0)


def test_who_signs_on_paper_is_photographed_and_the_letter_holds_the_sheet(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    ready(li)
    proxy.mode = "refuse"
    choose(li, "和平社区养犬义务保证书")
    li.page.locator("#signer").fill("王建国")
    # By keyboard alone: from the name to the way, and one further.
    li.page.locator("#signer").press("Tab")
    li.page.keyboard.press("ArrowRight")
    take(li.page, picture(1))
    expect(li.page.locator(".shot")).to_have_count(1)
    li.page.locator("form[enctype] > button.btn").click()
    expect(li.page).to_have_url(FROZEN)
    expect(li.page.locator("main .shot img")).to_have_count(1)
    expect(li.page.locator("svg.pad")).to_have_count(0)
    proxy.mode = "pass"
    send(li)
    office = Office(server)
    (letter,) = office.until(
        lambda: office.rows("SELECT * FROM letter WHERE address = ? AND photos_here != '[]'", HOME)
    )
    assert (letter["signature"], len(json.loads(letter["photos"])), letter["number"]) == ("", 1, 2)
    assert letter["hash"] == digest(
        Letter, Letter.digests()["hash"], {**letter, "photos": json.loads(letter["photos"])}
    )


def test_the_text_changes_while_a_letter_is_half_signed_which_arrives_under_its_own_version(
    li: Phone, phones: Phones, proxy: Proxy, server: Server
) -> None:
    choose(ready(li))
    address = li.page.url.removeprefix(li.url)
    draw(li, WANG[:2])
    li.until(lambda: drafts(li, "li"))
    proxy.mode = "refuse"
    zhang = phones("zhang", url=f"http://127.0.0.1:{server.port}").open().sign_in("zhang")
    zhang.go("/letters/texts/fire").page.locator("#text").fill("本人承诺：\n1. 不在楼道充电。")
    zhang.page.locator("form[action='/letters/texts/fire'] button").click()
    zhang.see("第2版")
    proxy.mode = "pass"
    send(li)
    li.until(lambda: "不在楼道充电" in json.dumps(stored(li, "records"), ensure_ascii=False))
    li.go(address)
    expect(li.page.locator("[data-text]")).to_contain_text("不飞线充电")
    sign(li, strokes=WANG[2:])
    expect(li.page).to_have_url(FROZEN)
    send(li)
    office = Office(server)
    (letter,) = office.until(lambda: office.rows("SELECT * FROM letter WHERE address = ?", HOME))
    assert letter["number"] == 1 and "不飞线充电" in letter["text"]
    expect(show_office(zhang, letter)).to_contain_text(words("Untouched"))
    choose(li)
    expect(li.page.locator("[data-text]")).to_have_text("本人承诺：\n1. 不在楼道充电。")


def test_a_phone_with_a_voice_reads_the_letter_aloud_and_stops_at_a_second_tap(
    li: Phone, proxy: Proxy
) -> None:
    ready(li)
    proxy.mode = "refuse"
    li.context.add_init_script(VOICE)
    choose(li)
    read = li.page.get_by_role("button", name=words("Read aloud"))
    read.click()
    assert li.evaluate("() => window.heard") == [["zh-CN", li.page.locator("[data-text]").inner_text()]]
    read.click()
    assert li.evaluate("() => window.heard") == []
