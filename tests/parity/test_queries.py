"""Query words mean the same on SQLite, on PostgreSQL and on the phone's store: one table, three sides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import peewee
import pytest

from fieldapp.db import open_database, upgrade
from fieldapp.declare.export import keys
from fieldapp.declare.find import Missing, run_queries
from fieldapp.declare.query import Query
from fieldapp.declare.registry import registry
from fieldapp.features import declare_all
from fieldapp.phone import static_folder
from sync.scope import Me
from tests.parity.phone_process import PhoneProcess
from tests.parity.query_vectors import ME, NOW, RECORDS, SCOPE, VECTORS

MOMENT = datetime.fromisoformat(NOW.replace("Z", "+00:00")).astimezone(UTC)


def ids(found: Any) -> Any:
    """A result reduced to ids and numbers."""
    if isinstance(found, list):
        return [one["id"] for one in found]
    if isinstance(found, dict):
        return found["id"] if "id" in found else {key: ids(value) for key, value in found.items()}
    return found


def filled(row: dict[str, Any]) -> dict[str, Any]:
    """A record with every column."""
    record = registry.records[row["_kind"]]
    made = {
        name: field.default() if callable(field.default) else field.default
        for name, field in record._meta.fields.items()
    }
    made |= {
        "community": "c1",
        "author": "",
        "device_time": NOW,
        "server_time": NOW,
        "version": 1,
        "gone": False,
    }
    return {**made, **{name: value for name, value in row.items() if name != "_kind"}}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[peewee.Database]:
    """A database with the records of the table."""
    declare_all()
    if request.param == "sqlite":
        url = f"sqlite:///{Path(tmp_path_factory.mktemp('vectors')) / 'vectors.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    database = open_database(url)
    upgrade(database)
    for row in RECORDS:
        registry.records[row["_kind"]].insert(**filled(row)).execute()
    yield database
    database.close()


@pytest.mark.parametrize(("rule", "query", "expected"), VECTORS, ids=[rule for rule, _, _ in VECTORS])
def test_the_server_finds_what_the_table_says(
    stored: peewee.Database, rule: str, query: Query, expected: Any
) -> None:
    me = Me(
        id=ME["id"],
        community="c1",
        role="grid_worker",
        channels=frozenset(ME["channels"]),
        grids=tuple(ME["grids"]),
    )
    try:
        found = run_queries({"asked": query}, me, SCOPE, MOMENT)["asked"]
    except Missing:
        found = None
    assert ids(found) == expected


@pytest.fixture(scope="module")
def phone() -> Iterator[PhoneProcess]:
    """A phone that holds what its channels bring: the foreign grid's records never reach it."""
    declare_all()
    process = PhoneProcess(static_folder() / "build" / "data.js")
    process.tell("open", user=ME["id"], me={**ME, "role": "grid_worker"}, now=int(MOMENT.timestamp() * 1000))
    held = [{**filled(row), "_kind": row["_kind"]} for row in RECORDS if row["grid"] in ME["grids"]]
    process.tell("records", rows=held)
    yield process
    process.close()


@pytest.mark.parametrize(("rule", "query", "expected"), VECTORS, ids=[rule for rule, _, _ in VECTORS])
def test_the_phone_finds_what_the_table_says(
    phone: PhoneProcess, rule: str, query: Query, expected: Any
) -> None:
    found = phone.tell("query", queries=[query.export("asked")], scope=SCOPE)["results"][0]
    assert found == expected


def test_every_screen_reads_by_a_declared_key() -> None:
    for screen in registry.screens.values():
        for query in screen.queries.values():
            key = query.key()
            assert key is None or query.word == "search" or key in keys(query.record), f"{screen.name}: {key}"
