"""Merge: three-way and per field; the first of two values stays and both wait for a person.  # P17"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Merge:
    """What a patch comes to: fields to change, and fields where two values meet as (base, kept, sent)."""

    changes: dict[str, Any] = field(default_factory=dict)
    conflicts: dict[str, tuple[Any, Any, Any]] = field(default_factory=dict)


def merge(base: Mapping[str, Any], patch: Mapping[str, Any], current: Mapping[str, Any]) -> Merge:
    """Merge a patch made on `base` values into the `current` ones.

    A field that nobody else changed takes the sent value; one that already has it needs nothing; any other is a
    conflict. A field without a base value conflicts unless it has the sent value already.
    """
    merged = Merge()
    for name, sent in patch.items():
        kept = current[name]
        if kept == sent:
            continue
        if name in base and base[name] == kept:
            merged.changes[name] = sent
        else:
            merged.conflicts[name] = (base.get(name), kept, sent)
    return merged


def undo(base: Mapping[str, Any], applied: Mapping[str, Any], current: Mapping[str, Any]) -> Merge:
    """Take a patch back: base values return where the patched value still stands; elsewhere it is a conflict."""
    return merge(applied, {name: base.get(name) for name in applied}, current)
