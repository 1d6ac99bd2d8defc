"""Register, staging: good rows wait in a file beside the database, so that memory stays flat whatever the file's size."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from fieldapp.declare.words import _l
from fieldapp.places.naming import Place, label_order
from fieldapp.places.register_check import Checker, Entry, Problem
from fieldapp.places.register_read import Register

_TABLES = """
create table entry (building text, unit text, label text, sorting text, sheet text, number integer, grid text,
    grid_place text, building_place text, unit_place text, floor integer, vals text, care text,
    primary key (building, unit, label)) without rowid;
create table problem (at integer primary key, sheet text, number integer, header text, value text, reason text, detail text);
"""
_INSERT = "insert or ignore into entry values (?,?,?,?,?,?,?,?,?,?,?,?,?)"
_REPORT_EVERY = 500


class Staging:
    """The rows of one register, checked; in a temporary file that goes with it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.file = tempfile.NamedTemporaryFile(prefix="register-", suffix=".staging", dir=folder)
        self.rows = 0
        self.bad_rows = 0
        self.db = sqlite3.connect(self.file.name, isolation_level=None)
        self.db.executescript("pragma journal_mode=off; pragma synchronous=off; pragma cache_size=-8000; begin;" + _TABLES)
        self._grids: dict[str, tuple[str, int]] = {}

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.db.close()
        self.file.close()

    def fill(self, register: Register, checker: Checker, progress: Callable[[int], None] | None = None) -> None:
        """Check every row; afterwards `problems` has all that is wrong."""
        for row in register.rows():
            self.rows += 1
            entry, problems = checker.check(row)
            if entry is not None:
                problems = self._add(entry, checker)
            self.bad_rows += bool(problems)
            self.db.executemany(
                "insert into problem (sheet, number, header, value, reason, detail) values (?,?,?,?,?,?)",
                [(one.sheet, one.row, one.column, one.value, one.reason, json.dumps(one.detail)) for one in problems],
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
                *key, label_order(entry.label), entry.sheet, entry.row, entry.grid.key, json.dumps(entry.grid),
                json.dumps(entry.building), json.dumps(entry.unit), entry.floor, json.dumps(entry.values), json.dumps(entry.care),
            ),
        )  # fmt: skip
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
        query = "select min(grid_place), count(*) from entry group by grid order by 1"
        found = [(Place(*json.loads(named)), doors) for named, doors in self.db.execute(query)]
        return sorted(found, key=lambda one: (one[0].number, one[0].name))

    def buildings(self) -> list[tuple[Place, str, int, int]]:
        """The buildings named, with grid key, top floor and number of stair units."""
        query = "select min(building_place), min(grid), max(floor), count(distinct unit) from entry group by building"
        found = [(Place(*json.loads(named)), *rest) for named, *rest in self.db.execute(query)]
        return sorted(found, key=lambda one: (one[0].number, one[0].name))

    def units(self) -> list[tuple[str, Place]]:
        """The stair units named: the building's key and the unit."""
        query = "select building, min(unit_place) from entry group by building, unit"
        found = [(building, Place(*json.loads(named))) for building, named in self.db.execute(query)]
        return sorted(found, key=lambda one: (one[0], one[1].number, one[1].name))

    def unit_sizes(self) -> dict[tuple[str, str], int]:
        """How many doors the sheet has in each stair unit: (building key, unit key) → doors."""
        query = "select building, unit, count(*) from entry group by building, unit"
        return {(building, unit): doors for building, unit, doors in self.db.execute(query)}

    def entries(self, building: str, unit: str) -> list[Entry]:
        """The doors of one stair unit, top floor first, each floor in the order of its labels."""
        query = """select sheet, number, grid_place, building_place, unit_place, floor, label, vals, care from entry
            where building=? and unit=? order by floor desc, sorting, label"""
        return [_entry(*row) for row in self.db.execute(query, (building, unit))]

    def building_entries(self, building: str) -> Iterator[Entry]:
        """The doors of a building, in the order of the file."""
        query = """select sheet, number, grid_place, building_place, unit_place, floor, label, vals, care from entry
            where building=? order by sheet, number"""
        for row in self.db.execute(query, (building,)):
            yield _entry(*row)


def _entry(
    sheet: str, number: int, grid: str, building: str, unit: str, floor: int, label: str, values: str, care: str
) -> Entry:
    named = [Place(*json.loads(one)) for one in (grid, building, unit)]
    return Entry(sheet, number, named[0], named[1], named[2], floor, label, json.loads(values), json.loads(care))
