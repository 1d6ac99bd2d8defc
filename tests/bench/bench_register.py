"""Register bench: 100,000 households imported, imported again, and previewed; seconds, rates and memory, printed."""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from random import Random

import xlsxwriter

from fieldapp.db import open_database, upgrade
from fieldapp.demo import people
from fieldapp.demo.town import HEADERS
from fieldapp.features import declare_all
from fieldapp.places.register import import_register
from fieldapp.places.register_bar import Bar
from fieldapp.places.register_models import RegisterImport

TOWN = "长河社区"


def rows(count: int, grids: int | None = None) -> Iterator[tuple[str, ...]]:
    """Households in buildings of six floors, five stair units, two doors a floor; sixteen buildings a grid, or `grids`."""
    buildings = -(-count // 60)
    a_grid = 16 if grids is None else -(-buildings // grids)
    random = Random("bench")
    for at in range(count):
        building, rest = divmod(at, 60)
        unit, rest = divmod(rest, 12)
        floor, door = divmod(rest, 2)
        yield (
            TOWN, f"{building // a_grid + 1}网格", f"{building + 1}号楼", f"{unit + 1}单元", str(floor + 1), f"{floor + 1}0{door + 1}",
            people.name(random), random.choice(("自住", "自住", "自住", "出租")), people.phone(random), str(random.randint(1, 5)), "1",
            "独居" if random.random() < 0.05 else "",
        )  # fmt: skip


def write_xlsx(path: Path, count: int) -> None:
    """The register as .xlsx, its texts in one table as spreadsheets keep them (a sheet in constant memory has none)."""
    with xlsxwriter.Workbook(str(path), {"strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for at, cells in enumerate((HEADERS, *rows(count))):
            sheet.write_row(at, 0, cells)


def write_csv(path: Path, count: int, grids: int | None = None) -> None:
    """The register as .csv in GB18030."""
    with open(path, "w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        writer.writerows(rows(count, grids))


def megabytes() -> int:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


class Neighbour(threading.Thread):
    """Somebody else who writes a row every 50 ms, as phones do meanwhile: how long do they wait?"""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.waits: list[float] = []
        self.over = threading.Event()

    def run(self) -> None:
        """Write until it is over."""
        with RegisterImport._meta.database.connection_context():
            while not self.over.wait(0.05):
                began = time.perf_counter()
                RegisterImport.insert(
                    id=str(began), community="", account="", file_name="", state="bench", started=""
                ).execute()
                self.waits.append(time.perf_counter() - began)


def timed(name: str, count: int, work: Callable[[], object]) -> None:
    """Run and print."""
    began, used, neighbour = time.perf_counter(), time.process_time(), Neighbour()
    neighbour.start()
    work()
    seconds, used = time.perf_counter() - began, time.process_time() - used
    neighbour.over.set()
    neighbour.join()
    waits = sorted(neighbour.waits)
    p95, most = waits[int(len(waits) * 0.95)] * 1000, waits[-1] * 1000
    print(
        f"{name:<28} {seconds:6.1f} s ({used:.1f} s of one core)  {count / seconds:8,.0f} rows/s  {megabytes():5} MB at most"
        f"  another writer waits {p95:.0f} ms p95, {most:.0f} ms at most"
    )


def main() -> None:
    """Print the figures for `--rows` households."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument(
        "--only-import", action="store_true", help="once, and the figures as JSON on the last line"
    )
    parser.add_argument("--csv", action="store_true", help="with --only-import: from a .csv, not an .xlsx")
    parser.add_argument("--database", help="a database URL; default a SQLite file")
    options = parser.parse_args()
    declare_all()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        database = open_database(options.database or f"sqlite:///{path / 'bench.db'}")
        upgrade(database)
        if options.only_import:
            file = path / ("r.csv" if options.csv else "r.xlsx")
            # In a process of its own: this one's memory is the import's.
            writing = get_context("spawn").Process(
                target=write_csv if options.csv else write_xlsx, args=(file, options.rows)
            )
            writing.start()
            writing.join()
            began = time.perf_counter()
            import_register(file, TOWN)
            print(json.dumps({"seconds": time.perf_counter() - began, "megabytes": megabytes()}))
            return
        write_xlsx(path / "r.xlsx", options.rows)
        write_csv(path / "r.csv", options.rows)
        print(f"{options.rows:,} rows; {megabytes()} MB before")
        bar = Bar(sys.stderr)
        timed("import, new, .xlsx", options.rows, lambda: import_register(path / "r.xlsx", TOWN, bar))
        timed("import, unchanged, .csv", options.rows, lambda: import_register(path / "r.csv", TOWN, bar))
        timed("preview, .xlsx", options.rows, lambda: import_register(path / "r.xlsx", TOWN, bar, dry=True))
        bar.end()
        database.close()


if __name__ == "__main__":
    main()
