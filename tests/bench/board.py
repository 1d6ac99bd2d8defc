"""Board: how long a worker waits on an old phone for a board of 88 doors, and a helper for the same in a leaflet round; without a network."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import peewee
from playwright.sync_api import Playwright

from fieldapp.config import instant, local_day, now
from fieldapp.db import open_database
from fieldapp.declare.kinds import kinds
from fieldapp.demo.sign_ins import PASSWORD
from fieldapp.features import declare_all
from fieldapp.people.account import Account
from fieldapp.places.record import Building
from fieldapp.rounds import plan
from sync.ids import uuid7
from sync.write import put
from tests.bench.browser import TAP
from tests.bench.figures import Figure, middle
from tests.browser.phone import Phone
from tests.browser.plain import Plain, plain
from tests.browser.slow import share_of_a_core
from tests.proxy import Proxy
from tests.server import Server

FLOORS, DOORS_A_FLOOR = 22, 4
TIMES = 24
OUTCOMES = ("met", "no_answer", "refused", "met")


def prepared(server: Server, worker: str) -> tuple[str, str]:
    """A tower in the worker's area, knocked at for a year, and a round through it: the addresses of both boards."""
    declare_all()
    database: peewee.Database = open_database(f"sqlite:///{server.data / 'fieldapp.db'}")
    try:
        account = Account.get(Account.username == worker)
        moment, unit = now(), str(uuid7())
        building = (
            Building.select().where(Building.grid == account.grid_ids()[0]).order_by(Building.number).get()
        )
        put(database, kinds(), account.community, _tower(building.id, unit, moment), moment)
        doors = plan.doors(account.community, [], [building.id], {"tenure": "all"})
        facts = {"topic": "演习", "first_day": local_day(moment), "last_day": local_day(moment), "points": []}
        chosen = [one for one in doors if one["stair_unit"] == unit]
        assert len(chosen) == FLOORS * DOORS_A_FLOOR
        round = plan.begin(database, account.community, facts, chosen, [account.id], account.id, moment)
        return f"/units/{unit}", f"/leaflets/{round}/{unit}"
    finally:
        database.close()


def _tower(building: str, unit: str, moment: Any) -> list[tuple[str, dict[str, Any]]]:
    made: list[tuple[str, dict[str, Any]]] = [
        ("stair_unit", {"id": unit, "building": building, "name": "塔楼", "number": 99})
    ]
    for at in range(FLOORS * DOORS_A_FLOOR):
        floor, position = at // DOORS_A_FLOOR + 1, at % DOORS_A_FLOOR + 1
        door, label = str(uuid7()), f"{floor}0{position}"
        where = {"label": label, "address": f"99-{label}", "floor": floor}
        made.append(("door", {"id": door, "stair_unit": unit, "position": position, **where}))
        seen = moment - timedelta(days=at)
        home = {
            "door": door,
            "name": "王建国",
            "people": 3,
            "visit_days": 30,
            "last_outcome": OUTCOMES[at % 4],
            **where,
        }
        home |= {"last_visit": instant(seen), "due_on": local_day(seen + timedelta(days=30))}
        made.append(("household", home))
    return made


def board_figures(folder: Path, playwright: Playwright, server: Server, worker: str) -> list[Figure]:
    """Both on a sixth of a core."""
    board, round = prepared(server, worker)
    proxy = Proxy(server.port).start()
    with Phone(playwright, folder / "board-phone", proxy.url).open() as phone:
        phone.sign_in(worker, PASSWORD).until_ready(300).until_quiet(900)
        proxy.mode = "refuse"
        with plain(phone) as bare, share_of_a_core(bare.main_process) as how:
            boards = _taps(bare, board, "a.door", "a.back")
            rounds = _taps(bare, round, "a.back", f"main a[href='{round}']")
    proxy.stop()
    done = f"{FLOORS * DOORS_A_FLOOR} doors, {how.split(' ')[0]}"
    return [
        Figure("a sixth of a core: board of 88 doors, p50", middle(boards[1:]), "ms", 450, floor_is=done),
        Figure("a sixth of a core: a round's board of 88 doors, p50", middle(rounds[1:]), "ms", 450, floor_is=done),
    ]  # fmt: skip


def _taps(phone: Plain, board: str, away: str, back: str) -> list[float]:
    """From the tap that leads back to the board until all its doors are painted, again and again."""
    found = []
    phone.go(board)
    for _ in range(TIMES):
        phone.evaluate(TAP, away)
        found.append(phone.look().evaluate(TAP, back))
        assert phone.evaluate("() => document.querySelectorAll('a.door').length") == FLOORS * DOORS_A_FLOOR
    return found
