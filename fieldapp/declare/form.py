"""Form: fields, limits and conditions declared once; parsed from a page, exported to the phone, described to templates.

The phone's twin is `static/phone/forms.js`; both are held together by shared vectors. What may be declared is what
check.py can check on both sides.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from flask_wtf import FlaskForm
from wtforms import Field

import fieldapp.declare.token  # noqa: F401  the words for what is wrong with one
from fieldapp.declare.check import LOCAL, ROW_KEY, WHOLE, Condition, Errors, Values, check
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l

NO_PICTURE = _l("This file is not a picture that can be kept.")
# Said by the phone alone, when its storage is full (static/phone/saves.js).
FULL = _l(
    "This phone is full, so nothing was saved. Free some space, then save again; what you entered is kept here."
)

LISTS = ("choices", "photos", "rows")


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
