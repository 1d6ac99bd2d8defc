"""Scope: who asks, and which records that person may hold. It comes from the session alone.  # P21"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import peewee

_NAMED = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Me:
    """The person of a session: community, role and the channels whose records they may hold."""

    id: str
    community: str
    role: str
    channels: frozenset[str]
    grids: tuple[str, ...] = ()


@functools.cache
def _matcher(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    parts = _NAMED.split(pattern)
    text = "".join(re.escape(part) if at % 2 == 0 else "([^:]+)" for at, part in enumerate(parts))
    return re.compile(text), tuple(parts[1::2])


def named(pattern: str) -> tuple[str, ...]:
    """The fields in a channel pattern."""
    return _matcher(pattern)[1]


@functools.cache
def _filler(pattern: str) -> tuple[str, tuple[str, ...]]:
    return _NAMED.sub("{}", pattern), _matcher(pattern)[1]


def channels_of(patterns: Iterable[str], values: Mapping[str, Any]) -> tuple[str, ...]:
    """The channels that hold a record; a pattern over an empty field names none."""
    found: list[str] = []
    for pattern in patterns:
        frame, names = _filler(pattern)
        filled = [values.get(name) for name in names]
        if all(filled):
            found.append(frame.format(*filled))
    return tuple(found)


def matches(pattern: str, channel: str) -> bool:
    """Whether a kind of this channel pattern may have records in the channel."""
    return _matcher(pattern)[0].fullmatch(channel) is not None


def visible(model: type[peewee.Model], patterns: Iterable[str], me: Me) -> Any:
    """A where-expression: rows of `model` that lie in at least one of the person's channels."""
    allowed = []
    for pattern in patterns:
        matcher, names = _matcher(pattern)
        found = [hit.groups() for hit in map(matcher.fullmatch, sorted(me.channels)) if hit]
        if len(names) == 1:
            allowed.append(model._meta.fields[names[0]].in_([one for (one,) in found]))
            continue
        for values in found:
            allowed.append(
                functools.reduce(
                    operator.and_,
                    (model._meta.fields[name] == value for name, value in zip(names, values, strict=True)),
                    peewee.SQL("1 = 1"),
                )
            )
    return functools.reduce(operator.or_, allowed) if allowed else peewee.SQL("1 = 0")
