"""The door of sync as a phone meets it over HTTP: limits, busy answers, and how often one may knock."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fieldapp import create_app
from fieldapp.limits import limiter
from sync import devices
from sync.ids import uuid7
from tests.cast import NOW, Town, signed_in_database
from tests.test_scope import client_of


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Flask, Town]]:
    monkeypatch.setenv("FIELDAPP_DATA", str(tmp_path))
    monkeypatch.setenv("FIELDAPP_NOW", NOW.isoformat())
    database, town = signed_in_database(f"sqlite:///{tmp_path / 'fieldapp.db'}")
    app = create_app(database)
    limiter.reset()
    yield app, town
    database.close()


def asked(town: Town, ops: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """What Li's phone asks."""
    return {
        "protocol": 1, "app": "test", "user": town.people["li"].id, "device": str(uuid7()),
        "clock": "2026-11-23T02:42:05.000Z", "epoch": None, "ops": ops or [], "cursors": {}, "tail": False,
        "report": {"waiting": 0, "oldest": None, "used": None, "left": None}, **more,
    }  # fmt: skip


def visit(town: Town, seq: int, **patch: Any) -> dict[str, Any]:
    """A visit as it travels."""
    return {
        "op": str(uuid7()), "seq": seq, "group": str(uuid7()), "after": [], "kind": "visit", "record": str(uuid7()),
        "verb": "create", "form": 1, "base_version": None, "base": {}, "at": "2026-11-23T02:42:05.000Z", "offset": 0,
        "files": [], "patch": {"household": town.households["3-1-601"], "outcome": "met", **patch},
    }  # fmt: skip


def post(client: FlaskClient, body: bytes, **headers: str) -> Any:
    return client.post("/sync", data=body, headers={"Content-Type": "application/json", **headers})


def test_a_hundred_visits_pass_at_once_and_a_hundred_and_one_are_to_be_halved(
    door: tuple[Flask, Town],
) -> None:  # P21
    app, town = door
    li = client_of(app, "li")
    ops = [visit(town, n) for n in range(1, 102)]
    refused = li.post("/sync", json=asked(town, ops))
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (413, "too_large")
    passed = li.post("/sync", json=asked(town, ops[:100]))
    assert passed.get_json()["last"] == 100


def test_two_mebibytes_on_the_wire_and_twenty_unpacked_are_the_most(door: tuple[Flask, Town]) -> None:  # P21
    app, town = door
    li = client_of(app, "li")
    heavy = json.dumps(asked(town, [visit(town, 1, note="x" * (2 * 1024 * 1024))])).encode()
    assert post(li, heavy).status_code == 413
    packed = post(li, gzip.compress(heavy), **{"Content-Encoding": "gzip"})
    assert packed.get_json()["results"][0]["status"] == "quarantined", (
        "it fits; a note of two million letters does not"
    )
    bomb = gzip.compress(json.dumps(asked(town, [visit(town, 1, note="x" * (21 * 1024 * 1024))])).encode())
    assert len(bomb) < 100_000
    assert post(li, bomb, **{"Content-Encoding": "gzip"}).status_code == 413


def test_what_is_nested_deeper_than_twenty_is_not_read(door: tuple[Flask, Town]) -> None:  # P21
    app, town = door
    nested: Any = "x"
    for _ in range(25):
        nested = [nested]
    answer = client_of(app, "li").post("/sync", json=asked(town, [visit(town, 1, note=nested)]))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "bad_request")


def test_a_phone_that_asks_without_end_is_told_when_to_come_back_and_no_other_is(
    door: tuple[Flask, Town],
) -> None:  # P7 P21
    app, town = door
    li, wang = client_of(app, "li"), client_of(app, "wang")
    question = {**asked(town), "user": "somebody else"}  # the cheapest question
    statuses = [li.post("/sync", json=question).status_code for _ in range(240)]
    assert set(statuses) == {409}
    refused = li.post("/sync", json=asked(town, [visit(town, 1)]))
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert wang.post("/sync", json={**asked(town), "user": town.people["wang"].id}).status_code == 200
    limiter.reset()
    assert li.post("/sync", json=asked(town, [visit(town, 1)])).get_json()["last"] == 1, (
        "nothing was consumed"
    )


def test_an_app_from_the_future_says_more_of_itself_than_this_server_knows(
    door: tuple[Flask, Town],
) -> None:  # P18
    app, town = door
    report = {"waiting": 1, "oldest": None, "used": 1, "left": 1, "battery": 7}
    answer = client_of(app, "li").post("/sync", json=asked(town, [visit(town, 1)], report=report, app="v99"))
    assert answer.get_json()["results"][0]["status"] == "applied"


def test_an_exchange_under_way_while_li_signs_in_does_not_sign_her_out_again(
    door: tuple[Flask, Town],
) -> None:
    """The phone asks whose it is as soon as the sign-in page is there; its answer may come after that of the sign-in."""
    app, town = door
    li = app.test_client()
    li.get("/sign-in")
    late = post(li, json.dumps(asked(town)).encode())
    assert late.status_code == 401 and "Set-Cookie" not in late.headers


def test_a_session_that_ended_takes_nothing_and_the_same_batch_is_taken_after_signing_in(
    door: tuple[Flask, Town],
) -> None:  # P11
    app, town = door
    batch = asked(town, [visit(town, n) for n in (1, 2)])
    li = client_of(app, "li")
    li.post("/sign-out")
    assert li.post("/sync", json=batch).get_json()["error"]["code"] == "signed_out"
    answer = client_of(app, "li").post("/sync", json=batch).get_json()
    assert [one["status"] for one in answer["results"]] == ["applied", "applied"]


def test_a_signed_off_phone_stays_signed_in_until_it_knows_that_everything_is_here(
    door: tuple[Flask, Town],
) -> None:  # P13 P20
    app, town = door
    li = client_of(app, "li")
    question = asked(town)
    assert post(li, json.dumps(question).encode()).status_code == 200
    question["epoch"] = "another history"
    devices.revoke(app.extensions["database"], question["device"])

    def says(ops: list[dict[str, Any]], **report: Any) -> Any:
        told = {**question, "ops": ops, "report": {"waiting": len(ops), **report}}
        answer = post(li, json.dumps(told).encode())
        return answer.status_code, answer.get_json()["error"]["code"], answer.get_json().get("last")

    # It believes that nothing waits: a restored copy knows of no receipt, and says so.
    assert says([], files=0) == (403, "revoked", 0)
    assert says([visit(town, 1)], files=1) == (403, "revoked", 1)
    assert says([], files=1) == (403, "revoked", 1)
    assert says([], files=1, clears=True) == (403, "revoked", 1)
    assert says([], files=0, clears=True) == (403, "revoked", 1)
    assert says([], files=0) == (401, "signed_out", None)


def test_a_signed_off_phone_with_an_app_of_before_photos_is_signed_out_as_it_expects(
    door: tuple[Flask, Town],
) -> None:  # P18
    app, town = door
    li = client_of(app, "li")
    question = asked(town)
    assert post(li, json.dumps(question).encode()).status_code == 200
    devices.revoke(app.extensions["database"], question["device"])
    assert post(li, json.dumps(question).encode()).status_code == 403
    assert post(li, json.dumps(question).encode()).status_code == 401


def test_a_new_phone_of_li_is_told_what_her_other_one_said_last_that_it_still_had(
    door: tuple[Flask, Town],
) -> None:  # P9
    app, town = door
    li = client_of(app, "li")
    old, idle = asked(town), asked(town)
    old["report"] |= {"waiting": 3, "oldest": "2026-11-23T01:00:00Z"}

    def unsent() -> list[tuple[str, int, str]]:
        said = post(li, json.dumps(asked(town)).encode()).get_json()["me"]["unsent"]
        return [(one["device"], one["count"], one["oldest"]) for one in said]

    assert post(li, json.dumps(idle).encode()).status_code == 200
    assert post(li, json.dumps(old).encode()).status_code == 200
    assert unsent() == [(old["device"], 3, "2026-11-23T01:00:00Z")]
    old["report"]["waiting"] = 0
    assert post(li, json.dumps(old).encode()).status_code == 200
    assert unsent() == []
