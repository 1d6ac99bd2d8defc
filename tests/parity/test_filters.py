"""Both halves of the filters give what the shared vectors say, in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldapp.declare import filters
from fieldapp.declare.template import compile_expression, python_expression
from tests.parity.evaluators import NOW, Phone, server, speak

VECTORS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("filter_vectors.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def phone() -> Iterator[Phone]:
    made = Phone()
    made.load({})
    yield made
    made.close()


def asked(vector: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The expression of a vector, and the names that it is over."""
    args = [f"a{place}" for place in range(len(vector.get("args", [])))]
    call = f"value|{vector['filter']}({', '.join(args)})"
    if vector["filter"] in ("by", "groups"):
        call = f"({call}).items()"  # pairs: a dict's order is part of its value
    names = {"value": vector["value"], "locale": vector.get("locale", "en")} | NOW
    names |= dict(zip(args, vector.get("args", []), strict=True))
    return call, names | {name: vector[name] for name in ("today", "now") if name in vector}


def given(vector: dict[str, Any]) -> Any:
    """What the vector says, as JSON has it."""
    gives = vector["gives"]
    return [list(pair) for pair in gives.items()] if vector["filter"] in ("by", "groups") else gives


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['filter']}-{vector['value']}"[:60])
def test_a_filter_gives_the_same_on_the_server_and_the_phone(phone: Phone, vector: dict[str, Any]) -> None:
    expression, names = asked(vector)
    env = server({})
    speak(env, names["locale"])
    here = python_expression(env, expression)(names)
    assert json.loads(json.dumps(here)) == given(vector)
    there = phone.ask("evaluate", source=compile_expression(env, expression), scope=names)
    assert there == {"value": given(vector)}


def test_every_filter_of_ours_has_vectors() -> None:
    assert set(filters.OURS) <= {vector["filter"] for vector in VECTORS}


def test_a_group_is_found_by_a_number_as_by_a_text(phone: Phone) -> None:
    env = server({})
    source = "(doors|groups('floor'))[3]|length ~ (doors|by('id')).b.floor"
    names = {"doors": [{"id": "a", "floor": 3}, {"id": "b", "floor": 2}]}
    assert python_expression(env, source)(names) == "12"
    assert phone.ask("evaluate", source=compile_expression(env, source), scope=names) == {"value": "12"}


def test_a_filter_reads_today_inside_an_imported_macro(phone: Phone) -> None:
    env = server(
        {
            "page": "{% from 'parts' import seen %}{{ seen(at) }}",
            "parts": "{% macro seen(at) %}{{ at|when }}{% endmacro %}",
        }
    )
    assert env.get_template("page").render(NOW | {"at": NOW["now"]}) == "today 10:42"
