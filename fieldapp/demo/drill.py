"""A fire drill on the day of the demo: staff, a dozen volunteers and the homes of one building, two leaders at two gates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import peewee

from fieldapp.config import instant, local_day, utc_offset
from fieldapp.demo.history import moment
from fieldapp.demo.people import name
from fieldapp.demo.seeded import Seeded
from fieldapp.drills.make import Expected, Plan, last_four, make
from fieldapp.drills.record import GROUPS, STATIONS
from fieldapp.people.account import Account
from fieldapp.places.record import Building, CarePerson, Household

BEGINS, ENDS = 14 * 60, 16 * 60  # minutes after midnight
VOLUNTEERS, HOMES = 12, 22
POSTS = {"wang": "东门", "lin": "西门"}
ON_ROUNDS = "li"  # whose phone holds no more of it than where and when


def drill(database: peewee.Database, community: str, seeded: Seeded, now: datetime) -> str:
    """The drill of today; its id."""
    today = date.fromisoformat(local_day(now))
    facts: dict[str, Any] = {
        "title": "119 消防演习",
        "place": "中心花园集合点",
        "day": today.isoformat(),
        "starts_at": instant(moment(today, BEGINS, utc_offset())),
        "ends_at": instant(moment(today, ENDS, utc_offset())),
        "commander": "林",
        "stations": [code for code, _ in STATIONS],
    }
    accounts = {
        one.username: one
        for one in Account.select().where(Account.community == community).order_by(Account.username)
    }
    people = [*_staff(accounts), *_volunteers(seeded), *_homes(community)]
    leaders = {accounts[one].id: post for one, post in POSTS.items()}
    return make(
        database,
        community,
        Plan(facts, people, leaders),
        now,
        accounts["lin"].id,
        lambda: seeded.id(now),
        seeded.random.getrandbits(250) + 1,
    )


def _staff(accounts: dict[str, Account]) -> Iterator[Expected]:
    """Everybody with an account but who is on rounds: a group each."""
    for at, one in enumerate(one for one in accounts.values() if one.username != ON_ROUNDS):
        part = "volunteer" if one.role == "volunteer" else "staff"
        yield Expected(one.name, GROUPS[at % len(GROUPS)][0], part, user=one.id)


def _volunteers(seeded: Seeded) -> Iterator[Expected]:
    for at in range(VOLUNTEERS):
        digits = f"{seeded.random.randrange(10_000):04d}"
        yield Expected(name(seeded.random), GROUPS[at % len(GROUPS)][0], "volunteer", digits)


def _homes(community: str) -> Iterator[Expected]:
    """One person a home of building 7, as the register names them."""
    building = Building.get(Building.community == community, Building.number == 7)
    care = {one.household for one in CarePerson.select().where(CarePerson.building == building.id)}
    homes = Household.select().where(Household.building == building.id, Household.name != "")
    for one in homes.order_by(Household.address).limit(HOMES):
        yield Expected(
            one.name, building.name, "resident", last_four(one.phone), one.address, one.floor, one.id in care
        )
