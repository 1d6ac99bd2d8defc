"""Figures: one line each of what was measured, the bar it is held to, and a floor measured in the same run."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

START, END = "<!-- figures: python3 dev.py bench -- --write -->", "<!-- end of figures -->"


@dataclass(frozen=True)
class Figure:
    """`value` and `bar` in `unit`; `floor` says in words what the machine does at best."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    floor: str = ""

    @property
    def holds(self) -> bool:
        """Whether the bar, where there is one, is kept."""
        return self.bar is None or self.value <= self.bar

    def row(self) -> str:
        """A line of the table."""
        bar = (
            ""
            if self.bar is None
            else f"≤ {_short(self.bar)} {self.unit}{'' if self.holds else ' **missed**'}"
        )
        return f"| {self.name} | {_short(self.value)} {self.unit} | {bar} | {self.floor} |"


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
    head = "| what | measured | bar | floor in the same run |\n|---|---|---|---|"
    return "\n".join([f"Measured on {where}.", "", head, *(one.row() for one in figures)])


def write_into(readme: Path, text: str) -> None:
    """Put the table between the two marks of the README."""
    old = readme.read_text(encoding="utf-8")
    new = re.sub(f"{re.escape(START)}.*?{re.escape(END)}", f"{START}\n{text}\n{END}", old, flags=re.DOTALL)
    assert START in old, "the README has no place for the figures"
    readme.write_text(new, encoding="utf-8")
