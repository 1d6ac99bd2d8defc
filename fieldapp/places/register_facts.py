"""Register, facts: what a row of the register makes of a household's record: when it is due, how it is found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zlib import crc32

from fieldapp.places.pinyin import pinyin
from fieldapp.places.record import VISIT_DAYS
from fieldapp.places.register_check import level_of

URGENT = (1, 2)  # care levels that are due at once


def visit_days(tenure: str, care: Sequence[str], days: Sequence[int] | None) -> int | None:
    """Days between visits: by care level 1, 2, 3, else the last of the community's `days`; none for a vacant home."""
    if tenure == "vacant":
        return None
    intervals = days or VISIT_DAYS
    level = level_of(list(care))
    return intervals[level - 1] if level else intervals[3]


def first_due(today: str, interval: int | None, care: Sequence[str], address: str) -> str | None:
    """The first visit's day of a household never met.

    Care levels 1 and 2 are due today. The others are spread over their own interval by their address, always the
    same way, so that a new register does not make a thousand doors overdue on its first day.
    """
    if interval is None:
        return None
    spread = 0 if level_of(list(care)) in URGENT else crc32(address.encode()) % interval
    return (date.fromisoformat(today) + timedelta(days=spread)).isoformat()


def due_after(household: dict[str, Any], interval: int | None, care: Sequence[str], today: str) -> str | None:
    """The due day of a household whose interval the register changes: counted from its last meeting."""
    if interval is None:
        return None
    if household.get("met_on"):
        return (date.fromisoformat(household["met_on"]) + timedelta(days=interval)).isoformat()
    days = [household.get("due_on"), first_due(today, interval, care, household["address"])]
    return min(day for day in days if day)


def computed(
    household: dict[str, Any], care: Sequence[str], days: Sequence[int] | None, today: str
) -> dict[str, Any]:
    """The fields that follow from the others: care level (0: none), interval, due day, pinyin, initials."""
    interval = visit_days(household["tenure"], care, days)
    full, initials = pinyin(household["name"])
    level = level_of(list(care)) or 0
    made: dict[str, Any] = {"care_level": level, "visit_days": interval, "pinyin": full, "initials": initials}
    if "due_on" not in household:
        made["due_on"] = first_due(today, interval, care, household["address"])
    elif interval != household["visit_days"] or (interval and not household["due_on"]):
        made["due_on"] = due_after(household, interval, care, today)
    return made
