"""Rows: multi-row reads and writes through a model's meta, without building a query value by value.

A batch of fifty records is a handful of statements; peewee's own query builder spends more time on them than the
database does. Text of the statements is cached by table and number of rows.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import peewee
from pydantic_core import to_json

LIMIT_PARAMETERS = 30_000


class Table:
    """A model's table: its columns, and how values go in and come out."""

    def __init__(self, model: type[peewee.Model]) -> None:
        meta = model._meta
        self.fields: dict[str, peewee.Field] = dict(meta.fields)
        self.names = tuple(self.fields)
        self.name = f'"{meta.table_name}"'
        self.bare = tuple(field.column_name for field in self.fields.values())
        self.columns = tuple(f'"{name}"' for name in self.bare)
        self.column = dict(zip(self.names, self.columns, strict=True))
        self.selected = ", ".join(self.columns)
        self._out = [(name, _reader(field)) for name, field in self.fields.items() if _reader(field)]
        self._in = [
            (at, convert) for at, field in enumerate(self.fields.values()) if (convert := _writer(field))
        ]
        self._pick = operator.itemgetter(*self.names)

    def read(self, row: Sequence[Any]) -> dict[str, Any]:
        """A selected row as values by name."""
        values = dict(zip(self.names, row, strict=True))
        for name, convert in self._out:
            values[name] = convert(values[name])  # type: ignore[misc]
        return values

    def some(self, names: Sequence[str]) -> Callable[[Mapping[str, Any]], list[Any]]:
        """What makes parameters of these fields alone, in their order."""
        writers = [(at, convert) for at, name in enumerate(names) if (convert := _writer(self.fields[name]))]

        def picked(values: Mapping[str, Any]) -> list[Any]:
            row = [values[name] for name in names]
            for at, convert in writers:
                row[at] = convert(row[at])
            return row

        return picked

    def parameters(self, values: Mapping[str, Any]) -> list[Any]:
        """The values by name as parameters of an insert."""
        row = list(self._pick(values))
        for at, convert in self._in:
            row[at] = convert(row[at])
        return row


def _reader(field: peewee.Field) -> Callable[[Any], Any] | None:
    own = type(field).python_value is not peewee.Field.python_value
    return field.python_value if own or isinstance(field, peewee.BooleanField) else None


def _writer(field: peewee.Field) -> Callable[[Any], Any] | None:
    own = type(field).db_value is not peewee.Field.db_value
    return field.db_value if own or isinstance(field, peewee.BooleanField) else None


@functools.cache
def table(model: type[peewee.Model]) -> Table:
    """The table of a model."""
    return Table(model)


def _values(width: int, count: int) -> str:
    return ", ".join([f"({', '.join('?' * width)})"] * count)


@functools.lru_cache(maxsize=1000)
def _insert_sql(of: Table, conflict: tuple[str, ...] | None, keep: bool, count: int) -> str:
    text = f"INSERT INTO {of.name} ({of.selected}) "
    if count:
        text += f"VALUES {_values(len(of.columns), count)}"
    else:
        # One parameter for all rows: the driver's work per parameter would cost more than the database's.
        text += f"SELECT {of.selected} FROM json_populate_recordset(NULL::{of.name}, %s::json)"
    if keep:
        return f"{text} ON CONFLICT DO NOTHING"
    if conflict is None:
        return text
    target = ", ".join(of.column[name] for name in conflict)
    names = (name for name in of.names if name not in conflict)
    changed = ", ".join(f"{of.column[name]} = excluded.{of.column[name]}" for name in names)
    return f"{text} ON CONFLICT ({target}) DO UPDATE SET {changed}"


@functools.lru_cache(maxsize=1000)
def _update_sql(of: Table, names: tuple[str, ...], count: int) -> str:
    """The first of the names is the id."""
    found = (
        [f"column{at}" for at in range(1, len(names) + 1)] if count else [of.column[name] for name in names]
    )
    source = (
        f"(VALUES {_values(len(names), count)})"
        if count
        else f"json_populate_recordset(NULL::{of.name}, %s::json)"
    )
    changed = ", ".join(
        f"{of.column[name]} = new.{new}" for name, new in zip(names[1:], found[1:], strict=True)
    )
    id = f"{of.name}.{of.column['id']}"
    # PostgreSQL takes the text for a hundred rows, whatever is in it, and would rather read the whole table than find them.
    here = "" if count else f" AND {id} = ANY(%s)"
    return f"UPDATE {of.name} SET {changed} FROM {source} AS new WHERE {id} = new.{found[0]}{here}"


def insert(
    db: peewee.Database,
    model: type[peewee.Model],
    values: Iterable[Mapping[str, Any]],
    replace: tuple[str, ...] | None = None,
    keep: bool = False,
) -> None:
    """Insert all rows. Where one is there already it is overwritten (same `replace` fields), kept (`keep`), or an error."""
    put(db, model, list(map(table(model).parameters, values)), replace, keep)


def put(
    db: peewee.Database,
    model: type[peewee.Model],
    parameters: Sequence[Sequence[Any]],
    replace: tuple[str, ...] | None = None,
    keep: bool = False,
) -> None:
    """The same of rows that are parameters already: every field of the model, in its order, as the database takes it."""
    of = table(model)
    _send(db, of, of.names, parameters, lambda count: _insert_sql(of, replace, keep, count))


def update(
    db: peewee.Database, model: type[peewee.Model], values: Iterable[Mapping[str, Any]], only: Iterable[str]
) -> None:
    """Write `only` these fields of rows that are there, found by their id: no index over the others is touched."""
    of, names = table(model), ("id", *sorted(only))
    parameters = list(map(of.some(names), values))
    ids = [[row[0] for row in parameters]] if isinstance(db, peewee.PostgresqlDatabase) else []
    _send(db, of, names, parameters, lambda count: _update_sql(of, names, count), ids)


def _send(
    db: peewee.Database,
    of: Table,
    names: Sequence[str],
    parameters: Sequence[Sequence[Any]],
    sql: Callable[[int], str],
    more: Sequence[Any] = (),
) -> None:
    if isinstance(db, peewee.PostgresqlDatabase):
        bare = [of.fields[name].column_name for name in names]
        text = to_json([dict(zip(bare, row, strict=True)) for row in parameters]).decode()
        db.execute_sql(sql(0), (text, *more))
        return
    most = LIMIT_PARAMETERS // len(names)
    for at in range(0, len(parameters), most):
        part = parameters[at : at + most]
        db.execute_sql(sql(len(part)), list(chain.from_iterable(part)))


def within(db: peewee.Database, column: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """A condition that a column is one of the values, and its parameters."""
    if isinstance(db, peewee.PostgresqlDatabase):
        return f"{column} = ANY({db.param})", [list(values)]
    return f"{column} IN ({', '.join([db.param] * len(values))})", list(values)


def locked(db: peewee.Database) -> str:
    """What makes a SELECT lock its rows; SQLite holds the write lock already."""
    return " FOR UPDATE" if isinstance(db, peewee.PostgresqlDatabase) else ""


def one(db: peewee.Database, model: type[peewee.Model], id: Any) -> dict[str, Any] | None:
    """The row of an id, or none."""
    found = select(db, model, "id", [id])
    return found[0] if found else None


def select(
    db: peewee.Database,
    model: type[peewee.Model],
    field: str,
    values: Iterable[Any],
    *,
    lock: bool = False,
    extra: str = "",
    parameters: Sequence[Any] = (),
) -> list[dict[str, Any]]:
    """Rows whose `field` is one of the values and that fit the condition `extra`; locked in the order of the field."""
    of = table(model)
    found: list[dict[str, Any]] = []
    wanted = sorted(set(values))
    for at in range(0, len(wanted), LIMIT_PARAMETERS):
        condition, among = within(db, of.column[field], wanted[at : at + LIMIT_PARAMETERS])
        sql = f"SELECT {of.selected} FROM {of.name} WHERE {condition}{extra}"
        if lock and (suffix := locked(db)):
            sql += f" ORDER BY {of.column[field]}{suffix}"
        found += map(of.read, db.execute_sql(sql, [*among, *parameters]).fetchall())
    return found
