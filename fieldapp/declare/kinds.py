"""Kinds: the declarations as the sync engine needs them, which knows no domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from fieldapp.declare.check import PATTERN, Errors, are_photos, checker, is_signature
from fieldapp.declare.digest import digests
from fieldapp.declare.expressions import effect_functions, over
from fieldapp.declare.record import Choice, Choices, Integer, Photos, Record, Ref, Signature, Token
from fieldapp.declare.registry import registry
from fieldapp.declare.screen import Save, Screen
from fieldapp.declare.token import vouched
from sync.kinds import Compute, Kind, Vouch
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
        carries=record.carries,
        channels=record.channels(),
        append_only=record.append_only,
        head_by=record.head_by,
        window_days=record.window_days,
        late=record.late,
        patchable=record.patchable,
        may=_may(record),
        check=_check(record),
        effects=effect_functions(record),
        effect_defaults={name: record._meta.fields[name].default for name in record.computed()},
        form=record.form_version,
        upgrades=record.upgrades,
        files=record.photo_fields(),
        links=_links(record),
        fits=_fits_of(record),
        vouched=_vouched(record),
    )


def _vouched(record: type[Record]) -> Vouch:
    tokens = {name: field for name, field in record.own_fields().items() if isinstance(field, Token)}

    def problems(
        made: Mapping[str, Any], parent: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        # Who is named hangs under the same record: what happens here is nothing of another one's.
        stray = {
            name: [["other", {}]]
            for name, one in named.items()
            if one.get(record.parent or "", parent["id"]) != parent["id"]
        }
        return stray or vouched(tokens, made, parent)

    return problems if tokens else lambda made, parent, named: {}


def _links(record: type[Record]) -> dict[str, str]:
    """Own Ref fields, beside the parent, that name a record of a declared kind: field → kind."""
    refs = {name: field.kind or name for name, field in record.own_fields().items() if isinstance(field, Ref)}
    return {name: kind for name, kind in refs.items() if name != record.parent and kind in registry.records}


def _fits_of(record: type[Record]) -> dict[str, Compute]:
    """Own Ref fields that not every record may stand in: field → whether one may, of (this, named)."""
    refs = {name: field for name, field in record.own_fields().items() if isinstance(field, Ref)}
    return {name: over(field.fits) for name, field in refs.items() if field.fits}


def _may(record: type[Record]) -> Callable[[str, Me], bool]:
    allowed = {
        "create": record.creates_by,
        "patch": record.patches_by,
        "retract": (*record.creates_by, *record.patches_by),
    }
    return lambda verb, me: me.role in allowed.get(verb, ())


Specs = dict[str, dict[str, Any]]
Check = tuple[frozenset[str], Callable[[Mapping[str, Any]], Errors]]


@cache
def _saves() -> dict[tuple[str, str], list[Check]]:
    """By (verb, kind), for each screen that makes such an operation: the fields that its form knows, and its check, made once."""
    found: dict[tuple[str, str], list[Check]] = {}
    for screen in registry.screens.values():
        for save in screen.saves:
            specs = _of_record(screen, save)
            check = _of_create(specs) if save.verb == "create" else _of_patch(specs)
            found.setdefault((save.verb, save.record.kind), []).append((frozenset(specs), check))
    return found


def _of_create(specs: Specs) -> Callable[[Mapping[str, Any]], Errors]:
    """The check of a whole form; a field that is not shown has no value, so a page or a phone never sends one."""
    check = checker(specs)

    def errors(patch: Mapping[str, Any]) -> Errors:
        kept, found = check(patch)
        hidden = {name for name in specs.keys() - kept.keys() if patch.get(name) not in (None, "", [], False)}
        return {**found, **{name: [(PATTERN, {})] for name in hidden}}

    return errors


def _of_patch(specs: Specs) -> Callable[[Mapping[str, Any]], Errors]:
    """The check of each field that is patched; what hides or requires it on the form is no condition here."""
    checks = {
        name: checker({name: {**spec, "shown_if": None, "required_if": None}}) for name, spec in specs.items()
    }

    def errors(patch: Mapping[str, Any]) -> Errors:
        found: Errors = {}
        for name in checks.keys() & patch.keys():
            found |= checks[name](patch)[1]
        return found

    return errors


def _of_record(screen: Screen, save: Save) -> Specs:
    """Those fields of a screen's form that stand for the record's own."""
    known = save.record.own_fields() if save.verb == "create" else save.fields
    return {name: spec for name, spec in _asked(screen, save).items() if name in known}


def _asked(screen: Screen, save: Save) -> Specs:
    """The fields of a screen's form; for a record made of a row, the row's parts stand in front of them."""
    specs = screen.form.specs() if screen.form else {}
    if save.each is None:
        return specs
    parts = {name: _within(spec, save.when) for name, spec in specs[save.each]["fields"].items()}
    return {**specs, **parts}


def _within(spec: Mapping[str, Any], when: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """A part of rows that are only those for which `when` holds: conditions that are the same always hold."""
    always = bool(when) and spec.get("required_if") == when
    made = {
        "required": spec.get("required") or always,
        "required_if": None if always else spec.get("required_if"),
    }
    return {**spec, **made, "shown_if": None if spec.get("shown_if") == when else spec.get("shown_if")}


@cache
def specs_of(verb: str, kind: str) -> Specs:
    """The form fields in which a record of this kind is made or changed: field → spec; the first screen's wins."""
    found: Specs = {}
    for screen in registry.screens.values():
        for save in screen.saves:
            if (save.verb, save.record.kind) == (verb, kind):
                found = {**_of_record(screen, save), **found}
    return found


def _check(record: type[Record]) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    """Checks what is pushed as one of the forms that make it would; (verb, patch) → field → problems, empty when all is well.

    A create is held to one form as a whole, each field of a patch to the forms that know it.
    """

    def checked(verb: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        forms = _saves().get((verb, record.kind), [])
        if verb != "patch":
            return _best(record, forms or [NO_FORM], patch)
        found: dict[str, Any] = {}
        for name, value in patch.items():
            knowing = [form for form in forms if name in form[0]]
            found |= _best(record, knowing or [NO_FORM], {name: value})
        return found

    return _sealed(record, checked) if record.digests() else checked


def _sealed(
    record: type[Record], check: Callable[[str, Mapping[str, Any]], dict[str, Any]]
) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    """The check of a record with digests: each must fit what it was made of."""

    def checked(verb: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        made = digests(record, patch) if verb == "create" else {}
        wrong = {name: [["differs", {}]] for name, digest in made.items() if patch.get(name) != digest}
        return wrong or check(verb, patch)

    return checked


def _best(record: type[Record], forms: list[Check], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing where a form takes it; what fits none is told by the one that it fits best."""
    problems: list[dict[str, Any]] = []
    for known, check in forms:
        problems.append(_problems(record, known, check, patch))
        if not problems[-1]:
            break
    return min(problems, key=len)


NO_FORM: Check = (frozenset(), lambda patch: {})


def _problems(
    record: type[Record],
    known: frozenset[str],
    check: Callable[[Mapping[str, Any]], Errors],
    patch: Mapping[str, Any],
) -> dict[str, Any]:
    for name, value in patch.items():
        if name not in known and not _fits(record, name, value):
            return {name: [["invalid", {}]]}
    return {name: [list(problem) for problem in found] for name, found in check(patch).items()}


def _fits(record: type[Record], name: str, value: Any) -> bool:
    """A field without a form field: held to its declared type."""
    field = record._meta.fields[name]
    if value is None:
        return bool(field.null)
    if isinstance(field, Choice):
        return value in field.words
    if isinstance(field, Choices):
        return isinstance(value, list) and all(one in field.words for one in value)
    if isinstance(field, Signature):
        return value == "" or is_signature(value)
    if isinstance(field, Photos):
        return are_photos(value) and len(value) <= field.max
    if isinstance(field, Integer):
        return isinstance(value, int) and not isinstance(value, bool)
    limit = getattr(field, "max", None)
    return limit is None or (isinstance(value, str) and len(value) <= limit)
