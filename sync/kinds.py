"""Kinds: what the engine must be told about one kind of record; the application declares, the engine only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

import peewee

from sync.scope import Me, channels_of, matches, named

# In a link: nobody, and said on purpose.
NOBODY = "-"
COMMON = ("id", "version", "seq", "author", "device_time", "server_time")
Values = dict[str, Any]
Upgrade = Callable[[Values], Values]
Vouch = Callable[[Mapping[str, Any], Mapping[str, Any], Mapping[str, Mapping[str, Any]]], Mapping[str, Any]]
Compute = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
Effect = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]


def _nobody(verb: str, me: Me) -> bool:
    return False


def _fine(verb: str, patch: Mapping[str, Any]) -> Mapping[str, Any]:
    return {}


def _vouched(
    made: Mapping[str, Any], parent: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any]:
    return {}


@dataclass(eq=False)
class Kind:
    """One kind of record.

    `links` are fields of its own, beside `parent`, that name a record of another kind: it must be there and in scope, and fit
    as `fits` says: field → whether the named record may be named here, of (this, named).
    `fields` are its own fields in wire order, without the `inherits` that are copied from the record that the field
    `parent` names; a kind that `carries` them sends them too, for who holds it without its parent. `check(verb, patch)`
    answers field → problems, empty when all is well; `may(verb, me)` whether the role may do it. `effects` are (Ref field
    naming the target, what gives the target's new values of (this, target)); a field that effects of other kinds compute is
    listed in `effect_defaults` with the value it starts from. `form` is the version of its fields, `upgrades` what brings
    values of version n to n + 1.  # P18  `files`: field that lists blobs → field in which the server lists those of them
    that have arrived.  # P23  What is `late` is all of it history: it comes with the tail, after what a day's work needs.
    `vouched(values, parent, named)`: what is wrong with a new record's proofs, such as a signature, beside its parent and
    the records of `links`; empty when all is well.
    """

    name: str
    model: type[peewee.Model]
    fields: tuple[str, ...]
    channels: tuple[str, ...]
    parent: str | None = None
    parent_kind: str | None = None
    inherits: tuple[str, ...] = ()
    carries: bool = False
    append_only: bool = False
    head_by: str | None = None
    window_days: int | None = None
    late: bool = False
    patchable: tuple[str, ...] = ()
    may: Callable[[str, Me], bool] = _nobody
    check: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] = _fine
    effects: Sequence[tuple[str, Effect]] = ()
    effect_defaults: Mapping[str, Any] = field(default_factory=dict)
    form: int = 1
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    fits: Mapping[str, Compute] = field(default_factory=dict)
    vouched: Vouch = _vouched

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The fields of a row on the wire."""
        return (*COMMON, *self.fields, *(self.inherits if self.carries else ()))

    @cached_property
    def pick(self) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
        """The values of a row on the wire."""
        return itemgetter(*self.columns)

    @cached_property
    def channel_fields(self) -> tuple[str, ...]:
        """The fields that decide which channels hold a record."""
        return tuple(name for pattern in self.channels for name in named(pattern))

    @cached_property
    def counted(self) -> bool:
        """Whether phones hold every living record of it, so that it can be counted on both sides.  # P16"""
        return not self.head_by and not self.window_days

    @cached_property
    def writable(self) -> frozenset[str]:
        """What a client may give when it creates: own fields that nothing computes."""
        return frozenset(self.fields) - frozenset(self.effect_defaults) - frozenset(self.files.values())

    @cached_property
    def defaults(self) -> list[tuple[str, Any]]:
        """Each own field with the value that it starts from, or what makes one."""
        declared = {name: self.model._meta.fields[name].default for name in self.fields}
        return list({**declared, **self.effect_defaults}.items())

    def channels_of(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The channels that hold a record with these values."""
        names = self.channel_fields
        key = values.get(names[0]) if len(names) == 1 else tuple([values.get(name) for name in names])
        found = self._filled.get(key)
        if found is None:
            if len(self._filled) > 10_000:
                self._filled.clear()
            found = self._filled[key] = channels_of(self.channels, values)
        return found

    def chosen(self, values: Mapping[str, Any], given: Iterable[str] | None = None) -> tuple[str, ...]:
        """Those channels of a record that are named by what its writer gives (default: its own fields), not by its parent."""
        patterns = self._own_channels if given is None else self._naming(given)
        return channels_of(patterns, values) if patterns else ()

    @cached_property
    def _own_channels(self) -> list[str]:
        return self._naming(self.fields)

    def _naming(self, given: Iterable[str]) -> list[str]:
        own = set(given)
        return [one for one in self.channels if own.intersection(named(one))]

    @cached_property
    def _filled(self) -> dict[Any, tuple[str, ...]]:
        return {}

    def lives_in(self, channel: str) -> bool:
        """Whether records of this kind may be in the channel."""
        return any(matches(pattern, channel) for pattern in self.channels)

    def starts(self) -> Values:
        """The computed fields as they are before any effect."""
        return {name: value() if callable(value) else value for name, value in self.effect_defaults.items()}

    def upgraded(self, values: Mapping[str, Any], form: int) -> Values:
        """Values that were written for an older version of the fields, as they are named and meant now.  # P18"""
        made = dict(values)
        for version in range(form, self.form):
            if version in self.upgrades:
                made = self.upgrades[version](made)
        return made

    def target_kind(self, ref: str) -> str:
        """The kind of the record that an effect's Ref field names."""
        return self.parent_kind if ref == self.parent and self.parent_kind else ref


def depth(kinds: Mapping[str, Kind], name: str) -> int:
    """How many parents stand above a kind."""
    levels, kind = 0, kinds.get(name)
    while kind is not None and kind.parent_kind and kind.parent_kind != kind.name:
        levels, kind = levels + 1, kinds.get(kind.parent_kind)
    return levels
