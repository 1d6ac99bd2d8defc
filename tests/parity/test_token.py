"""Tokens: Flask and the phone judge the same codes alike, by shared vectors and at a form that asks for one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import peewee
import pytest
from flask import Flask

from fieldapp.declare.token import new_key, sign, wrong
from tests.browser.badges import DRILL, SCAN, badge, person
from tests.cast import NOW, Town, named
from tests.parity.test_screens import phone_of, same_answer, speak, world

VECTORS = json.loads((Path(__file__).parent / "token_vectors.json").read_text(encoding="utf-8"))
JUDGE = """import { judged } from "./static/phone/token.js";
const cases = JSON.parse(process.argv[1]);
console.log(JSON.stringify(await Promise.all(cases.map(({ text, ...given }) => judged(text, given)))));"""

__all__ = ["world"]


def given(case: dict[str, object]) -> dict[str, object]:
    """A case with what all of them share."""
    return {
        **VECTORS["shared"],
        **{name: value for name, value in case.items() if name not in ("name", "wrong")},
    }


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_flask_judges_a_code_as_the_vectors_say(case: dict[str, object]) -> None:
    assert wrong(**given(case)) == case["wrong"]  # type: ignore[arg-type]


def test_the_phone_judges_the_same_codes_alike() -> None:
    cases = [given(case) for case in VECTORS["cases"]]
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", JUDGE, json.dumps(cases)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [one["wrong"] for one in json.loads(ran.stdout)] == [case["wrong"] for case in VECTORS["cases"]]


def test_a_code_signed_here_holds_here_and_no_letter_of_it_can_be_another() -> None:
    private, public = new_key()
    text = sign(private, DRILL, person(1), NOW)
    now = "2026-11-23T02:41:00Z"
    assert wrong(text, public, DRILL, now, True) is None
    for at in range(0, 200, 7):
        other = "A" if text[at] != "A" else "B"
        assert wrong(text[:at] + other + text[at + 1 :], public, DRILL, now, True) is not None


def test_both_answer_a_form_with_a_bad_code_the_same(world: tuple[Flask, Town, peewee.Database]) -> None:
    app, town, database = world
    speak(database, town, "li", "en")
    phone = phone_of(app, town, "li")
    for text in (
        "x",
        badge(person(1), secret=8),
        badge(person(1), drill=named("another")),
        badge(None),
        badge(named("x")),
    ):
        body = {"what": "in", "how": "scan", "token": text}
        same_answer(
            app, town, phone, "li", SCAN, method="POST", body=urlencode(body),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
    phone.close()
