"""Operations as people read them: where, what, by whom; for every page of the review."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext

from fieldapp.declare.record import Record
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l
from fieldapp.people.record import Member
from fieldapp.places.record import Building, Household
from sync.scope import Me
from sync.store import Operation

STATUS = {
    "applied": _l("received"),
    "review": _l("in review"),
    "quarantined": _l("in quarantine"),
    "held": _l("held back"),
}
VERBS = {
    "create": _l("recorded"),
    "patch": _l("changed"),
    "retract": _l("taken back"),
    "delete": _l("deleted"),
}


def patch_of(one: Operation) -> dict[str, Any]:
    """What the operation says now: the repaired patch where there is one."""
    repaired = (one.detail or {}).get("repaired", {})
    found: dict[str, Any] = repaired.get("patch") or (one.payload or {}).get("patch", {})
    return found


def private() -> list[str]:
    """The kinds that concern one person alone."""
    return [
        name for name, record in registry.records.items() if "".join(record.channels()).startswith("user:")
    ]


def names(me: Me) -> dict[str, str]:
    """Account id → name, of the community's staff."""
    return {one.id: one.name for one in Member.select().where(Member.community == me.community)}


def building_names(me: Me) -> dict[str, str]:
    """Building id → name, in their order."""
    found = Building.select().where(Building.community == me.community)
    return {one.id: one.name for one in found.order_by(Building.number, Building.name)}


def places(found: Iterable[Operation], me: Me) -> dict[str, Household]:
    """Operation → the household that it concerns, where it concerns one of the community."""
    named: dict[str, str] = {}
    through: dict[type[Record], dict[str, str]] = {}
    for one in found:
        at = one.record if one.kind == "household" else patch_of(one).get("household")
        record, id = _holder(one)
        if isinstance(at, str):
            named[one.op] = at
        elif record is not None and isinstance(id, str):
            through.setdefault(record, {})[one.op] = id
    for record, ids in through.items():
        found_at: Any = record.select().where(record.id.in_(set(ids.values()))).dicts()
        at_home = {row["id"]: row["household"] for row in found_at}
        named |= {op: at_home[id] for op, id in ids.items() if at_home.get(id)}
    homes = {
        one.id: one
        for one in Household.select().where(
            Household.community == me.community, Household.id.in_(list(set(named.values())))
        )
    }
    return {op: homes[id] for op, id in named.items() if id in homes}


def _holder(one: Operation) -> tuple[type[Record] | None, Any]:
    """The record that says at which household it was: the one that is named, of a creation the one that it hangs under."""
    record, id = registry.records.get(one.kind), one.record
    if record is not None and one.verb == "create":
        if not record.parent:
            return None, None
        id, record = patch_of(one).get(record.parent), registry.records[record.parent_kind()]
    return (record, id) if record is not None and "household" in record._meta.fields else (None, None)


def newest(asked: Any, most: int, before: str = "") -> tuple[list[Operation], str]:
    """The operations asked for that came in before an instant, newest first: some `most` of them, and all that came with the
    last; and the instant before which there are more, or "" where there are none."""
    here = asked.where(Operation.server_time < before) if before else asked
    here = here.order_by(Operation.server_time.desc(), Operation.device, Operation.seq.desc())
    found = list(here.limit(most + 1))
    if len(found) <= most:
        return found, ""
    last = found[most - 1].server_time
    whole = [one for one in found if one.server_time > last] + list(here.where(Operation.server_time == last))
    return whole, last if here.where(Operation.server_time < last).exists() else ""


def noun(kind: str) -> str:
    """The kind in words; the code itself where this version does not know it."""
    return gettext(registry.records[kind].noun) if kind in registry.records else kind


def label(kind: str, field: str) -> str:
    """What forms call a field."""
    labels = registry.words.get("form.label", {})
    return gettext(labels[f"{kind}.{field}"]) if f"{kind}.{field}" in labels else field


def value(kind: str, field: str, given: Any) -> str:
    """A value in words: choices by their words, nothing as a dash."""
    words = registry.words.get(f"{kind}.{field}", {})
    values = given if isinstance(given, list) else [given]
    said = [
        gettext(words[one]) if isinstance(one, str) and one in words else "" if one is None else str(one)
        for one in values
    ]
    return " · ".join(one for one in said if one) or "—"


def says(one: Operation) -> str:
    """A create by the words of its choices, a patch by its choices; never by a resident's data."""
    if one.verb == "retract":
        return gettext("taken back")
    said = []
    for name, given in patch_of(one).items():
        words = registry.words.get(f"{one.kind}.{name}", {})
        for code in given if isinstance(given, list) else [given]:
            if isinstance(code, str) and code in words:
                said.append(gettext(words[code]))
    return " · ".join(said)


def facts(one: Operation) -> str:
    """What the fields are called that the operation names, without their values."""
    record = registry.records.get(one.kind)
    known = record.own_fields() if record else {}
    return ", ".join(
        label(one.kind, name) for name in patch_of(one) if name in known and known[name].wire != "ref"
    )


def fields(one: Operation) -> list[tuple[str, str]]:
    """What was sent, field by field, in words; references to other records are left to the page's heading."""
    record = registry.records.get(one.kind)
    known = record._meta.fields if record else {}
    return [
        (label(one.kind, name), value(one.kind, name, given))
        for name, given in patch_of(one).items()
        if not (name in known and getattr(known[name], "wire", "") == "ref") and name != "of"
    ]


def phone_name(device: str) -> str:
    """A phone by the last characters of its id; a page of the server by its own word."""
    return gettext("a page") if device.startswith("web:") else gettext("phone …%(end)s", end=device[-4:])
