"""Writing the register: what a new and a newer register make of the database, and what phones get of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import peewee
import pytest

from fieldapp.db import open_database, upgrade
from fieldapp.declare.kinds import kinds
from fieldapp.declare.record import Record
from fieldapp.features import declare_all
from fieldapp.places import register_target, register_write
from fieldapp.places.record import Building, CarePerson, Community, Door, Grid, Household, StairUnit
from fieldapp.places.register import Refused, import_register
from fieldapp.places.register_models import RegisterValue
from fieldapp.places.register_write import Outcome
from sync.store import Feed
from sync.write import put
from tests.places.registers import CHINESE, HEPING, csv_file, row

NOW = datetime(2026, 11, 23, 2, 42, 5, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[peewee.Database]:
    declare_all()
    on_postgres = request.param == "postgres"
    url = (
        request.getfixturevalue("postgres").url() if on_postgres else f"sqlite:///{tmp_path / 'fieldapp.db'}"
    )
    opened = open_database(url)
    upgrade(opened)
    yield opened
    opened.close()


def imported(path: Path, *rows: Sequence[Any], headers: Sequence[str] = CHINESE, **options: Any) -> Outcome:
    options.setdefault("now", NOW)
    return import_register(csv_file(path / "r.csv", [headers, *rows]), HEPING, **options)


def home(address: str) -> Household:
    return Household.get(Household.address == address)


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    return tuple(outcome.counts[state] for state in ("added", "updated", "unchanged", "vanished"))  # type: ignore[return-value]


def changed_by_li(household: Household, **fields: Any) -> None:
    put(
        Household._meta.database,
        kinds(),
        household.community,
        [("household", {"id": household.id, **fields})],
        NOW,
    )


def contents() -> dict[str, list[dict[str, Any]]]:
    tables: list[type[peewee.Model]] = [
        Community,
        Grid,
        Building,
        StairUnit,
        Door,
        Household,
        CarePerson,
        Feed,
        RegisterValue,
    ]
    return {
        table.__name__: list(table.select().order_by(*table._meta.get_primary_keys()).dicts())
        for table in tables
    }


def test_a_new_register_makes_the_community_with_all_its_places(
    tmp_path: Path, database: peewee.Database
) -> None:
    outcome = imported(
        tmp_path,
        row("301"),
        row("302", care="独居"),
        row("底商2", floor="1", unit="1单元"),
        row("101", grid="四网格", building="6", floor=""),
    )
    assert counts(outcome) == (4, 0, 0, 0)
    assert outcome.new_places == {"grid": ["三网格", "四网格"], "building": ["5号楼", "6号楼"]}
    assert Community.get().name == HEPING
    assert [(one.name, one.number, one.door_count) for one in Grid.select().order_by(Grid.number)] == [
        ("三网格", 3, 3),
        ("四网格", 4, 1),
    ]
    assert [
        (one.name, one.floors, one.unit_count) for one in Building.select().order_by(Building.number)
    ] == [("5号楼", 3, 2), ("6号楼", 1, 1)]
    assert sorted(one.address for one in Door.select()) == ["5-1-底商2", "5-2-301", "5-2-302", "6-2-101"]
    found = home("5-2-302")
    assert (found.name, found.pinyin, found.initials, found.phone) == (
        "王建国",
        "wangjianguo jianguo",
        "wjg",
        "000-13880412",
    )
    assert (found.grid, found.door) == (
        Door.get(Door.address == "5-2-302").grid,
        Door.get(Door.address == "5-2-302").id,
    )
    care = CarePerson.get()
    assert (care.household, care.name, care.level, care.tags) == (found.id, "王建国", 1, ["living_alone"])


def test_doors_stand_on_their_floor_in_the_order_people_count(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(
        tmp_path,
        row("1002", floor="10"),
        row("1010", floor="10"),
        row("1001", floor="10"),
        row("3B", floor="3"),
        row("3A", floor="3"),
    )
    assert [(one.label, one.position) for one in Door.select().order_by(Door.floor, Door.position)] == [
        ("3A", 1), ("3B", 2), ("1001", 1), ("1002", 2), ("1010", 3),
    ]  # fmt: skip


def test_a_door_that_comes_later_takes_its_place_among_its_neighbours(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301"), row("303"))
    outcome = imported(tmp_path, row("301"), row("302"), row("303"))
    assert counts(outcome) == (1, 0, 2, 0)
    assert [(one.label, one.position) for one in Door.select().order_by(Door.position)] == [
        ("301", 1),
        ("302", 2),
        ("303", 3),
    ]


@pytest.mark.parametrize(
    ("care", "tenure", "interval", "soonest", "latest"),
    [
        ("独居", "自住", 7, 0, 0),
        ("空巢", "自住", 30, 0, 0),
        ("低保", "出租", 90, 0, 89),
        ("", "出租", 180, 0, 179),
        ("低保、重病", "自住", 7, 0, 0),
    ],
)
def test_a_household_never_met_is_due_within_its_interval(
    tmp_path: Path,
    database: peewee.Database,
    care: str,
    tenure: str,
    interval: int,
    soonest: int,
    latest: int,
) -> None:
    imported(tmp_path, row("301", care=care, tenure=tenure))
    found = home("5-2-301")
    assert found.visit_days == interval
    first = NOW.date()
    assert (
        (first + timedelta(days=soonest)).isoformat()
        <= found.due_on
        <= (first + timedelta(days=latest)).isoformat()
    )


def test_a_thousand_homes_without_care_are_not_all_due_on_the_first_day(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, *(row(f"{n}", floor="1") for n in range(1, 361)))
    days = [one.due_on for one in Household.select()]
    assert len(set(days)) > 120


def test_a_vacant_home_is_never_due(tmp_path: Path, database: peewee.Database) -> None:
    imported(tmp_path, row("301", tenure="空置"))
    assert (home("5-2-301").visit_days, home("5-2-301").due_on) == (None, None)


def test_a_home_that_is_lived_in_again_becomes_due(tmp_path: Path, database: peewee.Database) -> None:
    imported(tmp_path, row("301", tenure="空置"))
    imported(tmp_path, row("301", tenure="租住"))
    assert home("5-2-301").visit_days == 180
    assert home("5-2-301").due_on is not None
    imported(tmp_path, row("301", tenure="空置"))
    assert home("5-2-301").due_on is None


def test_a_bad_row_refuses_the_whole_file_and_nothing_is_changed(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301"))
    before = contents()
    with pytest.raises(Refused) as refused:
        imported(tmp_path, row("301", phone="000-99999999"), row("302"), row("303", tenure="?"))
    assert [(one.row, one.column) for one in refused.value.problems] == [(4, "居住情况")]
    assert contents() == before


def test_the_same_register_again_changes_nothing_and_sends_nothing(
    tmp_path: Path, database: peewee.Database
) -> None:
    rows = [row("301"), row("302", care="独居、低保"), row("401", tenure="空置")]
    imported(tmp_path, *rows)
    before = contents()
    assert counts(imported(tmp_path, *rows, now=NOW + timedelta(days=40))) == (0, 0, 3, 0)
    assert contents() == before


def test_a_newer_register_updates_adds_and_lists_what_vanished(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301"), row("302"), row("401"))
    outcome = imported(tmp_path, row("301", phone="000-99999999", people="4"), row("302"), row("402"))
    assert counts(outcome) == (1, 1, 1, 1)
    assert [(one.address, one.fields) for one in outcome.updated] == [
        ("5-2-301", {"phone": ("000-13880412", "000-99999999"), "people": (3, 4)})
    ]
    assert outcome.vanished == ["5-2-401"]
    assert home("5-2-301").phone == "000-99999999"
    assert home("5-2-401").gone is False
    assert Grid.get().door_count == 4


def test_a_whole_stair_unit_that_vanished_is_listed_and_kept(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301"), row("301", unit="1单元"))
    assert imported(tmp_path, row("301")).vanished == ["5-1-301"]
    assert Household.select().count() == 2


def test_lis_newer_phone_number_outlives_the_old_register(tmp_path: Path, database: peewee.Database) -> None:
    imported(tmp_path, row("301"))
    changed_by_li(home("5-2-301"), phone="000-77777777")
    outcome = imported(tmp_path, row("301", people="4"))
    assert home("5-2-301").phone == "000-77777777"
    assert home("5-2-301").people == 4
    assert [one.kept for one in outcome.kept] == [{"phone": ("000-13880412", "000-77777777")}]


def test_a_number_that_the_register_itself_changed_since_replaces_lis(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301"))
    changed_by_li(home("5-2-301"), phone="000-77777777")
    outcome = imported(tmp_path, row("301", phone="000-55555555"))
    assert home("5-2-301").phone == "000-55555555"
    assert outcome.updated[0].fields == {"phone": ("000-77777777", "000-55555555")}


def test_a_register_that_caught_up_with_li_counts_as_unchanged_and_is_remembered(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301"))
    changed_by_li(home("5-2-301"), phone="000-77777777")
    assert counts(imported(tmp_path, row("301", phone="000-77777777"))) == (0, 0, 1, 0)
    changed_by_li(home("5-2-301"), phone="000-66666666")
    imported(tmp_path, row("301", phone="000-77777777"))
    assert home("5-2-301").phone == "000-66666666"


def test_what_visits_made_of_a_household_is_left_alone(tmp_path: Path, database: peewee.Database) -> None:
    imported(tmp_path, row("301"))
    visited = {"last_outcome": "met", "met_on": "2026-11-20", "due_on": "2027-05-19", "no_answers": 0}
    changed_by_li(home("5-2-301"), **visited)
    imported(tmp_path, row("301", phone="000-55555555"))
    found = home("5-2-301")
    assert {name: getattr(found, name) for name in visited} == visited


def test_someone_newly_in_care_is_due_by_the_new_interval_since_the_last_meeting(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301"))
    changed_by_li(home("5-2-301"), met_on="2026-11-20", due_on="2027-05-19")
    outcome = imported(tmp_path, row("301", care="独居"))
    assert (home("5-2-301").visit_days, home("5-2-301").due_on) == (7, "2026-11-27")
    assert outcome.updated[0].fields == {"care": ([], ["living_alone"])}


def test_care_that_ended_is_taken_back_from_phones_and_can_begin_again(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301", care="独居"))
    imported(tmp_path, row("301"))
    assert CarePerson.get().gone is True
    assert home("5-2-301").visit_days == 180
    imported(tmp_path, row("301", care="低保"))
    assert (CarePerson.select().count(), CarePerson.get().gone, CarePerson.get().tags) == (
        1,
        False,
        ["low_income"],
    )


def test_a_register_without_phones_leaves_the_phones_alone(tmp_path: Path, database: peewee.Database) -> None:
    imported(tmp_path, row("301", care="独居"))
    headers = ["网格", "楼栋", "单元", "门牌号", "户主姓名", "居住情况"]
    outcome = imported(tmp_path, ["三网格", "5号楼", "2单元", "301", "王建军", "自住"], headers=headers)
    assert outcome.updated[0].fields == {"name": ("王建国", "王建军")}
    found = home("5-2-301")
    assert (found.phone, found.people, found.visit_days, found.pinyin) == (
        "000-13880412",
        3,
        7,
        "wangjianjun jianjun",
    )


def test_a_name_that_changed_changes_the_person_in_care_too(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301", care="独居"))
    imported(tmp_path, row("301", care="独居", name="王建军"))
    assert CarePerson.get().name == "王建军"


def test_a_building_of_another_grid_is_not_moved_by_an_import(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301"), row("302"))
    before = contents()
    with pytest.raises(Refused) as refused:
        imported(tmp_path, row("301", grid="四网格"), row("302", grid="四网格"))
    assert [one.row for one in refused.value.problems] == [2, 3]
    assert "三网格" in refused.value.problems[0].text()
    assert contents() == before


def test_sister_communities_may_have_the_same_building(tmp_path: Path, database: peewee.Database) -> None:
    imported(tmp_path, row("301"))
    import_register(
        csv_file(tmp_path / "x.csv", [CHINESE, row("301", community="幸福社区")]), "幸福社区", now=NOW
    )
    assert Household.select().where(Household.address == "5-2-301").count() == 2
    assert counts(imported(tmp_path, row("301"))) == (0, 0, 1, 0)


def test_a_preview_says_the_same_as_the_import_and_changes_nothing(
    tmp_path: Path, database: peewee.Database
) -> None:
    imported(tmp_path, row("301"), row("302"))
    before = contents()
    newer = [
        row("301", people="4"),
        row("401", unit="3单元"),
        row("101", grid="四网格", building="9号楼", floor=""),
    ]
    foreseen = imported(tmp_path, *newer, dry=True)
    assert contents() == before
    done = imported(tmp_path, *newer)
    assert (counts(foreseen), foreseen.vanished, foreseen.new_places) == (
        counts(done),
        done.vanished,
        done.new_places,
    )
    assert counts(done) == (2, 1, 0, 1)


def test_an_import_that_died_is_finished_by_running_it_again(
    tmp_path: Path, database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        row(f"{floor}0{n}", floor=f"{floor}", unit=f"{unit}单元", care="独居" if n == 1 else "")
        for unit in range(1, 9)
        for floor in range(1, 7)
        for n in (1, 2)
    ]
    monkeypatch.setattr(register_write, "DOORS", 24)
    written: list[int] = []

    def dies_in_the_middle(step: str, done: int, total: int) -> None:
        if step == "Writing":
            written.append(done)
            if len(written) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imported(tmp_path, *rows, progress=dies_in_the_middle)
    assert 0 < Household.select().count() < 96
    halfway = Household.select().count()
    outcome = imported(tmp_path, *rows)
    assert counts(outcome) == (96 - halfway, 0, halfway, 0)
    assert (Door.select().count(), Household.select().count(), CarePerson.select().count()) == (96, 96, 48)
    assert Grid.get().door_count == 96


def test_no_transaction_holds_more_than_a_thousand_records(
    tmp_path: Path, database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = register_write.put

    def counted(database: Any, declared: Any, community: str, records: Any, now: Any) -> Any:
        sizes.append(len(records))
        return real(database, declared, community, records, now)

    monkeypatch.setattr(register_write, "put", counted)
    monkeypatch.setattr(register_target, "put", counted)
    imported(
        tmp_path,
        *(row(f"{n}", floor="1", unit=f"{n // 40}单元", care="独居") for n in range(1, 1300)),
    )
    assert len(sizes) > 3
    assert max(sizes) <= 1_000


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_postgresql_knows_of_the_doors_before_the_last_is_written(
    tmp_path: Path, database: peewee.Database
) -> None:
    """It would plan for the empty tables that it has seen, and read all doors to find a staircase's."""
    known = database.execute_sql("SELECT reltuples FROM pg_class WHERE relname = 'door'")
    assert known.fetchone()[0] <= 0
    rows = (row(f"{n}", floor="1", unit=f"{n // 40}单元") for n in range(1, 800))
    imported(tmp_path, *rows)
    known = database.execute_sql("SELECT reltuples FROM pg_class WHERE relname = 'door'")
    assert known.fetchone()[0] > 300


def test_phones_get_new_households_through_the_feed(tmp_path: Path, database: peewee.Database) -> None:
    imported(tmp_path, row("301", care="独居"))
    kinds_by_channel = {(one.channel.split(":")[0], one.kind) for one in Feed.select()}
    assert kinds_by_channel == {
        ("community", "community"), ("community", "grid"), ("community", "building"), ("community", "stair_unit"),
        ("grid", "door"), ("grid", "household"), ("care", "care_person"), ("community", "letter_template"),
    }  # fmt: skip
    newest = max(one.seq for one in Feed.select())
    imported(tmp_path, row("301", care="独居", phone="000-55555555"))
    assert [one.kind for one in Feed.select().where(Feed.seq > newest)] == ["household"]


def test_ids_come_from_where_the_caller_says(tmp_path: Path, database: peewee.Database) -> None:
    ids = (f"019a0000-0000-7000-8000-{n:012d}" for n in range(100))
    imported(tmp_path, row("301"), new_id=lambda: next(ids))
    assert all(
        record.id.startswith("019a0000")
        for table in (Community, Door, Household)
        for record in table.select()
    )


def test_records_know_nothing_of_the_tables_beside_them() -> None:
    assert not issubclass(RegisterValue, Record)
