"""Scope: every route and every operation as every role, on own, sibling and other community's records.

Nothing is listed by hand: screens, routes and kinds come from the declarations, so what is new is walked as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
from flask import Flask
from flask.testing import FlaskClient

from fieldapp import create_app
from fieldapp.declare.check import holds
from fieldapp.declare.digest import digests
from fieldapp.declare.kinds import kinds, specs_of
from fieldapp.declare.record import Record, Token
from fieldapp.declare.registry import registry
from fieldapp.declare.screen import Screen
from fieldapp.people.at_desk import made_here
from sync.ids import uuid7
from sync.write import put
from tests.browser.badges import badge
from tests.cast import NOW, PASSWORD, Town, named, signed_in_database
from tests.parity.contexts import row_fields

EVERYBODY = ("li", "wang", "chen", "zhou", "zhang", "zhao", "sun")
# Who holds the records of grid three, Li's own: Li and the supervisor of Li's community.
HOLDERS = {"li", "zhang"}
OF_COMMUNITY = {"li", "wang", "chen", "zhou", "zhang"}
# Who is in a channel of Li's grid and community, by the channel's first word; "user" is asked record by record.
IN_CHANNEL = {
    "grid": HOLDERS,
    "care": HOLDERS,
    "community": OF_COMMUNITY,
    "desk": {"zhang"},
    "round": {"chen", "zhou"},
    "drill": HOLDERS,
}
OPEN = {
    "/livez",
    "/readyz",
    "/version",
    "/api/openapi.json",
    "/sw.js",
    "/manifest.webmanifest",
    "/sign-in",
    "/sign-out",
}


@pytest.fixture(scope="module")
def town_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Town, peewee.Database]]:
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("scope")
    patch.setenv("FIELDAPP_DATA", str(folder))
    patch.setenv("FIELDAPP_NOW", NOW.isoformat())
    patch.setenv("FIELDAPP_RATE_LIMITS", "off")
    database, town = signed_in_database(f"sqlite:///{Path(folder) / 'fieldapp.db'}")
    tell_li(database, town)
    yield create_app(database), town, database
    database.close()
    patch.undo()


def tell_li(database: peewee.Database, town: Town) -> None:
    """A decision of the desk on Li's work, so that its screen has something to show."""
    told = {
        "id": named("decision li"), "worker": town.people["li"].id, "operation": "an operation", "choice": "return",
        "subject": "household", "household": town.households["3-1-601"], "address": "3-1-601", "field": "phone",
        "comment": "请再核实号码", "author": town.people["zhang"].id,
    }  # fmt: skip
    put(database, kinds(), town["heping"], [("decision", told)], NOW)


def client_of(app: Flask, person: str | None) -> FlaskClient:
    """A browser in which this person is signed in."""
    client = app.test_client()
    if person:
        app.config["WTF_CSRF_ENABLED"] = False
        answer = client.post("/sign-in", data={"username": person, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
    return client


def of_grid_three(town: Town, kind: str) -> str:
    """The id of some record of this kind that belongs to Li's grid."""
    record = registry.records[kind]
    if "grid" in record._meta.fields:
        found = record.get_or_none(record.grid == town["三网格"])
    elif "worker" in record._meta.fields:
        found = record.get_or_none(record.worker == town.people["li"].id)
    elif kind == "member":
        found = record.get_by_id(town.people["li"].id)
    else:
        found = record.get_or_none(record.community == town["heping"])
    return found.id if found else str(uuid7())


def parameter_kind(screen: Screen, name: str) -> str:
    """The kind that a URL's parameter names: that of the query of the same name."""
    return screen.queries[name].record.kind if name in screen.queries else name


def path_of(screen: Screen, town: Town) -> str:
    """The screen's URL for Li's records."""
    path = screen.pattern
    for name in screen.parameters():
        path = path.replace(f"<{name}>", of_grid_three(town, parameter_kind(screen, name)))
    return path


def holders(record: type[Record]) -> set[str]:
    """Who holds the records of a kind in grid three; of the kinds that go to one person alone, that one is Li."""
    words = {channel.split(":")[0] for channel in record.channels()}
    return set().union(*(IN_CHANNEL[word] for word in words - {"user"})) | (
        {"li"} if words == {"user"} else set()
    )


def test_every_screen_opens_only_for_who_holds_its_records(
    town_app: tuple[Flask, Town, peewee.Database],
) -> None:
    app, town, _ = town_app
    assert registry.screens
    for person in EVERYBODY:
        client = client_of(app, person)
        role = town.people[person].role
        for screen in registry.screens.values():
            path = path_of(screen, town)
            kinds = [registry.records[parameter_kind(screen, name)] for name in screen.parameters()]
            if screen.for_roles and role not in screen.for_roles:
                expected = 403
            elif any(person not in holders(kind) for kind in kinds):
                expected = 404
            else:
                expected = 200
            assert client.get(path).status_code == expected, f"{person} at {screen.pattern}"


def test_a_stranger_sees_no_route_but_the_open_ones(town_app: tuple[Flask, Town, peewee.Database]) -> None:
    app, town, _ = town_app
    client = client_of(app, None)
    for rule in app.url_map.iter_rules():
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<path:{argument}>", "nothing").replace(f"<{argument}>", str(uuid7()))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(path, method=method)
            if path in OPEN or path.startswith("/static/"):
                assert answer.status_code < 500
            else:
                assert answer.status_code in (303, 401, 400, 403), f"{method} {path}: {answer.status_code}"
                assert "王建国" not in answer.text and "000-1388" not in answer.text


def test_pages_of_the_supervisor_are_closed_to_all_others(
    town_app: tuple[Flask, Town, peewee.Database],
) -> None:
    app, town, _ = town_app
    pages = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in {one.name for one in made_here}
        and not rule.arguments
        and "GET" in (rule.methods or set())
    ]
    assert {"/received", "/rescued", "/progress"} <= set(pages)
    for person in EVERYBODY:
        client = client_of(app, person)
        for page in pages:
            status = client.get(page).status_code
            assert status in ((200, 404) if town.people[person].role == "supervisor" else (403,)), (
                f"{person} at {page}"
            )


def row(name: str) -> dict[str, Any]:
    """A row of a `rows` field with all that it must have."""
    parts = row_fields(name)[0]["fields"].items()
    return {"key": "own-1"} | {
        part: next(iter(registry.words[spec["words"]])) for part, spec in parts if spec.get("required")
    }


def sample(kind: str, town: Town) -> dict[str, Any]:
    """A patch that would create a record of this kind under Li's records."""
    record = registry.records[kind]
    made: dict[str, Any] = {}
    asked = {
        name: spec
        for name, spec in specs_of("create", kind).items()
        if spec.get("required") or spec.get("required_if")
    }
    for name, field in record.own_fields().items():
        if field.wire == "ref":
            made[name] = of_grid_three(town, field.kind or name)
        elif field.wire == "day" and not field.null:
            made[name] = "2026-12-01"
        elif field.wire == "rows":
            made[name] = [row(name)]
        elif isinstance(field, Token):
            made |= {} if field.about else {name: badge(None)}
        elif getattr(field, "words", None):
            made[name] = list(field.words)[:1] if field.wire == "choices" else next(iter(field.words))
        elif field.wire in ("text", "signature") and name in asked:
            made[name] = {"signature": "M12 40 13 41"}.get(field.wire, "x")
    specs = specs_of("create", kind)
    made = {name: given for name, given in made.items() if holds(specs.get(name, {}).get("shown_if"), made)}
    return made | digests(record, made)


def push(client: FlaskClient, user: str, device: str, seq: int, op: dict[str, Any]) -> dict[str, Any]:
    """One exchange with one operation; the operation's result."""
    whole = {
        "op": str(uuid7()), "seq": seq, "group": str(uuid7()), "after": [], "form": 1, "base_version": None, "base": {},
        "at": "2026-11-23T02:42:05.000Z", "offset": 0, "files": [], **op,
    }  # fmt: skip
    request = {
        "protocol": 1, "app": "test", "user": user, "device": device, "clock": "2026-11-23T02:42:05.000Z", "epoch": None,
        "ops": [whole], "cursors": {}, "tail": False,
        "report": {"waiting": 1, "oldest": None, "used": None, "left": None},
    }  # fmt: skip
    answer = client.post("/sync", json=request)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.get_json()["results"][0]
    return result


def test_every_operation_counts_only_from_who_may_make_it(
    town_app: tuple[Flask, Town, peewee.Database],
) -> None:
    app, town, _ = town_app
    for person in EVERYBODY:
        client = client_of(app, person)
        me = town.people[person]
        device, seq = str(uuid7()), 0
        for kind, record in registry.records.items():
            holds = person in holders(record) or "user:{author}" in record.channels()
            own = of_grid_three(town, kind)
            if "".join(record.channels()).startswith("user:"):
                held = record.get_or_none(record.id == own)
                of_li = "worker" in record._meta.fields or held is None
                holds = person == "li" if of_li else held.user == me.id
            seq += 1
            made = push(
                client,
                me.id,
                device,
                seq,
                {"verb": "create", "kind": kind, "record": str(uuid7()), "patch": sample(kind, town)},
            )
            # What hangs under nothing of Li's is made in the person's own community.
            apart = record.parent is None and record.channels() in (
                ("community:{community}",),
                ("desk:{community}",),
            )
            above = registry.records[record.parent_kind()] if record.parent else record
            within = not record.parent or person in holders(above)
            made_here = (holds or apart) and within and me.role in record.creates_by
            expected = "applied" if made_here else "quarantined"
            assert made["status"] == expected, f"{person} creates {kind}: {made}"
            fields = [
                name for name in record.patchable if getattr(record._meta.fields[name], "words", None)
            ] or list(record.patchable)
            for name in fields[:1] or ["community"]:
                field = record._meta.fields[name]
                current = getattr(record.get_by_id(own), name) if record.get_or_none(record.id == own) else ""
                value = next((code for code in getattr(field, "words", {}) if code != current), None)
                value = value or {"day": "2026-12-01"}.get(field.wire, "x")
                seq += 1
                op = {
                    "verb": "patch",
                    "kind": kind,
                    "record": own,
                    "patch": {name: value},
                    "base": {name: current},
                }
                patched = push(client, me.id, device, seq, op)
                may = holds and me.role in record.patches_by and bool(record.patchable)
                assert patched["status"] == ("applied" if may else "quarantined"), (
                    f"{person} patches {kind}: {patched}"
                )


def test_nobody_sends_in_anothers_name(town_app: tuple[Flask, Town, peewee.Database]) -> None:
    app, town, _ = town_app
    client = client_of(app, "wang")
    request = {
        "protocol": 1, "app": "test", "user": town.people["li"].id, "device": str(uuid7()), "clock": "2026-11-23T02:42:05.000Z",
        "epoch": None, "ops": [], "cursors": {}, "tail": False, "report": {"waiting": 0, "oldest": None, "used": None, "left": None},
    }  # fmt: skip
    answer = client.post("/sync", json=request)
    assert answer.status_code == 409
    assert answer.get_json()["error"]["code"] == "other_user"


def test_another_site_cannot_make_a_change_in_somebodys_browser(
    town_app: tuple[Flask, Town, peewee.Database],
) -> None:
    app, town, _ = town_app
    client = client_of(app, "li")
    for path in ("/sync", "/undo", "/drafts?for=/today", "/profile"):
        answer = client.open(
            path, method="PUT" if "drafts" in path else "POST", headers={"Origin": "http://elsewhere.example"}
        )
        assert answer.status_code == 403, path
