"""Kinds: what the engine must know of a kind of record; made by the application from its declarations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import peewee

from sync.scope import Me

Row = dict[str, Any]
Compute = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
Effects = list[tuple[str, dict[str, Compute], dict[str, Compute]]]

# The columns that every kind has.
COMMON = ("id", "community", "version", "seq", "author", "device_time", "server_time", "gone")
# What a wire row begins with; the kind's own fields follow.
WIRE = ("id", "version", "seq", "author", "device_time", "server_time")


@dataclass(frozen=True)
class Kind:
    """A kind of record.

    `fields`: own fields in wire order · `parent`, `parent_kind`: the field that names the parent and the parent's kind
    · `inherits`: fields copied from the parent · `channels`: patterns such as `grid:{grid}` · `may(verb, me)` ·
    `check(verb, patch)`: field → problems · `effects`: (target field, field → f(this, target), field → start value)
    """

    name: str
    model: type[peewee.Model]
    fields: tuple[str, ...]
    channels: tuple[str, ...]
    may: Callable[[str, Me], bool]
    check: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
    parent: str | None = None
    parent_kind: str | None = None
    inherits: tuple[str, ...] = ()
    append_only: bool = False
    head_by: str | None = None
    window_days: int | None = None
    patchable: tuple[str, ...] = ()
    effects: Effects = field(default_factory=list)
    computed: tuple[str, ...] = ()

    def columns(self) -> list[str]:
        """All columns of the kind's table."""
        return list(self.model._meta.fields)

    def defaults(self) -> Row:
        """A record in which nothing is said yet."""
        made = {}
        for name, one in self.model._meta.fields.items():
            made[name] = one.default() if callable(one.default) else one.default
        return made


def depth(kinds: Mapping[str, Kind], name: str) -> int:
    """How many parents stand above a kind: parents travel before their children."""
    parent = kinds[name].parent_kind
    return 0 if parent is None or parent not in kinds else depth(kinds, parent) + 1
