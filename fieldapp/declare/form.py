"""Form: fields, limits and conditions declared once; parsed from a page, checked for a page and for a pushed operation.

Only rules that the phone can follow exist here: required, choices, length, range, pattern, and conditions on other
fields' values. The phone's twin is `static/phone/forms.js`; both are held together by shared vectors.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from flask_wtf import FlaskForm
from wtforms import Field

import fieldapp.declare.token  # noqa: F401  the words for what is wrong with one
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
NO_PICTURE = _l("This file is not a picture that can be kept.")
ROWS_INCOMPLETE = _l("%(count)d entries need something more.")
# Said by the phone alone, when its storage is full (static/phone/saves.js).
FULL = _l(
    "This phone is full, so nothing was saved. Free some space, then save again; what you entered is kept here."
)

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}Z")
HASH = re.compile(r"[0-9a-f]{64}")
WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
ROW_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")
MOST_ROWS = 200


LISTS = ("choices", "photos", "rows")


class BadValue(ValueError):
    """A text that cannot be read as the field's type; the text itself is kept for the page."""


class Input(Field):
    """A field of a form: one class for all types, told apart by its spec as on the phone."""

    def __init__(self, label: str, type: str, **spec: Any) -> None:
        bound = {key: spec.pop(key) for key in [*spec] if key == "name" or key.startswith("_")}
        super().__init__(label, **bound)
        self.spec = {"type": type, "label": label, **spec}

    def process(self, formdata: Any, *args: Any, **options: Any) -> None:
        """As WTForms does, but the texts of a `rows` field stand under many names."""
        super().process(formdata, *args, **options)
        if self.spec["type"] == "rows":
            self.data = parse_rows(self.spec["fields"], self.name, formdata) if formdata else []

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the page's texts; what cannot be read stays as text and is refused by the check."""
        self.raw = list(valuelist)
        self.data = parse(self.spec["type"], valuelist)


def field(type: str, label: str, **spec: Any) -> Any:
    """Declare a field: `choice`, `choices`, `text`, `textarea`, `integer`, `day`, `instant`, `boolean`, `hidden`, `photos`,
    `signature`, `rows` or `token`.

    `words`: name of a declared list of choices · `max`, `min` · `pattern` · `required` · `required_if`, `shown_if`:
    field → values, all of which must hold. A field that is not shown has no value. `rows` repeats its `fields`
    (name → `part`) once a row, its `words` are the keys of the rows to begin with; a page sends them as `name.key.part`, the value is a list of `{"key": …, part: …}`.
    `token`: a signed text (declare/token.py) by the public `key` and for the record `of`, both names in scope; with `about`
    it names a record of that kind, which a valid one puts into the form's values and into scope under the kind's name.
    """
    return Input(label, type, **spec)


def part(type: str, label: str, **spec: Any) -> dict[str, Any]:
    """Declare one field of every row of a `rows` field; conditions are on the other parts of the same row."""
    return {"type": type, "label": label, **spec}


def parse_rows(parts: Mapping[str, Mapping[str, Any]], name: str, texts: Any) -> list[Values]:
    """The rows of a `rows` field in the order in which the page sent them; names that are no row's are passed over."""
    keys = dict.fromkeys(
        key
        for sent in texts
        if sent.startswith(f"{name}.")
        for key, _, tail in [sent[len(name) + 1 :].partition(".")]
        if tail in parts and ROW_KEY.fullmatch(key)
    )
    return [
        {"key": key}
        | {one: parse(spec["type"], texts.getlist(f"{name}.{key}.{one}")) for one, spec in parts.items()}
        for key in keys
    ]


def parse(type: str, texts: list[str]) -> Any:
    """The value of a field as a page sent it; a text that cannot be read comes back as it is."""
    if type in LISTS:
        return [text for text in texts if text]
    text = (texts[0] if texts else "").replace("\r\n", "\n").strip()
    if type == "boolean":
        return text not in ("", "0", "false")
    if type == "token":
        return text.upper()
    if type in ("text", "textarea", "choice", "hidden", "signature"):
        return text
    if not text:
        return None
    if type == "integer":
        plain = unicodedata.normalize("NFKC", text).strip()
        return int(plain) if WHOLE.fullmatch(plain) else text
    if type == "instant" and LOCAL.fullmatch(text):
        return _to_utc(text) or text
    return text


def _to_utc(local: str) -> str | None:
    from fieldapp.config import utc_offset

    try:
        moment = datetime.fromisoformat(local).replace(tzinfo=UTC) - timedelta(minutes=utc_offset())
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


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


class FieldForm(FlaskForm):
    """Base of field forms: no CSRF token, since a stored page would replay a dead one; Flask checks the Origin."""

    name: ClassVar[str] = ""

    class Meta:
        csrf = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name:
            registry.add_form(cls)

    @classmethod
    def specs(cls) -> dict[str, dict[str, Any]]:
        """The fields' specs by name, in the order declared."""
        found = [
            (value.creation_counter, name, value.kwargs, value.args)
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if hasattr(value, "creation_counter") and getattr(value, "field_class", None) is Input
        ]
        specs = {}
        for _, name, options, args in sorted(found, key=lambda entry: entry[0]):
            label, type = args
            specs[name] = {"type": type, "label": label, **options}
        return specs

    def check(self) -> tuple[Values, Errors]:
        """Values and errors of what the page sent."""
        return check(self.specs(), dict(self.data))

    @classmethod
    def export(cls) -> dict[str, Any]:
        """The form as the phone reads it."""
        fields = []
        for name, spec in cls.specs().items():
            fields.append(_exported(name, spec))
        return {"fields": fields}


def _exported(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    if spec.get("words", "") not in {"", *registry.words}:
        raise ValueError(f"field {name}: no list of words is called {spec['words']}")
    made = {
        "name": name,
        **{key: value for key, value in spec.items() if key not in ("shown_if", "required_if")},
    }
    if spec["type"] == "rows":
        made["fields"] = [_exported(part, inner) for part, inner in spec["fields"].items()]
    return made | {"shownIf": _lists(spec.get("shown_if")), "requiredIf": _lists(spec.get("required_if"))}


def _lists(condition: Condition | None) -> dict[str, list[str]] | None:
    return {name: list(values) for name, values in condition.items()} if condition else None


def describe(form: type[FieldForm], translate: Callable[[str], str]) -> list[dict[str, Any]]:
    """The fields as a template sees them, labels and choices in the reader's language."""
    return _described(form.specs(), translate)


def _described(
    specs: Mapping[str, Mapping[str, Any]], translate: Callable[[str], str]
) -> list[dict[str, Any]]:
    described = []
    for name, spec in specs.items():
        words = registry.words.get(spec.get("words", ""), {})
        described.append(
            {
                "name": name,
                "type": spec["type"],
                "label": translate(spec["label"]),
                "choices": [[code, translate(text)] for code, text in words.items()],
                "max": spec.get("max"),
                "min": spec.get("min"),
                "required": bool(spec.get("required")),
                "shown_if": _lists(spec.get("shown_if")),
                "fields": _described(spec.get("fields", {}), translate),
                "rows": [{"key": code} for code in words] if spec["type"] == "rows" else [],
            }
        )
    return described
