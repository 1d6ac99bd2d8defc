"""Plan: makes a round, with the doors of the grids and buildings chosen; copies what stands on a door and nothing of who lives there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import peewee

from fieldapp.declare.kinds import kinds
from fieldapp.places.record import Door, Household, StairUnit
from sync.ids import uuid7
from sync.write import put

Row = dict[str, Any]
COPIED = ("label", "address", "floor", "position", "stair_unit", "building", "grid")


def doors(
    community: str, grids: Collection[str], buildings: Collection[str], values: Mapping[str, Any]
) -> list[Row]:
    """The doors of a round: those of the grids and of the buildings, narrowed by `tenure` and `floor_max` where given."""
    homes = Household.select().where(Household.community == community, Household.gone == False)  # noqa: E712
    of = {one.door: one for one in homes}
    units = {one.id: one.name for one in StairUnit.select().where(StairUnit.community == community)}
    found = Door.select().where(Door.community == community, Door.gone == False)  # noqa: E712
    chosen = found.where((Door.grid << list(grids)) | (Door.building << list(buildings)))
    return [
        {
            **{name: getattr(door, name) for name in COPIED},
            "unit": units.get(door.stair_unit, ""),
            "household": of[door.id].id if door.id in of else None,
        }
        for door in chosen.order_by(Door.address, Door.id)
        if _fits(door, of.get(door.id), values)
    ]


def _fits(door: Door, home: Household | None, values: Mapping[str, Any]) -> bool:
    most, tenure = values.get("floor_max"), values.get("tenure") or "lived_in"
    if most is not None and door.floor > most:
        return False
    lives = home.tenure if home else "vacant"
    return tenure == "all" or (lives != "vacant" if tenure == "lived_in" else lives == tenure)


def begin(
    database: peewee.Database,
    community: str,
    facts: Mapping[str, Any],
    chosen: list[Row],
    people: Collection[str],
    by: str,
    now: datetime,
) -> str:
    """Write a round with its doors and helpers; its id."""
    id = str(uuid7(int(now.timestamp() * 1000)))
    buildings = list(dict.fromkeys(one["building"] for one in chosen))
    made: list[tuple[str, Row]] = [
        ("leaflet_round", {"id": id, "author": by, **facts, "buildings": buildings})
    ]
    made += [("round_door", {"round": id, "author": by, **one}) for one in chosen]
    made += [("round_helper", {"round": id, "user": person, "author": by}) for person in people]
    put(database, kinds(), community, made, now)
    return id
