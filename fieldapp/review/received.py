"""Received: what came in from phones, by worker and building, in words; read from the operations themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext

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
SHOWN = 300


def groups(me: Me, worker: str = "", building: str = "") -> list[dict[str, Any]]:
    """The newest operations of the person's community by (worker, building), the latest group first.

    Each group: `worker`, `building`, `count`, `last_time`, `rows` of `time`, `address`, `kind_word`, `says`,
    `status`, `status_word`.
    """
    newest = (
        Operation.select()
        .where(Operation.community == me.community)
        .order_by(Operation.server_time.desc(), Operation.seq.desc())
    )
    own = [name for name, record in registry.records.items() if record.channel == "user:{user}"]
    newest = newest.where(Operation.kind.not_in(own))
    if worker:
        newest = newest.where(Operation.user == worker)
    found = list(newest.limit(SHOWN))
    names = {one.id: one.name for one in Member.select().where(Member.community == me.community)}
    buildings = {one.id: one.name for one in Building.select().where(Building.community == me.community)}
    places = _places(found, me)
    grouped: dict[tuple[str, str], dict[str, Any]] = {}
    for one in found:
        address, at = places.get(one.op, ("", ""))
        if building and at != building:
            continue
        group = grouped.setdefault(
            (one.user, at),
            {
                "worker": names.get(one.user, ""),
                "building": buildings.get(at, ""),
                "last_time": one.server_time,
                "rows": [],
            },
        )
        group["rows"].append(
            {
                "time": one.server_time,
                "address": address,
                "kind_word": gettext(registry.records[one.kind].noun)
                if one.kind in registry.records
                else one.kind,
                "says": _says(one),
                "status": one.status,
                "status_word": gettext(STATUS.get(one.status, one.status)),
            }
        )
    for group in grouped.values():
        group["count"] = len(group["rows"])
    return list(grouped.values())


def choices(me: Me) -> dict[str, list[tuple[str, str]]]:
    """What the page can be narrowed to: `workers` and `buildings` as (id, name)."""
    workers = Member.select().where(Member.community == me.community).order_by(Member.name)
    buildings = (
        Building.select().where(Building.community == me.community).order_by(Building.number, Building.name)
    )
    return {
        "workers": [(one.id, one.name) for one in workers if one.role != "supervisor"],
        "buildings": [(one.id, one.name) for one in buildings],
    }


def _places(found: Iterable[Operation], me: Me) -> dict[str, tuple[str, str]]:
    """Operation → (address, building id), through the household that it names."""
    named = {}
    for one in found:
        patch = _patch(one)
        named[one.op] = one.record if one.kind == "household" else patch.get("household")
    wanted = [id for id in set(named.values()) if id]
    households = {
        one.id: (one.address, one.building)
        for one in Household.select().where(Household.community == me.community, Household.id.in_(wanted))
    }
    return {op: households[id] for op, id in named.items() if id in households}


def _patch(one: Operation) -> dict[str, Any]:
    payload = one.payload if isinstance(one.payload, dict) else json.loads(one.payload)
    found: dict[str, Any] = payload.get("patch", {})
    return found


def _says(one: Operation) -> str:
    """A create by the words of its choices, a patch by the names of its fields; never by a resident's data."""
    patch = _patch(one)
    if one.verb == "retract":
        return gettext("taken back")
    said = []
    for name, value in patch.items():
        words = registry.words.get(f"{one.kind}.{name}", {})
        for code in value if isinstance(value, list) else [value]:
            if isinstance(code, str) and code in words:
                said.append(gettext(words[code]))
    return " · ".join(said)
