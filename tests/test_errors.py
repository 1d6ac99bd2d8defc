"""Errors: what no view answers is said in words, in the language and the shape that was asked for."""

from __future__ import annotations

import re
from pathlib import Path

import peewee
import pytest
from flask import Flask

from fieldapp import create_app
from fieldapp.errors import REASONS
from tests.cast import NOW, signed_in_database


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("errors")
    patch = pytest.MonkeyPatch()
    patch.setenv("FIELDAPP_DATA", str(folder))
    patch.setenv("FIELDAPP_NOW", NOW.isoformat())
    database, _ = signed_in_database(f"sqlite:///{Path(folder) / 'fieldapp.db'}")
    made = create_app(database)
    patch.undo()
    return made


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "没有"), ("en", "Not found")])
def test_a_stranger_who_asks_for_nothing_known_reads_so_in_the_own_language(
    app: Flask, language: str, words: str
) -> None:
    answer = app.test_client().get("/nothing-here", headers={"Accept-Language": language})
    assert answer.status_code == 404
    assert words in answer.text
    assert "<main" in answer.text


def test_while_the_database_is_away_the_phone_is_told_to_try_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise peewee.OperationalError("unable to open database file")

    monkeypatch.setattr("fieldapp.people.session.load_me", away)
    client = app.test_client()
    answer = client.post("/sync", json={})
    assert answer.status_code == 503
    assert answer.get_json()["error"]["code"] == "busy"
    assert int(answer.headers["Retry-After"]) > 0
    page = client.get("/today")
    assert page.status_code == 503
    assert "<main" in page.text


def test_a_fault_of_the_program_is_a_page_in_words_without_a_trace(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault() -> None:
        raise RuntimeError("王建国 000-1388 0412")

    monkeypatch.setattr("fieldapp.people.session.load_me", fault)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = app.test_client().get("/today", headers={"Accept-Language": "en"})
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "王建国" not in answer.text


def test_each_reason_that_the_protocol_names_has_words_and_no_others() -> None:
    protocol = (Path(__file__).parent.parent / "sync" / "PROTOCOL.md").read_text(encoding="utf-8")
    table = protocol.split("### Results", 1)[1].split("### Refusals", 1)[0]
    named = re.findall(r"^\| `(?:review|quarantined|held)` \| (.+?) \|", table, re.MULTILINE)
    codes = {code for cell in named for code in re.findall(r"`(\w+)`", cell)}
    assert codes and codes == set(REASONS)
