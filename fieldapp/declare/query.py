"""Query words: what a screen needs, said in few words that mean the same on peewee and on the phone's store.

A value is a name in scope: a parameter of the URL ("unit"), an earlier query ("household.stair_unit"; a record
alone stands for its id, a list of records for their ids), "me.id", "me.grids" (a list means any of them), "today",
"now", "end_of_day" (the instant), "args.q"; or `lit(...)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fieldapp.declare.record import Record

RANGES = ("lte", "gte", "lt", "gt")


@dataclass(frozen=True)
class Lit:
    """A literal value in a query, as opposed to a name in scope."""

    value: Any


def lit(value: Any) -> Lit:
    """A literal, e.g. `outcome=lit("met")`."""
    return Lit(value)


@dataclass(frozen=True)
class Range:
    """One bound on one field; records without a value are never inside."""

    field: str
    op: str
    value: str | Lit


@dataclass(frozen=True)
class Query:
    """One query of a screen."""

    word: str
    record: type[Record]
    where: Mapping[str, str | Lit] = field(default_factory=dict)
    range: Range | None = None
    order: tuple[str, ...] = ()
    newest: bool = False
    limit: int | None = None
    by: str | None = None
    text: str | None = None
    optional: bool = False

    def export(self, name: str) -> dict[str, Any]:
        """The query as the phone reads it; `name` is what the template calls its result."""
        return {
            "as": name,
            "q": self.word,
            "kind": self.record.kind,
            "where": {key: _ref(value) for key, value in self.where.items()},
            "range": self.range
            and {"field": self.range.field, "op": self.range.op, "value": _ref(self.range.value)},
            "order": list(self.order),
            "newest": self.newest,
            "limit": self.limit,
            "by": self.by,
            "text": self.text,
            "optional": self.optional,
        }

    def key(self) -> list[str] | None:
        """The index key this query reads by: equality fields, then its range or order field; none for `one`."""
        if self.word == "one":
            return None
        fields = [*self.where]
        if self.range:
            fields.append(self.range.field)
        return fields


def _ref(value: str | Lit) -> Any:
    return {"lit": value.value} if isinstance(value, Lit) else value


def _conditions(record: type[Record], conditions: Mapping[str, str | Lit]) -> dict[str, Any]:
    where: dict[str, str | Lit] = {}
    bound: Range | None = None
    for key, value in conditions.items():
        name, _, op = key.partition("__")
        if name not in record._meta.fields:
            raise ValueError(f"{record.kind} has no field {name}")
        if not op:
            where[name] = value
        elif op in RANGES and bound is None:
            bound = Range(name, op, value)
        else:
            raise ValueError(f"{key}: one of {', '.join(RANGES)}, once a query")
    return {"where": where, "range": bound}


def one(record: type[Record], value: str | Lit, *, optional: bool = False) -> Query:
    """The record with this id; missing is a 404 unless `optional`."""
    return Query("one", record, where={"id": value}, optional=optional)


def many(
    record: type[Record],
    *,
    order: tuple[str, ...] = (),
    newest_first: bool = False,
    limit: int | None = None,
    **conditions: str | Lit,
) -> Query:
    """All records that fit, in order (default: as the server received them, pending last)."""
    query = Query(
        "many", record, order=order, newest=newest_first, limit=limit, **_conditions(record, conditions)
    )
    if query.range and order and order[0].lstrip("-") != query.range.field:
        raise ValueError("a range is ordered by its own field first")
    return query


def latest(record: type[Record], *, by: str, **conditions: str | Lit) -> Query:
    """The newest record of each value of `by`: value → record."""
    return Query("latest", record, by=by, newest=True, **_conditions(record, conditions))


def count(record: type[Record], *, by: str | None = None, **conditions: str | Lit) -> Query:
    """How many fit; with `by`, value → how many."""
    return Query("count", record, by=by, **_conditions(record, conditions))


def search(
    record: type[Record],
    text: str,
    *,
    order: tuple[str, ...] = ("address",),
    limit: int = 20,
    **conditions: str,
) -> Query:
    """Records whose search tokens begin with every word of `text`; nothing for an empty text."""
    query = Query("search", record, text=text, order=order, limit=limit, **_conditions(record, conditions))
    if not record.search:
        raise ValueError(f"{record.kind} declares no search fields")
    return replace(query)
