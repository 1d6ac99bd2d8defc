"""A small world for the engine alone: three kinds, two grids, a handful of people, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import peewee
import pytest
from hypothesis import HealthCheck, settings

from sync import store
from tests.postgres import Cluster
from tests.sync.world import World, kinds, open_database

settings.register_profile(
    "long", deadline=None, max_examples=150, stateful_step_count=50, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each make."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'engine.db'}"
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.url()


@pytest.fixture
def database(database_url: str) -> Iterator[peewee.Database]:
    """The database with its tables."""
    opened = open_database(database_url)
    store.create(opened, kinds())
    yield opened
    opened.close()


@pytest.fixture
def world(database: peewee.Database) -> World:
    """A community with two grids, four doors each, and the people who work there."""
    return World(database).build()
