"""The demo: exactly the town that the design counts, the same each time, and true to its own visits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import peewee
import pytest

from fieldapp.config import instant
from fieldapp.db import open_database, upgrade
from fieldapp.declare.expressions import effect_functions
from fieldapp.declare.kinds import kinds
from fieldapp.declare.registry import registry
from fieldapp.demo.build import build
from fieldapp.demo.sign_ins import PASSWORD, SIGN_INS, describe
from fieldapp.demo.town import MAIN, register
from fieldapp.features import declare_all
from fieldapp.packing import packed
from fieldapp.people.account import Account, sign_in
from fieldapp.people.me import describe as describe_me
from fieldapp.people.me import me_of
from fieldapp.places.record import Building, CarePerson, Community, Door, Grid, Household, StairUnit
from fieldapp.places.register import import_register
from fieldapp.places.register_check import holds_national_id
from fieldapp.review.queue import read
from fieldapp.rounds.record import LeafletEvent, RoundDoor
from fieldapp.visits.record import Visit
from sync.exchange import exchange
from sync.ids import uuid7
from sync.store import Feed, Operation
from tests.pages import rows_of
from tests.places.registers import csv_file
from tests.test_budgets import kinds_at_the_door

NOW = datetime(2026, 11, 23, 6, 42, 5, tzinfo=UTC)


def built(path: Path, now: datetime) -> peewee.Database:
    declare_all()
    database = open_database(f"sqlite:///{path}")
    upgrade(database)
    build(now, database=database)
    return database


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[peewee.Database]:
    database = built(tmp_path_factory.mktemp("demo") / "demo.db", NOW)
    yield database
    database.close()


@pytest.fixture
def here(demo: peewee.Database) -> Community:
    """The main community; another test may have bound the models elsewhere."""
    open_database(f"sqlite:///{demo.database}").close()
    return Community.get(Community.name == "和平社区")


def of(kind: Any, community: Community) -> Any:
    return kind.select().where(kind.community == community.id)


def test_the_community_has_exactly_its_buildings_units_and_doors(here: Community) -> None:
    assert (of(Building, here).count(), of(StairUnit, here).count(), of(Door, here).count()) == (
        24,
        112,
        1664,
    )
    assert of(Household, here).count() == 1664
    shapes = Counter((one.floors, one.unit_count) for one in of(Building, here))
    assert shapes == {(6, 5): 16, (11, 4): 8}


def test_the_four_grids_have_their_doors(here: Community) -> None:
    grids = {one.name: one for one in of(Grid, here)}
    doors = Counter(one.grid for one in of(Door, here))
    assert {name: (grid.door_count, doors[grid.id]) for name, grid in grids.items()} == {
        "一网格": (360, 360), "二网格": (360, 360), "三网格": (416, 416), "四网格": (528, 528),
    }  # fmt: skip


def test_homes_are_owned_rented_and_vacant_as_counted(here: Community) -> None:
    assert Counter(one.tenure for one in of(Household, here)) == {"owner": 1081, "rented": 417, "vacant": 166}


def test_eighty_four_homes_are_in_care_with_ninety_six_tags(here: Community) -> None:
    care = list(of(CarePerson, here))
    assert (len(care), len({one.household for one in care}), sum(len(one.tags) for one in care)) == (
        84,
        84,
        96,
    )


def test_two_small_sisters_stand_beside_it(here: Community) -> None:
    sisters = {one.name: of(Door, one).count() for one in Community.select() if one.id != here.id}
    assert len(sisters) == 2
    assert all(0 < doors < 100 for doors in sisters.values())
    assert {one.town for one in Community.select()} == {here.town}


def test_labels_that_are_no_numbers_are_there(here: Community) -> None:
    assert {"3A", "底商2", "301-B"} <= {one.label for one in of(Door, here)}


def test_phones_ring_nowhere_and_nobody_has_an_id_number(here: Community) -> None:
    phones = {one.phone for one in Household.select()} - {""}
    assert all(phone.startswith("000") for phone in phones)
    rows = [
        json.dumps(row, ensure_ascii=False)
        for kind in registry.records.values()
        for row in kind.select().dicts()
    ]
    assert not any(
        holds_national_id(piece)
        for row in rows
        for piece in row.replace('"', " ").split()
        if "-7" not in piece
    )


def test_about_six_visits_a_home_lead_through_the_year_up_to_now(here: Community) -> None:
    visits = list(of(Visit, here))
    lived_in = of(Household, here).where(Household.tenure != "vacant").count()
    assert 5 <= len(visits) / lived_in <= 8
    days = [one.device_time for one in visits]
    assert instant(NOW - timedelta(days=365)) < min(days) < instant(NOW - timedelta(days=355))
    assert instant(NOW - timedelta(hours=8)) < max(days) < instant(NOW)
    met = {one.household for one in visits if one.outcome == "met"}
    assert len(met) > lived_in * 0.9


def test_few_doors_open_at_the_first_knock_and_more_in_the_evening(here: Community) -> None:
    calm = {one.id for one in of(Household, here) if (one.visit_days or 0) >= 90}
    morning, evening = [], []
    for one in of(Visit, here):
        at = datetime.fromisoformat(one.device_time)
        if one.household in calm and at.weekday() < 5:
            (evening if at.hour >= 10 else morning).append(one.outcome == "met")
    assert 0.11 <= sum(morning) / len(morning) <= 0.30
    assert sum(evening) / len(evening) > sum(morning) / len(morning)


def test_newer_visits_have_newer_places_in_the_feed(here: Community) -> None:
    sent = Operation.select(Operation.record)  # what waits for the supervisor came in late
    order = [one.device_time for one in of(Visit, here).where(Visit.id.not_in(sent)).order_by(Visit.seq)]
    assert order == sorted(order)


def test_each_household_says_what_its_visits_made_of_it(here: Community) -> None:
    visits: dict[str, list[dict[str, Any]]] = {}
    for one in of(Visit, here).order_by(Visit.device_time, Visit.seq).dicts():
        visits.setdefault(one["household"], []).append(one)
    checked = 0
    for home in of(Household, here).dicts():
        mine = visits.get(home["id"], [])
        if mine:
            folded = {**home, "met_on": None, "no_answers": 0, "come_back": None}
            for visit in mine:
                for _, compute in effect_functions(Visit):
                    folded |= compute(visit, folded)
            met = any(visit["outcome"] == "met" for visit in mine)
            # What a household asks for was asked after its last visit.
            names = {name for one in Visit.effects for name in one.fields} - (
                {"request", "request_on"} | (set() if met else {"due_on"})
            )
            assert {name: folded[name] for name in names} == {name: home[name] for name in names}
            checked += 1
    assert checked > 1400


def test_some_homes_are_overdue_but_most_are_not(here: Community) -> None:
    due = of(Household, here).where(Household.due_on <= "2026-11-23").count()
    assert 20 < due < 400


def test_everyone_who_is_told_of_can_sign_in(here: Community) -> None:
    assert Account.select().count() == len(SIGN_INS)
    li = sign_in("li", PASSWORD)
    assert li is not None
    assert [Grid.get_by_id(one).door_count for one in li.grid_ids()] == [416]
    roles = {one.role for one in Account.select().where(Account.community == here.id)}
    assert roles == {"grid_worker", "volunteer", "supervisor"}
    assert PASSWORD in describe()
    assert all(one.username in describe() for one in SIGN_INS)


def test_lin_the_supervisor_has_something_of_each_sort_to_settle(
    here: Community, demo: peewee.Database
) -> None:
    lin = me_of(Account.get(Account.username == "lin"))
    queue = read(lin, NOW)
    assert {row.reason for row in queue.open} == {"conflict", "area", "hazard", "clock"}
    assert [row.decision.comment for row in queue.returned if row.decision] == ["是什么隐患？请补一句。"]


def test_every_visit_is_by_the_worker_of_its_grid(here: Community) -> None:
    workers = {grid: one.id for one in Account.select() for grid in one.grid_ids()}
    assert all(one.author == workers[one.grid] for one in of(Visit, here))


def test_the_clerks_register_changes_nothing_when_it_comes_again(
    here: Community, demo: peewee.Database, tmp_path: Path
) -> None:
    newest = Feed.select(peewee.fn.MAX(Feed.seq)).where(Feed.channel.startswith("grid:")).scalar()
    outcome = import_register(csv_file(tmp_path / "r.csv", register(MAIN)), "和平社区", now=NOW)
    assert outcome.counts == {"added": 0, "updated": 0, "unchanged": 1664, "vanished": 0}
    assert Feed.select(peewee.fn.MAX(Feed.seq)).where(Feed.channel.startswith("grid:")).scalar() == newest


def test_the_same_moment_gives_the_same_rows_though_the_clock_ticks(
    demo: peewee.Database, tmp_path: Path
) -> None:
    again = built(tmp_path / "again.db", NOW + timedelta(seconds=7))
    for kind in registry.records.values():
        query = f'SELECT * FROM "{kind._meta.table_name}" ORDER BY id'
        assert list(again.execute_sql(query)) == list(demo.execute_sql(query)), kind.kind
    again.close()


def at_the_door(kind: str) -> bool:
    """Whether a kind is one of those that can be left out."""
    return registry.records[kind].__module__.split(".")[1] in kinds_at_the_door()


def test_lis_first_pull_takes_45_kilobytes_and_an_older_visit_60_bytes(demo: peewee.Database) -> None:
    account = Account.get(Account.username == "li")
    me = me_of(account)
    asked: dict[str, Any] = {
        "protocol": 1, "app": "", "user": me.id, "device": str(uuid7()), "clock": "2026-11-23T06:42:05.000Z", "epoch": None,
        "ops": [], "report": {}, "cursors": {}, "tail": False,
    }  # fmt: skip
    sizes: dict[bool, list[int]] = {False: [], True: []}
    plain: list[int] = []  # doors, households and visits alone, for a browser that takes no brotli
    older = 0
    while not asked["tail"] or any(cursor["tail"] for cursor in asked["cursors"].values()):
        body = exchange(demo, kinds(), me, asked, NOW, me_view=describe_me(account, me))
        answer = json.loads(body)
        sizes[asked["tail"]].append(len(packed(body, "br")))
        if not asked["tail"]:
            pages = [page for page in answer["pages"] if not at_the_door(page["kind"])]
            plain.append(
                len(packed(json.dumps({**answer, "pages": pages}, ensure_ascii=False).encode(), "gzip"))
            )
        older += asked["tail"] and sum(len(rows_of(page)) for page in answer["pages"])
        asked |= {"cursors": answer["cursors"], "epoch": answer["epoch"], "tail": not answer["more"]}
    assert sum(sizes[False]) <= 45_000 and sum(plain) <= 45_000, (sizes, plain)
    assert older > 1_500 and sum(sizes[True]) / older <= 60, (sizes, older)


def test_half_a_building_has_its_leaflet_and_its_doors_say_what_the_knocks_made_of_them(
    here: Community,
) -> None:
    doors = {one.id: one for one in of(RoundDoor, here)}
    events = list(of(LeafletEvent, here))
    assert len(doors) // 2 == len(events) > 20
    assert {one.round_door: one.outcome for one in events} == {
        one.id: one.outcome for one in doors.values() if one.marks
    }
    zhou = Account.get(Account.username == "zhou")
    assert {one.author for one in events} == {zhou.id}
    assert f"round:{next(iter(doors.values())).round}" in me_of(zhou).channels
    assert [one.request_on for one in of(Household, here).where(Household.request.is_null(False))] == [
        "2026-11-22"
    ]
