"""Write: records that the server itself makes, in bulk: an import, a demo, an account. They reach phones by the feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import peewee

from sync.batch import Batch, Row
from sync.ids import uuid7
from sync.kinds import Kind, Values, depth
from sync.store import writing
from sync.values import fresh, inherited, misfits

CHUNK = 1_000
_GIVEN = ("author", "device_time", "gone")


class Unwritable(ValueError):
    """A record that cannot be written: kind, id and why. The transaction that it was in did not happen."""


def put(
    db: peewee.Database,
    kinds: Mapping[str, Kind],
    community: str,
    records: Sequence[tuple[str, Mapping[str, Any]]],
    now: datetime,
) -> list[str]:
    """Create or change records, each (kind, own fields), in transactions of 1,000; their ids in the order given.

    A record without `id` gets one. Of a record that exists the given fields change, and nothing happens where they
    are equal. `author`, `device_time` and `gone` may be given. Effects are not run. A parent is in the database, or
    in `records`. Within a transaction of the caller everything is part of that.
    """
    named = [(kind, dict(record)) for kind, record in records]
    for kind, record in named:
        if kind not in kinds:
            raise Unwritable(f"{kind}: no such kind")
        record.setdefault("id", str(uuid7()))
    levels = {kind: depth(kinds, kind) for kind in {kind for kind, _ in named}}
    ordered = sorted(named, key=lambda one: levels[one[0]])
    for at in range(0, len(ordered), CHUNK):
        with writing(db):
            _Put(db, kinds, community, now).write(ordered[at : at + CHUNK])
    return [record["id"] for _, record in named]


class _Put:
    def __init__(self, db: peewee.Database, kinds: Mapping[str, Kind], community: str, now: datetime) -> None:
        self.batch = Batch(db, kinds, community, now)
        self.community = community

    def write(self, records: Sequence[tuple[str, Values]]) -> None:
        batch = self.batch
        batch.load((kind, record["id"]) for kind, record in records)
        batch.load(
            (kind.parent_kind, record[kind.parent])
            for kind, record in ((batch.kinds[name], record) for name, record in records)
            if kind.parent_kind and kind.parent and record.get(kind.parent)
        )
        for name, record in records:
            row = batch.get(name, record["id"])
            self._change(row, record) if row else self._create(batch.kinds[name], record)
        batch.write()

    def _create(self, kind: Kind, record: Values) -> None:
        values = fresh(kind, record)
        values |= inherited(kind, self._parent(kind, values))
        values |= {"id": record["id"], "community": self.community, "author": "", "gone": False}
        values["device_time"] = self.batch.now
        values |= {name: record[name] for name in _GIVEN if name in record}
        self._check(kind, {name: values[name] for name in kind.fields}, record)
        self.batch.add(kind, values)

    def _change(self, row: Row, record: Values) -> None:
        kind = row.kind
        if row.values["community"] != self.community:
            raise Unwritable(f"{kind.name} {row.id}: belongs to another community")
        given = {name: record[name] for name in (*kind.fields, *_GIVEN) if name in record}
        self._check(kind, {name: value for name, value in given.items() if name in kind.fields}, record)
        if kind.parent and given.get(kind.parent, row.values[kind.parent]) != row.values[kind.parent]:
            given |= inherited(kind, self._parent(kind, given))
        changes = {name: value for name, value in given.items() if row.values[name] != value}
        if not changes:
            return
        row.values.update(changes)
        self.batch.touch(row)
        if not changes.keys().isdisjoint(kind.effect_defaults):
            self.batch.restart(row)
        self._hand_down(row, changes.keys())

    def _hand_down(self, parent: Row, changed: Any) -> None:
        """What children inherited from a changed record follows it, and with it the channels that hold them.  # P15"""
        for kind in self.batch.kinds.values():
            names = [name for name in kind.inherits if name in changed]
            if kind.parent_kind != parent.kind.name or not kind.parent or not names:
                continue
            for child in self.batch.living(kind, kind.parent, parent.id):
                changes = {
                    name: parent.values[name] for name in names if child.values[name] != parent.values[name]
                }
                if changes:
                    child.values.update(changes)
                    self.batch.touch(child)
                    self._hand_down(child, changes.keys())

    def _parent(self, kind: Kind, values: Values) -> Values | None:
        if not kind.parent or not kind.parent_kind:
            return None
        parent = self.batch.get(kind.parent_kind, values[kind.parent])
        if parent is None:
            raise Unwritable(f"{kind.name}: its {kind.parent} {values[kind.parent]!r} does not exist")
        return parent.values

    def _check(self, kind: Kind, values: Values, record: Values) -> None:
        wrong = misfits(kind, values)
        strange = record.keys() - {*kind.fields, *kind.inherits, *_GIVEN, "id", "community"}
        if wrong or strange:
            raise Unwritable(f"{kind.name} {record['id']}: {wrong or sorted(strange)}")
