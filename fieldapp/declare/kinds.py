"""Kinds: the declarations as the sync engine needs them, which knows no domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from fieldapp.declare.expressions import effect_functions
from fieldapp.declare.form import Checker, Errors, are_photos, checker
from fieldapp.declare.record import Choice, Choices, Integer, Photos, Record
from fieldapp.declare.registry import registry
from sync.kinds import Kind
from sync.scope import Me


def kinds() -> dict[str, Kind]:
    """Every declared kind by name; made again only where something was declared since."""
    return _kinds(tuple(registry.records.values()))


@lru_cache(maxsize=1)
def _kinds(records: tuple[type[Record], ...]) -> dict[str, Kind]:
    return {record.kind: _kind(record) for record in records}


def _kind(record: type[Record]) -> Kind:
    return Kind(
        name=record.kind,
        model=record,
        fields=tuple(record.own_fields()),
        parent=record.parent,
        parent_kind=record.parent_kind() if record.parent else None,
        inherits=record.inherits(),
        channels=record.channels(),
        append_only=record.append_only,
        head_by=record.head_by,
        window_days=record.window_days,
        patchable=record.patchable,
        may=_may(record),
        check=_check(record),
        effects=effect_functions(record),
        effect_defaults={name: record._meta.fields[name].default for name in record.computed()},
        form=record.form_version,
        upgrades=record.upgrades,
        files=record.photo_fields(),
    )


def _may(record: type[Record]) -> Callable[[str, Me], bool]:
    allowed = {
        "create": record.creates_by,
        "patch": record.patches_by,
        "retract": (*record.creates_by, *record.patches_by),
    }
    return lambda verb, me: me.role in allowed.get(verb, ())


@cache
def _specs() -> dict[tuple[str, str, str], dict[str, Any]]:
    """The form field that stands for a record's field: (verb, kind, field) → spec; the first screen's wins."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for screen in registry.screens.values():
        for save in screen.saves:
            for name, spec in screen.form.specs().items() if screen.form else ():
                if name in save.record._meta.fields and (save.verb == "create" or name in save.fields):
                    found.setdefault((save.verb, save.record.kind, name), spec)
    return found


@cache
def _of_create(record: type[Record]) -> tuple[frozenset[str], Checker]:
    """The check of a new record, made once, and the names of the fields that it knows."""
    specs = {
        name: spec for name in record.own_fields() if (spec := _specs().get(("create", record.kind, name)))
    }
    return frozenset(specs), checker(specs)


@cache
def _of_patch(record: type[Record]) -> dict[str, Checker]:
    """The check of each field that a screen patches; what hides or requires it there is no condition here."""
    return {
        name: checker({name: {**spec, "shown_if": None, "required_if": None}})
        for (verb, kind, name), spec in _specs().items()
        if verb == "patch" and kind == record.kind
    }


def specs_of(verb: str, kind: str) -> dict[str, dict[str, Any]]:
    """The form fields in which a record of this kind is made or changed: field → spec."""
    return {name: spec for (of, named, name), spec in _specs().items() if (of, named) == (verb, kind)}


def _check(record: type[Record]) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    """Checks a pushed patch as the form would; (verb, patch) → field → problems, empty when all is well."""

    def checked(verb: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        errors: Errors = {}
        if verb == "create":
            known, check = _of_create(record)
            errors = check(patch)[1]
        else:
            checks = _of_patch(record)
            known = frozenset(checks)
            for name in known.intersection(patch):
                errors |= checks[name](patch)[1]
        for name, value in patch.items():
            if name not in known and not _fits(record, name, value):
                return {name: [["invalid", {}]]}
        return {name: [list(problem) for problem in problems] for name, problems in errors.items()}

    return checked


def _fits(record: type[Record], name: str, value: Any) -> bool:
    """A field without a form field: held to its declared type."""
    field = record._meta.fields[name]
    if value is None:
        return bool(field.null)
    if isinstance(field, Choice):
        return value in field.words
    if isinstance(field, Choices):
        return isinstance(value, list) and all(one in field.words for one in value)
    if isinstance(field, Photos):
        return are_photos(value) and len(value) <= field.max
    if isinstance(field, Integer):
        return isinstance(value, int) and not isinstance(value, bool)
    limit = getattr(field, "max", None)
    return limit is None or (isinstance(value, str) and len(value) <= limit)
