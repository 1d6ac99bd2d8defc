"""The desk on SQLite and on PostgreSQL, at the cast's moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldapp import create_app
from tests.cast import NOW, signed_in_database
from tests.postgres import Cluster
from tests.review.desk import Desk


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The application with the town in it."""
    monkeypatch.setenv("FIELDAPP_DATA", str(tmp_path))
    monkeypatch.setenv("FIELDAPP_NOW", NOW.isoformat())
    monkeypatch.setenv("FIELDAPP_RATE_LIMITS", "off")
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'fieldapp.db'}"
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.url()
    database, town = signed_in_database(url)
    yield Desk(create_app(database), town, database)
    database.close()
