"""Register, target: the community that a register goes into, and what its database holds behind each door."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import peewee

from fieldapp.config import local_day
from fieldapp.declare.kinds import kinds
from fieldapp.declare.record import COMMON, ListOf, Record
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
from fieldapp.places.register_models import RegisterValue
from fieldapp.places.register_plan import Held, Row, Rules
from sync.ids import series
from sync.write import put

BATCH = 1_000  # records in a transaction
# What the comparison needs not read.
MADE_BY_VISITS = ("last_outcome", "last_visit", "last_note", "last_phrases", "no_answers", "come_back")
UnitKey = tuple[str, str]


@dataclass
class Target:
    """Where a register goes: the community, and what stands in its database."""

    database: peewee.Database
    community: Community
    now: datetime
    new_id: Callable[[], str] = field(default_factory=series)
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

    def analyze(self) -> None:
        """Let PostgreSQL see how tables have grown; with what it knew of them when empty it reads all to find a few."""
        if self.on_postgres:
            for kind in (Door, Household, CarePerson):
                self.database.execute_sql(f'ANALYZE "{kind._meta.table_name}"')

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


def held_in(target: Target, units: list[str]) -> dict[str, dict[str, Held]]:
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
