"""Forms: Flask reads and checks what a page sent as the phone does; the vectors are shared with the phone's test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from werkzeug.datastructures import MultiDict

from fieldapp.declare.check import check, checker
from fieldapp.declare.form import parse, parse_rows
from fieldapp.declare.registry import Registry

TABLES = [
    json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("form_vectors", "row_vectors")
]
CASES = [pytest.param(table, case, id=case["name"]) for table in TABLES for case in table["cases"]]


def read(spec: dict[str, Any], name: str, sent: MultiDict[str, str]) -> Any:
    """A field's value as a page sent it."""
    return (
        parse_rows(spec["fields"], name, sent)
        if spec["type"] == "rows"
        else parse(spec["type"], sent.getlist(name))
    )


@pytest.mark.parametrize(("table", "case"), CASES)
def test_flask_reads_and_checks_a_form_as_the_phone_does(
    table: dict[str, Any], case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "words", table["words"])
    monkeypatch.setenv("FIELDAPP_UTC_OFFSET", str(table["utc_offset"]))
    sent = MultiDict(parse_qsl(case["body"], keep_blank_values=True))
    values = {name: read(spec, name, sent) for name, spec in table["fields"].items()}
    assert values == case["values"]
    kept, errors = check(table["fields"], values)
    assert kept == case["kept"]
    assert {name: [list(problem) for problem in problems] for name, problems in errors.items()} == case[
        "errors"
    ]


def test_a_check_that_is_made_once_says_the_same_however_often_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Registry, "words", TABLES[0]["words"])
    made = checker(TABLES[0]["fields"])
    for case in [*TABLES[0]["cases"], *reversed(TABLES[0]["cases"])]:
        kept, errors = made(case["values"])
        assert kept == case["kept"], case["name"]
        assert {name: [list(problem) for problem in problems] for name, problems in errors.items()} == case[
            "errors"
        ]
        for name, value in kept.items():  # what becomes of the lists of one answer is nothing to the next
            if value == [] and value is not case["values"][name]:
                value.append("red")
