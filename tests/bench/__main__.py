"""Bench: prints the README's figures beside a floor measured in the same run.

python3 dev.py bench                            everything but the ten thousand doors
python3 dev.py bench -- server                  a part of it: server, phone, desk, register
python3 dev.py bench -- server --on sqlite      on one database only
python3 dev.py bench -- --large                 also with ten thousand doors (building them takes minutes)
python3 dev.py bench -- --write                 and writes the table into the README
python3 dev.py bench -- sizes                   the bytes that a phone loads; seconds, without a browser
python3 dev.py bench -- flood                   500 phones that come back at once (its own table; see flood.py)
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

from tests.bench import board, browser, desk, drill, figures, flood, register, server, sizes, wire
from tests.bench.town import DOORS, WORKER
from tests.server import ROOT, Server

PARTS = ("server", "phone", "desk", "register")


def served(folder: Path, size: str) -> Server:
    """A server on the demo town, or on the large one."""
    figures.say(f"Building the {size} town")
    made = Server(folder)
    folder.mkdir(parents=True)
    given = {**os.environ, "FIELDAPP_DATA": str(folder)}
    subprocess.run(
        [sys.executable, "-m", "tests.bench.town", size],
        cwd=ROOT,
        env=given,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return made.start()


def phone_figures(folder: Path, with_large: bool) -> list[figures.Figure]:
    """What a worker with 416 doors waits for and loads."""
    found: list[figures.Figure] = []
    with sync_playwright() as playwright:
        usual = served(folder / "usual", "usual")
        large = served(folder / "large", "large") if with_large else None
        try:
            figures.say("Phone: sizes and the first pull")
            found += sizes.size_figures(usual)
            found += wire.pull_figures(usual.port, "li")
            found += browser.one_record_figures(folder, playwright, usual, "li")
            figures.say("Phone: from sign-in to offline-ready")
            found += browser.ready_figures(folder, playwright, usual, "li")
            figures.say("Phone: screens and saves")
            found += browser.walk_figures(folder, playwright, usual, "li", (large, WORKER) if large else None)
            figures.say("Phone: a board of 88 doors")
            found += board.board_figures(folder, playwright, usual, "li")
            figures.say("Phone: a drill")
            found += drill.drill_figures(folder, playwright, usual, "wang")
        finally:
            usual.stop()
            if large:
                large.stop()
    return found


def byte_figures(folder: Path) -> list[figures.Figure]:
    """The same bytes, of the same town, without a browser."""
    usual = served(folder, "usual")
    try:
        return [*sizes.size_figures(usual), *wire.pull_figures(usual.port, "li")]
    finally:
        usual.stop()


def machine() -> str:
    """The machine, in words."""
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, Chromium headless"


def main() -> None:
    """Measure, print, write."""
    if sys.argv[1:2] == ["flood"]:
        sys.exit(flood.main(sys.argv[2:]))
    parser = argparse.ArgumentParser(prog="python3 dev.py bench --")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; default: all")
    parser.add_argument(
        "--on", choices=[one.lower() for one in server.DATABASES], help="default: both databases"
    )
    parser.add_argument("--large", action="store_true", help=f"also with {DOORS:,} doors")
    parser.add_argument("--write", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    if unknown := set(options.parts) - {*PARTS, "sizes"}:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    parts = options.parts or PARTS
    databases = {options.on} if options.on else {one.lower() for one in server.DATABASES}
    found: list[figures.Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as somebody else
        if "sizes" in parts:
            found += byte_figures(folder / "sizes")
        if "server" in parts:
            found += server.figures(folder / "server", databases)
        if "phone" in parts:
            found += phone_figures(folder / "phone", options.large)
        if "desk" in parts:
            found += desk.figures(folder / "desk")
        if "register" in parts:
            found += register.figures(folder / "register", databases)
    text = figures.table(found, machine())
    print(text)
    if options.write:
        figures.write_into(ROOT / "README.md", text)
    sys.exit(0 if all(one.holds for one in found) else 1)


if __name__ == "__main__":
    main()
