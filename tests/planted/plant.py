"""Plant: puts one deliberate bug into a copy of the tree and says which test noticed it; the bugs are in `bugs.toml`."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fieldapp.build import node_command

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(__file__).with_name("bugs.toml")
COPIED = ("fieldapp", "static", "sync", "templates", "tests")
COPIED_FILES = ("babel.cfg", "package.json", "package-lock.json", "pyproject.toml", "README.md")
NOT_COPIED = ("__pycache__", "screens", ".hypothesis")
SAMPLE = 5
PATIENCE_S = 240


@dataclass(frozen=True)
class Bug:
    """A few lines of a file, what they are turned into, the rules and faults that this breaks, and who must notice."""

    name: str
    file: str
    old: str
    new: str
    wrong: str
    rules: tuple[str, ...]
    faults: tuple[str, ...]
    caught_by: tuple[str, ...]
    postgres: bool = False

    @classmethod
    def of(cls, name: str, said: dict[str, Any]) -> Bug:
        """From its table in the data."""
        lists = {key: tuple(said.get(key, ())) for key in ("rules", "faults", "caught_by")}
        return cls(name=name, **{**said, **lists})

    def planted(self) -> str:
        """The file's text with the bug in it."""
        return (ROOT / self.file).read_text(encoding="utf-8").replace(self.old, self.new)


@cache
def data() -> dict[str, Any]:
    """What `bugs.toml` says."""
    return tomllib.loads(DATA.read_text(encoding="utf-8"))


@cache
def bugs() -> dict[str, Bug]:
    """All bugs by name."""
    return {name: Bug.of(name, said) for name, said in data()["bug"].items()}


def chosen(wanted: str | None) -> list[str]:
    """The names of the bugs to plant: `all`, one name, or five that the state of the sources decides."""
    if wanted == "all":
        return list(bugs())
    if wanted:
        return [name for name in bugs() if wanted in name]
    tree = hashlib.sha256(DATA.read_bytes())
    for file in sorted({bug.file for bug in bugs().values()}):
        tree.update((ROOT / file).read_bytes())

    def lot(name: str) -> bytes:
        return hashlib.sha256(tree.digest() + name.encode()).digest()

    return sorted(sorted(bugs(), key=lot)[:SAMPLE])


def copy_tree(into: Path) -> Path:
    """What the tests need of this tree; the libraries are lent."""
    for name in COPIED:
        shutil.copytree(ROOT / name, into / name, ignore=shutil.ignore_patterns(*NOT_COPIED))
    for name in COPIED_FILES:
        shutil.copyfile(ROOT / name, into / name)
    (into / "node_modules").symlink_to(ROOT / "node_modules")
    return into


def noticed(tree: Path, bug: Bug) -> str | None:
    """Plant the bug, run the tests that it names, take it out again; the first test that failed, none if none did."""
    place = tree / bug.file
    whole = place.read_text(encoding="utf-8")
    planted = bug.planted()
    if place.suffix == ".py":
        ast.parse(planted)  # a bug, not a torn file
    place.write_text(planted, encoding="utf-8")
    try:
        return failing(tree, bug.caught_by, bug.postgres)
    finally:
        place.write_text(whole, encoding="utf-8")


def failing(tree: Path, tests: tuple[str, ...], postgres: bool = False) -> str | None:
    """Run these files of tests in the copy; the first test that failed, none where all passed."""
    python = [name for name in tests if name.endswith(".py")]
    script = [name for name in tests if not name.endswith(".py")]
    return (_pytest(tree, python, postgres) if python else None) or (_node(tree, script) if script else None)


def _pytest(tree: Path, tests: list[str], postgres: bool) -> str | None:
    marks = "postgres" if postgres else "not postgres"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-rf",
        "-p",
        "no:cacheprovider",
        "-m",
        marks,
        *tests,
    ]
    code, said = _run(tree, command)
    if code not in (0, 1):
        raise RuntimeError(f"the tests did not run:\n{said}")
    found = re.findall(r"^(?:FAILED|ERROR) (tests/.*)$", said, re.MULTILINE)
    return found[0] if code else None


def _node(tree: Path, tests: list[str]) -> str | None:
    code, said = _run(
        tree, [*node_command(), "--test", "--test-timeout=30000", "--test-reporter=tap", *tests]
    )
    if not re.search(r"^# pass [1-9]", said, re.MULTILINE):
        raise RuntimeError(f"the tests did not run:\n{said}")
    found = re.findall(r"^\s*not ok \d+ - (.*)$", said, re.MULTILINE)
    return found[0] if code else None


def _run(tree: Path, command: list[str]) -> tuple[int, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env |= {"CI": "true", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree)}
    done = subprocess.run(
        command, cwd=tree, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return done.returncode, done.stdout + done.stderr
