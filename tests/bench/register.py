"""Register: a hundred thousand households imported, each size in a process of its own, so that its memory is its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.figures import Figure, say
from tests.bench.server import DATABASES, database_of
from tests.server import ROOT

FEW, MANY = 20_000, 100_000


def figures(folder: Path, parts: set[str]) -> list[Figure]:
    """Seconds, and the memory beside that of a fifth of the rows."""
    found: list[Figure] = []
    for name in DATABASES:
        if name.lower() not in parts:
            continue
        with database_of(name, folder / f"register-{name}") as fresh:
            say(f"{name}: importing {FEW:,} and {MANY:,} households")
            few, many = (_imported(count, fresh(), "--csv") for count in (FEW, MANY))
            sheets = [_imported(count, fresh()) for count in (FEW, MANY)]
        found += [
            Figure(f"import of {MANY:,} households, .xlsx, {name}", sheets[1]["seconds"], "s", 60),
            Figure(f"the same, .csv, {name}", many["seconds"], "s", 60),
            Figure(f"memory, .csv, {name}", many["megabytes"], "MB", floor=few["megabytes"], most_ratio=1.2,
                   floor_is=f"{FEW:,} households"),
            # The library that reads spreadsheets holds one sheet while it does; nothing else grows.
            Figure(f"memory, .xlsx, {name}", sheets[1]["megabytes"], "MB", floor=sheets[0]["megabytes"], most_ratio=1.2,
                   floor_is=f"{FEW:,} households"),
        ]  # fmt: skip
    return found


def _imported(count: int, database: str | None, *options: str) -> dict[str, float]:
    words = [
        sys.executable,
        "-m",
        "tests.bench.bench_register",
        "--rows",
        str(count),
        "--only-import",
        *options,
    ]
    words += ["--database", database] if database else []
    done = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
