"""The demo, built: registers imported as a clerk would, accounts, and a year of visits that led to today.

The same moment gives the same rows and ids: `now` counts by the quarter of an hour, chance is seeded.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import peewee

from fieldapp.config import instant, local_day, utc_offset
from fieldapp.declare.expressions import expression
from fieldapp.declare.kinds import kinds
from fieldapp.demo.checks import checks
from fieldapp.demo.drill import drill
from fieldapp.demo.history import WEEKEND_DAYS, Home, Knock, moment, year
from fieldapp.demo.letters import sign_historic, sign_letters
from fieldapp.demo.review import leave_open
from fieldapp.demo.rounds import rounds
from fieldapp.demo.seeded import Seeded, settled
from fieldapp.demo.sign_ins import add_all
from fieldapp.demo.town import MAIN, SISTERS, TOWN, Plan, register
from fieldapp.places.record import CarePerson, Community, Door, Grid, Household
from fieldapp.places.register import import_register
from fieldapp.visits.record import Visit
from sync.ids import series
from sync.write import put

DAYS = 364  # a visit's window is a year
SETTLED_IN = 6  # days between the import and the first visit
BATCH = 1_000
RECENT = 14  # days of which each arrives by itself
RECEIVED_AFTER = timedelta(minutes=4)
COME_BACK = {
    False: 18 * 60 + 30,
    True: 10 * 60,
}  # minutes after midnight: a weekday's evening, a weekend's morning
Progress = Callable[[str, int, int], None]
Row = dict[str, Any]


def build(
    now: datetime,
    progress: Progress | None = None,
    database: peewee.Database | None = None,
    plans: Sequence[Plan] = (MAIN, *SISTERS),
) -> None:
    """Fill an empty database with the town; `progress(step, done, total)` hears of it."""
    for at, plan in enumerate(plans):
        if progress:
            progress("Demo", at, len(plans))
        _Build(plan, settled(now), database or Community._meta.database).run()
    if progress:
        progress("Demo", len(plans), len(plans))


class _Build:
    """One community on its way into the database."""

    def __init__(self, plan: Plan, now: datetime, database: peewee.Database) -> None:
        self.plan, self.now, self.database = plan, now, database
        self.seeded = Seeded(plan.name)
        self.began = now - timedelta(days=DAYS + SETTLED_IN)
        self.community = ""

    def run(self) -> None:
        self._register()
        community = Community.get(Community.name == self.plan.name)
        self.community = community.id
        grids = {grid.name: grid.id for grid in Grid.select().where(Grid.community == self.community)}
        workers = add_all(self.plan.name, self.community, grids, self.seeded, self.began, self.database)
        households = {one["id"]: one for one in self._all(Household)}
        visits = [
            visit
            for grid, worker in sorted(workers.items())
            for visit in self._visits(grid, worker, households)
        ]
        visits.sort(key=lambda visit: (visit["device_time"], visit["household"]))
        for received in _received(visits, self.now):
            made = [
                {"id": self.seeded.id(datetime.fromisoformat(one["device_time"])), **one} for one in received
            ]
            self._put("visit", made, datetime.fromisoformat(made[-1]["device_time"]) + RECEIVED_AFTER)
        self._put("household", _followed(visits, households), self.now)
        for grid, worker in sorted(workers.items()):
            self._checks(grid, worker, households)
        letters = Seeded(f"{self.plan.name} letters")
        if self.plan is MAIN:
            sign_letters(self.database, self.community, letters, self.now)
            leave_open(self.database, self.community, self.seeded, self.now)
            rounds(self.database, self.community, self.seeded, self.now)
            drill(self.database, self.community, Seeded(f"{self.plan.name} drill"), self.now)
        else:
            sign_historic(self.database, self.community, letters, self.now)

    def _register(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "register.csv"
            with open(path, "w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(register(self.plan))
            new_id = series(int(self.began.timestamp() * 1000), self.seeded.random.getrandbits)
            import_register(
                path, self.plan.name, town=TOWN, database=self.database, now=self.began, new_id=new_id
            )

    def _all(self, kind: Any) -> list[Row]:
        return list(kind.select().where(kind.community == self.community).order_by(kind.id).dicts())

    def _visits(self, grid: str, worker: str, households: dict[str, Row]) -> list[Row]:
        """The visits of a grid as records, oldest first, none later than now."""
        care = {one["household"] for one in self._all(CarePerson)}
        places = {one["id"]: one["position"] for one in self._all(Door)}
        homes = [
            _home(one, places[one["door"]], one["id"] in care)
            for one in sorted(households.values(), key=lambda one: one["address"])
            if one["grid"] == grid
        ]
        today = date.fromisoformat(local_day(self.now))
        knocks = year(homes, today - timedelta(days=DAYS), today, self.seeded.random)
        return [row for knock in knocks if (row := self._visit(knock, worker)) is not None]

    def _checks(self, grid: str, worker: str, households: dict[str, Row]) -> None:
        """The safety checks of a grid, with their hazards and rechecks."""
        homes = [one for one in households.values() if one["grid"] == grid and one["tenure"] != "vacant"]
        homes.sort(key=lambda one: str(one["address"]))
        for check, hazards, rechecks, day in checks(
            homes, date.fromisoformat(local_day(self.now)), self.seeded
        ):
            at = moment(day, 15 * 60, utc_offset())
            by = {"author": worker, "device_time": instant(at)}
            made = {"id": self.seeded.id(at), **check, **by}
            found = {one["item"]: self.seeded.id(at) for one in hazards}
            gone = {one["item"] for one in rechecks}
            closed = {"open": False, "closed_on": (day + timedelta(days=1)).isoformat(), "rechecks": 1}
            self._put("home_check", [made], at + RECEIVED_AFTER)
            rows = [
                {
                    "id": found[one["item"]],
                    "home_check": made["id"],
                    **one,
                    **by,
                    **(closed if one["item"] in gone else {}),
                }
                for one in hazards
            ]
            if rows:
                self._put("hazard", rows, at + RECEIVED_AFTER)
            later = at + timedelta(hours=20)
            again = [
                {
                    "id": self.seeded.id(later),
                    "hazard": found[one["item"]],
                    "found": one["found"],
                    **by,
                    "device_time": instant(later),
                }
                for one in rechecks
            ]
            if again:
                self._put("recheck", again, later + RECEIVED_AFTER)

    def _visit(self, knock: Knock, worker: str) -> Row | None:
        at = moment(knock.day, knock.minute, utc_offset()) + timedelta(
            seconds=self.seeded.random.randrange(60)
        )
        if at + RECEIVED_AFTER > self.now:
            return None
        back: date | None = knock.fields.get("come_back")
        return {
            "household": knock.home.id,
            "outcome": knock.outcome,
            **knock.fields,
            "come_back": back
            and instant(moment(back, COME_BACK[back.weekday() in WEEKEND_DAYS], utc_offset())),
            "author": worker,
            "device_time": instant(at),
        }

    def _put(self, kind: str, rows: list[Row], now: datetime) -> None:
        put(self.database, kinds(), self.community, [(kind, row) for row in rows], now)


def _home(household: Row, position: int, care: bool) -> Home:
    due = date.fromisoformat(household["due_on"]) if household["due_on"] else None
    walk = (household["building"], household["stair_unit"], -household["floor"], position)
    return Home(household["id"], walk, household["visit_days"], due, care and household["visit_days"] < 90)


def _received(visits: list[Row], now: datetime) -> Iterator[list[Row]]:
    """The visits as they reached the centre: a thousand together, the last fortnight's day by day."""
    recent = local_day(now - timedelta(days=RECENT))
    batch: list[Row] = []
    for visit in visits:
        day = visit["device_time"][:10]
        if batch and (len(batch) == BATCH or (day >= recent and day != batch[-1]["device_time"][:10])):
            yield batch
            batch = []
        batch.append(visit)
    if batch:
        yield batch


def _followed(visits: list[Row], households: dict[str, Row]) -> list[Row]:
    """What the visits make of their households, by the effects that Visit declares."""
    # All fields in one expression: most of an expression's time goes into its scope.
    sources = [
        ", ".join(f"'{name}': ({source})" for name, source in one.fields.items()) for one in Visit.effects
    ]
    effects = [expression("{" + source + "}") for source in sources]
    states = dict(households)
    touched: dict[str, Row] = {}
    for visit in visits:
        home = visit["household"]
        for effect in effects:
            made = effect(this=visit, target=states[home])
            states[home] = {**states[home], **made}
            touched.setdefault(home, {"id": home}).update(made)
    # What was asked for in that year has been answered since.
    return [{**one, "request": None, "request_on": None} for one in touched.values()]
