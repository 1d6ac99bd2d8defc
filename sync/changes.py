"""Changes: the records that a transaction reads and writes, kept in memory until all is decided, then written at once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import peewee

from sync.kinds import WIRE, Kind, Row
from sync.scope import channels_of
from sync.store import FORGET, GONE, LIVE, Feed, advance, insert_rows, locked
from sync.wire import compact

Key = tuple[str, str]


@dataclass
class Changes:
    """Rows by (kind, id): as they stand in the database, as they will be, and which of them changed."""

    database: peewee.Database
    kinds: Mapping[str, Kind]
    community: str
    rows: dict[Key, Row | None] = field(default_factory=dict)
    stood: dict[Key, list[str]] = field(default_factory=dict)
    fresh: set[Key] = field(default_factory=set)
    dirty: dict[Key, None] = field(default_factory=dict)

    def load(self, wanted: Iterable[Key], lock: bool = True) -> None:
        """Read records that are not here yet, one select a kind, locked in the order of their ids.  # P12"""
        by_kind: dict[str, set[str]] = defaultdict(set)
        for kind, id in wanted:
            if kind in self.kinds and (kind, id) not in self.rows:
                by_kind[kind].add(id)
        for name in sorted(by_kind):
            kind = self.kinds[name]
            ids = sorted(by_kind[name])
            for id in ids:
                self.rows[name, id] = None
            for at in range(0, len(ids), 900):
                key = kind.model._meta.primary_key
                query = kind.model.select().where(key.in_(ids[at : at + 900])).order_by(key)
                for record in locked(query, self.database) if lock else query:
                    row = dict(record.__data__)
                    self.rows[name, row["id"]] = row
                    self.stood[name, row["id"]] = [] if row["gone"] else channels_of(kind.channels, row)

    def get(self, kind: str, id: str) -> Row | None:
        """The record as it stands now, decided changes included; loaded when it is not here."""
        if (kind, id) not in self.rows:
            self.load([(kind, id)])
        return self.rows.get((kind, id))

    def create(self, kind: str, row: Row) -> None:
        """Add a new record."""
        key = (kind, row["id"])
        self.rows[key] = row
        self.fresh.add(key)
        self.dirty[key] = None

    def change(self, kind: str, id: str, fields: Mapping[str, Any]) -> None:
        """Set fields of a record; nothing happens where they hold these values already."""
        row = self.rows[kind, id]
        assert row is not None
        if all(row.get(name) == value for name, value in fields.items()):
            return
        row.update(fields)
        key = (kind, id)
        if key not in self.dirty and key not in self.fresh:
            row["version"] += 1
        self.dirty[key] = None

    def inherit(self, kind: Kind, row: Row) -> bool:
        """Fill what a record takes from its parent; false when there is no parent."""
        if kind.parent is None or kind.parent_kind is None:
            return True
        parent = self.get(kind.parent_kind, str(row.get(kind.parent) or ""))
        if parent is None:
            return False
        row.update({name: parent[name] for name in kind.inherits})
        return True

    def flush(self, server_time: str) -> None:
        """Write every changed record and its feed rows; the feed's counter is taken last.  # P12 P14"""
        keys = list(self.dirty)
        if not keys:
            return
        first = advance(self.database, self.community, len(keys))
        fresh: dict[str, list[Row]] = defaultdict(list)
        changed: dict[str, list[Row]] = defaultdict(list)
        for seq, (name, id) in enumerate(keys, start=first):
            row = self.rows[name, id]
            assert row is not None
            row["seq"] = seq
            if (name, id) not in self.fresh or not row["server_time"]:
                row["server_time"] = server_time
            (fresh if (name, id) in self.fresh else changed)[name].append(row)
        for name, rows in fresh.items():
            columns = self.kinds[name].columns()
            insert_rows(self.database, self.kinds[name].model, columns, [stored(columns, row) for row in rows])
        for name, rows in changed.items():
            columns = self.kinds[name].columns()
            update = [column for column in columns if column != "id"]
            values = [stored(columns, row) for row in rows]
            insert_rows(self.database, self.kinds[name].model, columns, values, update, ["id"])
        self._feed(keys, server_time)

    def _feed(self, keys: list[Key], server_time: str) -> None:
        made = []
        for name, id in keys:
            kind, row = self.kinds[name], self.rows[name, id]
            assert row is not None
            now = channels_of(kind.channels, row)
            text = wire_row(kind, row)
            parent = row.get(kind.parent) if kind.parent else None
            head = row.get(kind.head_by) if kind.head_by else None
            time = row["device_time"] or server_time
            for channel in now:
                state = GONE if row["gone"] else LIVE
                made.append((channel, id, name, row["seq"], state, parent, head, time, text))
            for channel in self.stood.get((name, id), ()):
                if channel not in now:
                    made.append((channel, id, name, row["seq"], FORGET, parent, head, time, "[]"))
        columns = ("channel", "record", "kind", "seq", "state", "parent", "head_key", "time", "row")
        insert_rows(self.database, Feed, columns, made, columns[3:], columns[:2])


def stored(columns: Iterable[str], row: Row) -> list[Any]:
    """The row's values as the database keeps them: lists as JSON text."""
    values = []
    for column in columns:
        value = row.get(column)
        values.append(compact(value) if isinstance(value, list | dict) else value)
    return values


def wire_row(kind: Kind, row: Row) -> str:
    """The record as it travels: a JSON list in the order of `wire_fields`."""
    return compact([row.get(name) for name in (*WIRE, *kind.fields)])


def wire_fields(kind: Kind) -> list[str]:
    """The names of a wire row's values."""
    return [*WIRE, *kind.fields]


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same value on the wire; true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool) or json.dumps(one) == json.dumps(other)
