"""A leaflet round under way: dog civility in one building of Li's grid, with the demo's volunteer, since yesterday afternoon."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import peewee

from fieldapp.config import instant, local_day, utc_offset
from fieldapp.declare.kinds import kinds
from fieldapp.demo.history import moment
from fieldapp.demo.seeded import Seeded
from fieldapp.people.record import Member
from fieldapp.places.record import Building, Grid
from fieldapp.rounds import plan
from sync.write import put

Row = dict[str, Any]
FACTS = {
    "topic": "文明养犬",
    "slogan": "牵好一根绳，邻里更安心",
    "points": ["出门牵绳，牵绳不过长", "公共场所看好犬只", "不扰民，不伤人", "随手清理粪便"],
}
GRID = "三网格"
BEGAN = 15 * 60  # minutes after yesterday's midnight
OUTCOMES = ("handed", "handed", "handed", "left", "no_answer", "no_answer", "refused")
ASKED = "想问犬证到哪里办，请上门说一下"


def rounds(database: peewee.Database, community: str, seeded: Seeded, now: datetime) -> None:
    """The round, its doors and helper, the leaflets given out, half of the doors knocked at, and one request."""
    today = date.fromisoformat(local_day(now))
    began = moment(today - timedelta(days=1), BEGAN, utc_offset())
    helper = Member.get(Member.community == community, Member.role == "volunteer").id
    supervisor = Member.get(Member.community == community, Member.role == "supervisor").id
    grid = Grid.get(Grid.community == community, Grid.name == GRID).id
    building = Building.select().where(Building.grid == grid).order_by(Building.number).first()
    doors = plan.doors(community, [], [building.id], {})
    about = seeded.id(began)
    days = {"first_day": local_day(began), "last_day": (today + timedelta(days=6)).isoformat()}
    made: list[tuple[str, Row]] = [
        ("leaflet_round", {"id": about, **FACTS, **days, "buildings": [building.id], "author": supervisor}),
        ("round_helper", {"id": seeded.id(began), "round": about, "user": helper, "author": supervisor}),
    ]
    for move, count in (("issued", 100), ("spoiled", 2)):
        one = {"round": about, "user": helper, "move": move, "count": count, "author": supervisor}
        made.append(("round_stock", {"id": seeded.id(began), **one}))
    events: list[tuple[str, Row]] = []
    for at, door in enumerate(doors):
        door |= {"id": seeded.id(began), "round": about, "author": supervisor}
        if at < len(doors) // 2:
            events.append(_event(door, helper, began + timedelta(minutes=2 * at + 5), seeded))
        made.append(("round_door", door))
    put(database, kinds(), community, made, began)
    asking = next(one for one in doors if one.get("done"))
    request = {"round_door": asking["id"], "text": ASKED, "please_come": True, "author": helper}
    request |= {"id": seeded.id(began), "device_time": asking["marked_at"]}
    told = {"id": asking["household"], "request": ASKED, "request_on": local_day(began)}
    put(database, kinds(), community, [*events, ("door_request", request), ("household", told)], now)


def _event(door: Row, helper: str, at: datetime, seeded: Seeded) -> tuple[str, Row]:
    """One knock; the door shows what came of it."""
    outcome = seeded.random.choice(OUTCOMES)
    door |= {"outcome": outcome, "done": outcome != "no_answer", "marks": 1, "marked_at": instant(at)}
    by = {"author": helper, "device_time": instant(at)}
    return ("leaflet_event", {"id": seeded.id(at), "round_door": door["id"], "outcome": outcome, **by})
