"""Progress: how far the home visits are, by grid and building, and what came of a month's knocks; plain numbers from records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import peewee

from fieldapp.config import instant, local_day, utc_offset
from fieldapp.declare.record import Record
from fieldapp.places.record import Building, Grid, Household, StairUnit
from fieldapp.visits.record import Visit
from sync import store
from sync.scope import Me, visible

PARTS = ("met", "no_answer", "refused", "left")
OUTCOMES = ("met", "no_answer", "refused", "other")
DAYS = 30
Count = dict[str, int]


def part_of(last_outcome: str | None) -> str:
    """Where a home stands that is due: nobody answered, refused, or still to be knocked at."""
    return last_outcome if last_outcome in ("no_answer", "refused") else "left"


def outcome_of(code: str) -> str:
    """An outcome as the picture tells them apart; nothing but "met" counts as met."""
    return code if code in OUTCOMES else "other"


def standing(me: Me) -> str:
    """Changes whenever a record of the community did."""
    return str(
        store.Counter.select(store.Counter.seq).where(store.Counter.community == me.community).scalar() or 0
    )


def held(record: type[Record], me: Me) -> Any:
    """A where-expression: what stands and the person may hold."""
    return (record.gone == False) & visible(record, record.channels(), me)  # noqa: E712


def coverage(me: Me, today: str) -> dict[str, Count]:
    """Building → how many households with an interval are in each of `PARTS` now, as on the door board."""
    found: dict[str, Count] = {}
    for due, condition in ((False, Household.due_on > today), (True, Household.due_on <= today)):
        counted: Any = (
            Household.select(Household.building, Household.last_outcome, peewee.fn.COUNT(Household.id))
            .where(held(Household, me), Household.due_on.is_null(False), condition)
            .group_by(Household.building, Household.last_outcome)
        )
        for building, outcome, count in counted.tuples():
            parts = found.setdefault(building, dict.fromkeys(PARTS, 0))
            parts[part_of(outcome) if due else "met"] += count
    return found


def total(counts: Iterable[Count], names: Iterable[str] = PARTS) -> Count:
    """The sum of several counts."""
    summed: Counter[str] = Counter()
    for one in counts:
        summed.update(one)
    return {name: summed[name] for name in names}


def grids(me: Me, today: str) -> list[dict[str, Any]]:
    """The grids in their order: `id`, `name`, `count`, and `buildings` of `id`, `name`, `count`, `units`."""
    counts = coverage(me, today)
    units: dict[str, list[StairUnit]] = {}
    for unit in StairUnit.select().where(held(StairUnit, me)).order_by(StairUnit.number):
        units.setdefault(unit.building, []).append(unit)
    houses: dict[str, list[dict[str, Any]]] = {}
    for one in Building.select().where(held(Building, me)).order_by(Building.number, Building.name):
        count = counts.get(one.id, dict.fromkeys(PARTS, 0))
        houses.setdefault(one.grid, []).append(
            {"id": one.id, "name": one.name, "count": count, "units": units.get(one.id, [])}
        )
    known = Grid.select().where(held(Grid, me)).order_by(Grid.number, Grid.name)
    return [
        {
            "id": grid.id,
            "name": grid.name,
            "buildings": houses.get(grid.id, []),
            "count": total(one["count"] for one in houses.get(grid.id, [])),
        }
        for grid in known
    ]


def month(me: Me, moment: datetime, grid: str = "") -> list[tuple[str, Count]]:
    """The last 30 local days, oldest first, each with what came of its knocks by `OUTCOMES`."""
    days = {
        local_day(moment - timedelta(days=ago)): dict.fromkeys(OUTCOMES, 0) for ago in range(DAYS - 1, -1, -1)
    }
    start, _ = span(next(iter(days)))
    found: Any = Visit.select(Visit.device_time, Visit.outcome).where(
        held(Visit, me), Visit.device_time >= start
    )
    if grid:
        found = found.where(Visit.grid == grid)
    for at, outcome in found.tuples():
        if (day := local_day(datetime.fromisoformat(at))) in days:
            days[day][outcome_of(outcome)] += 1
    return list(days.items())


def span(day: str, days: int = 1) -> tuple[str, str]:
    """The instants at which a local day begins and, so many days later, ends."""
    begins = datetime.fromisoformat(f"{day}T00:00:00+00:00") - timedelta(minutes=utc_offset())
    return instant(begins), instant(begins + timedelta(days=days))
