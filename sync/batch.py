"""Batch: the records that one transaction touches, read once, changed together, written once with their feed rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import peewee

from sync import digest, feed, rows
from sync.encode import dumps
from sync.instants import instant
from sync.kinds import Kind, Values
from sync.store import Counter, Start
from sync.values import storable


class Row:
    """A record in hand: its values now, and what the database held before."""

    __slots__ = ("before", "id", "kind", "place", "values")

    def __init__(self, kind: Kind, values: Values, stored: bool) -> None:
        self.id: str = values["id"]
        self.kind = kind
        self.values = values
        self.before: Values | None = dict(values) if stored else None
        self.place: int | None = None  # the order in which it was first touched

    def changed(self) -> list[str]:
        """The fields that the database holds another value of."""
        before = self.before or {}
        return [n for n, value in self.values.items() if before[n] is not value and before[n] != value]

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that hold the record as it is now."""
        return self.kind.channels_of(self.values)


class Batch:
    """Records by kind and id, loaded at most once and locked until the transaction ends."""

    def __init__(self, db: peewee.Database, kinds: Mapping[str, Kind], community: str, now: datetime) -> None:
        self.db = db
        self.kinds = kinds
        self.community = community
        self.moment = now
        self.now = instant(now)
        self._rows: dict[tuple[str, str], Row | None] = {}
        self._touched = 0
        self._starts: dict[tuple[str, str], Values | None] = {}  # none where one was remembered before
        # Device time and id of the latest record that names (kind, id).
        self.latest: dict[tuple[str, str], str] = {}

    def load(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Read the records (kind, id) that are not in hand yet, with one statement a kind."""
        missing: dict[str, set[str]] = defaultdict(set)
        for kind, id in wanted:
            if (kind, id) not in self._rows and kind in self.kinds:
                missing[kind].add(id)
        for kind in sorted(missing):
            for id in missing[kind]:
                self._rows[kind, id] = None
            asked = filter(storable, missing[kind])  # an operation names what it likes
            for values in rows.select(self.db, self.kinds[kind].model, "id", asked, lock=True):
                self._rows[kind, values["id"]] = Row(self.kinds[kind], values, stored=True)

    def get(self, kind: str, id: Any) -> Row | None:
        """The record, or none; one that is gone is found as well."""
        if not isinstance(id, str):
            return None
        if (kind, id) not in self._rows:
            self.load([(kind, id)])
        return self._rows.get((kind, id))

    def add(self, kind: Kind, values: Values) -> Row:
        """A new record, with all its values but seq and version."""
        row = Row(kind, {**values, "version": 0, "seq": 0}, stored=False)
        self._rows[kind.name, row.id] = row
        return self.touch(row)

    def touch(self, row: Row) -> Row:
        """Say that a record changes: it gets a new version and a place in the feed."""
        row.values["version"] += 1
        row.values["server_time"] = self.now
        return self.move(row)

    def move(self, row: Row) -> Row:
        """Say that a record travels again, in the order of the first call."""
        if row.place is None:
            self._touched += 1
            row.place = self._touched
        return row

    def held(self, kind: str) -> Iterable[Row]:
        """The records of a kind that are in hand."""
        return [row for (name, _), row in self._rows.items() if name == kind and row is not None]

    def living(self, kind: Kind, ref: str, id: str) -> list[Row]:
        """The records of the kind that are not gone and name `id` in their field `ref`; all are in hand afterwards."""
        for values in rows.select(self.db, kind.model, ref, [id], lock=True):
            self._rows.setdefault((kind.name, values["id"]), Row(kind, values, stored=True))
        return [row for row in self.held(kind.name) if row.values[ref] == id and not row.values["gone"]]

    def keep_start(self, target: Row) -> None:
        """Remember the computed fields as they are now, before the first effect; later calls change nothing."""
        key = (target.kind.name, target.id)
        if key not in self._starts:
            self._starts[key] = {name: target.values[name] for name in target.kind.effect_defaults}

    def know_starts(self, kind: str, ids: Iterable[str]) -> None:
        """Read once of which of these records the start was remembered before: nothing is to be kept of them."""
        condition, parameters = rows.within(self.db, '"record"', sorted(set(ids)))
        sql = f'SELECT "record" FROM "sync_start" WHERE "kind" = {self.db.param} AND {condition}'
        for (id,) in self.db.execute_sql(sql, [kind, *parameters]).fetchall():
            self._starts[kind, id] = None

    def start_of(self, target: Row) -> tuple[Values, int] | None:
        """The computed fields before the first effect, and the feed's seq then; none where none was remembered."""
        mark = self.db.param
        found = self.db.execute_sql(
            f'SELECT "values", "seq" FROM "sync_start" WHERE "kind" = {mark} AND "record" = {mark}',
            (target.kind.name, target.id),
        ).fetchone()
        if found:
            return Start.values.python_value(found[0]), found[1]
        held = self._starts.get((target.kind.name, target.id))
        return (held, self.current_seq()) if held is not None else None

    def restart(self, target: Row) -> None:
        """The server itself set computed fields: what was remembered about them no longer holds."""
        mark = self.db.param
        self.db.execute_sql(
            f'DELETE FROM "sync_start" WHERE "kind" = {mark} AND "record" = {mark}',
            (target.kind.name, target.id),
        )

    def current_seq(self) -> int:
        """The community's last feed seq."""
        sql = f'SELECT "seq" FROM "sync_counter" WHERE "community" = {self.db.param}'
        found = self.db.execute_sql(sql, (self.community,)).fetchone()
        return found[0] if found else 0

    def write(self) -> None:
        """Write what was touched and its feed rows. The counter is taken here, as late as may be.  # P14"""
        touched = sorted(
            (row for row in self._rows.values() if row and row.place), key=lambda row: row.place or 0
        )
        if not touched:
            return
        seq = take(self.db, self.community, len(touched)) - len(touched)
        starts = [(*key, seq, dumps(values)) for key, values in self._starts.items() if values is not None]
        if starts:
            rows.put(self.db, Start, starts, keep=True)
        new: dict[str, list[Values]] = defaultdict(list)
        changed: dict[str, list[Values]] = defaultdict(list)
        different: dict[str, set[str]] = defaultdict(set)
        for at, row in enumerate(touched, start=1):
            row.values["seq"] = seq + at
            (new if row.before is None else changed)[row.kind.name].append(row.values)
            if row.before is not None:
                different[row.kind.name].update(row.changed())
        for kind in sorted(new):
            rows.insert(self.db, self.kinds[kind].model, new[kind])
        for kind in sorted(changed):
            rows.update(self.db, self.kinds[kind].model, changed[kind], different[kind])
        feed.write(self.db, self.community, touched)
        digest.write(self.db, self.community, touched)


def take(db: peewee.Database, community: str, count: int) -> int:
    """Take `count` numbers of the community's feed and return the last; its row stays locked until the commit.  # P14"""
    of, mark = rows.table(Counter).name, db.param
    sql = (
        f'INSERT INTO {of} ("community", "seq", "pruned") VALUES ({mark}, {mark}, 0) ON CONFLICT ("community") '
        f'DO UPDATE SET "seq" = {of}."seq" + excluded."seq" RETURNING "seq"'
    )
    return int(db.execute_sql(sql, (community, count)).fetchone()[0])
