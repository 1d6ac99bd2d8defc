"""A season of safety checks: a few doors a grid, what was found there, and what a second look found gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from fieldapp.demo.seeded import Seeded
from fieldapp.home_checks.items import HOME

Row = dict[str, Any]
DOORS = 3  # checked in a grid
DAYS = 60  # ago, at most
SERIOUS = {"ebike_indoors", "ebike_lift", "flying_wire", "stored_fuel"}
OFTEN = (
    "ebike_indoors",
    "flying_wire",
    "gas_hose_old",
    "corridor_piles",
    "no_smoke_alarm",
    "extinguisher",
    "balcony_clutter",
)
NOTES = {
    "ebike_indoors": "电池在客厅充电，已讲明危险。",
    "flying_wire": "从四楼窗户拉线到楼下。",
    "gas_hose_old": "软管用了六年，约燃气公司更换。",
    "corridor_piles": "纸箱堆在消防栓前。",
}


def checks(homes: list[Row], today: date, seeded: Seeded) -> Iterator[tuple[Row, list[Row], list[Row], date]]:
    """For each door: the check, its hazards, their rechecks, and the day; ids and times are the caller's."""
    chosen = seeded.random.sample(homes, min(DOORS, len(homes)))
    for home in chosen:
        day = today - timedelta(days=seeded.random.randrange(1, DAYS))
        found = seeded.random.sample(OFTEN, seeded.random.choice((0, 0, 1, 1, 2)))
        where = {"stair_unit": home["stair_unit"], "household": home["id"], "address": home["address"]}
        hazards = [_hazard(item, day, seeded) for item in found]
        results = [_result(item, hazards) for item in HOME]
        closed = [one for one in hazards if seeded.random.random() < 0.4]
        rechecks = [{"item": one["item"], "found": "gone"} for one in closed]
        yield {**where, "results": results}, [{**where, **one} for one in hazards], rechecks, day


def _hazard(item: str, day: date, seeded: Seeded) -> Row:
    serious = item in SERIOUS
    days = seeded.random.choice((1, 3) if serious else (7, 30))
    return {
        "item": item,
        "severity": "serious" if serious else "minor",
        "fix_by": (day + timedelta(days=days)).isoformat(),
        "note": NOTES.get(item, ""),
        "phrases": ["told"],
    }


def _result(item: str, hazards: list[Row]) -> Row:
    hazard = next((one for one in hazards if one["item"] == item), None)
    if hazard is None:
        return {"key": item, "state": "ok", "text": ""}
    return {
        "key": item,
        "state": "hazard",
        "text": "",
        **{name: hazard[name] for name in ("severity", "fix_by", "note", "phrases")},
    }
