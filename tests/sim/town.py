"""Town: the smallest community in which everything can go wrong: two grids, six homes, seven people."""

from __future__ import annotations

import io
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import peewee
from PIL import Image

from fieldapp.declare.kinds import kinds
from fieldapp.people import accounts
from sync.write import put
from tests.cast import named

BEGIN = datetime(2026, 11, 23, 0, 0, 0, tzinfo=UTC)
GRIDS = {"three": "heping", "four": "heping", "one": "xinfu"}
PEOPLE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "li": ("grid_worker", "heping", ("three",)),
    "wang": ("grid_worker", "heping", ("four",)),
    "liu": ("grid_worker", "heping", ("three", "four")),
    "zhang": ("supervisor", "heping", ()),
    "chen": ("volunteer", "heping", ()),
    "zhao": ("grid_worker", "xinfu", ("one",)),
}
DOORS = {"three": 3, "four": 3, "one": 1}


def build(database: peewee.Database) -> None:
    """Fill an empty database."""
    for community in ("heping", "xinfu"):
        rows: list[tuple[str, dict[str, Any]]] = [
            ("community", {"id": named(community), "name": community, "town": "安宁街道"})
        ]
        for grid in (name for name, of in GRIDS.items() if of == community):
            rows += _grid(grid)
        put(database, kinds(), named(community), rows, BEGIN)
    for name, (role, community, grids) in PEOPLE.items():
        accounts.add(
            name,
            "door-by-door-2026",
            name,
            role,
            named(community),
            [named(grid) for grid in grids],
            id=named(f"account {name}"),
            profile=named(f"profile {name}"),
            now=BEGIN,
            database=database,
        )


def _grid(grid: str) -> list[tuple[str, dict[str, Any]]]:
    building, unit = named(f"building {grid}"), named(f"unit {grid}")
    rows: list[tuple[str, dict[str, Any]]] = [
        ("grid", {"id": named(grid), "name": grid, "number": len(grid), "door_count": DOORS[grid]}),
        ("building", {"id": building, "grid": named(grid), "name": grid, "number": 1}),
        ("stair_unit", {"id": unit, "building": building, "name": "1", "number": 1}),
    ]
    for number in range(1, DOORS[grid] + 1):
        address = f"{grid}-{number}"
        door, home = named(f"door {address}"), named(f"home {address}")
        place = {"label": str(number), "floor": number, "address": address}
        rows.append(("door", {"id": door, "stair_unit": unit, **place}))
        facts = {"phone": "000-0", "people": 2, "tenure": "owner", "visit_days": 90 if number > 1 else None}
        rows.append(
            ("household", {"id": home, "door": door, "name": "王", "due_on": "2026-11-20", **place, **facts})
        )
        if number == 1:
            care = {"household": home, "name": "赵奶奶", "tags": ["living_alone"]}
            rows.append(("care_person", {"id": named(f"care {address}"), **care}))
    return rows


def _picture() -> bytes:
    """A JPEG of a few pixels; with anything behind it, it is the same picture by another name."""
    made = io.BytesIO()
    Image.new("L", (8, 8), 128).save(made, "JPEG")
    return made.getvalue()


def directory() -> dict[str, Any]:
    """What the actors must know: who there is and where they go."""
    return {
        "people": {
            name: {
                "id": named(f"account {name}"),
                "profile": named(f"profile {name}"),
                "role": role,
                "community": named(community),
            }
            for name, (role, community, _) in PEOPLE.items()
        },
        "grids": {name: named(name) for name in GRIDS},
        "units": {name: named(f"unit {name}") for name in GRIDS},
        "picture": b64encode(_picture()).decode(),
        "homes": {
            f"{grid}-{number}": named(f"home {grid}-{number}")
            for grid, count in DOORS.items()
            for number in range(1, count + 1)
        },
        "doors": {
            f"{grid}-{number}": named(f"door {grid}-{number}")
            for grid, count in DOORS.items()
            for number in range(1, count + 1)
        },
    }
