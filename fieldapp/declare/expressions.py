"""Expressions: `derived`, `effects` and `says`, Jinja expressions evaluated in Python here and compiled for the phone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment

from fieldapp.declare.record import Record
from fieldapp.declare.registry import registry
from fieldapp.declare.template import configure, python_expression
from sync.kinds import Compute


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


def effect_functions(record: type[Record]) -> list[tuple[str, dict[str, Compute]]]:
    """For each effect of a kind: the Ref field that names the target, and field → value of (this, target)."""
    return [
        (made.target, {name: over(source) for name, source in made.fields.items()}) for made in record.effects
    ]


def derived_of(record: type[Record], row: dict[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    """`row` with the kind's derived values; they see `this`, `now` and `today`."""
    for name, source in record.derived.items():
        row[name] = expression(source)(this=row, now=scope["now"], today=scope["today"])
    return row
