"""Jinja2 and the phone render the same bytes: a table of constructs, and random contexts over real-looking pages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import DictLoader

from fieldapp.declare.template import (
    TemplateError,
    compile_all,
    compile_expression,
    compile_template,
    environment,
)
from tests.parity.constructs import CONTEXT, EXPRESSIONS, LINES, PARTS, REFUSED, SETS
from tests.parity.evaluators import Phone, evaluate_both, on_phone, on_server, render_both, server

# One construct of the table's lines a template, so that one failing output names itself.
TABLE = [line for line in LINES.split("\n") if line]


@pytest.fixture(scope="module")
def phone() -> Iterator[Phone]:
    made = Phone()
    yield made
    made.close()


def same(here: dict[str, Any], there: dict[str, Any]) -> None:
    """Equal text, or an error on both sides."""
    assert ("error" in here) == ("error" in there), (here, there)
    assert here.get("value") == there.get("value")


@pytest.mark.parametrize("line", TABLE)
def test_a_construct_reads_the_same_on_the_server_and_the_phone(phone: Phone, line: str) -> None:
    same(*render_both(phone, {"page": line}, "page", CONTEXT))


@pytest.mark.parametrize("what", SETS)
def test_files_within_files_read_the_same(phone: Phone, what: str) -> None:
    same(*render_both(phone, SETS[what], "page", CONTEXT))


@pytest.mark.parametrize(("source", "line", "words"), REFUSED)
def test_what_the_phone_cannot_do_fails_the_build_with_file_and_line(
    source: str, line: int, words: str
) -> None:
    env = environment(DictLoader({"unit/board.html": source, "parts": PARTS}))
    with pytest.raises(TemplateError) as refused:
        compile_template(env, "unit/board.html")
    assert (refused.value.file, refused.value.line) == ("unit/board.html", line)
    assert words in str(refused.value)


@pytest.mark.parametrize("source", [line for line in EXPRESSIONS.split("\n") if line])
def test_a_declared_expression_has_the_same_value_on_both_sides(phone: Phone, source: str) -> None:
    same(*evaluate_both(phone, source, CONTEXT))


@pytest.mark.parametrize("source", ["n|safe", "n n", "n +", "url_for(n)", "n|nope"])
def test_a_declared_expression_outside_the_subset_is_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_expression(server({}), source)


def test_a_page_may_be_set_up_on_any_environment_with_constant_globals() -> None:
    env = server({"page": "<link href=\"{{ asset('app.css') }}\">"})
    env.globals["asset"] = lambda name: f"/static/1/{name}"
    assert "/static/1/app.css" in compile_template(env, "page")


PAGES = {
    "board": """{% extends "base" %}
{% from "parts" import chip, when_seen %}
{% set heading = unit.name ~ " · " ~ (doors|length) %}
{% block main %}
  <h1>{{ heading }}</h1>
  <p>{{ ngettext("%(num)s door", "%(num)s doors", doors|length) }} {{ _("Hello %(name)s", name=me.name) }}</p>
  {% set last = visits|by("door") %}
  {% for floor, here in (doors|groups("floor")).items() %}
    <h2>{{ floor }}</h2>
    {% for door in here %}
      {% set seen = last[door.id] %}
      <a class="door{{ " met" if seen and seen.outcome == "met" }}" href="/doors/{{ door.id|urlencode }}"
        title="{{ door.tags|join(", ") or "–" }}">{{ chip(door.label, kind=door.kind or "none") }}
        {% if seen %}{{ seen.outcome|choice("visit.outcome") }} {{ when_seen(seen.at) }}{% else %}–{% endif %}
        {% if door.note %}<small>{{ door.note|truncate(12) }}</small>{% endif %}{{ loop.index }}/{{ loop.length }}</a>
    {% endfor %}
  {% else %}
    <p>{{ _("Nobody here.") }}</p>
  {% endfor %}
  {{ super() }}{{ {"unit": unit, "notes": doors|map(attribute="note", default="")|list}|tojson }}
{% endblock %}
""",
    "base": """<!doctype html>
<title>{% block title %}{{ heading|default("–") }}{% endblock %}</title>
<main>{% block main %}<footer>{{ me.name or "?" }} {{ today|date }}</footer>{% endblock %}</main>
""",
    "parts": """{% macro chip(label, kind="plain") %}<i class="{{ kind }}">{{ label|upper }}</i>{% endmacro %}
{% macro when_seen(at) %}<time datetime="{{ at }}">{{ at|when }} {{ at|clock }}</time>{% endmacro %}
""",
    "list": """<ul>
{% for door in doors|sort(attribute="label") if door.label %}
  <li id="{{ door.id }}"{% if door.note is not none and door.note is defined %} data-note="{{ door.note }}"{% endif %}>
    {{ loop.cycle("a", "b") }} {{ door.label[:2] }}{{ door.label|length }} {{ door.label == door.note }}
    {{ door.label < (door.note or "") }} {{ door.people + 1 }} {{ door.people / 4 }} {{ door.tags }}
    {% with n = door.tags|length %}{{ "%d/%s"|format(n, door.note) }}{% endwith %}
    {% for tag in door.tags %}{{ tag }}{{ "," if not loop.last }}{% else %}-{% endfor %}
  </li>
{% else %}
  <li>{{ unit }}</li>
{% endfor %}
</ul>
{{ doors|groupby("floor")|length }} {{ doors|sum(attribute="people") }} {{ doors|map(attribute="note")|select|join("; ") }}
""",
}
TEXTS = [
    "",
    "301",
    "3A",
    "底商2",
    "王<芳>",
    'O\'Neil & "Co"',
    "😀𠮷",
    "\uffee|\ue000",
    "a b  c",
    "`${x}`\\n",
    "%d%%",
    "\u2028",
    "it's",
]
DAYS = ["2026-11-23", "2026-11-22", "2026-11-24", "2025-12-31", "2026-11-03", "2028-02-29"]


def a_context(chance: random.Random) -> dict[str, Any]:
    """What a unit's board may see, at its most awkward."""
    text = lambda: "".join(chance.choices(TEXTS, k=chance.randint(0, 3)))  # noqa: E731
    doors = [
        {
            "id": f"d{number}",
            "label": text(),
            "floor": chance.randint(1, 3),
            "people": chance.randint(0, 12),
            "tags": [text() for _ in range(chance.randint(0, 3))],
        }
        | ({"note": chance.choice([None, text()])} if chance.random() < 0.8 else {})
        | ({"kind": text()} if chance.random() < 0.5 else {})
        for number in range(chance.randint(0, 12))
    ]
    visits = [
        {
            "door": chance.choice(doors)["id"],
            "outcome": chance.choice(["met", "no_answer", "phone_only", "unheard of", None]),
            "at": f"{chance.choice(DAYS)}T{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:05Z",
        }
        for _ in range(chance.randint(0, 8))
        if doors
    ]
    return {
        "doors": doors,
        "visits": visits,
        "unit": {"name": text(), "deep": [text(), {"k": text()}]},
        "me": {"name": chance.choice([None, text()])},
        "locale": chance.choice(["en", "zh_Hans_CN"]),
        "today": chance.choice(DAYS),
    }


def test_hundreds_of_random_pages_are_the_same_bytes(phone: Phone) -> None:
    env = server(PAGES)
    phone.load(compile_all(env, ["board", "list"]))
    rendered = 0
    for seed in range(300):
        ctx = a_context(random.Random(seed))
        for page in ("board", "list"):
            here, there = on_server(env, page, ctx), on_phone(phone, page, ctx)
            assert ("error" in here) == ("error" in there), (seed, page, here, there)
            assert here.get("value") == there.get("value"), (seed, page)
            rendered += "value" in here
    assert rendered > 500, "most contexts have to render, or nothing was compared"


def test_random_expressions_have_the_same_text(phone: Phone) -> None:
    chance = random.Random(7)
    names = [
        "name",
        "plain",
        "astral",
        "empty",
        "n",
        "zero",
        "minus",
        "third",
        "yes",
        "no",
        "nothing",
        "missing",
    ]
    names += [
        "numbers",
        "words",
        "me",
        "counts",
        "pairs",
        "(n - 4)",
        '"a"',
        '"王"',
        "none_list",
        "doors[0].label",
    ]
    forms = ["({} + {})", "({} * {})", "({} - {})", "({} // {})", "({} % {})", "({} / {})", "({} ~ {})"]
    forms += [
        "({} == {})",
        "({} < {})",
        "({} >= {})",
        "({} in {})",
        "({} not in {})",
        "({} and {})",
        "({} or {})",
    ]
    forms += [
        "(not {})",
        "({} if {} else {})",
        "{}|string",
        "{}|length",
        "{}|list",
        "{}|first",
        "{}|sort",
        "{}|upper",
    ]
    forms += [
        "[{}, {}]",
        "({}, {})",
        "{}|join({})",
        "{}|int",
        "{}|default({}, true)",
        "({})[0]",
        "(numbers + {})[1:]",
        "(astral ~ {})[::-1]",
    ]
    forms += [
        "{}|reverse",
        "{}|sum",
        "{}|max",
        "{}|unique|list",
        "({} is number)",
        "({} is string)",
        "{}|replace({}, {})",
    ]
    forms += [
        "{}|trim",
        "{}|round",
        "{}|tojson",
        "{}|urlencode",
        "{}|escape",
        "({} < {} < {})",
        "{}|float",
        "{}|abs",
    ]

    def grown(depth: int) -> str:
        if depth == 0 or chance.random() < 0.2:
            return chance.choice(names)
        form = chance.choice(forms)
        return form.format(*(grown(depth - 1) for _ in range(form.count("{}"))))

    sources = [grown(3) for _ in range(600)]
    pages = {str(number): f"{{{{ {source} }}}}" for number, source in enumerate(sources)}
    env = server(pages)
    phone.load(compile_all(env, pages))
    for number, source in enumerate(sources):
        here, there = on_server(env, str(number), CONTEXT), on_phone(phone, str(number), CONTEXT)
        assert ("error" in here) == ("error" in there), (source, here, there)
        assert here.get("value") == there.get("value"), source


@pytest.mark.alone
def test_a_warm_list_of_three_hundred_rows_renders_in_a_few_milliseconds(phone: Phone) -> None:
    env = server(PAGES)
    phone.load(compile_all(env, ["board"]))
    doors = [
        {
            "id": f"d{n}",
            "label": f"{n}01",
            "floor": n // 2,
            "people": 2,
            "tags": ["living_alone"],
            "note": "王<芳>",
        }
        for n in range(300)
    ]
    visits = [{"door": f"d{n}", "outcome": "met", "at": "2026-11-23T02:42:05Z"} for n in range(300)]
    ctx = {
        "doors": doors,
        "visits": visits,
        "unit": {"name": "2单元"},
        "me": {"name": "李娜"},
        "locale": "zh_Hans_CN",
    }
    took = sorted(phone.ask("time", name="board", ctx={"today": "2026-11-23"} | ctx, rounds=60)["value"][20:])
    assert took[len(took) // 2] < 20, f"{took[len(took) // 2]:.1f} ms; about 2 on an idle machine"
