"""Forms: Flask reads and checks what a page sent as the phone does; the vectors are shared with the phone's test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from werkzeug.datastructures import MultiDict

from fieldapp.declare.form import check, checker, parse
from fieldapp.declare.registry import Registry

VECTORS = json.loads((Path(__file__).parent / "form_vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_flask_reads_and_checks_a_form_as_the_phone_does(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "words", VECTORS["words"])
    monkeypatch.setenv("FIELDAPP_UTC_OFFSET", str(VECTORS["utc_offset"]))
    sent = MultiDict(parse_qsl(case["body"], keep_blank_values=True))
    values = {name: parse(spec["type"], sent.getlist(name)) for name, spec in VECTORS["fields"].items()}
    assert values == case["values"]
    kept, errors = check(VECTORS["fields"], values)
    assert kept == case["kept"]
    assert {name: [list(problem) for problem in problems] for name, problems in errors.items()} == case[
        "errors"
    ]


def test_a_check_that_is_made_once_says_the_same_however_often_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Registry, "words", VECTORS["words"])
    made = checker(VECTORS["fields"])
    for case in [*VECTORS["cases"], *reversed(VECTORS["cases"])]:
        kept, errors = made(case["values"])
        assert kept == case["kept"], case["name"]
        assert {name: [list(problem) for problem in problems] for name, problems in errors.items()} == case[
            "errors"
        ]
        for name, value in kept.items():  # what becomes of the lists of one answer is nothing to the next
            if value == [] and value is not case["values"][name]:
                value.append("red")
