"""Stores: databases of a known size with their workers, each made by the real import in a process of its own.

python -m tests.bench.stores 10000 1     ten thousand households, all in one grid
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fieldapp.db import default_database, upgrade
from fieldapp.demo.sign_ins import PASSWORD
from fieldapp.features import declare_all
from fieldapp.people import accounts
from fieldapp.places.record import Community, Grid
from fieldapp.places.register import import_register
from tests.bench.bench_register import TOWN, write_csv
from tests.server import ROOT, Server

BOSS = "boss"


def fill(households: int, grids: int) -> None:
    """Import, then give every grid a worker `w1`, `w2` … and the town a supervisor."""
    declare_all()
    upgrade(default_database())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "register.csv"
        write_csv(file, households, grids)
        import_register(file, TOWN)
    town = Community.get(Community.name == TOWN).id
    accounts.add(BOSS, PASSWORD, "主任", "supervisor", town, [])
    for at, grid in enumerate(Grid.select().order_by(Grid.number), start=1):
        accounts.add(f"w{at}", PASSWORD, f"网格员{at}", "grid_worker", town, [grid.id])


def store(folder: Path, database: str | None, households: int, grids: int) -> Server:
    """A server, not started yet, on a new store; `database`: a PostgreSQL, else SQLite in the folder."""
    folder.mkdir(parents=True)
    given = {"DATABASE_URL": database} if database else {}
    environment = {**os.environ, "FIELDAPP_DATA": str(folder), **given}
    words = [sys.executable, "-m", "tests.bench.stores", str(households), str(grids)]
    subprocess.run(words, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return Server(folder, **given)


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]))
