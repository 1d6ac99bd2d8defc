"""One table of query vectors: what is stored, what is asked, which ids must come back, on every side."""

from __future__ import annotations

from typing import Any

from fieldapp.declare.query import Query, count, latest, lit, many, one, search
from fieldapp.places.record import Door, Household
from fieldapp.visits.record import Visit

ME = {
    "id": "u-li",
    "community": "c1",
    "grids": ["g1", "g2"],
    "channels": ["community:c1", "grid:g1", "grid:g2"],
}
NOW = "2026-11-23T02:42:05Z"
SCOPE: dict[str, Any] = {
    "me": ME,
    "now": NOW,
    "today": "2026-11-23",
    "end_of_day": "2026-11-23T15:59:59Z",
    "args": {"q": "", "chinese": "王", "two": "5-2 wang", "astral": "𠮷", "none": "zzz"},
    "unit": "s1",
    "gone_id": "h9",
    "household": {"id": "h1", "stair_unit": "s1", "door": "d1"},
    "some": [{"id": "h1"}, {"id": "h3"}],
    "empty": [],
}


def door(
    id: str, unit: str, floor: int, position: int, label: str, grid: str = "g1", **more: Any
) -> dict[str, Any]:
    """A door as the feed brings it."""
    return {"_kind": "door", "id": id, "stair_unit": unit, "building": "b1", "grid": grid, "label": label, "floor": floor,
            "position": position, "address": f"5-2-{label}", **more}  # fmt: skip


def household(
    id: str, door: str, unit: str, label: str, name: str, grid: str = "g1", **more: Any
) -> dict[str, Any]:
    """A household behind a door."""
    return {"_kind": "household", "id": id, "door": door, "stair_unit": unit, "building": "b1", "grid": grid,
            "label": label, "address": f"5-2-{label}", "name": name, **more}  # fmt: skip


def visit(id: str, household: str, seq: int, at: str, outcome: str, **more: Any) -> dict[str, Any]:
    """A visit to a household of grid g1."""
    return {"_kind": "visit", "id": id, "household": household, "door": "d1", "stair_unit": "s1", "building": "b1",
            "grid": "g1", "seq": seq, "device_time": at, "outcome": outcome, **more}  # fmt: skip


RECORDS: list[dict[str, Any]] = [
    door("d1", "s1", 6, 1, "601", seq=1),
    door("d2", "s1", 6, 2, "602", seq=2),
    door("d3", "s1", 5, 1, "3A", seq=3),
    door("d4", "s2", 1, 1, "底商2", seq=4),
    door("d5", "s1", 5, 2, "301-B", seq=5),
    door("d6", "s3", 1, 1, "101", grid="g9", seq=6),
    household(
        "h1", "d1", "s1", "601", "王建国", seq=11, due_on="2026-11-20", pinyin="wang jianguo", initials="wjg"
    ),
    household("h2", "d2", "s1", "602", "李", seq=12, due_on="2026-11-23", pinyin="li", initials="l"),
    household("h3", "d3", "s1", "3A", "𠮷田", seq=13, due_on=None, pinyin="", initials=""),
    household(
        "h4",
        "d4",
        "s2",
        "底商2",
        "王二",
        seq=14,
        due_on="2026-12-01",
        grid="g2",
        pinyin="wang er",
        initials="we",
    ),
    household(
        "h5",
        "d5",
        "s1",
        "301-B",
        "Ｚhao",
        seq=15,
        due_on="2026-11-20",
        no_answers=3,
        care_level=2,
        pinyin="zhao",
        initials="z",
    ),
    household(
        "h6",
        "d6",
        "s3",
        "101",
        "王外",
        seq=16,
        due_on="2026-11-01",
        grid="g9",
        pinyin="wang wai",
        initials="ww",
    ),
    household(
        "h9",
        "d1",
        "s1",
        "900",
        "王走",
        seq=17,
        due_on="2026-11-01",
        gone=True,
        pinyin="wang zou",
        initials="wz",
    ),
    visit("v1", "h1", 21, "2026-11-01T02:00:00Z", "met"),
    visit("v2", "h1", 23, "2026-10-01T02:00:00Z", "no_answer"),
    visit("v3", "h2", 22, "2026-11-20T02:00:00Z", "refused"),
    visit("v4", "h2", 24, "2025-01-01T02:00:00Z", "met"),
    visit("v5", "h5", 25, "2026-11-21T02:00:00Z", "met", gone=True),
]

# The name of the rule, the query, and the ids (in order), a number, or value → id / number.
VECTORS: list[tuple[str, Query, Any]] = [
    ("one by a parameter", one(Door, lit("d1")), "d1"),
    ("one by a loaded record stands for its id", one(Household, "household"), "h1"),
    ("one by a field of a loaded record", one(Door, "household.door"), "d1"),
    ("one that is gone is missing", one(Household, "gone_id"), None),
    ("one of a foreign grid is missing", one(Household, lit("h6")), None),
    ("many by a parameter, in the server's order", many(Door, stair_unit="unit"), ["d1", "d2", "d3", "d5"]),
    (
        "order by a number downwards, then upwards",
        many(Door, stair_unit="unit", order=("-floor", "position")),
        ["d1", "d2", "d3", "d5"],
    ),
    (
        "order by text is by code point",
        many(Door, grid="me.grids", order=("label",)),
        ["d5", "d3", "d1", "d2", "d4"],
    ),
    (
        "order downwards by text",
        many(Door, grid="me.grids", order=("-label",)),
        ["d4", "d2", "d1", "d3", "d5"],
    ),
    (
        "a full-width letter comes after Chinese, an astral one last",
        many(Household, grid="me.grids", order=("name",)),
        ["h2", "h4", "h1", "h5", "h3"],
    ),
    ("nulls first upwards", many(Household, stair_unit="unit", order=("due_on",)), ["h3", "h1", "h5", "h2"]),
    (
        "nulls last downwards",
        many(Household, stair_unit="unit", order=("-due_on",)),
        ["h2", "h1", "h5", "h3"],
    ),
    (
        "a range leaves out what has no value",
        many(Household, grid="me.grids", due_on__lte="today", order=("due_on",)),
        ["h1", "h5", "h2"],
    ),
    (
        "a range with a limit",
        many(Household, grid="me.grids", due_on__lte="today", order=("due_on",), limit=2),
        ["h1", "h5"],
    ),
    (
        "a range downwards",
        many(Household, grid="me.grids", due_on__lte="today", order=("-due_on",), limit=2),
        ["h2", "h1"],
    ),
    ("an open range", many(Household, grid="me.grids", due_on__lt="today", order=("due_on",)), ["h1", "h5"]),
    ("a range from below", many(Household, grid="me.grids", due_on__gt="today", order=("due_on",)), ["h4"]),
    ("a range over numbers", many(Household, grid="me.grids", no_answers__gte=lit(1)), ["h5"]),
    (
        "any of some literals, within a range and a limit",
        many(
            Household,
            grid="me.grids",
            care_level=lit([0, 2]),
            due_on__lte="today",
            order=("due_on",),
            limit=2,
        ),
        ["h1", "h5"],
    ),
    (
        "a literal zero",
        many(Household, grid="me.grids", care_level=lit(0), due_on__lte="today", order=("due_on",)),
        ["h1", "h2"],
    ),
    ("equality on nothing known", many(Door, stair_unit=lit("s77")), []),
    ("any of a list of records", many(Household, id="some"), ["h1", "h3"]),
    ("any of none is none", many(Household, id="empty"), []),
    ("newest first", many(Visit, household="household", newest_first=True), ["v2", "v1"]),
    ("newest first with a limit", many(Visit, household="household", newest_first=True, limit=1), ["v2"]),
    ("beyond the window is not seen", many(Visit, household=lit("h2")), ["v3"]),
    ("a retracted visit is not seen", many(Visit, household=lit("h5")), []),
    ("two equalities", many(Visit, household="household", outcome=lit("met")), ["v1"]),
    ("latest by a field", latest(Visit, by="household", stair_unit="unit"), {"h1": "v2", "h2": "v3"}),
    ("latest of none", latest(Visit, by="household", stair_unit=lit("s9")), {}),
    ("count", count(Household, grid="me.grids", due_on__lte="today"), 3),
    ("count of an equality", count(Door, stair_unit="unit"), 4),
    ("count by a field", count(Household, grid="me.grids", by="stair_unit"), {"s1": 4, "s2": 1}),
    (
        "count by, within a range",
        count(Household, grid="me.grids", due_on__lte="today", by="building"),
        {"b1": 3},
    ),
    ("search for nothing finds nothing", search(Household, "args.q"), []),
    ("search by a Chinese name", search(Household, "args.chinese"), ["h1", "h4"]),
    ("search by address and pinyin, every word a prefix", search(Household, "args.two"), ["h1", "h4"]),
    ("search by an astral character", search(Household, "args.astral"), ["h3"]),
    ("search for what is not there", search(Household, "args.none"), []),
    ("search stays within the scope", search(Household, "args.chinese", limit=1), ["h1"]),
]
