"""Harm: what can befall a server in the middle of an exchange, and a copy of its database to go back to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import peewee

from sync import store
from sync.kinds import Kind

PLACES = {"before the feed": "sync.batch.feed.write", "before the commit": "sync.push.devices.save"}
AFTER_COMMIT = "sync.exchange.Pull.run"


class Deadlock(Exception):
    """As PostgreSQL says it."""

    sqlstate = "40P01"


TEMPORARY = {
    "locked": peewee.OperationalError("database is locked"),
    "full": peewee.OperationalError("database or disk is full"),
    "deadlock": peewee.OperationalError(Deadlock()),
    "away": peewee.InterfaceError("connection already closed"),
}
ONCE = {"refused": peewee.IntegrityError("UNIQUE"), "unforeseen": KeyError("a bug of the server")}


@contextmanager
def failing(place: str, error: Exception, once: bool = False) -> Iterator[None]:
    """The server fails at this place: whenever it comes there, or the first time only."""
    module, _, name = place.rpartition(".")
    original = _find(place)
    came = 0

    def fail(*given: Any, **named: Any) -> Any:
        nonlocal came
        came += 1
        if once and came > 1:
            return original(*given, **named)
        raise error

    with patch(place, fail):
        yield


def _find(place: str) -> Any:
    import pkgutil

    return pkgutil.resolve_name(place)


def tables(kinds: Mapping[str, Kind]) -> list[type[peewee.Model]]:
    """All tables of the engine and of the kinds."""
    return [*store.models(), *(kind.model for kind in kinds.values())]


def copied(kinds: Mapping[str, Kind]) -> dict[type[peewee.Model], list[dict[str, Any]]]:
    """Everything that the database holds."""
    return {model: list(model.select().dicts()) for model in tables(kinds)}


def emptied(db: peewee.Database, kinds: Mapping[str, Kind]) -> None:
    """Delete everything."""
    with db.atomic():
        for model in tables(kinds):
            db.execute_sql(f'DELETE FROM "{model._meta.table_name}"')


def put_back(
    db: peewee.Database, kinds: Mapping[str, Kind], copy: dict[type[peewee.Model], list[dict[str, Any]]]
) -> None:
    """Restore the copy; its history is another one from now on.  # P20"""
    with db.atomic():
        emptied(db, kinds)
        for model, held in copy.items():
            if held:
                model.insert_many(held).execute()
    store.new_epoch(db)
