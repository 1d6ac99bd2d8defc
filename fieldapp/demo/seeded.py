"""Seeded: chance and ids that come out the same for the same moment, so that a demo can be told twice."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

SEED = "door by door"
QUARTER = 15 * 60


class Seeded:
    """A random source, and ids (UUIDv7 in form) drawn from it."""

    def __init__(self, purpose: str) -> None:
        self.random = Random(f"{SEED}:{purpose}")

    def id(self, moment: datetime) -> str:
        """A new id that sorts by `moment`."""
        milliseconds = int(moment.timestamp() * 1000)
        value = (
            milliseconds << 80
            | 0x7 << 76
            | self.random.getrandbits(12) << 64
            | 0b10 << 62
            | self.random.getrandbits(62)
        )
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def settled(now: datetime) -> datetime:
    """The quarter of an hour that has begun: a clock that ticks while the demo is built does not change it."""
    return datetime.fromtimestamp(int(now.timestamp()) // QUARTER * QUARTER, UTC)
