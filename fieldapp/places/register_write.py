"""Register, writing: the plan goes into the database in resumable transactions, and to the phones through the feed.

Everything has been checked before the first write. Each transaction compares its doors with the database afresh and
writes what differs, so an import that died is continued by running it again: what was written is found unchanged.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import peewee

from fieldapp.config import local_day
from fieldapp.declare.kinds import kinds
from fieldapp.declare.record import COMMON, ListOf, Record
from fieldapp.declare.words import _l
from fieldapp.places.naming import place
from fieldapp.places.record import (
    VISIT_DAYS,
    Building,
    CarePerson,
    Community,
    Door,
    Grid,
    Household,
    StairUnit,
)
from fieldapp.places.register_check import Problem
from fieldapp.places.register_models import RegisterValue
from fieldapp.places.register_plan import Change, Held, Row, Rules, UnitPlace, compare
from fieldapp.places.register_staging import Staging
from sync.ids import uuid7
from sync.write import put

BATCH = 1_000  # records in a transaction
DOORS = 470  # a new door is two records, some are three
# SQLite has one writer: between transactions the phones that wait get their turn.
BREATH = 0.02
# What the comparison needs not read.
MADE_BY_VISITS = ("last_outcome", "last_visit", "last_note", "last_phrases", "no_answers", "come_back")
Steps = Callable[[str, int, int], None]  # message id, done, total
UnitKey = tuple[str, str]


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


@dataclass
class Target:
    """Where a register goes: the community, and what stands in its database."""

    database: peewee.Database
    community: Community
    now: datetime
    new_id: Callable[[], str] = lambda: str(uuid7())
    grids: dict[str, Row] = field(default_factory=dict)  # key → record
    buildings: dict[str, Row] = field(default_factory=dict)
    units: dict[UnitKey, Row] = field(default_factory=dict)

    def load(self) -> Target:
        """Read the places above doors."""
        self.grids = {place("grid", row["name"]).key: row for row in self._all(Grid)}
        self.buildings = {place("building", row["name"]).key: row for row in self._all(Building)}
        keys = {row["id"]: key for key, row in self.buildings.items()}
        self.units = {
            (keys[row["building"]], place("stair_unit", row["name"]).key): row for row in self._all(StairUnit)
        }
        return self

    def _all(self, kind: type[Record]) -> Iterator[Row]:
        query = kind.select().where(kind.community == self.community.id, kind.gone == False)  # noqa: E712
        return own(kind, query.order_by(kind.id))

    def put(self, records: Sequence[tuple[str, Row]]) -> None:
        """Write records and their feed rows, at most `BATCH` in a transaction."""
        for at in range(0, len(records), BATCH):
            put(self.database, kinds(), self.community.id, records[at : at + BATCH], self.now)

    @property
    def on_postgres(self) -> bool:
        """Whether rows must be locked one by one."""
        return isinstance(self.database, peewee.PostgresqlDatabase)

    def writing(self) -> Any:
        """A write transaction: on SQLite the write lock is taken at once, so that nothing read can change."""
        return self.database.atomic() if self.on_postgres else self.database.atomic("IMMEDIATE")

    @property
    def rules(self) -> Rules:
        """What the comparison needs."""
        return Rules(local_day(self.now), list(self.community.visit_days) or VISIT_DAYS, self.new_id)


def own(kind: type[Record], query: Any, without: Sequence[str] = ()) -> Iterator[Row]:
    """The query's records without the columns that sync fills in, read past the ORM, which would take half the time."""
    fields = kind._meta.fields
    names = ["id", "gone", *(name for name in fields if name not in COMMON and name not in without)]
    lists = [name for name in names if isinstance(fields[name], ListOf)]
    for values in kind._meta.database.execute(query.select(*(fields[name] for name in names))):
        row = dict(zip(names, values, strict=True))
        row["gone"] = bool(row["gone"])
        row |= {name: fields[name].python_value(row[name]) for name in lists}
        yield row


def preview(staging: Staging, target: Target, steps: Steps, listed: int = 500) -> Outcome:
    """What `write` would do; changes nothing."""
    outcome = Outcome(rows=staging.rows)
    target.load()
    _new_places(staging, target, outcome)
    for keys, done, total in _batches(staging, target):
        for change in _changes(staging, target, keys):
            outcome.add(change, listed)
        steps("Comparing", done, total)
    return outcome


def write(staging: Staging, target: Target, steps: Steps, listed: int = 500) -> Outcome:
    """Write the register; returns what was done."""
    outcome = Outcome(rows=staging.rows)
    target.load()
    target.put(_new_places(staging, target, outcome))
    for keys, done, total in _batches(staging, target):
        with target.writing():  # what is compared is what is written
            changes = list(_changes(staging, target, keys))
            _write_batch(target, changes)
        for change in changes:
            outcome.add(change, listed)
        steps("Writing", done, total)
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
    held = _held(target, [target.units[key]["id"] for key in keys])
    rules = target.rules
    for key in keys:
        building, unit = target.buildings[key[0]], target.units[key]
        at = UnitPlace(unit["grid"], building["id"], unit["id"], building["name"], unit["name"])
        yield from compare(staging.entries(*key), held[unit["id"]], at, rules)


def _held(target: Target, units: list[str]) -> dict[str, dict[str, Held]]:
    """What the database holds in these stair units: unit id → door label → door, household, care, last import's word."""
    # In the order in which sync locks rows, by kind and id, so that nobody waits for each other.
    care = {row["household"]: row for row in _in_units(target, CarePerson, units, gone=True)}
    doors = list(_in_units(target, Door, units))
    households = {row["door"]: row for row in _in_units(target, Household, units)}
    said = RegisterValue.of([row["id"] for row in households.values()])
    found: dict[str, dict[str, Held]] = defaultdict(dict)
    for door in doors:
        household = households.get(door["id"])
        known = household["id"] if household else ""
        found[door["stair_unit"]][door["label"]] = Held(door, household, care.get(known), said.get(known))
    return found


def _in_units(target: Target, kind: Any, units: list[str], gone: bool = False) -> Iterator[Row]:
    query = kind.select().where(kind.community == target.community.id, kind.stair_unit.in_(units))
    if not gone:
        query = query.where(kind.gone == False)  # noqa: E712
    query = query.order_by(kind.id)
    if target.on_postgres and target.database.in_transaction():
        query = query.for_update()
    return own(kind, query, without=MADE_BY_VISITS)


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
