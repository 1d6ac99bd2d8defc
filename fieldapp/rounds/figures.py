"""Figures of a round: doors by outcome and the balance of leaflets; plain functions over plain rows, no counter is kept anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

Row = Mapping[str, Any]
REACHED = ("handed", "left")  # a leaflet is behind the door; only these use one up


@dataclass
class Balance:
    """Leaflets of one person, or of all: what was issued is handed, left, returned, spoiled, or still out."""

    issued: int = 0
    handed: int = 0
    left: int = 0
    returned: int = 0
    spoiled: int = 0

    @property
    def out(self) -> int:
        """What nothing accounts for; below zero where more was used than issued."""
        return self.issued - self.handed - self.left - self.returned - self.spoiled

    def add(self, other: Balance) -> None:
        """Count another person's in."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


def balances(stock: Iterable[Row], events: Iterable[Row]) -> dict[str, Balance]:
    """Person → balance, from `move`, `user` and `count` of the stock and `outcome`, `author` and `count` of the events."""
    found: dict[str, Balance] = {}
    moves = [(one["user"], one["move"], one["count"]) for one in stock]
    used = [(one["author"], one["outcome"], one["count"]) for one in events if one["outcome"] in REACHED]
    for person, what, count in moves + used:
        mine = found.setdefault(person, Balance())
        setattr(mine, what, getattr(mine, what) + count)
    return found


def total(of: Iterable[Balance]) -> Balance:
    """All of them together."""
    made = Balance()
    for one in of:
        made.add(one)
    return made


@dataclass
class Progress:
    """Doors of a building, a staircase or a whole round by what came of them."""

    handed: int = 0
    left: int = 0
    refused: int = 0
    no_answer: int = 0
    open: int = 0

    @property
    def reached(self) -> int:
        """Doors with a leaflet behind them."""
        return self.handed + self.left

    @property
    def doors(self) -> int:
        """All of them."""
        return self.handed + self.left + self.refused + self.no_answer + self.open


def progress(doors: Iterable[Row]) -> Progress:
    """What came of these doors."""
    made = Progress()
    for door in doors:
        what = door["outcome"] or "open"
        setattr(made, what, getattr(made, what) + 1)
    return made
