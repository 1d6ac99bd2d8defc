"""The centre on SQLite and on PostgreSQL, at the cast's moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import NOW
from tests.postgres import Cluster
from tests.rescue.test_rescue import Centre


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def centre(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Centre]:
    monkeypatch.setenv("FIELDAPP_DATA", str(tmp_path))
    monkeypatch.setenv("FIELDAPP_NOW", NOW.isoformat())
    monkeypatch.setenv("FIELDAPP_RATE_LIMITS", "off")
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'fieldapp.db'}"
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.url()
    made = Centre(tmp_path, url)
    yield made
    for phone in made.phones:
        phone.close()
    made.database.close()
