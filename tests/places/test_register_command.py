"""The command `import-register`: what the clerk's terminal shows, and what other programs can rely on."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import peewee
import pytest

from fieldapp.db import open_database, upgrade
from fieldapp.declare.kinds import kinds
from fieldapp.features import declare_all
from fieldapp.places import register_write
from fieldapp.places.record import Community, Household
from fieldapp.places.register import import_register, run_import
from fieldapp.places.register_bar import Bar
from sync.write import put
from tests.places.registers import CHINESE, HEPING, csv_file, row

NOW = datetime(2026, 11, 23, 2, 42, 5, tzinfo=UTC)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def database(tmp_path: Path) -> Iterator[peewee.Database]:
    declare_all()
    opened = open_database(f"sqlite:///{tmp_path / 'fieldapp.db'}")
    upgrade(opened)
    yield opened
    opened.close()


def test_a_good_register_ends_with_what_was_done(
    tmp_path: Path, database: peewee.Database, capsys: pytest.CaptureFixture[str]
) -> None:
    path = csv_file(tmp_path / "r.csv", [[*CHINESE, "车牌号"], [*row("301"), "x"], [*row("302"), ""]])
    assert run_import(path, HEPING, "安宁街道") == 0
    shown = capsys.readouterr()
    assert "2 rows: 2 added, 0 updated, 0 unchanged; 0 no longer in the register" in shown.out
    assert "Columns not used: 车牌号" in shown.out
    assert "Writing 100 %" in shown.err
    assert Community.get().town == "安宁街道"


def test_a_newer_register_says_which_homes_changed_and_which_vanished(
    tmp_path: Path, database: peewee.Database, capsys: pytest.CaptureFixture[str]
) -> None:
    run_import(csv_file(tmp_path / "r.csv", [CHINESE, row("301"), row("302")]), HEPING)
    run_import(csv_file(tmp_path / "r.csv", [CHINESE, row("301", people="4")]), HEPING)
    shown = capsys.readouterr().out
    assert "5-2-301: people 3 → 4" in shown
    assert "No longer in the register: 5-2-302" in shown


def test_a_bad_register_ends_with_every_bad_row_and_status_one(
    tmp_path: Path, database: peewee.Database, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [CHINESE, row("301"), row("302", tenure="借住"), row("303", people="很多")]
    assert run_import(csv_file(tmp_path / "r.csv", rows), HEPING) == 1
    shown = capsys.readouterr()
    assert 'row 3, 居住情况 "借住": Not one of owner' in shown.err
    assert 'row 4, 人口数 "很多": Not a whole number' in shown.err
    assert "2 of 3 rows are bad; nothing was changed." in shown.err
    assert Community.select().count() == 0


def test_a_register_without_its_columns_says_so_in_words(
    tmp_path: Path, database: peewee.Database, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = [one for one in CHINESE if one not in ("门牌号", "居住情况")]
    assert run_import(csv_file(tmp_path / "r.csv", [headers, row()]), HEPING) == 1
    assert "lacks these columns: door label, tenure" in capsys.readouterr().err


def test_a_header_without_rows_is_no_register(
    tmp_path: Path, database: peewee.Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_import(csv_file(tmp_path / "r.csv", [CHINESE]), HEPING) == 1
    assert "no row below the header" in capsys.readouterr().err


def test_the_bar_grows_on_a_terminal() -> None:
    terminal = Terminal()
    bar = Bar(terminal)
    bar("Checking", 500, 0)
    bar("Writing", 0, 1664)
    bar("Writing", 1664, 1664)
    bar.end()
    last = terminal.getvalue().split("\r")[-1]
    assert "[" + "█" * 30 + "] 1,664 of 1,664" in last
    assert last.endswith("\n")


def test_li_syncs_while_the_register_is_being_written(
    tmp_path: Path, database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_write, "DOORS", 12)
    older = [
        row(f"{n}0{door}", floor=str(n), unit=f"{unit}单元")
        for unit in (1, 2, 3, 4)
        for n in (1, 2, 3)
        for door in (1, 2)
    ]
    import_register(csv_file(tmp_path / "r.csv", [CHINESE, *older]), HEPING, now=NOW)
    last = Household.get(Household.address == "5-4-302")
    synced: list[bool] = []

    def li_syncs(step: str, done: int, total: int) -> None:
        if step == "Writing" and not synced:
            phone = threading.Thread(target=li_writes)
            phone.start()
            phone.join(4)
            synced.append(not phone.is_alive())

    def li_writes() -> None:
        with database.connection_context():
            fields = {"id": last.id, "phone": "000-77777777"}
            put(database, kinds(), last.community, [("household", fields)], NOW)

    newer = [[*cells[:9], "5", *cells[10:]] for cells in older]
    outcome = import_register(csv_file(tmp_path / "n.csv", [CHINESE, *newer]), HEPING, li_syncs, now=NOW)
    assert synced == [True]
    assert outcome.counts["updated"] == 24
    after = Household.get_by_id(last.id)
    assert (after.phone, after.people) == ("000-77777777", 5)
