"""Pair: the two processes of a simulation, Node that decides and Python that answers, and what is asked of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from fieldapp.build import node_command

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")  # where there is one, an fsync there costs nothing


class Pair:
    """Histories one after the other. `folder`: on a real disk; `url`: an empty PostgreSQL database."""

    def __init__(self, folder: Path | None = None, url: str | None = None) -> None:
        self._own = None if folder else tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None)
        self.folder = folder or Path(str(self._own))
        asked, ask = os.pipe()
        answered, answer = os.pipe()
        command = [sys.executable, "-m", "tests.sim.server", str(self.folder), *([url] if url else [])]
        calm = {**os.environ, "PYTHONHASHSEED": "0"}
        self.server = subprocess.Popen(command, cwd=ROOT, env=calm, stdin=asked, stdout=answer)
        self.node = subprocess.Popen(
            [
                *node_command(),
                "--max-semi-space-size=64",
                str(Path(__file__).parent / "sim.mjs"),
                str(ask),
                str(answered),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=(ask, answered),
        )
        for end in (asked, ask, answered, answer):
            os.close(end)

    def live(self, seed: int, whole: bool = False, **options: Any) -> dict[str, Any]:
        """One history; `whole` keeps the trace of one without a problem."""
        assert self.node.stdin and self.node.stdout
        self.node.stdin.write(json.dumps({"seed": seed, "options": options, "whole": whole}) + "\n")
        self.node.stdin.flush()
        line = self.node.stdout.readline()
        if not line:
            raise AssertionError(f"the simulation ended in the history of seed {seed}")
        told: dict[str, Any] = json.loads(line)
        return told

    def close(self) -> None:
        """End both processes."""
        assert self.node.stdin
        self.node.stdin.close()
        self.node.wait(timeout=10)
        self.server.wait(timeout=10)
        if self._own:
            shutil.rmtree(self._own, ignore_errors=True)

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def smaller(pair: Pair, told: dict[str, Any], tries: int = 60) -> tuple[dict[str, Any], dict[str, Any]]:
    """Leave out phones, faults and deeds as long as the history still goes wrong; the options and what is left."""
    options: dict[str, Any] = {}

    def still(**changed: Any) -> bool:
        nonlocal told, options, tries
        tries -= 1
        if tries < 0:
            return False
        again = pair.live(told["seed"], **{**options, **changed})
        if not again["problems"]:
            return False
        told, options = again, {**options, **changed}
        return True

    for phones in (1, 2, 3, 5):
        if phones < told["phones"] and still(phones=phones):
            break
    for fault in told["faults"]:
        still(off=[*options.get("off", []), fault])
    size = max(1, told["length"] // 2)
    while size:
        for first in range(0, told["length"], size):
            skip = set(options.get("skip", []))
            more = set(range(first, min(first + size, told["length"]))) - skip
            if more:
                still(skip=sorted(skip | more))
        size //= 2
    return options, told


def report(told: dict[str, Any], options: dict[str, Any]) -> str:
    """A failing history for a person: what is wrong, how it came, how to see it again."""
    lines = [
        f"seed {told['seed']} goes wrong:",
        *(f"  {one}" for one in told["problems"][:12]),
        "how it came:",
    ]
    lines += [f"  {one}" for one in told["trace"][-120:]]
    given = "".join(f" --{name} '{json.dumps(value)}'" for name, value in options.items())
    return "\n".join([*lines, "again, alone:", f"  python -m tests.sim.replay {told['seed']}{given}"])
