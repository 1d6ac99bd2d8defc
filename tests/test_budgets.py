"""Budgets: what a phone loads before its first screen, and until it is ready for a day without a signal; in bytes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from fieldapp import create_app
from fieldapp.phone import built
from tests.bench.sizes import STATIC, Sizes, sizes
from tests.cast import NOW, signed_in_database

FOUNDATION = 60_000
KINDS = 12_000  # what all the kinds at the door together may add


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sizes:
    monkeypatch.setenv("FIELDAPP_DATA", str(tmp_path))
    monkeypatch.setenv("FIELDAPP_NOW", NOW.isoformat())
    database, _ = signed_in_database(f"sqlite:///{tmp_path / 'fieldapp.db'}")
    page = create_app(database).test_client().get("/sign-in").get_data()
    database.close()
    return sizes(page)


def test_the_first_screen_is_painted_after_25_kilobytes(phone: Sizes) -> None:
    assert phone.first_paint <= 25_000, phone


def test_lis_phone_is_ready_for_a_day_without_a_signal_after_60_kilobytes_and_her_kinds(
    phone: Sizes,
) -> None:
    assert phone.offline_ready <= FOUNDATION + KINDS, phone


def test_what_comes_later_is_small_and_whole() -> None:
    """The other language: fetched in the background, and at once with an update."""
    data = (STATIC / "build" / "data.js").read_text(encoding="utf-8")
    path = STATIC / built()["files"]["en.json"]
    assert f"/static/{built()['files']['en.json']}" in data
    assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == path.read_bytes()
    lines, apart = json.loads(path.read_text(encoding="utf-8"))
    assert "Today" in lines.split("\n") and ["%(count)s floor", "%(count)s floors"] in apart.values()
