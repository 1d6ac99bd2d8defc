"""Open work for the demo's supervisor: sent through the real push by invented phones on the morning of the demo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import peewee

from fieldapp.config import instant
from fieldapp.declare.kinds import kinds
from fieldapp.demo.seeded import Seeded
from fieldapp.people.account import Account
from fieldapp.people.me import at_the_desk, me_of
from fieldapp.places.record import Household
from sync.devices import Contact
from sync.instants import instant_ms
from sync.push import push, push_page

FORGOTTEN = "000-13667790"
SLOW = timedelta(minutes=-26)  # a phone whose clock nobody set


class Phone:
    """One invented phone."""

    def __init__(self, database: peewee.Database, account: Account, seeded: Seeded, now: datetime) -> None:
        self.database, self.seeded, self.now = database, seeded, now
        self.me = me_of(account)
        self.id = seeded.id(now)
        self.seq = 0

    def send(
        self, ago: timedelta, *ops: Mapping[str, Any], off: timedelta = timedelta()
    ) -> list[dict[str, Any]]:
        """One save, so long before now; received three minutes later. Its results."""
        at = self.now - ago
        group, offset = self.seeded.id(at), -round(off.total_seconds() * 1000)
        made = [
            whole(self.seeded, at, op, group) | {"at": instant_ms(at + off), "offset": offset} for op in ops
        ]
        for one in made:
            self.seq += 1
            one["seq"] = self.seq
        received = at + timedelta(minutes=3)
        report = {"waiting": 0, "oldest": None, "used": 1_900_000, "left": 60_000_000}
        return push(
            self.database, kinds(), self.me, self.id, made, received, Contact(offset, "", report)
        ).results


def whole(seeded: Seeded, at: datetime, op: Mapping[str, Any], group: str) -> dict[str, Any]:
    """An operation with all that a phone puts on it."""
    own = {"op": seeded.id(at), "group": group, "record": seeded.id(at), "at": instant_ms(at)}
    return {**own, "base": {}, "base_version": None, "patch": {}, **op}


def leave_open(database: peewee.Database, community: str, seeded: Seeded, now: datetime) -> None:
    """A conflict, a hazard without a note, a wrong clock, one out of the area, and one returned to its worker."""
    people = {one.name: one for one in Account.select().where(Account.community == community)}
    li, wang, lin = people["李"], people["王"], people["林"]
    homes = list(
        Household.select()
        .where(
            Household.grid == li.grid_ids()[0],
            Household.tenure == "owner",
            Household.phone != "",
            _rested(now),
        )
        .order_by(Household.address)
        .limit(8)
    )
    phone, second, slow = (Phone(database, who, seeded, now) for who in (li, lin, wang))
    _conflict(homes[0], second, phone)
    phone.send(timedelta(minutes=50), _visit(homes[1], phrases=["hazard"]))
    returned = phone.send(timedelta(minutes=45), _visit(homes[2], phrases=["hazard"]))[0]
    _return(database, lin, returned["op"], homes[2], li, seeded, now)
    slow.send(
        timedelta(minutes=35), _visit(homes[3]), off=SLOW
    )  # also not Wang's grid: it lies in quarantine
    theirs = Household.select().where(
        Household.grid == wang.grid_ids()[0], Household.tenure == "owner", _rested(now)
    )
    for at, home in enumerate(theirs.order_by(Household.address).limit(2)):
        slow.send(timedelta(minutes=30 - 4 * at), _visit(home), off=SLOW)


def _rested(now: datetime) -> Any:
    """Nobody knocked there these two days: what arrives now is the household's newest visit."""
    return Household.last_visit < instant(now - timedelta(days=2))


def _visit(home: Household, **fields: Any) -> dict[str, Any]:
    return {"verb": "create", "kind": "visit", "patch": {"household": home.id, "outcome": "met", **fields}}


def _conflict(home: Household, first: Phone, second: Phone) -> None:
    """One wrote down another number at the desk, one at the door, neither knowing of the other."""
    change = {"verb": "patch", "kind": "household", "record": home.id, "base": {"phone": home.phone}}
    first.send(timedelta(minutes=80), change | {"patch": {"phone": FORGOTTEN}})
    second.send(timedelta(minutes=60), _visit(home), change | {"patch": {"phone": home.phone[:-1] + "0"}})


def _return(
    database: peewee.Database,
    desk: Account,
    op: str,
    home: Household,
    worker: Account,
    seeded: Seeded,
    now: datetime,
) -> None:
    """The supervisor asks the worker for the missing sentence."""
    at = now - timedelta(minutes=20)
    patch = {
        "worker": worker.id, "operation": op, "choice": "return", "subject": "visit", "household": home.id,
        "address": home.address, "field": "note", "comment": "是什么隐患？请补一句。",
    }  # fmt: skip
    made = whole(seeded, at, {"verb": "create", "kind": "decision", "patch": patch}, seeded.id(at))
    me = at_the_desk(me_of(desk), [worker.id])
    push_page(database, kinds(), me, f"web:{seeded.id(at)}", [made], at)
