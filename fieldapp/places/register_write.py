"""Register, writing: the plan goes into the database in resumable transactions, and to the phones through the feed.

Everything has been checked before the first write. Each transaction compares its doors with the database afresh and
writes what differs, so an import that died is continued by running it again: what was written is found unchanged.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import peewee

from fieldapp.declare.kinds import kinds
from fieldapp.declare.words import _l
from fieldapp.places.record import Door
from fieldapp.places.register_check import Problem
from fieldapp.places.register_models import RegisterValue
from fieldapp.places.register_plan import Change, Row, UnitPlace, compare
from fieldapp.places.register_staging import Staging
from fieldapp.places.register_target import Target, UnitKey, held_in
from sync.write import put

DOORS = 330  # in a transaction of at most 1,000 records: a new door brings a household, some a person in care
# SQLite has one writer: between transactions the phones that wait get their turn.
BREATH = 0.02
Steps = Callable[[str, int, int], None]  # message id, done, total


@dataclass
class Outcome:
    """What an import did, or would do."""

    rows: int = 0
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("added", "updated", "unchanged", "vanished"), 0)
    )
    updated: list[Change] = field(default_factory=list)
    kept: list[Change] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    new_places: dict[str, list[str]] = field(default_factory=dict)  # grid, building → names
    ignored: list[str] = field(default_factory=list)  # headers
    skipped: int = 0  # rows

    def add(self, change: Change, listed: int) -> None:
        """Count a change; the first `listed` updates and kept words are held for showing."""
        self.counts[change.state] += 1
        change.records = []
        if change.state == "vanished":
            self.vanished.append(change.address)
        if change.fields and len(self.updated) < listed:
            self.updated.append(change)
        if change.kept and len(self.kept) < listed:
            self.kept.append(change)


def preview(staging: Staging, target: Target, steps: Steps, listed: int = 500) -> Outcome:
    """What `write` would do; changes nothing."""
    outcome = Outcome(rows=staging.rows)
    target.load()
    _new_places(staging, target, outcome)
    for keys, done, total in _batches(staging, target):
        for change in _changes(staging, target, keys):
            outcome.add(change, listed)
        steps(_l("Checking"), done, total)
    return outcome


def write(staging: Staging, target: Target, steps: Steps, listed: int = 500) -> Outcome:
    """Write the register; returns what was done."""
    outcome = Outcome(rows=staging.rows)
    target.load()
    target.put(_new_places(staging, target, outcome))
    for at, (keys, done, total) in enumerate(_batches(staging, target)):
        if at.bit_count() == 1:  # after 1, 2, 4, 8 … batches
            target.analyze()
        with target.writing():  # what is compared is what is written
            changes = list(_changes(staging, target, keys))
            _write_batch(target, changes)
        for change in changes:
            outcome.add(change, listed)
        steps(_l("Writing"), done, total)
        time.sleep(BREATH)
    target.put(_counted(target))
    return outcome


def conflicts(staging: Staging, target: Target, header: str) -> Iterator[Problem]:
    """Rows whose building stands in another grid in the database: moving it would move what workers hold."""
    target.load()
    names = {row["id"]: row["name"] for row in target.grids.values()}
    for building, grid, _, _ in staging.buildings():
        known = target.buildings.get(building.key)
        if known is None or target.grids.get(grid, {}).get("id") == known["grid"]:
            continue
        reason = _l("This building belongs to %(grid)s; an import does not move buildings between grids")
        for entry in staging.building_entries(building.key):
            yield Problem(
                entry.sheet, entry.row, header, entry.grid.name, reason, {"grid": names[known["grid"]]}
            )


def _new_places(staging: Staging, target: Target, outcome: Outcome) -> list[tuple[str, Row]]:
    """Records of grids, buildings and stair units that the database lacks; `target` knows them from here on."""
    records: list[tuple[str, Row]] = []
    for grid, doors in staging.grids():
        if grid.key not in target.grids:
            row = {"id": target.new_id(), "name": grid.name, "number": grid.number, "door_count": doors}
            target.grids[grid.key] = row
            records.append(("grid", row))
            outcome.new_places.setdefault("grid", []).append(grid.name)
    for building, grid_key, floors, units in staging.buildings():
        if building.key not in target.buildings:
            row = {
                "id": target.new_id(),
                "grid": target.grids[grid_key]["id"],
                "name": building.name,
                "number": building.number,
            }
            target.buildings[building.key] = row | {"floors": floors, "unit_count": units}
            records.append(("building", target.buildings[building.key]))
            outcome.new_places.setdefault("building", []).append(building.name)
    for building_key, unit in staging.units():
        if (building_key, unit.key) not in target.units:
            above = target.buildings[building_key]
            row = {
                "id": target.new_id(),
                "building": above["id"],
                "grid": above["grid"],
                "name": unit.name,
                "number": unit.number,
            }
            target.units[building_key, unit.key] = row
            records.append(("stair_unit", row))
    return records


def _batches(staging: Staging, target: Target) -> Iterator[tuple[list[UnitKey], int, int]]:
    """Stair units, as many as fill a transaction; with how many of the sheet's doors are done then, and of how many."""
    sizes = staging.unit_sizes()
    order = sorted({*sizes, *target.units}, key=lambda key: _order(target, key))
    total, done = sum(sizes.values()), 0
    keys: list[UnitKey] = []
    doors = 0
    for key in order:
        size = sizes.get(key, 0)
        if keys and doors + max(size, 1) > DOORS:
            yield keys, done, total
            keys, doors = [], 0
        keys.append(key)
        doors += max(size, 1)
        done += size
    if keys:
        yield keys, done, total


def _order(target: Target, key: UnitKey) -> tuple[Any, ...]:
    building, unit = target.buildings[key[0]], target.units[key]
    return building["number"], building["name"], unit["number"], unit["name"], key


def _changes(staging: Staging, target: Target, keys: list[UnitKey]) -> Iterator[Change]:
    held = held_in(target, [target.units[key]["id"] for key in keys])
    rules = target.rules
    for key in keys:
        building, unit = target.buildings[key[0]], target.units[key]
        at = UnitPlace(unit["grid"], building["id"], unit["id"], building["name"], unit["name"])
        yield from compare(staging.entries(*key), held[unit["id"]], at, rules)


def _write_batch(target: Target, changes: list[Change]) -> None:
    records = [record for change in changes for record in change.records]
    if records:
        put(target.database, kinds(), target.community.id, records, target.now)
    RegisterValue.keep(
        target.community.id, {one.household: one.said for one in changes if one.said is not None}
    )


def _counted(target: Target) -> list[tuple[str, Row]]:
    """Grids and buildings whose counts differ from the doors that stand there now."""
    here = Door.community == target.community.id
    by_grid: Any = Door.select(Door.grid, peewee.fn.COUNT(Door.id)).where(here).group_by(Door.grid).tuples()
    by_building: Any = (
        Door.select(Door.building, peewee.fn.MAX(Door.floor)).where(here).group_by(Door.building).tuples()
    )
    counts, floors = dict(by_grid), dict(by_building)
    units: dict[str, int] = defaultdict(int)
    for unit in target.units.values():
        units[unit["building"]] += 1
    wanted = [("grid", row, {"door_count": counts.get(row["id"], 0)}) for row in target.grids.values()]
    for row in target.buildings.values():
        wanted.append(("building", row, {"floors": floors.get(row["id"], 0), "unit_count": units[row["id"]]}))
    return [(kind, {**row, **fields}) for kind, row, fields in wanted if {**row, **fields} != row]
