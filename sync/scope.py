"""Scope: who asks, and which records they may hold, by channel.  # P21"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import peewee

PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Me:
    """The person behind a request, from the session alone; `channels` is all they may hold."""

    id: str
    community: str
    role: str
    channels: frozenset[str] = frozenset()
    grids: tuple[str, ...] = field(default_factory=tuple)


def fill(pattern: str, row: Mapping[str, Any]) -> str:
    """`grid:{grid}` for a record."""
    return PLACE.sub(lambda found: str(row.get(found[1]) or ""), pattern)


def channels_of(patterns: Iterable[str], row: Mapping[str, Any]) -> list[str]:
    """The channels that hold a record."""
    return [fill(pattern, row) for pattern in patterns]


def visible(model: type[peewee.Model], patterns: Iterable[str], me: Me) -> Any:
    """A condition on `model`: the record is in some channel of this person."""
    condition: Any = None
    for pattern in patterns:
        name, _, rest = pattern.partition(":")
        found = PLACE.fullmatch(rest)
        if found is None:
            raise ValueError(f"channel {pattern}: one field after the colon")
        held = [channel.partition(":")[2] for channel in me.channels if channel.startswith(name + ":")]
        one = model._meta.fields[found[1]].in_(held)
        condition = one if condition is None else condition | one
    return condition & (model._meta.fields["community"] == me.community)
