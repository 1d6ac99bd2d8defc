"""Fixtures of the killed processes: how many blows, and a PostgreSQL of their own that keeps what it committed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing_tool
from tests.postgres import Cluster, found_postgres

SEED = "doors"


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How many blows."""
    return int(request.config.getoption("--kills"))


@pytest.fixture
def minutes(request: pytest.FixtureRequest) -> float:
    """How long, or 0."""
    return float(request.config.getoption("--minutes"))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> str:
    """The seed of this run."""
    return str(request.config.getoption("--seed") or SEED)


@pytest.fixture
def durable_postgres() -> Iterator[Cluster]:
    """A cluster whose commits are on the disk when they are answered, as in a town."""
    if not found_postgres():
        missing_tool("PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="fieldapp-pg-"))
    folder.chmod(0o755)
    cluster = Cluster(folder / "cluster", durable=True)
    yield cluster
    cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)
