"""Register, staging: good rows wait in a file beside the database, so that memory stays flat whatever the file's size."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from fieldapp.declare.words import _l
from fieldapp.places.naming import Place, label_order, place
from fieldapp.places.register_check import Checker, Entry, Problem
from fieldapp.places.register_read import Register

_TABLES = """
create table entry (building text, unit text, label text, sorting text, sheet text, number integer, grid text,
    grid_name text, building_name text, unit_name text, floor integer, said text,
    primary key (building, unit, label)) without rowid;
create table problem (at integer primary key, sheet text, number integer, header text, value text, reason text, detail text);
"""
_INSERT = "insert or ignore into entry values (?,?,?,?,?,?,?,?,?,?,?,?)"
_ENTRY = "sheet, number, grid_name, building_name, unit_name, floor, label, said"
_REPORT_EVERY = 500
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Staging:
    """The rows of one register, checked; in a temporary file that goes with it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="register-", dir=folder)
        self.rows = 0
        self.bad_rows = 0
        self.db = sqlite3.connect(Path(self.folder.name) / "staging.db", isolation_level=None)
        self.db.executescript(
            "pragma journal_mode=off; pragma synchronous=off; pragma cache_size=-8000; begin;" + _TABLES
        )
        self._grids: dict[str, tuple[str, int]] = {}

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.db.close()
        self.folder.cleanup()

    def fill(
        self, register: Register, checker: Checker, progress: Callable[[int], None] | None = None
    ) -> None:
        """Check every row; afterwards `problems` has all that is wrong."""
        for row in register.rows():
            self.rows += 1
            entry, problems = checker.check(row)
            if entry is not None:
                problems = self._add(entry, checker)
            self.bad_rows += bool(problems)
            self.db.executemany(
                "insert into problem (sheet, number, header, value, reason, detail) values (?,?,?,?,?,?)",
                [
                    (one.sheet, one.row, one.column, one.value, one.reason, json.dumps(one.detail))
                    for one in problems
                ],
            )
            if progress and self.rows % _REPORT_EVERY == 0:
                progress(self.rows)

    def _add(self, entry: Entry, checker: Checker) -> list[Problem]:
        building, first_row = self._grids.setdefault(entry.building.key, (entry.grid.key, entry.row))
        if building != entry.grid.key:
            reason, detail = _l("Row %(row)s has this building in another grid"), {"row": first_row}
            return [Problem(entry.sheet, entry.row, checker.header("grid"), entry.grid.name, reason, detail)]
        key = (entry.building.key, entry.unit.key, entry.label)
        made = self.db.execute(
            _INSERT,
            (
                *key,
                label_order(entry.label),
                entry.sheet,
                entry.row,
                entry.grid.key,
                entry.grid.name,
                entry.building.name,
                entry.unit.name,
                entry.floor,
                _write((entry.values, entry.care)),
            ),
        )
        if made.rowcount:
            return []
        where = "select number from entry where building=? and unit=? and label=?"
        (first,) = self.db.execute(where, key).fetchone()
        reason = _l("The same door stands in row %(row)s")
        return [Problem(entry.sheet, entry.row, checker.header("label"), entry.label, reason, {"row": first})]

    def problems(self) -> Iterator[Problem]:
        """Every bad cell in the order of the file."""
        query = "select sheet, number, header, value, reason, detail from problem order by at"
        for sheet, number, header, value, reason, detail in self.db.execute(query):
            yield Problem(sheet, number, header, value, reason, json.loads(detail))

    def grids(self) -> list[tuple[Place, int]]:
        """The grids named and how many doors each has."""
        query = "select min(grid_name), count(*) from entry group by grid"
        found = [(place("grid", name), doors) for name, doors in self.db.execute(query)]
        return sorted(found, key=lambda one: (one[0].number, one[0].name))

    def buildings(self) -> list[tuple[Place, str, int, int]]:
        """The buildings named, with grid key, top floor and number of stair units."""
        query = "select min(building_name), min(grid), max(floor), count(distinct unit) from entry group by building"
        found = [(place("building", name), *rest) for name, *rest in self.db.execute(query)]
        return sorted(found, key=lambda one: (one[0].number, one[0].name))

    def units(self) -> list[tuple[str, Place]]:
        """The stair units named: the building's key and the unit."""
        query = "select building, min(unit_name) from entry group by building, unit"
        found = [(building, place("stair_unit", name)) for building, name in self.db.execute(query)]
        return sorted(found, key=lambda one: (one[0], one[1].number, one[1].name))

    def unit_sizes(self) -> dict[tuple[str, str], int]:
        """How many doors the sheet has in each stair unit: (building key, unit key) → doors."""
        query = "select building, unit, count(*) from entry group by building, unit"
        return {(building, unit): doors for building, unit, doors in self.db.execute(query)}

    def entries(self, building: str, unit: str) -> list[Entry]:
        """The doors of one stair unit, top floor first, each floor in the order of its labels."""
        query = f"select {_ENTRY} from entry where building=? and unit=? order by floor desc, sorting, label"
        return [_entry(*row) for row in self.db.execute(query, (building, unit))]

    def building_entries(self, building: str) -> Iterator[Entry]:
        """The doors of a building, in the order of the file."""
        query = f"select {_ENTRY} from entry where building=? order by sheet, number"
        for row in self.db.execute(query, (building,)):
            yield _entry(*row)


def _entry(
    sheet: str, number: int, grid: str, building: str, unit: str, floor: int, label: str, said: str
) -> Entry:
    at = place("grid", grid), place("building", building), place("stair_unit", unit)
    return Entry(sheet, number, *at, floor, label, *json.loads(said))
