"""Check: what is wrong with a form's values, made once for a form; the same for a page and for a pushed operation.

Only rules that the phone can follow exist here: required, choices, length, range, pattern, and conditions on other
fields' values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fieldapp.declare import signature
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l

Values = dict[str, Any]
Problem = tuple[str, dict[str, Any]]
Errors = dict[str, list[Problem]]
Checker = Callable[[Mapping[str, Any]], tuple[Values, Errors]]
Condition = Mapping[str, tuple[str, ...]]

REQUIRED = _l("This field is required.")
NOT_A_CHOICE = _l("Not a valid choice.")
TOO_LONG = _l("At most %(max)d characters.")
NOT_A_NUMBER = _l("Enter a whole number from %(min)d to %(max)d.")
NOT_A_DAY = _l("Enter a date.")
NOT_AN_INSTANT = _l("Enter a date and time.")
PATTERN = _l("Not in the expected form.")
TOO_MANY = _l("At most %(max)d photos.")
ROWS_INCOMPLETE = _l("%(count)d entries need something more.")

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}Z")
HASH = re.compile(r"[0-9a-f]{64}")
WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
ROW_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")
MOST_ROWS = 200


def holds(condition: Condition | None, values: Mapping[str, Any]) -> bool:
    """Whether every field named has one of its values (a list field: contains one)."""
    for name, wanted in (condition or {}).items():
        value = values.get(name)
        have = value if isinstance(value, list) else [value]
        if not any(one in wanted for one in have):
            return False
    return True


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(DAY.fullmatch(value)) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_instant(value: Any) -> bool:
    return isinstance(value, str) and bool(INSTANT.fullmatch(value)) and _is_day(value[:10])


def is_signature(value: Any) -> bool:
    """Strokes, and not more of them than a signature has."""
    short = isinstance(value, str) and len(value) <= signature.LONGEST
    return short and bool(signature.SHAPE.fullmatch(value))


def are_photos(value: Any) -> bool:
    """A list of different names of photos."""
    if not isinstance(value, list) or not all(isinstance(one, str) and HASH.fullmatch(one) for one in value):
        return False
    return len(set(value)) == len(value)


def _rule(spec: Mapping[str, Any]) -> Callable[[Any], Problem | None]:
    """What is wrong with a value that is there, as a function made once for the field."""
    kind = spec["type"]
    if kind in ("text", "textarea", "hidden", "token"):
        return _text_rule(spec)
    if kind == "integer":
        low, high = spec.get("min", 0), spec.get("max", 999999)
        wrong: Problem = (NOT_A_NUMBER, {"min": low, "max": high})
        return lambda value: None if type(value) is int and low <= value <= high else wrong
    if kind == "photos":
        return _photos_rule(spec["max"])
    known = registry.words[spec["words"]] if kind in ("choice", "choices") else {}
    fits, words = {
        "choice": (lambda value: isinstance(value, str) and value in known, NOT_A_CHOICE),
        "choices": (lambda value: _are_choices(value, known), NOT_A_CHOICE),
        "day": (_is_day, NOT_A_DAY),
        "instant": (_is_instant, NOT_AN_INSTANT),
        "boolean": (lambda value: isinstance(value, bool), PATTERN),
        "rows": (lambda value: _are_rows(spec["fields"], value), PATTERN),
        "signature": (is_signature, PATTERN),
    }[kind]
    return lambda value: None if fits(value) else (words, {})


def _text_rule(spec: Mapping[str, Any]) -> Callable[[Any], Problem | None]:
    limit, pattern = spec.get("max", 200), spec.get("pattern")
    shape = re.compile(pattern, re.ASCII) if pattern else None

    def rule(value: Any) -> Problem | None:
        if not isinstance(value, str):
            return PATTERN, {}
        if len(value) > limit:
            return TOO_LONG, {"max": limit}
        return (PATTERN, {}) if shape and not shape.fullmatch(value) else None

    return rule


def _photos_rule(most: int) -> Callable[[Any], Problem | None]:
    def rule(value: Any) -> Problem | None:
        if not are_photos(value):
            return PATTERN, {}
        return None if len(value) <= most else (TOO_MANY, {"max": most})

    return rule


def _are_choices(value: Any, known: Mapping[str, str]) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(one, str) and one in known for one in value)
        and len(set(value)) == len(value)
    )


EMPTY: Values = {
    "choices": [],
    "photos": [],
    "rows": [],
    "text": "",
    "textarea": "",
    "signature": "",
    "boolean": False,
}
Inner = Callable[[str, list[Values]], tuple[list[Values], Errors]]


def checker(fields: Mapping[str, Mapping[str, Any]]) -> Checker:
    """The one validator, made once for a form: the values that count (hidden fields dropped) and what is wrong by field."""
    steps = [
        (name, spec.get("shown_if"), spec.get("required"), spec.get("required_if"), EMPTY.get(spec["type"]), _rule(spec),
         _rows_checker(spec["fields"]) if spec["type"] == "rows" else None)
        for name, spec in fields.items()
    ]  # fmt: skip

    def check(values: Mapping[str, Any]) -> tuple[Values, Errors]:
        kept: Values = {}
        errors: Errors = {}
        for name, shown_if, required, required_if, nothing, rule, inner in steps:
            if shown_if and not holds(shown_if, values):
                continue
            value = values.get(name)
            if value is None or value == "" or value == []:
                if required or (required_if and holds(required_if, values)):
                    errors[name] = [(REQUIRED, {})]
                kept[name] = [] if nothing == [] else nothing
                continue
            if problem := rule(value):
                errors[name] = [problem]
            elif inner:
                value, wrong = inner(name, value)
                errors |= wrong
            kept[name] = value
        return kept, errors

    return check


def _are_rows(parts: Mapping[str, Any], value: Any) -> bool:
    """Whether a value is a list of rows with keys of their own and no part that is not declared."""
    if not isinstance(value, list) or len(value) > MOST_ROWS:
        return False
    if not all(isinstance(row, dict) and row.keys() <= {"key", *parts} for row in value):
        return False
    keys = [row.get("key") for row in value]
    return all(isinstance(key, str) and ROW_KEY.fullmatch(key) for key in keys) and len(set(keys)) == len(
        keys
    )


def _rows_checker(parts: Mapping[str, Mapping[str, Any]]) -> Inner:
    """Each row checked as a form of its own; its errors stand under `name.key.part`."""
    check_row = checker(parts)

    def check(name: str, rows: list[Values]) -> tuple[list[Values], Errors]:
        kept: list[Values] = []
        errors: Errors = {}
        for row in rows:
            good, wrong = check_row(row)
            kept.append({"key": row["key"], **good})
            errors |= {f"{name}.{row['key']}.{part}": problems for part, problems in wrong.items()}
        if errors:
            incomplete = len({one.split(".")[1] for one in errors})
            errors = {name: [(ROWS_INCOMPLETE, {"count": incomplete})], **errors}
        return kept, errors

    return check


def check(fields: Mapping[str, Mapping[str, Any]], values: Values) -> tuple[Values, Errors]:
    """The check of a form that is asked once."""
    return checker(fields)(values)
