"""Budgets: what a phone loads before its first screen, and until it is ready for a day without a signal; in bytes."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from fieldapp import create_app
from fieldapp.packing import ENDINGS
from fieldapp.phone import built
from tests.bench.sizes import STATIC, Sizes, sizes
from tests.browser.test_tutorial import copy_of_checkout, python
from tests.cast import NOW, signed_in_database
from tests.server import ROOT

FOUNDATION = 60_000
KINDS = 12_000  # what all the kinds at the door together may add

# What every installation has; any other folder with screens is a kind of work at the door, which can be left out.
BELOW_THE_KINDS = {"places", "people", "today", "visits", "review", "reports", "rescue"}


def kinds_at_the_door() -> list[str]:
    """The folders of kinds that the phone's foundation does without."""
    found = {file.parent.name for file in (ROOT / "fieldapp").glob("*/screens.py")}
    return sorted(found - BELOW_THE_KINDS)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout from which the kinds at the door were taken away, built."""
    folder = copy_of_checkout(tmp_path_factory.mktemp("bare"))
    for kind in kinds_at_the_door():
        shutil.rmtree(folder / "fieldapp" / kind)
        shutil.rmtree(folder / "templates" / kind)
    python(folder, "-m", "fieldapp.build")
    return folder / "static" / "build"


@pytest.fixture(params=ENDINGS)
def packing(request: pytest.FixtureRequest) -> str:
    """What a phone over HTTPS gets, and what any other gets."""
    return str(request.param)


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: str) -> Sizes:
    monkeypatch.setenv("FIELDAPP_DATA", str(tmp_path))
    monkeypatch.setenv("FIELDAPP_NOW", NOW.isoformat())
    database, _ = signed_in_database(f"sqlite:///{tmp_path / 'fieldapp.db'}")
    page = create_app(database).test_client().get("/sign-in").get_data()
    database.close()
    return sizes(page, packing)


def test_the_first_screen_is_painted_after_25_kilobytes(phone: Sizes) -> None:
    assert phone.first_paint <= 25_000, phone


def test_lis_phone_is_ready_for_a_day_without_a_signal_after_60_kilobytes_and_her_kinds(phone: Sizes) -> None:
    assert phone.offline_ready <= FOUNDATION + KINDS, phone


@pytest.mark.slow
def test_without_the_kinds_at_the_door_60_kilobytes_are_enough(
    bare: Path, phone: Sizes, packing: str
) -> None:
    worker = (bare / f"sw.js{ENDINGS[packing]}").stat().st_size
    assert phone.first_paint + worker + phone.manifest <= FOUNDATION, (phone, worker)


def test_what_comes_later_is_small_and_whole() -> None:
    """The other language: fetched in the background, and at once with an update."""
    data = (STATIC / "build" / "data.js").read_text(encoding="utf-8")
    path = STATIC / built()["files"]["en.json"]
    assert f"/static/{built()['files']['en.json']}" in data
    assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == path.read_bytes()
    lines, apart = json.loads(path.read_text(encoding="utf-8"))
    assert "Today" in lines.split("\n") and ["%(count)s floor", "%(count)s floors"] in apart.values()


@pytest.mark.slow
def test_the_engine_is_the_same_byte_for_byte_without_the_kinds_at_the_door(bare: Path) -> None:
    assert "home_checks" in kinds_at_the_door()
    assert (bare / "engine.js").read_bytes() == (STATIC / "build" / "engine.js").read_bytes()
    assert b"home_checks" not in (bare / "data.js").read_bytes()
    assert b"home_checks" in (STATIC / "build" / "data.js").read_bytes()


@pytest.mark.slow
def test_the_kinds_at_the_door_add_at_most_12_kilobytes_to_what_a_phone_loads_first(
    bare: Path, phone: Sizes, packing: str
) -> None:
    without = (bare / f"sw.js{ENDINGS[packing]}").stat().st_size
    assert 1_000 < phone.worker - without <= KINDS, (phone.worker, without)
