"""Find: runs a screen's queries on peewee, within what the person may hold and each kind's time window."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import peewee

from fieldapp.config import instant
from fieldapp.declare.expressions import derived_of
from fieldapp.declare.query import Lit, Query
from fieldapp.declare.record import ListOf, Record
from sync.scope import Me, visible

OPS = {"lte": operator.le, "gte": operator.ge, "lt": operator.lt, "gt": operator.gt}


class Missing(LookupError):
    """A record that the screen cannot be without is not there, or not for this person: a 404."""


def resolve(value: str | Lit, scope: Mapping[str, Any]) -> Any:
    """The value that a query's name stands for; a record alone stands for its id, a list of records for their ids."""
    if isinstance(value, Lit):
        return value.value
    found: Any = scope
    for part in value.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, Mapping):
        return found.get("id")
    if isinstance(found, list):
        return [one["id"] if isinstance(one, Mapping) else one for one in found]
    return found


def run_queries(queries: Mapping[str, Query], me: Me, scope: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Each query's result by name, in order, later ones seeing the earlier ones; raises Missing."""
    found: dict[str, Any] = {}
    for name, query in queries.items():
        found[name] = _run(query, me, {**scope, **found}, now)
        if query.word == "one" and found[name] is None and not query.optional:
            raise Missing(name)
    return found


def find(record: type[Record], id: str, me: Me, scope: Mapping[str, Any]) -> dict[str, Any] | None:
    """One record by its id, within what the person may hold."""
    found = (
        record.select()
        .where(record.id == id, record.gone == False, visible(record, record.channels(), me))  # noqa: E712
        .first()
    )
    return found and as_dict(found, scope)


def as_dict(record: Record, scope: Mapping[str, Any]) -> dict[str, Any]:
    """A record as templates see it: its fields, derived values and state."""
    made = dict(record.__data__)
    made["_kind"] = record.kind
    made["_state"] = {"code": "received", "at": record.server_time}
    return derived_of(type(record), made, scope)


def _run(query: Query, me: Me, scope: Mapping[str, Any], now: datetime) -> Any:
    if query.word == "search":
        words = str(resolve(query.text or "", scope) or "").lower().split()
        if not words:
            return []
        return [as_dict(one, scope) for one in _searched(query, me, scope, now, words)]
    selected = _select(query, me, scope, now)
    if query.word == "one":
        record = selected.first()
        return record and as_dict(record, scope)
    if query.word == "count":
        return _count(query, selected)
    if query.word == "latest":
        field = query.record._meta.fields[query.by]
        newest = selected.select(peewee.fn.MAX(query.record.seq)).group_by(field)
        chosen = query.record.select().where(_conditions(query, me, scope, now), query.record.seq.in_(newest))
        return {
            record.__data__[query.by]: as_dict(record, scope)
            for record in chosen.order_by(query.record.seq.desc(), query.record.id)
        }
    return [as_dict(one, scope) for one in _ordered(query, selected)]


def _count(query: Query, selected: Any) -> Any:
    if query.by is None:
        return selected.count()
    field = query.record._meta.fields[query.by]
    counted = (
        selected.select(field, peewee.fn.COUNT(query.record.id))
        .group_by(field)
        .order_by(_text(query.record, field))
    )
    return dict(counted.tuples())


def _conditions(query: Query, me: Me, scope: Mapping[str, Any], now: datetime) -> Any:
    record = query.record
    condition = (record.gone == False) & visible(record, record.channels(), me)  # noqa: E712
    if record.window_days:
        condition &= record.device_time >= instant(now - timedelta(days=record.window_days))
    for name, value in query.where.items():
        wanted = resolve(value, scope)
        field = record._meta.fields[name]
        condition &= field.in_(wanted) if isinstance(wanted, list) else field == wanted
    if query.range:
        field = record._meta.fields[query.range.field]
        condition &= OPS[query.range.op](_text(record, field), resolve(query.range.value, scope))
    return condition


def _select(query: Query, me: Me, scope: Mapping[str, Any], now: datetime) -> Any:
    return query.record.select().where(_conditions(query, me, scope, now))


def _text(record: type[Record], field: Any) -> Any:
    """Text is compared by code point on every database."""
    postgres = isinstance(record._meta.database, peewee.PostgresqlDatabase)
    return field.collate('"C"') if postgres and isinstance(field, peewee.TextField) else field


def _ordered(query: Query, selected: Any) -> Any:
    record = query.record
    if query.newest:
        order = [record.seq.desc(), record.id]
    elif query.order:
        order = []
        for name in query.order:
            field = _text(record, record._meta.fields[name.lstrip("-")])
            order.append(field.desc(nulls="LAST") if name.startswith("-") else field.asc(nulls="FIRST"))
        order.append(_text(record, record.id))
    else:
        order = [record.seq, record.id]
    selected = selected.order_by(*order)
    return selected.limit(query.limit) if query.limit else selected


def tokens(record: type[Record], row: Mapping[str, Any]) -> set[str]:
    """What a search may begin with: each search field's whole value and its pieces, lower-cased."""
    found: set[str] = set()
    for name in record.search:
        value = row.get(name)
        text = (" ".join(value) if isinstance(value, list) else str(value or "")).lower().strip()
        if text:
            found.add(text)
            found.update(text.replace("-", " ").split())
    return found


def _searched(
    query: Query, me: Me, scope: Mapping[str, Any], now: datetime, words: list[str]
) -> list[Record]:
    """Narrowed by the database on the first word, then held to the tokens, which both sides share."""
    record = query.record
    condition = _conditions(query, me, scope, now)
    for word in words:
        anywhere = None
        for name in record.search:
            field = record._meta.fields[name]
            if isinstance(field, ListOf):
                continue
            hit = peewee.fn.LOWER(field).contains(word)
            anywhere = hit if anywhere is None else anywhere | hit
        condition &= anywhere
    fits = []
    for one in _ordered(
        Query("many", record, order=query.order), record.select().where(condition)
    ).iterator():
        have = tokens(record, one.__data__)
        if all(any(token.startswith(word) for token in have) for word in words):
            fits.append(one)
            if query.limit and len(fits) >= query.limit:
                break
    return fits
