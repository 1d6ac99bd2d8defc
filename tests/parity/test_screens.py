"""Parity: for every screen declared, Flask's and the phone's HTML are equal byte for byte."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import peewee
import pytest
from flask import Flask, g, render_template
from flask.testing import FlaskClient

from fieldapp import create_app
from fieldapp.declare import answer as answering
from fieldapp.declare.expressions import derived_of
from fieldapp.declare.kinds import kinds
from fieldapp.declare.registry import registry
from fieldapp.declare.words import LOCALES
from fieldapp.people.account import Account
from fieldapp.people.me import describe, me_of
from fieldapp.phone import static_folder
from sync.write import put
from tests.cast import NOW, Town, named, signed_in_database
from tests.parity.contexts import context
from tests.parity.phone_process import PhoneProcess
from tests.test_scope import client_of, path_of, tell_li

FRESH = "019a0000-0000-7000-8000-00000000f5e5"
clock = [NOW]
PEOPLE = ("li", "chen", "zhang")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Town, peewee.Database]]:
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("parity")
    patch.setenv("FIELDAPP_DATA", str(folder))
    patch.setenv("FIELDAPP_RATE_LIMITS", "off")
    database, town = signed_in_database(f"sqlite:///{Path(folder) / 'fieldapp.db'}")
    tell_li(database, town)
    app = create_app(database)  # what it imports would keep the clock of this story for good
    for place in ("fieldapp.config", "fieldapp.declare.answer", "fieldapp.exchange"):
        patch.setattr(f"{place}.now", lambda: clock[0])
    patch.setattr(answering, "uuid7", lambda *_: FRESH)
    yield app, town, database
    database.close()
    patch.undo()


@pytest.fixture(scope="module")
def renderer() -> Iterator[PhoneProcess]:
    process = PhoneProcess(static_folder() / "build" / "data.js")
    yield process
    process.close()


def fill_derived(value: Any, scope: dict[str, Any]) -> None:
    """Give random records their derived values, as a query would."""
    rows = (
        value
        if isinstance(value, list)
        else list(value.values())
        if isinstance(value, dict) and "_kind" not in value
        else [value]
    )
    for row in rows:
        if isinstance(row, dict) and "_kind" in row:
            derived_of(registry.records[row["_kind"]], row, scope)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "name", sorted(__import__("fieldapp.features", fromlist=["x"]).declare_all() and registry.screens)
)
def test_random_contexts_render_the_same_on_the_phone(
    world: tuple[Flask, Town, peewee.Database], renderer: PhoneProcess, name: str, locale: str
) -> None:
    app, _, _ = world
    screen = registry.screens[name]
    for seed in range(40):
        with app.test_request_context(screen.pattern):
            from flask_babel import gettext, refresh

            g.me_view = {"locale": locale}
            refresh()
            ctx = context(screen, seed, locale, gettext)
            for query in screen.queries:
                fill_derived(ctx[query], ctx)
            ours = render_template(screen.template, **ctx)
        assert renderer.tell("render", template=screen.template, ctx=ctx)["html"] == ours, (
            f"{name} seed {seed}"
        )


@functools.cache
def browser(app: Flask, person: str) -> FlaskClient:
    """The browser in which this person stays signed in."""
    return client_of(app, person)


def speak(database: peewee.Database, town: Town, person: str, locale: str) -> None:
    """The person chooses a language."""
    profile = named(f"profile {person}")
    put(
        database,
        kinds(),
        town.people[person].community,
        [("profile", {"id": profile, "locale": locale})],
        NOW,
    )


def phone_of(app: Flask, town: Town, person: str) -> PhoneProcess:
    """A phone on which this person signed in and got everything."""
    phone = PhoneProcess(static_folder() / "build" / "data.js", browser(app, person))
    with app.app_context():
        account = Account.get_by_id(town.people[person].id)
        me = describe(account, me_of(account))
    phone.tell("open", user=me["id"], me=me, now=int(NOW.timestamp() * 1000))
    assert phone.tell("exchange")["outcome"]["code"] == "done"
    return phone


def same_answer(app: Flask, town: Town, phone: PhoneProcess, person: str, path: str, **request: Any) -> None:
    """Ask both for the same and compare status and bytes, whole and as a fragment."""
    for headers in ({}, {"HX-Request": "true"}):
        theirs = phone.tell(
            "ask",
            path=path,
            headers={**headers, **request.get("headers", {})},
            **{k: v for k, v in request.items() if k != "headers"},
        )
        ours = browser(app, person).open(
            path,
            method=request.get("method", "GET"),
            headers={**headers, **request.get("headers", {})},
            data=request.get("body"),
        )
        assert theirs["status"] == ours.status_code, f"{person} {path}"
        assert settle(theirs["html"]) == settle(ours.text), f"{person} {path} {headers}"


def settle(html: str) -> str:
    """The fresh id is new at every answer; nothing else may differ."""
    return re.sub(r'(name="fresh_id" value=")[0-9a-f-]+', r"\1" + FRESH, html)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("person", PEOPLE)
def test_the_phone_answers_every_screen_as_flask_does(
    world: tuple[Flask, Town, peewee.Database], person: str, locale: str
) -> None:
    app, town, database = world
    speak(database, town, person, locale)
    phone = phone_of(app, town, person)
    for screen in registry.screens.values():
        if "outbox" in screen.needs:
            continue
        same_answer(app, town, phone, person, path_of(screen, town))
        same_answer(app, town, phone, person, path_of(screen, town) + "?" + urlencode({"q": "王 3-1"}))
    same_answer(app, town, phone, person, f"/households/{FRESH}")
    same_answer(app, town, phone, person, f"/units/{FRESH}")
    phone.close()


@pytest.mark.parametrize("locale", LOCALES)
def test_a_bad_form_is_answered_the_same_with_422(
    world: tuple[Flask, Town, peewee.Database], locale: str
) -> None:
    app, town, database = world
    speak(database, town, "li", locale)
    phone = phone_of(app, town, "li")
    walked = 0
    for screen in registry.screens.values():
        if screen.form is None:
            continue
        specs = screen.form.specs()
        wrong = {name: "nonsense" if spec["type"] != "text" else "x" * 400 for name, spec in specs.items()}
        for body in ({}, wrong, {**wrong, **{name: "met" for name in specs if name == "outcome"}}):
            same_answer(
                app, town, phone, "li", path_of(screen, town), method="POST", body=urlencode(body),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )  # fmt: skip
            walked += 1
    assert walked
    phone.close()


def test_a_visit_pending_on_the_phone_renders_as_an_applied_one(
    world: tuple[Flask, Town, peewee.Database],
) -> None:
    app, town, database = world
    speak(database, town, "li", "en")
    phone = phone_of(app, town, "li")
    household = town.households["3-1-601"]
    body = urlencode(
        {
            "outcome": "met",
            "phrases": "well",
            "note": "楼道灯 <坏了>",
            "fresh_id": FRESH,
            "phone": "000-1",
            "people": "4",
            "tenure": "rented",
        }
    )
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    saved = phone.tell("ask", path=f"/households/{household}/visit", method="POST", body=body, headers=form)
    assert saved["status"] == 303
    clock[0] = NOW + timedelta(minutes=2)
    phone.tell("clock", now=int(clock[0].timestamp() * 1000))
    pending = phone.tell("ask", path=f"/households/{household}")["html"]
    assert "楼道灯 &lt;坏了&gt;" in pending
    phone.tell("exchange")
    applied = phone.tell("ask", path=f"/households/{household}")["html"]
    online = browser(app, "li").get(f"/households/{household}").text
    clock[0] = NOW
    state = re.compile('<span class="state .*?</span>')
    main = lambda html: state.sub("", html[html.index("<main") : html.index("</main>")])  # noqa: E731
    assert settle(main(applied)) == settle(main(online))
    assert main(pending) == main(applied)
    assert ("On this phone" in pending, "On this phone" in applied) == (True, False)
    assert state.findall(applied)[0] == state.findall(online)[0]
    phone.close()
