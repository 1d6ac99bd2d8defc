"""Housekeeping: what serve and backup put in order, on the real declarations."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import peewee

from fieldapp.declare.kinds import kinds
from fieldapp.housekeeping import make_ready, tidy
from sync import digest
from sync.store import Digest, Feed
from sync.write import put
from tests.cast import NOW, signed_in_database


def test_a_database_from_before_the_digests_is_counted_when_the_server_starts(tmp_path: Path) -> None:  # P16
    database, town = signed_in_database(f"sqlite:///{tmp_path / 'fieldapp.db'}")
    grid = f"grid:{town['三网格']}"
    kept = digest.read(database, [grid])
    assert kept[grid][0] == 50, "24 doors and their households, a hazard and its recheck"
    Digest.delete().execute()
    before = Feed.select(peewee.fn.MAX(Feed.seq)).scalar()
    make_ready(database, NOW)
    assert digest.read(database, [grid]) == kept
    make_ready(database, NOW)
    assert Feed.select(peewee.fn.MAX(Feed.seq)).scalar() == before, "nothing travels again for it"
    database.close()


def test_tombstones_go_after_ninety_days_and_a_busy_database_is_left_alone(tmp_path: Path) -> None:  # P13 P16
    database, town = signed_in_database(f"sqlite:///{tmp_path / 'fieldapp.db'}")
    gone = [("household", {"id": town.households["3-1-601"], "gone": True})]
    put(database, kinds(), town["heping"], gone, NOW)
    assert tidy(database, NOW + timedelta(days=89)) == 0
    other = type(database)(database.database)
    database.execute_sql("PRAGMA busy_timeout = 50")
    with other.connection_context(), other.atomic("IMMEDIATE"):
        assert tidy(database, NOW + timedelta(days=91)) == 0
    assert tidy(database, NOW + timedelta(days=91)) == 1
    database.close()
