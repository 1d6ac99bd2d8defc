"""Letters at the centre: signed on a page without a worker, refused where they do not fit, proven by page and by command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
from flask import Flask

from fieldapp import create_app
from fieldapp.cli import main
from fieldapp.declare.beginning import begin
from fieldapp.declare.digest import canonical, digest
from fieldapp.letters.record import Letter, LetterTemplate
from sync.ids import uuid7
from sync.store import Operation
from tests.cast import NOW, Town, named, signed_in_database
from tests.test_scope import client_of, push

DRAWN = "M100 60 180 60 260 64M180 60 180 180"
OF = Letter.digests()["hash"]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Flask, Town, peewee.Database]]:
    monkeypatch.setenv("FIELDAPP_DATA", str(tmp_path))
    monkeypatch.setenv("FIELDAPP_NOW", NOW.isoformat())
    monkeypatch.setenv("FIELDAPP_RATE_LIMITS", "off")
    database, built = signed_in_database(f"sqlite:///{tmp_path / 'fieldapp.db'}")
    yield create_app(database), built, database
    database.close()


def fire(town: Town) -> LetterTemplate:
    """The community's text on fire, as it began."""
    found: LetterTemplate = LetterTemplate.get(
        LetterTemplate.community == town["heping"], LetterTemplate.topic == "fire"
    )
    return found


def letter(town: Town, **given: Any) -> dict[str, Any]:
    """What Li's phone would save for 3-1-601."""
    text = fire(town)
    made = {
        "household": town.households["3-1-601"], "letter_template": text.id, "topic": "fire", "number": 1, "title": text.title,
        "text": text.text, "address": "3-1-601", "signer": "王建国", "way": "screen", "signature": DRAWN, "witness": "李",
    }  # fmt: skip
    made |= given
    return {"hash": digest(Letter, OF, made), **made}


def sent(town: tuple[Flask, Town, peewee.Database], patch: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Li's phone sends one letter: its id, and what became of it."""
    app, built, _ = town
    id = str(uuid7())
    op = {"verb": "create", "kind": "letter", "record": id, "patch": patch, "files": patch.get("photos", [])}
    return id, push(client_of(app, "li"), built.people["li"].id, str(uuid7()), 1, op)


def test_the_canonical_form_of_a_letter_is_what_the_docs_say() -> None:
    said = canonical(Letter, OF, {"title": "承诺书", "text": '一\n"二"', "signature": DRAWN})
    assert said == (
        '[["title","承诺书"],["text","一\\n\\"二\\""],["address",""],["signer",""],'
        f'["signature","{DRAWN}"],["photos",[]],["witness",""]]'
    )


def test_a_letter_signed_on_a_page_without_a_worker_is_the_same(
    town: tuple[Flask, Town, peewee.Database],
) -> None:
    app, built, _ = town
    client = client_of(app, "li")
    path = f"/households/{built.households['3-1-601']}/letters/{fire(built).id}"
    assert fire(built).title in client.get(path).text
    empty = client.post(path, data={"fresh_id": str(uuid7()), "signer": "王建国", "way": "screen"})
    assert empty.status_code == 422 and "error-signature" in empty.text and "王建国" in empty.text
    id = str(uuid7())
    sent = {"fresh_id": id, "signer": "王建国", "way": "screen", "signature": DRAWN}
    for _ in range(2):  # a repeated submit is the same letter
        assert client.post(path, data=sent).headers["Location"] == f"/letters/{id}"
    (made,) = Letter.select().where(Letter.address == "3-1-601")
    assert made.hash == letter(built)["hash"] and made.text == fire(built).text
    shown = client.get(f"/letters/{id}").text
    assert DRAWN in shown and made.hash in shown


def test_a_letter_whose_hash_does_not_fit_goes_to_quarantine_and_says_why(
    town: tuple[Flask, Town, peewee.Database],
) -> None:
    app, built, _ = town
    whole = letter(built)
    id, result = sent(town, {**whole, "signer": "王小二"})
    assert (result["status"], result["reason"]) == ("quarantined", "invalid")
    assert list(result["detail"]["fields"]) == ["hash"]
    assert Letter.get_or_none(Letter.id == id) is None
    page = client_of(app, "zhang").get(f"/review/quarantined/{result['op']}").text
    assert "指纹码" in page
    without = {name: value for name, value in whole.items() if name != "hash"}
    assert sent(town, without)[1]["status"] == "quarantined"


@pytest.mark.parametrize(
    "given",
    [
        {"signature": ""},
        {"way": "paper"},
        {"way": "paper", "signature": ""},
        {"photos": ["a" * 64]},
        {"signature": "M1 1"},
        {"signature": '"/><script>'},
    ],
)
def test_exactly_one_of_signature_and_sheet_is_taken(
    town: tuple[Flask, Town, peewee.Database], given: dict[str, Any]
) -> None:
    assert sent(town, letter(town[1], **given))[1]["status"] == "quarantined"


def test_an_untouched_letter_is_proven_and_a_changed_one_is_found_by_page_and_command(
    town: tuple[Flask, Town, peewee.Database], capsys: pytest.CaptureFixture[str]
) -> None:
    app, built, database = town
    id, result = sent(town, letter(built))
    assert result["status"] == "applied"
    desk = client_of(app, "zhang")
    assert "未被改动" in desk.get(f"/letters/{id}/verify").text
    assert main(["verify-letter", id]) == 0
    assert capsys.readouterr().out.count("untouched") == 4
    database.connect(reuse_if_open=True)
    for column, value, found in (
        ("text", "什么都行", 3),
        ("way", "paper", 1),
        ("device_time", "2020-01-01T00:00:00Z", 1),
    ):
        before = getattr(Letter.get_by_id(id), column)
        database.execute_sql(f'UPDATE letter SET "{column}" = ? WHERE id = ?', (value, id))
        assert "有改动" in desk.get(f"/letters/{id}/verify").text
        assert main(["verify-letter", id]) == 1
        assert capsys.readouterr().out.count("changed   ") == found, column
        database.connect(reuse_if_open=True)
        database.execute_sql(f'UPDATE letter SET "{column}" = ? WHERE id = ?', (before, id))
    assert main(["verify-letter", id]) == 0


def test_a_rewritten_ledger_and_a_letter_taken_out_of_the_database_are_found(
    town: tuple[Flask, Town, peewee.Database], capsys: pytest.CaptureFixture[str]
) -> None:
    app, built, database = town
    id, _ = sent(town, letter(built))
    forged = letter(built, signer="王小二")
    database.execute_sql("UPDATE letter SET signer = '王小二', hash = ? WHERE id = ?", (forged["hash"], id))
    one = Operation.get(Operation.record == id)
    Operation.update(payload={**one.payload, "patch": forged}).where(Operation.op == one.op).execute()
    assert main(["verify-letter", id]) == 1
    assert "ledger's entry does not fit" in capsys.readouterr().out
    database.connect(reuse_if_open=True)
    Letter.delete().where(Letter.id == id).execute()
    assert "已不在库中" in client_of(app, "zhang").get(f"/letters/{id}/verify").text
    assert main(["verify-letter", id]) == 1
    assert main(["verify-letter", str(uuid7())]) == 2


def test_another_communitys_desk_knows_nothing_of_the_letter(
    town: tuple[Flask, Town, peewee.Database],
) -> None:
    app, _, _ = town
    id = named("letter 3-1-102")
    assert client_of(app, "zhang").get(f"/letters/{id}/verify").status_code == 200
    assert client_of(app, "sun").get(f"/letters/{id}/verify").status_code == 404
    assert client_of(app, "li").get(f"/letters/{id}/verify").status_code == 403
    assert "3-1-102" in client_of(app, "zhang").get("/letters?topic=dog").text
    assert "3-1-102" not in client_of(app, "zhang").get("/letters?topic=fire").text
    assert "3-1-102" not in client_of(app, "sun").get("/letters").text
    sheet = client_of(app, "zhang").get("/letters?topic=dog&as=csv").get_data(as_text=True)
    assert "3-1-102" in sheet and Letter.get_by_id(id).hash in sheet and "2026-11-23 10:42" in sheet


def test_zhang_writes_a_new_version_and_the_signed_letter_keeps_its_own(
    town: tuple[Flask, Town, peewee.Database],
) -> None:
    app, built, _ = town
    id, _ = sent(town, letter(built))
    desk = client_of(app, "zhang")
    assert fire(built).text.splitlines()[1] in desk.get("/letters/texts/fire").text
    refused = desk.post("/letters/texts/fire", data={"title": "", "text": "本人承诺。"})
    assert refused.status_code == 422 and "error-title" in refused.text and "本人承诺。" in refused.text
    desk.post("/letters/texts/fire", data={"title": "消防承诺书", "text": "本人承诺：\r\n1. 不充电。"})
    newest = (
        LetterTemplate.select()
        .where(LetterTemplate.topic == "fire")
        .order_by(LetterTemplate.seq.desc())
        .first()
    )
    assert (newest.number, newest.title, newest.text) == (2, "消防承诺书", "本人承诺：\n1. 不充电。")
    assert Letter.get_by_id(id).text == letter(built)["text"]
    # Each version stays to be read.
    versions = desk.get("/letters/texts/fire").text.partition("<details")[2]
    assert letter(built)["text"].splitlines()[1] in versions and "1. 不充电。" in versions
    assert "消防承诺书" in client_of(app, "li").get(f"/households/{built.households['3-1-601']}/letters").text
    assert desk.get("/letters/texts/epidemic").status_code == 404


def test_a_community_begins_with_its_texts_once(town: tuple[Flask, Town, peewee.Database]) -> None:
    _, built, database = town
    before = LetterTemplate.select().count()
    assert {one.topic for one in LetterTemplate.select().where(LetterTemplate.community == built["xinfu"])} == {
        "fire", "dog", "rental"
    }  # fmt: skip
    begin(database, built["xinfu"], NOW)
    assert LetterTemplate.select().count() == before
