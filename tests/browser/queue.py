"""Queue: work that waits for a supervisor, left in a server's database through the real push before anybody looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fieldapp.db import open_database
from fieldapp.declare.kinds import kinds
from fieldapp.features import declare_all
from sync.write import put
from tests.cast import NOW, Person, Town, named
from tests.review.desk import Desk
from tests.server import Server


class _Households(dict[str, str]):
    def __missing__(self, address: str) -> str:
        return named(f"household {address}")


def leave_work(server: Server) -> None:
    """A conflict, a hazard without a note, three doors in a minute, a wrong clock, one in quarantine, one returned."""
    declare_all()
    database = open_database(f"sqlite:///{server.data / 'fieldapp.db'}")
    heping = named("heping")
    people = {
        key: Person(key, key, role, heping, id=named(f"account {key}"))
        for key, role in (("li", "grid_worker"), ("wang", "grid_worker"), ("zhang", "supervisor"))
    }
    desk: Any = Desk(None, Town(people, {"heping": heping}, _Households()), database)  # type: ignore[arg-type]
    early = NOW - timedelta(minutes=90)
    li, wang = desk.phone("li"), desk.phone("wang")
    desk.phone("zhang").change("3-2-601", "000-1388 0412", early, phone="000-1366 7790")
    li.change("3-2-601", "000-1388 0412", early + timedelta(minutes=20), phone="000-1399 0001")
    li.visit("3-2-602", early + timedelta(minutes=5), phrases=["hazard"])
    for at, door in enumerate(("3-2-501", "3-2-502", "3-2-401")):
        li.visit(door, early + timedelta(minutes=30, seconds=10 * at))
    li.visit("3-2-402", early + timedelta(minutes=40))
    desk.phone("li", off=timedelta(minutes=-26)).visit("3-2-302", early + timedelta(minutes=50))
    wang.visit("4-1-601", early, outcome="teleported")
    told = {
        "id": named("decision zhang"), "worker": people["zhang"].id, "operation": "an operation", "choice": "return",
        "subject": "household", "household": named("household 3-2-601"), "address": "3-2-601", "field": "phone",
        "comment": "请再核实号码", "author": people["zhang"].id,
    }  # fmt: skip
    put(database, kinds(), heping, [("decision", told)], NOW)
    database.close()
