"""Expressions: `derived`, `effects` and `says`, Jinja expressions evaluated in Python here and compiled for the phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, Undefined

from fieldapp.declare.record import Record
from fieldapp.declare.registry import registry
from fieldapp.declare.template import configure, python_expression
from fieldapp.declare.template_python import whole
from sync.kinds import Compute, Effect

COPY = re.compile(r"this\.([a-z_]+)")


@cache
def environment() -> Environment:
    """The environment that expressions are compiled in; the same filters as templates."""
    from fieldapp.config import utc_offset

    made = Environment(autoescape=False)
    configure(made, utc_offset=utc_offset(), words=lambda: registry.words)
    return made


@cache
def expression(source: str) -> Callable[..., Any]:
    """The function of a Jinja expression over the names in its scope."""
    return python_expression(environment(), source)


def over(source: str) -> Compute:
    """The function of (this, target) that an expression stands for."""
    evaluate = expression(source)
    return lambda this, target: evaluate(this=this, target=target)


def effect_functions(record: type[Record]) -> list[tuple[str, Effect]]:
    """For each effect of a kind: the Ref field that names the target, and what gives the target's values of (this, target)."""
    return [(made.target, _computed(made.fields)) for made in record.effects]


def _computed(sources: Mapping[str, str]) -> Effect:
    """All of them as one expression: a push evaluates them record by record. What only copies a field needs none."""
    copied = {name: found[1] for name, source in sources.items() if (found := COPY.fullmatch(source.strip()))}
    rest = ", ".join(f"'{name}': ({source})" for name, source in sources.items() if name not in copied)
    evaluate = expression("{" + rest + "}")

    def computed(this: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
        made = {name: this.get(field) for name, field in copied.items()}
        if rest:
            for name, value in evaluate(this=this, target=target).items():
                made[name] = None if isinstance(value, Undefined) else whole(value)
        return made

    return computed


def derived_of(record: type[Record], row: dict[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    """`row` with the kind's derived values; they see `this`, `now` and `today`."""
    for name, source in record.derived.items():
        row[name] = expression(source)(this=row, now=scope["now"], today=scope["today"])
    return row
