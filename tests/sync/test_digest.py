"""Digest: phone and server notice when they do not hold the same; tombstones, old cursors, and a fresh baseline."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from sync import digest, feed
from sync.store import Device, Feed
from sync.store import Digest as Kept
from sync.write import put
from tests.sync.world import World

VECTORS = json.loads((Path(__file__).parent.parent / "phone" / "digest_vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['id']} {vector['version']}")
def test_a_records_mark_is_the_same_on_both_sides(vector: dict[str, object]) -> None:  # P16
    assert digest.mark(str(vector["id"]), int(str(vector["version"]))) == vector["mark"]


def test_the_digest_kept_as_records_change_is_the_one_counted_from_the_feed(world: World) -> None:  # P16
    li, wang = world.phone(world.li), world.phone(world.wang)
    li.knock("three-1", "no_answer")
    op = li.edit("three-2", {"people": 2}, people=3)
    li.sync()
    wang.save("delete", "home", world["three-3"], {}, base_version=1)
    li.undo(op)
    wang.sync()
    li.sync()
    moved = [("door", {"id": world["door three-4"], "grid": "four"})]
    put(world.database, world.kinds, "heping", moved, world.now)
    kept = digest.read(world.database, ["grid:three", "grid:four"])
    assert [count for count, _ in kept.values()] == [10, 5]
    digest.rebuild(world.database, world.kinds)
    assert digest.read(world.database, kept) == kept
    li.sync()  # compares what it holds
    wang.sync()


def test_a_failed_batch_counts_nothing(world: World) -> None:  # P12 P16
    before = digest.read(world.database, ["grid:three"])
    li = world.phone(world.li)
    li.edit("three-1", {"people": 2}, people=3)
    li.knock("three-2", "explode")
    for _ in range(5):
        try:
            li.sync()
        except Exception:
            continue
    assert digest.read(world.database, ["grid:three"])["grid:three"][0] == before["grid:three"][0]
    kept = digest.read(world.database, ["grid:three"])
    digest.rebuild(world.database, world.kinds)
    assert digest.read(world.database, ["grid:three"]) == kept


def test_only_the_last_page_ends_with_a_digest_and_it_is_of_the_same_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P16
    monkeypatch.setattr("sync.pull.PAGE_ROWS", 3)
    li = world.phone(world.li)
    first = li.ask(li.request())
    assert first["more"]
    assert first["digests"] is None
    assert li.sync()["digests"].keys() == {"user:li", "grid:three"}


def test_a_phone_that_reports_a_wrong_digest_raises_an_alarm(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:  # P16
    li = world.phone(world.li)
    li.sync()
    request = li.request()
    request["report"]["alarms"] = ["grid:three"]
    with caplog.at_level(logging.ERROR):
        li.ask(request)
    assert "grid:three" in caplog.text
    assert Device.get_by_id(li.device).report["alarms"] == ["grid:three"]


def test_a_deletion_reaches_a_phone_that_was_away_for_eighty_nine_days(world: World) -> None:  # P16
    li = world.phone(world.li)
    li.sync()
    world.pass_time(days=1)
    wang = world.phone(world.wang)
    wang.save("delete", "home", world["three-3"], {}, base_version=1)
    wang.sync()
    world.pass_time(days=89)
    assert feed.prune(world.database, world.now) == 0
    answer = li.sync()
    assert [page["gone"] for page in answer["pages"]] == [[world["three-3"]]]
    assert answer["anew"] == []


def test_a_cursor_older_than_the_pruned_tombstones_gets_a_fresh_baseline(world: World) -> None:  # P16
    li, zhao = world.phone(world.li), world.phone(world.zhao)
    li.sync()
    zhao.sync()
    op = li.knock("three-1")  # waits through the whole absence
    wang = world.phone(world.wang)
    wang.save("delete", "home", world["three-3"], {}, base_version=1)
    wang.sync()
    world.pass_time(days=91)
    wang.sync()
    assert feed.prune(world.database, world.now) == 1
    assert not Feed.select().where(Feed.gone).exists()
    assert feed.prune(world.database, world.now) == 0
    assert ("home", world["three-3"]) in li.records
    answer = li.ask(li.request())
    assert answer["anew"] == ["grid:three", "user:li"]
    li.sync()
    assert ("home", world["three-3"]) not in li.records
    assert li.result(op)["status"] == "applied", "a baseline does not touch what waits"
    assert zhao.sync()["anew"] == [], "another community lost nothing"
    assert wang.sync()["anew"] == [], "who was here meanwhile has heard of it"
    assert li.sync()["anew"] == []


def test_what_left_a_grid_is_known_to_have_been_there_however_long_ago(world: World) -> None:  # P15 P16
    li = world.phone(world.li)
    li.sync()
    moved = [("door", {"id": world["door three-1"], "grid": "four"})]
    put(world.database, world.kinds, "heping", moved, world.now)
    op = li.edit("three-1", {"people": 2}, people=3)
    world.pass_time(days=120)
    feed.prune(world.database, world.now)
    li.sync()
    assert li.result(op)["reason"] == "left_scope"


def test_the_age_of_a_tombstone_counts_from_the_deletion(world: World) -> None:  # P16
    zhang = world.phone(world.zhang)
    world.pass_time(days=200)
    zhang.save("delete", "home", world["three-3"], {}, base_version=1)
    zhang.sync()
    assert feed.prune(world.database, world.now + timedelta(days=1)) == 0
    assert Kept.select().where(Kept.count < 0).count() == 0
