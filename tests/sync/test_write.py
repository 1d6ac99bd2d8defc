"""Write: what the server itself brings reaches phones like everything else, in bounded transactions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import peewee
import pytest

from sync import digest, rows
from sync.ids import uuid7
from sync.reshape import reshape
from sync.scope import visible
from sync.store import Counter, Feed, Text, epoch
from sync.write import Unwritable, put
from tests.sync.world import Door, Home, World


def test_the_register_is_written_with_parents_in_any_order(world: World) -> None:
    door = str(uuid7())
    ids = put(
        world.database,
        world.kinds,
        "heping",
        [("home", {"door": door, "phone": "7"}), ("door", {"id": door, "grid": "three", "label": "x"})],
        world.now,
    )
    home = Home.get_by_id(ids[0])
    assert ids[1] == door
    assert (home.grid, home.phone, home.people, home.version, home.community) == (
        "three",
        "7",
        0,
        1,
        "heping",
    )
    assert home.device_time == home.server_time == "2026-11-23T02:42:05Z"
    li = world.phone(world.li)
    li.sync()
    assert {ids[0]} < li.held("home")


def test_what_is_written_again_unchanged_moves_nothing(world: World) -> None:  # P14
    before = Counter.get_by_id("heping").seq
    put(world.database, world.kinds, "heping", [("home", {"id": world["three-1"], "people": 2})], world.now)
    assert Counter.get_by_id("heping").seq == before
    put(world.database, world.kinds, "heping", [("home", {"id": world["three-1"], "people": 3})], world.now)
    home = world.home("three-1")
    assert (home["version"], home["seq"], home["plan"]) == (2, before + 1, "2026-12-01")


@pytest.mark.parametrize(
    "record",
    [
        ("home", {"door": "nowhere"}),
        ("home", {"people": "2"}),
        ("home", {"colour": "red"}),
        ("letter", {}),
        ("door", {"label": None, "grid": "three"}),
    ],
)
def test_a_record_that_cannot_be_written_undoes_its_transaction(
    world: World, record: tuple[str, dict[str, object]]
) -> None:
    before = Door.select().count()
    kind, fields = record
    if kind == "home" and "door" not in fields:
        fields = {**fields, "door": world["door three-1"]}
    with pytest.raises(Unwritable):
        put(
            world.database,
            world.kinds,
            "heping",
            [("door", {"grid": "three", "label": "x"}), (kind, fields)],
            world.now,
        )
    assert Door.select().count() == before


def test_xinfu_cannot_change_what_belongs_to_heping(world: World) -> None:  # P21
    with pytest.raises(Unwritable, match="another community"):
        put(
            world.database, world.kinds, "xinfu", [("home", {"id": world["three-1"], "people": 9})], world.now
        )


def test_thousands_of_records_are_several_transactions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[object] = []
    begin = type(world.database).begin
    monkeypatch.setattr(
        type(world.database), "begin", lambda self, *how: (began.append(how), begin(self, *how))[1]
    )
    put(
        world.database,
        world.kinds,
        "heping",
        [("door", {"grid": "three", "label": str(n)}) for n in range(2500)],
        world.now,
    )
    assert len(began) == 3
    assert Door.select().where(Door.grid == "three").count() == 2504
    assert Feed.select().where(Feed.channel == "grid:three", Feed.kind == "door").count() == 2504


def test_inside_a_transaction_of_the_caller_it_is_all_or_nothing(world: World) -> None:
    with pytest.raises(RuntimeError), world.database.atomic():
        put(world.database, world.kinds, "heping", [("door", {"grid": "three", "label": "x"})], world.now)
        raise RuntimeError
    assert Door.select().where(Door.label == "x").count() == 0


def test_everyone_sees_the_rows_of_their_channels_and_no_others(world: World) -> None:  # P21
    def seen(me: object) -> int:
        return Home.select().where(visible(Home, world.kinds["home"].channels, me)).count()  # type: ignore[arg-type]

    assert [seen(me) for me in (world.li, world.wang, world.zhang, world.zhao, world.chen)] == [4, 8, 8, 4, 0]


def test_text_is_ordered_by_code_point(world: World) -> None:
    assert isinstance(Door.label, Text)
    put(
        world.database,
        world.kinds,
        "heping",
        [("door", {"grid": "five", "label": label}) for label in ("a", "B", "底", "ä", "_")],
        world.now,
    )
    labels = [door.label for door in Door.select().where(Door.grid == "five").order_by(Door.label)]
    assert labels == sorted(labels) == ["B", "_", "a", "ä", "底"]


def test_the_epoch_stays_until_it_is_changed(database: peewee.Database) -> None:  # P20
    assert epoch(database) == epoch(database)
    assert len(epoch(database)) == 36


def test_a_declaration_that_gains_a_field_makes_its_rows_travel_again(world: World) -> None:  # P14
    li = world.phone(world.li)
    assert reshape(world.database, world.kinds, world.now) == []
    li.sync()
    assert li.sync()["pages"] == []
    before = world.home("three-1")
    declared = world.kinds["home"]
    world.kinds["home"] = replace(declared, fields=(*declared.fields, "grid"), inherits=())
    assert reshape(world.database, world.kinds, world.now) == ["home"]
    answer = li.sync()
    assert [page["kind"] for page in answer["pages"]] == ["home"]
    assert li.records["home", world["three-1"]]["grid"] == "three"
    after = world.home("three-1")
    assert after["seq"] > before["seq"]
    assert {**after, "seq": 0} == {**before, "seq": 0}


def test_rows_that_were_written_before_any_shape_was_noted_are_told_by_their_width(
    world: World,
) -> None:  # P14
    declared = world.kinds["home"]
    world.kinds["home"] = replace(declared, fields=(*declared.fields, "grid"), inherits=())
    assert reshape(world.database, world.kinds, world.now) == ["home"]
    li = world.phone(world.li)
    li.sync()
    assert li.records["home", world["three-1"]]["grid"] == "three"


def test_what_is_counted_is_counted_anew_when_the_declarations_change(world: World) -> None:  # P16
    reshape(world.database, world.kinds, world.now)
    before = digest.read(world.database, ["grid:three"])
    world.kinds["door"] = replace(world.kinds["door"], window_days=30)
    reshape(world.database, world.kinds, world.now)
    assert digest.read(world.database, ["grid:three"])["grid:three"][0] == 4, "the homes alone"
    world.kinds["door"] = replace(world.kinds["door"], window_days=None)
    reshape(world.database, world.kinds, world.now)
    assert digest.read(world.database, ["grid:three"]) == before


def test_the_few_homes_that_change_are_found_among_thousands_by_their_ids(world: World) -> None:
    db, one = world.database, world["three-1"]
    fields = [field.column_name for field in Home._meta.sorted_fields]
    others = ", ".join("'h' || \"number\"" if name == "id" else f'"{name}"' for name in fields)
    numbers = 'WITH RECURSIVE "n"("number") AS (SELECT 1 UNION ALL SELECT "number" + 1 FROM "n" WHERE "number" < 5000)'
    db.execute_sql(
        f'INSERT INTO "home" ({", ".join(fields)}) {numbers} SELECT {others} FROM "home", "n" WHERE "id" = {db.param}', (one,)
    )  # fmt: skip
    db.execute_sql("ANALYZE")
    asked: list[tuple[str, Any]] = []
    execute = db.execute_sql
    with patch.object(db, "execute_sql", lambda *given: asked.append(given) or execute(*given)):
        rows.update(db, Home, [{"id": one, "phone": "138"}], ["phone"])
    assert world.home("three-1")["phone"] == "138"
    ((update, parameters),) = asked
    explain = "EXPLAIN QUERY PLAN" if isinstance(db, peewee.SqliteDatabase) else "EXPLAIN"
    plan = "\n".join(str(line[-1]) for line in db.execute_sql(f"{explain} {update}", parameters).fetchall())
    whole = ("SCAN home", "Seq Scan on home")
    assert not any(words in plan for words in whole), plan
