"""Values: what a field can hold, whatever a form says, and the values that a new record starts with."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import peewee

from sync.kinds import Kind, Values

Fits = Callable[[Any], str | None]


def misfits(kind: Kind, given: Mapping[str, Any]) -> dict[str, list[str]]:
    """Field → codes for every given value that its column cannot hold; empty when all fit."""
    checks = _checks(kind.model)
    return {name: [code] for name, value in given.items() if (code := checks[name](value))}


@functools.cache
def _checks(model: type[peewee.Model]) -> dict[str, Fits]:
    """For each field a function: why it cannot hold a value, None when it can.

    The codes are `required`, `type`, `range`, `too_long` and `text`.
    """
    return {name: _check(field) for name, field in model._meta.fields.items()}


def _check(field: peewee.Field) -> Fits:
    empty = None if field.null else "required"
    if type(field).db_value is not peewee.Field.db_value:
        nothing = _misfit_through(field, [])  # as most lists are
        return lambda value: (
            empty if value is None else nothing if value == [] else _misfit_through(field, value)
        )
    if isinstance(field, peewee.BooleanField):
        return lambda value: None if isinstance(value, bool) else empty if value is None else "type"
    if isinstance(field, peewee.IntegerField):
        edge = 1 << (63 if isinstance(field, peewee.BigIntegerField) else 31)
        return lambda value: empty if value is None else _misfit_number(value, edge)
    if isinstance(field, peewee.TextField | peewee.CharField):
        limit = getattr(field, "max_length", None) or getattr(field, "max", None)
        most = limit if isinstance(limit, int) else None
        return lambda value: empty if value is None else _misfit_text(value, most)
    return lambda value: empty if value is None else _misfit_through(field, value)


def _misfit_number(value: Any, edge: int) -> str | None:
    if type(value) is not int:
        return "type"
    return None if -edge <= value < edge else "range"


def _misfit_text(value: Any, most: int | None) -> str | None:
    if type(value) is not str:
        return "type"
    if most is not None and len(value) > most:
        return "too_long"
    return None if storable(value) else "text"


def _misfit_through(field: peewee.Field, value: Any) -> str | None:
    """A field with a form of its own: what went in must come out."""
    try:
        if field.python_value(field.db_value(value)) != value:
            return "type"
    except (TypeError, ValueError, ArithmeticError):
        return "type"
    return None if all(map(storable, texts(value))) else "text"


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def storable(text: str) -> bool:
    """Whether every database can hold a text: no zero character, no half of a surrogate pair."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def fresh(kind: Kind, given: Mapping[str, Any]) -> Values:
    """The kind's own fields as given, the others as the model declares them."""
    return {
        name: given[name] if name in given else default() if callable(default) else default
        for name, default in kind.defaults
    }


def inherited(kind: Kind, parent: Mapping[str, Any] | None) -> Values:
    """What a record takes over from its parent."""
    return {name: parent[name] if parent else None for name in kind.inherits}
