"""Rules: what about a received operation a supervisor should look at; pure functions on plain facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from sync.instants import CLOCK_FLAG_MS

DOORS = 3  # so many different doors …
WITHIN = timedelta(seconds=60)  # … within this time


class Timed(Protocol):
    """Whatever somebody made at some time of their phone's clock."""

    @property
    def user(self) -> str:
        """Who."""

    @property
    def device_time(self) -> str:
        """When, by the phone, corrected."""


Made = TypeVar("Made", bound=Timed)


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
    return [run for run in runs(knocks) if _most_at_once(run, [one.place for one in run]) >= DOORS]


def crowded(made: Iterable[Made]) -> list[list[Made]]:
    """The runs in which somebody made so many records within a minute, at whatever doors: no other can be of several doors."""
    return [run for run in runs(made) if _most_at_once(run, range(len(run))) >= DOORS]


def runs(made: Iterable[Made]) -> Iterator[list[Made]]:
    """The records of each person, cut where they paused for more than a minute."""
    by_user: dict[str, list[Made]] = {}
    for one in made:
        by_user.setdefault(one.user, []).append(one)
    for theirs in by_user.values():
        theirs.sort(key=lambda one: one.device_time)
        run: list[Made] = []
        for one in theirs:
            if run and _time(one) - _time(run[-1]) > WITHIN:
                yield run
                run = []
            run.append(one)
        yield run


def _most_at_once(run: Sequence[Made], places: Sequence[Any]) -> int:
    """The most different places in any minute of a run."""
    times = [_time(one) for one in run]
    here: Counter[Any] = Counter()
    most = first = 0
    for at, place in enumerate(places):
        here[place] += 1
        while times[at] - times[first] >= WITHIN:
            here[places[first]] -= 1
            if not here[places[first]]:
                del here[places[first]]
            first += 1
        most = max(most, len(here))
    return most


def _time(one: Made) -> datetime:
    return datetime.fromisoformat(one.device_time)


def _folded(reason: str, found: Iterable[Fact], cause: Any) -> list[Flag]:
    by_cause: dict[Any, list[str]] = {}
    for one in found:
        by_cause.setdefault(cause(one), []).append(one.op)
    return [Flag(reason, tuple(ops)) for ops in by_cause.values()]
