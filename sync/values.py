"""Values: what a field can hold, whatever a form says, and the values that a new record starts with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import peewee

from sync.kinds import Kind, Values


def misfits(kind: Kind, given: Mapping[str, Any]) -> dict[str, list[str]]:
    """Field → codes for every given value that its column cannot hold; empty when all fit."""
    fields = kind.model._meta.fields
    found: dict[str, list[str]] = {}
    for name, value in given.items():
        code = misfit(fields[name], value)
        if code:
            found[name] = [code]
    return found


def misfit(field: peewee.Field, value: Any) -> str | None:
    """Why a column cannot hold a value: `required`, `type`, `range`, `too_long` or `text`; None when it can."""
    if value is None:
        return None if field.null else "required"
    if type(field).db_value is not peewee.Field.db_value:
        return _misfit_through(field, value)
    if isinstance(field, peewee.BooleanField):
        return None if isinstance(value, bool) else "type"
    if isinstance(field, peewee.IntegerField):
        if isinstance(value, bool) or not isinstance(value, int):
            return "type"
        bits = 63 if isinstance(field, peewee.BigIntegerField) else 31
        return None if -(1 << bits) <= value < 1 << bits else "range"
    if isinstance(field, peewee.TextField | peewee.CharField):
        if not isinstance(value, str):
            return "type"
        limit = getattr(field, "max_length", None) or getattr(field, "max", None)
        if isinstance(limit, int) and len(value) > limit:
            return "too_long"
        return None if storable(value) else "text"
    return _misfit_through(field, value)


def _misfit_through(field: peewee.Field, value: Any) -> str | None:
    """A field with a form of its own: what went in must come out."""
    try:
        stored = field.db_value(value)
        if field.python_value(stored) != value:
            return "type"
    except (TypeError, ValueError, ArithmeticError):
        return "type"
    return None if not isinstance(stored, str) or storable(stored) and "\\u0000" not in stored else "text"


def storable(text: str) -> bool:
    """Whether every database can hold a text: no zero character, no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def fresh(kind: Kind, given: Mapping[str, Any]) -> Values:
    """The kind's own fields as given, the others as the model declares them."""
    values: Values = {}
    fields = kind.model._meta.fields
    for name in kind.fields:
        if name in given:
            values[name] = given[name]
        else:
            default = fields[name].default
            values[name] = default() if callable(default) else default
    values.update((name, value) for name, value in kind.starts().items() if name not in given)
    return values


def inherited(kind: Kind, parent: Mapping[str, Any] | None) -> Values:
    """What a record takes over from its parent."""
    return {name: parent[name] if parent else None for name in kind.inherits}


def dumps_ascii(value: Any) -> str:
    """JSON in ASCII: halves of surrogate pairs stay as escapes."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
