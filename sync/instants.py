"""Instants: moments as the text that travels and is kept, `2026-11-23T02:42:05Z`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

CLOCK_FLAG_MS = 600_000


def instant(moment: datetime) -> str:
    """A moment as UTC text to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def instant_ms(moment: datetime) -> str:
    """A moment as UTC text to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def parse(text: str) -> datetime:
    """The moment that a text names; ValueError where there is none."""
    return datetime.fromisoformat(text)


def corrected(at: str, offset_ms: int, now: datetime) -> str:
    """A phone's clock plus its measured offset, to the second; `now` where that leaves the calendar.  # P19"""
    if not offset_ms:
        return at[:19] + "Z"
    try:
        return instant(parse(at) + timedelta(milliseconds=offset_ms))
    except OverflowError:
        return instant(now)
