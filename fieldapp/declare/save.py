"""Save: turns a valid form into operations and hands them to the same push as a phone's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import current_app, session

from fieldapp.declare.check import holds
from fieldapp.declare.digest import digests
from fieldapp.declare.find import resolve
from fieldapp.declare.kinds import kinds
from fieldapp.declare.record import Record
from fieldapp.declare.registry import registry
from fieldapp.declare.screen import Save, Screen
from sync.ids import uuid7
from sync.push import push_page
from sync.scope import Me
from sync.store import Operation

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def operations(
    screen: Screen, found: Mapping[str, Any], values: Mapping[str, Any], moment: datetime, group: str
) -> list[dict[str, Any]]:
    """The operations of one save, as a phone would make them, without a device's seq.

    A create takes the form's fields of the kind and its parent's id; a patch only fields that differ from the
    loaded record, with the loaded values as base; one that was emptied takes the value that its kind begins with. The
    first create's record id is the group's.
    """
    milliseconds = int(moment.timestamp() * 1000)
    made: list[dict[str, Any]] = []
    for one in screen.saves:
        if one.verb == "create":
            for given in _sources(one, values):
                first = not any(other["verb"] == "create" for other in made)
                id = group if first else str(uuid7(milliseconds))
                made.append(_creation(one, found, given, made, id))
        else:
            loaded = found[one.target or ""]
            if loaded is None:
                continue  # an optional record that is not held
            filled = {name: _filled(one.record, name, values[name]) for name in one.fields if name in values}
            changed = {name: value for name, value in filled.items() if value != loaded[name]}
            if changed:
                base = {name: loaded[name] for name in changed}
                made.append(
                    {
                        "verb": "patch",
                        "kind": one.record.kind,
                        "record": loaded["id"],
                        "patch": changed,
                        "base": base,
                    }
                    | {"base_version": loaded["version"]}
                )
    return stamped(made, moment, group)


def _filled(record: type[Record], name: str, value: Any) -> Any:
    default = record._meta.fields[name].default
    return value if value is not None else default() if callable(default) else default


def _sources(one: Save, values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What each record of a create is made from: the form, or the form with one of its rows in front."""
    if one.each is None:
        return [values]
    rows = [row for row in values.get(one.each) or [] if holds(one.when, row)]
    return [{**values, **row, **({one.key: row["key"]} if one.key else {})} for row in rows]


def _creation(
    one: Save, found: Mapping[str, Any], given: Mapping[str, Any], made: list[dict[str, Any]], id: str
) -> dict[str, Any]:
    record = one.record
    patch = {name: given[name] for name in record.own_fields() if given.get(name) is not None}
    scope = {**found, **{other["kind"]: other["record"] for other in made if other["verb"] == "create"}}
    taken = {name: resolve(value, scope) for name, value in one.sets.items()}
    patch |= {name: value for name, value in taken.items() if value is not None}
    if one.target and record.parent:
        patch[record.parent] = found[one.target]["id"]
    patch |= digests(record, patch)
    return {
        "verb": "create",
        "kind": record.kind,
        "record": id,
        "patch": patch,
        "base": {},
        "base_version": None,
    }


def stamped(made: list[dict[str, Any]], moment: datetime, group: str) -> list[dict[str, Any]]:
    """The operations with their ids, group and time, as a phone stamps them."""
    milliseconds = int(moment.timestamp() * 1000)
    at = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    common = {"group": group, "after": [], "at": at, "offset": 0}
    return [
        {
            "op": str(uuid7(milliseconds)),
            **common,
            "files": files_of(one["kind"], one["patch"]),
            "form": registry.records[one["kind"]].form_version,
            **one,
        }
        for one in made
    ]


def files_of(kind: str, patch: Mapping[str, Any]) -> list[str]:
    """The photos that an operation names."""
    fields = registry.records[kind].photo_fields()
    return list(dict.fromkeys(hash for name in fields for hash in patch.get(name) or ()))


def save(me: Me, made: list[dict[str, Any]], moment: datetime) -> list[dict[str, Any]]:
    """Push the operations of a page; what became of each."""
    return push_page(current_app.extensions["database"], kinds(), me, device_of_session(), made, moment)


def retract(me: Me, group: str, moment: datetime) -> None:
    """Take back each operation of a group, newest first."""
    found = Operation.select().where(
        Operation.group == group, Operation.user == me.id, Operation.verb != "retract"
    )
    made = [
        {
            "verb": "retract",
            "kind": one.kind,
            "record": one.record,
            "patch": {"of": one.op},
            "base": {},
            "base_version": None,
        }
        for one in found.order_by(Operation.seq.desc())
    ]
    if made:
        save(me, stamped(made, moment, str(uuid7(int(moment.timestamp() * 1000)))), moment)


def device_of_session() -> str:
    """Pages answered by Flask are a device of their own, one a session."""
    return f"web:{session['device']}"
