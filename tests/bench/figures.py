"""Figures: one line each of what was measured, a floor measured in the same run, and the bar it is held to."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

START, END = "<!-- figures: python3 dev.py bench -- --write -->", "<!-- end of figures -->"


@dataclass(frozen=True)
class Figure:
    """`value` and `floor` in `unit`; held to a `bar` in the unit, or to a ratio of ours to the floor."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    floor: float | None = None
    floor_is: str = ""
    ratio: float | None = None  # where it is not value / floor: the median of the turns' ratios
    least_ratio: float | None = None
    most_ratio: float | None = None

    @property
    def share(self) -> float | None:
        """Ours over the floor."""
        return self.ratio if self.ratio is not None else self.value / self.floor if self.floor else None

    @property
    def holds(self) -> bool:
        """Whether the bar, where there is one, is kept."""
        share = self.share or 0
        return (
            (self.bar is None or self.value <= self.bar)
            and (self.least_ratio is None or share >= self.least_ratio)
            and (self.most_ratio is None or share <= self.most_ratio)
        )

    def row(self) -> str:
        """A line of the table."""
        floor = "" if self.floor is None else f"{_short(self.floor)} {self.unit}"
        floor = f"{self.floor_is}: {floor}" if floor and self.floor_is else floor or self.floor_is
        share = "" if self.share is None else f"{self.share:.2f}"
        return f"| {self.name} | {_short(self.value)} {self.unit} | {floor} | {share} | {self._bar()} |"

    def _bar(self) -> str:
        bars = (
            (self.bar, f"≤ {_short(self.bar or 0)} {self.unit}"),
            (self.least_ratio, f"ratio ≥ {self.least_ratio}"),
            (self.most_ratio, f"ratio ≤ {self.most_ratio}"),
        )
        words = ", ".join(text for bar, text in bars if bar is not None)
        return words if self.holds else f"{words} **missed**"


def say(words: str) -> None:
    """A line of progress."""
    print(words if words.startswith(" ") else f"== {words}", flush=True)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}".removesuffix(".0")


def kilobytes(count: int) -> float:
    """Bytes as kB, as networks count them."""
    return count / 1000


def middle(times: Sequence[float]) -> float:
    """The median."""
    return statistics.median(times)


def most(times: Sequence[float]) -> float:
    """The 95th percentile."""
    return sorted(times)[max(0, round(len(times) * 0.95) - 1)]


def table(figures: Sequence[Figure], where: str) -> str:
    """All figures as a Markdown table; `where` names the machine."""
    head = "| what | ours | floor in the same run | ratio | bar |\n|---|---|---|---|---|"
    return "\n".join([f"Measured on {where}.", "", head, *(one.row() for one in figures)])


def write_into(readme: Path, text: str) -> None:
    """Put the table between the two marks of the README."""
    old = readme.read_text(encoding="utf-8")
    new = re.sub(f"{re.escape(START)}.*?{re.escape(END)}", f"{START}\n{text}\n{END}", old, flags=re.DOTALL)
    assert START in old, "the README has no place for the figures"
    readme.write_text(new, encoding="utf-8")
