"""Bench: prints the README's figures beside a floor measured in the same run.

python3 dev.py bench                 everything but the ten thousand doors
python3 dev.py bench -- --large      these too (building them takes minutes)
python3 dev.py bench -- --write      and writes the table into the README
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.bench import browser, figures, wire
from tests.bench.town import DOORS, WORKER
from tests.server import ROOT, Server


def served(folder: Path, size: str) -> Server:
    """A server on the demo town, or on the large one."""
    print(f"== Building the {size} town", flush=True)
    server = Server(folder)
    folder.mkdir(parents=True)
    given = {**os.environ, "FIELDAPP_DATA": str(folder)}
    subprocess.run(
        [sys.executable, "-m", "tests.bench.town", size],
        cwd=ROOT,
        env=given,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return server.start()


def machine() -> str:
    """The machine, in words."""
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, Chromium headless"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python3 dev.py bench --")
    parser.add_argument("--large", action="store_true", help=f"also with {DOORS:,} doors")
    parser.add_argument("--write", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    found: list[figures.Figure] = []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        usual = served(folder / "usual", "usual")
        large = served(folder / "large", "large") if options.large else None
        try:
            print("== Measuring sizes and the first pull", flush=True)
            found += browser.size_figures(folder, playwright, usual)
            found += wire.pull_figures(usual.port, "li")
            found += browser.ready_figures(folder, playwright, usual, "li")
            print("== Measuring screens and saves", flush=True)
            found += browser.walk_figures(folder, playwright, usual, "li", (large, WORKER) if large else None)
            print("== Measuring the server", flush=True)
            found += wire.server_figures(usual.port, "li")
        finally:
            usual.stop()
            if large:
                large.stop()
    text = figures.table(found, machine())
    print(text)
    if options.write:
        figures.write_into(ROOT / "README.md", text)
    sys.exit(0 if all(one.holds for one in found) else 1)


if __name__ == "__main__":
    main()
