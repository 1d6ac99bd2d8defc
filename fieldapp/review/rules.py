"""Rules: what about a received operation a supervisor should look at; pure functions on plain facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sync.instants import CLOCK_FLAG_MS

DOORS = 3  # so many different doors …
WITHIN = timedelta(seconds=60)  # … within this time


@dataclass(frozen=True)
class Fact:
    """One applied operation, as far as the rules need it."""

    op: str
    user: str
    device: str
    kind: str
    verb: str
    place: str  # the household
    device_time: str
    offset_ms: int = 0  # the server's clock minus the phone's
    patch: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Flag:
    """One cause, and the operations that it folds into one row."""

    reason: str
    ops: tuple[str, ...]


def flags(facts: Iterable[Fact], hours: tuple[str, str], utc_offset: int) -> list[Flag]:
    """Every flag, each cause once; `hours` is the time of day within which doors are knocked at, local."""
    known = sorted(facts, key=lambda fact: (fact.device_time, fact.op))
    knocks = [fact for fact in known if fact.verb == "create" and fact.place]
    return [
        *_folded("clock", [one for one in known if clock_is_off(one)], lambda one: (one.device,)),
        *[Flag("doors", tuple(one.op for one in run)) for run in several_doors(knocks)],
        *[Flag("hazard", (one.op,)) for one in known if hazard_without_a_note(one)],
        *_folded(
            "hours",
            [one for one in knocks if is_outside(local_clock(one.device_time, utc_offset), hours)],
            lambda one: (one.user, one.device_time[:10]),
        ),
    ]


def clock_is_off(fact: Fact) -> bool:
    """More than ten minutes between the phone's clock and the server's.  # P19"""
    return abs(fact.offset_ms) > CLOCK_FLAG_MS


def hazard_without_a_note(fact: Fact) -> bool:
    """A hazard was ticked and not described."""
    phrases = fact.patch.get("phrases")
    ticked = isinstance(phrases, list) and "hazard" in phrases
    return fact.verb == "create" and ticked and not str(fact.patch.get("note") or "").strip()


def local_clock(instant: str, utc_offset: int) -> str:
    """The town's time of day of an instant: `18:30`."""
    return (datetime.fromisoformat(instant) + timedelta(minutes=utc_offset)).strftime("%H:%M")


def is_outside(clock: str, hours: tuple[str, str]) -> bool:
    """Whether a time of day lies outside `(from, to)`; a span over midnight is understood."""
    start, end = hours
    inside = start <= clock < end if start <= end else clock >= start or clock < end
    return not inside


def several_doors(knocks: Sequence[Fact]) -> list[list[Fact]]:
    """Runs of records by one person at three or more different doors within a minute, by the phone's time."""
    runs: list[list[Fact]] = []
    for user in dict.fromkeys(one.user for one in knocks):
        run: list[Fact] = []
        for one in sorted((one for one in knocks if one.user == user), key=lambda one: one.device_time):
            if run and _time(one) - _time(run[-1]) > WITHIN:
                runs.append(run)
                run = []
            run.append(one)
        runs.append(run)
    return [run for run in runs if _most_at_once(run) >= DOORS]


def _most_at_once(run: Sequence[Fact]) -> int:
    """The most different doors in any minute of a run."""
    most = 0
    for at, first in enumerate(run):
        most = max(most, len({one.place for one in run[at:] if _time(one) - _time(first) < WITHIN}))
    return most


def _time(fact: Fact) -> datetime:
    return datetime.fromisoformat(fact.device_time)


def _folded(reason: str, found: Iterable[Fact], cause: Any) -> list[Flag]:
    by_cause: dict[Any, list[str]] = {}
    for one in found:
        by_cause.setdefault(cause(one), []).append(one.op)
    return [Flag(reason, tuple(ops)) for ops in by_cause.values()]
