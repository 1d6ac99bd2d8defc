"""Received: what came in from phones, by worker and building, in words; read from the operations themselves."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext

from fieldapp.people.record import Member
from fieldapp.review.operations import (
    STATUS,
    building_names,
    facts,
    names,
    newest,
    noun,
    places,
    private,
    says,
)
from sync.scope import Me
from sync.store import Operation

SHOWN = 300


def groups(
    me: Me, worker: str = "", building: str = "", before: str = ""
) -> tuple[list[dict[str, Any]], str]:
    """What came in to the person's community by (worker, building), the latest group first; and from when on it goes on.

    Each group: `worker`, `building`, `count`, `last_time`, `rows` of `time`, `address`, `kind_word`, `says`,
    `status`, `status_word`.
    """
    asked = Operation.select().where(Operation.community == me.community, Operation.kind.not_in(private()))
    if worker:
        asked = asked.where(Operation.user == worker)
    found, older = newest(asked, SHOWN, before)
    staff, buildings, homes = names(me), building_names(me), places(found, me)
    grouped: dict[tuple[str, str], dict[str, Any]] = {}
    for one in found:
        home = homes.get(one.op)
        at = home.building if home else ""
        if building and at != building:
            continue
        group = grouped.setdefault(
            (one.user, at),
            {
                "worker": staff.get(one.user, ""),
                "building": buildings.get(at, ""),
                "last_time": one.server_time,
                "rows": [],
            },
        )
        group["rows"].append(
            {
                "time": one.server_time,
                "address": home.address if home else "",
                "kind_word": noun(one.kind),
                "says": says(one) or facts(one),
                "status": one.status,
                "status_word": gettext(STATUS.get(one.status, one.status)),
            }
        )
    for group in grouped.values():
        group["count"] = len(group["rows"])
    return list(grouped.values()), older


def choices(me: Me) -> dict[str, list[tuple[str, str]]]:
    """What the page can be narrowed to: `workers` and `buildings` as (id, name)."""
    workers = Member.select().where(Member.community == me.community).order_by(Member.name)
    return {
        "workers": [(one.id, one.name) for one in workers if one.role != "supervisor"],
        "buildings": list(building_names(me).items()),
    }
