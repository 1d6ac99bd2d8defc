"""Register: the household register of a community, read, checked and written; what the command and the page both call."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import peewee

from fieldapp.config import now as clock
from fieldapp.declare.words import _l
from fieldapp.places.record import VISIT_DAYS, Community
from fieldapp.places.register_bar import Bar
from fieldapp.places.register_check import Checker, Problem
from fieldapp.places.register_read import Register, Unreadable, open_register
from fieldapp.places.register_staging import Staging
from fieldapp.places.register_target import Target
from fieldapp.places.register_write import Outcome, Steps, conflicts, preview, write
from sync.ids import series
from sync.write import put


class Refused(ValueError):
    """The file has bad rows and was refused whole; nothing was changed."""

    def __init__(self, rows: int, bad_rows: int, problems: list[Problem]) -> None:
        super().__init__(f"{bad_rows} of {rows} rows are bad")
        self.rows, self.bad_rows, self.problems = rows, bad_rows, problems


def import_register(
    file: str | Path,
    community_name: str,
    progress: Steps | None = None,
    *,
    town: str = "",
    database: peewee.Database | None = None,
    now: datetime | None = None,
    new_id: Callable[[], str] | None = None,
    dry: bool = False,
) -> Outcome:
    """Import the register of a community, making the community if it is new; with `dry` only say what would change.

    Raises Unreadable where the file is no register, Refused with every bad row.
    """
    moment, made_id = now or clock(), new_id or series()
    steps = progress or (lambda step, done, total: None)
    target_database = database or Community._meta.database
    register = open_register(file)
    checker = Checker(register.columns, community_name)
    with Staging() as staging:
        staging.fill(register, checker, lambda rows: steps(_l("Checking"), rows, 0))
        if not staging.rows:
            raise Unreadable(_l("There is no row below the header"))
        community = Community.get_or_none(Community.name == community_name.strip())
        problems = list(staging.problems())
        if community is not None and not problems:
            target = Target(target_database, community, moment, made_id)
            problems = list(conflicts(staging, target, checker.header("grid")))
        if problems:
            raise Refused(staging.rows, len({(one.sheet, one.row) for one in problems}), problems)
        if community is None:
            community = new_community(
                community_name.strip(), town, moment, made_id, target_database, write_it=not dry
            )
        work = preview if dry else write
        outcome = work(staging, Target(target_database, community, moment, made_id), steps)
    outcome.ignored, outcome.skipped = register.ignored, register.skipped
    return outcome


def new_community(
    name: str,
    town: str,
    now: datetime,
    new_id: Callable[[], str],
    database: peewee.Database,
    write_it: bool = True,
) -> Community:
    """A community under a new id."""
    fields: dict[str, Any] = {"id": new_id(), "name": name, "town": town, "visit_days": list(VISIT_DAYS)}
    if write_it:
        from fieldapp.declare.beginning import begin
        from fieldapp.declare.kinds import kinds

        put(database, kinds(), fields["id"], [("community", fields)], now)
        begin(database, fields["id"], now)
    return Community(community=fields["id"], **fields)


def run_import(file: Path, community_name: str, town: str = "") -> int:
    """The command `import-register`: a progress bar on stderr, the outcome in words on stdout; returns the exit status."""
    bar = Bar(sys.stderr)
    try:
        outcome = import_register(file, community_name, bar, town=town)
    except Unreadable as unreadable:
        bar.end()
        print(f"{file}: {unreadable}", file=sys.stderr)
        return 1
    except Refused as refused:
        bar.end()
        for problem in refused.problems:
            print(in_words(problem), file=sys.stderr)
        print(f"{refused.bad_rows} of {refused.rows} rows are bad; nothing was changed.", file=sys.stderr)
        return 1
    bar.end()
    print("\n".join(told(outcome)))
    return 0


def in_words(problem: Problem) -> str:
    """`row 7, 人数 "three": Not a whole number`."""
    where = f"{problem.sheet} row {problem.row}" if problem.sheet else f"row {problem.row}"
    return f'{where}, {problem.column} "{problem.value}": {problem.text()}'


def told(outcome: Outcome, listed: int = 20) -> list[str]:
    """The outcome in lines of English: counts first, then what changed, and every door that vanished."""
    counts = outcome.counts
    lines = [
        f"{outcome.rows} rows: {counts['added']} added, {counts['updated']} updated, {counts['unchanged']} unchanged; "
        f"{counts['vanished']} no longer in the register (kept)."
    ]
    if outcome.ignored:
        lines.append("Columns not used: " + ", ".join(outcome.ignored))
    if outcome.skipped:
        lines.append(f"Rows passed over (totals, repeated headers): {outcome.skipped}")
    for change in islice(outcome.updated, listed):
        lines.append(
            f"  {change.address}: "
            + ", ".join(f"{name} {old} → {new}" for name, (old, new) in change.fields.items())
        )
    if counts["updated"] > listed:
        lines.append(f"  … and {counts['updated'] - listed} more")
    for change in islice(outcome.kept, listed):
        kept = ", ".join(
            f"{name} stays {mine} (register: {theirs})" for name, (theirs, mine) in change.kept.items()
        )
        lines.append(f"  {change.address}: {kept}, as a worker changed it")
    if outcome.vanished:
        lines.append("No longer in the register: " + ", ".join(outcome.vanished))
    return lines


__all__ = [
    "Register",
    "Refused",
    "Unreadable",
    "import_register",
    "in_words",
    "new_community",
    "run_import",
    "told",
]
