"""Register, plan: the rows of a stair unit against what the database holds → what changes, and the records that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldapp.places.naming import address, label_order
from fieldapp.places.register_check import Entry, level_of
from fieldapp.places.register_columns import DEFAULTS
from fieldapp.places.register_facts import computed

Row = dict[str, Any]


@dataclass(slots=True)
class Change:
    """What the register does to one door: `added`, `updated`, `unchanged` or `vanished`."""

    state: str
    address: str
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # column → (before, after)
    kept: dict[str, tuple[Any, Any]] = field(
        default_factory=dict
    )  # column → (the sheet's, the worker's later one)
    records: list[tuple[str, Row]] = field(default_factory=list)  # kind, fields; doors first
    household: str = ""
    said: dict[str, Any] | None = None  # what the sheet says now, kept for the next import


@dataclass(slots=True)
class Held:
    """What the database holds behind one door."""

    door: Row
    household: Row | None
    care: Row | None
    said: dict[str, Any] | None  # by the last import


@dataclass(slots=True)
class UnitPlace:
    """Where the doors of a stair unit hang: ids, and the names that make addresses."""

    grid: str
    building: str
    unit: str
    building_name: str
    unit_name: str


@dataclass(slots=True)
class Rules:
    """What the comparison needs to know besides rows and records."""

    today: str
    days: Sequence[int] | None  # the community's visit intervals
    new_id: Callable[[], str]


def compare(entries: list[Entry], held: dict[str, Held], at: UnitPlace, rules: Rules) -> Iterator[Change]:
    """Changes of one stair unit, top floor first; `held` is by door label. Nothing is ever deleted."""
    positions = _positions(entries, held)
    for entry in entries:
        known = held.get(entry.label)
        if known is None or known.household is None:
            yield _added(entry, known, at, rules, positions)
        else:
            yield _met_again(entry, known, known.household, at, rules, positions)
    named = {entry.label for entry in entries}
    for label in sorted(held, key=lambda one: (-held[one].door["floor"], held[one].door["position"])):
        known = held[label]
        if label not in named:
            yield Change("vanished", known.door["address"])


def _positions(entries: list[Entry], held: dict[str, Held]) -> dict[str, int]:
    """Each label's place on its floor, from 1, in the order people count."""
    floors: dict[str, int] = {label: known.door["floor"] for label, known in held.items()}
    floors |= {entry.label: entry.floor for entry in entries}
    found: dict[str, int] = {}
    last: dict[int, int] = {}
    for label in sorted(floors, key=lambda one: (label_order(one), one)):
        last[floors[label]] = found[label] = last.get(floors[label], 0) + 1
    return found


def _refs(at: UnitPlace) -> Row:
    return {"stair_unit": at.unit, "building": at.building, "grid": at.grid}


def _door(entry: Entry, at: UnitPlace, positions: dict[str, int]) -> Row:
    return {
        **_refs(at),
        "label": entry.label,
        "floor": entry.floor,
        "position": positions[entry.label],
        "address": address(at.building_name, at.unit_name, entry.label),
    }


def _added(
    entry: Entry, known: Held | None, at: UnitPlace, rules: Rules, positions: dict[str, int]
) -> Change:
    door = {"id": known.door["id"] if known else rules.new_id(), **_door(entry, at, positions)}
    facts = {**DEFAULTS, **entry.values}
    household = {
        "id": rules.new_id(),
        "door": door["id"],
        **_refs(at),
        **{name: door[name] for name in ("label", "address", "floor")},
        **facts,
    }
    care = entry.care or []
    household |= computed(household, care, rules.days, rules.today)
    records = [("door", door), ("household", household)]
    if care:
        records.append(("care_person", _care(rules.new_id(), household, care)))
    return Change("added", door["address"], records=records, household=household["id"], said=_said(entry))


def _care(id: str, household: Row, tags: list[str]) -> Row:
    inherited = {name: household[name] for name in ("door", "stair_unit", "building", "grid")}
    facts = {"name": household["name"], "level": level_of(tags), "tags": tags, "gone": False}
    return {"id": id, "household": household["id"], **inherited, **facts}


def _said(entry: Entry) -> dict[str, Any]:
    return entry.values if entry.care is None else {**entry.values, "care": entry.care}


def _met_again(
    entry: Entry, known: Held, before: Row, at: UnitPlace, rules: Rules, positions: dict[str, int]
) -> Change:
    change = Change("unchanged", known.door["address"], household=before["id"])
    tags_before = _tags(known.care)
    after = {**before, **_merged(entry, known, before, tags_before, change)}
    tags = after.pop("care", tags_before)
    after |= {**_refs(at), "floor": entry.floor}
    if entry.floor != before["floor"]:
        change.fields["floor"] = (before["floor"], entry.floor)
    after |= computed(after, tags, rules.days, rules.today)
    door = {**known.door, **_door(entry, at, positions)}
    after["address"] = door["address"]
    change.records += _differing("door", known.door, door) + _differing("household", before, after)
    if tags or known.care:
        care = _care(known.care["id"] if known.care else rules.new_id(), after, tags or tags_before)
        care["gone"] = not tags
        change.records += _differing("care_person", known.care or {}, care)
    said = {**(known.said or {}), **_said(entry)}
    change.said = said if said != known.said else None
    if change.fields:
        change.state = "updated"
    return change


def _differing(kind: str, before: Row, after: Row) -> list[tuple[str, Row]]:
    """The record with only the fields that differ, so that nothing else is written over; none where all are equal."""
    changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
    return [(kind, {"id": after["id"], **changed})] if changed else []


def _tags(care: Row | None) -> list[str]:
    return list(care["tags"]) if care and not care["gone"] else []


def _merged(entry: Entry, known: Held, before: Row, tags: list[str], change: Change) -> Row:
    """Three-way, column by column: a worker's later word stays unless the register itself changed since."""
    taken: Row = {}
    for column, sheet in _said(entry).items():
        current = tags if column == "care" else before[column]
        if sheet == current:
            continue
        if known.said is not None and known.said.get(column) == sheet:
            change.kept[column] = (sheet, current)
        else:
            taken[column] = sheet
            change.fields[column] = (current, sheet)
    return taken
