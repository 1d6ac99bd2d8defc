"""Housekeeping: what must be in order before phones are answered, and what is thrown away once nobody needs it."""

from __future__ import annotations

from datetime import datetime

import peewee

from fieldapp.declare.beginning import begin
from fieldapp.declare.kinds import kinds
from fieldapp.places.record import Community
from sync import faults
from sync.feed import prune
from sync.reshape import reshape


def make_ready(database: peewee.Database, now: datetime) -> None:
    """Rows and digests as the declarations have them now, and what communities begin with; to be called before the server answers.  # P16 P18"""
    reshape(database, kinds(), now)
    for community in Community.select(Community.id):
        begin(database, community.id, now)


def tidy(database: peewee.Database, now: datetime) -> int:
    """Throw away tombstones that no phone needs any more; how many. A database that is busy is tidied another day.  # P16"""
    try:
        return prune(database, now)
    except peewee.OperationalError as error:
        if faults.sort(error) != "temporary":
            raise
        return 0
