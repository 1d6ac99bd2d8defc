"""Whatever happens to phones, network and server: each saved operation ends once, in its place, and is shown as it is.

500 histories in every run; `pytest tests/sim --minutes 30` for a long one; README.md says how to read a failing one.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sim.pair import Pair, report, smaller

HISTORIES = 500
FIRST_SEED = 1
SHARES = 2
# What a run of 500 histories must have met, or it proved nothing.
MUST_MEET = {
    "applied", "conflict", "left_scope", "gone", "held", "invalid", "refused", "failed", "revoked", "fork",
    "busy", "signed_out", "other_user", "the server dies", "dies between two steps of its storage", "dies in the hand",
    "is a copy of", "an older copy takes its place", "is restored from copy", "exchange again", "freezes", "is full",
    "-> 507", "clock off by", "is refused with 413", "is refused with 429", "moves", "deletes", "gives", "takes back", "undoes the decision",
    "takes a picture -> 201", "upload PATCH", "upload again", "pictures with it", "pictures before",
}  # fmt: skip


class Run:
    """Histories of one share of the seeds, and what was met in them."""

    def __init__(self, first: int, step: int, count: int | None, minutes: float | None) -> None:
        self.first, self.step, self.count, self.minutes = first, step, count, minutes
        self.begun = time.monotonic()
        self.done = 0
        self.saved = 0
        self.met: Counter[str] = Counter()
        self.wrong: str | None = None
        self.lock = threading.Lock()

    def seeds(self) -> Iterator[int]:
        """The seeds of this run, until it has enough."""
        seed = self.first
        while self.wrong is None:
            with self.lock:
                enough = self.done >= self.count if self.count else self.elapsed() > 60 * (self.minutes or 0)
            if enough:
                return
            yield seed
            seed += self.step

    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.begun

    def work(self, **where: Any) -> None:
        """Live the histories; the first that goes wrong ends the run."""
        said = 0.0
        with Pair(**where) as pair:
            for seed in self.seeds():
                told = pair.live(seed, words=sorted(MUST_MEET))
                self.done += 1
                self.saved += told["saved"]
                self.met.update(told["met"])
                if told["problems"]:
                    options, told = smaller(pair, told)
                    self.wrong = report(told, options)
                if self.minutes and self.elapsed() - said > 20:
                    said = self.elapsed()
                    os.write(2, f"\n{self}".encode())

    def __str__(self) -> str:
        last = self.first + (self.done - 1) * self.step
        rate = self.done / max(self.elapsed(), 0.01)
        return (
            f"{self.done} histories, seeds {self.first} to {last} by {self.step}, {self.saved} operations saved, "
            f"{rate:.1f} histories a second"
        )


@pytest.fixture
def asked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the command line asks for."""
    found = {name: request.config.getoption(f"--{name}") for name in ("histories", "seed", "minutes")}
    return {**found, "seed": int(found["seed"] or 0)}


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two processes for the short tests."""
    with Pair() as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_what_was_saved_ends_once_whatever_happens(
    share: int, asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:  # P1 to P23
    first = (asked["seed"] or FIRST_SEED) + share
    count = None if asked["minutes"] else -(-(asked["histories"] or HISTORIES) // SHARES)
    run = Run(first, SHARES, count, asked["minutes"] and asked["minutes"] / SHARES)
    with capsys.disabled():
        run.work()
        print(f"\n{run}")
    assert run.wrong is None, run.wrong
    if run.done >= 200:
        missed = MUST_MEET - set(run.met)
        assert not missed, f"never met, so nothing was proved of it: {missed}"


@pytest.mark.slow
def test_a_real_disk_keeps_the_same_promise(tmp_path: Path, asked: dict[str, Any]) -> None:  # P22
    run = Run((asked["seed"] or FIRST_SEED) + 1_000_000, 1, 15, None)
    run.work(folder=tmp_path)
    assert run.wrong is None, run.wrong


@pytest.mark.slow
@pytest.mark.postgres
def test_postgresql_keeps_the_same_promise(postgres_url: str, asked: dict[str, Any]) -> None:
    run = Run((asked["seed"] or FIRST_SEED) + 2_000_000, 1, 15, None)
    run.work(url=postgres_url)
    assert run.wrong is None, run.wrong


def test_the_same_seed_tells_the_same_history() -> None:
    told = []
    for before in (0, 3):  # what was lived before leaves nothing behind
        with Pair() as fresh:
            for seed in range(100, 100 + before):
                fresh.live(seed)
            told.append([fresh.live(seed, whole=True) for seed in (9, 19, 46)])
    for once, again in zip(*told, strict=True):
        assert once["trace"] == again["trace"]
        assert once["hash"] == again["hash"]


@pytest.mark.parametrize(
    ("forged", "words"),
    [
        ("one more saved", "lost"),
        ("another's name", "under another name"),
        ("another patch", "changed on the way"),
        ("still waiting", "waits although received"),
        ("another fact shown", "otherwise"),
        ("one record more", "not theirs to see"),
        ("one record less", "lacks"),
        ("another receipt", "says"),
    ],
)
def test_the_checker_sees_what_is_wrong(forged: str, words: str, pair: Pair) -> None:
    problems = pair.live(1, forge=forged)["problems"]
    assert any(words in one for one in problems), problems
