"""The cast: the people whom the tests tell of, and the small town where they work."""

from __future__ import annotations

import copy
import shutil
import tempfile
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import peewee
import psycopg

from fieldapp.db import open_database, upgrade
from fieldapp.declare.beginning import begin
from fieldapp.declare.digest import digests
from fieldapp.declare.kinds import kinds
from fieldapp.drills.make import Expected, Plan, make
from fieldapp.features import declare_all
from fieldapp.home_checks.items import HOME
from fieldapp.letters.record import Letter
from fieldapp.people import accounts
from sync import store
from sync.write import put

NOW = datetime(2026, 11, 23, 2, 42, 5, tzinfo=UTC)
PASSWORD = "door-by-door-2026"


@dataclass
class Person:
    """Someone of the cast: how they sign in, and who they are."""

    username: str
    name: str
    role: str
    community: str
    grids: list[str] = field(default_factory=list)
    id: str = ""


@dataclass
class Town:
    """What was built: ids by readable names, and the people."""

    people: dict[str, Person]
    ids: dict[str, str]
    households: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.ids[name]


def named(name: str) -> str:
    """A stable id for a name: version 7 in form, so that it passes as any other record id."""
    digits = list(uuid.uuid5(uuid.NAMESPACE_URL, name).hex)
    digits[0:12] = "019a00000000"
    digits[12], digits[16] = "7", "8"
    text = "".join(digits)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def build_town(database: peewee.Database, now: datetime = NOW) -> Town:
    """Two communities: Heping with grids three (Li) and four (Wang), Xinfu with Zhao; two volunteers, on a round in building 3."""
    heping, xinfu = named("heping"), named("xinfu")
    ids = {"heping": heping, "xinfu": xinfu}
    rows: dict[str, list[tuple[str, dict[str, Any]]]] = {heping: [], xinfu: []}
    households: dict[str, str] = {}
    for community, name, grids in (
        (heping, "和平社区", ("三网格", "四网格")),
        (xinfu, "幸福社区", ("一网格",)),
    ):
        rows[community].append(
            ("community", {"id": community, "name": name, "town": "安宁街道", "visit_days": [7, 30, 90, 180]})
        )
        for number, grid_name in enumerate(grids, start=3 if community == heping else 1):
            _grid(rows[community], ids, households, grid_name, number)
    for community, made in rows.items():
        put(database, kinds(), community, made, now)
    for community in (heping, xinfu):
        begin(database, community, now)
    put(database, kinds(), heping, _checked(ids, households) + _signed(households), now)
    people = {
        "li": Person("li", "李", "grid_worker", heping, [ids["三网格"]]),
        "wang": Person("wang", "王", "grid_worker", heping, [ids["四网格"]]),
        "chen": Person("chen", "陈", "volunteer", heping),
        "zhou": Person("zhou", "周", "volunteer", heping),
        "zhang": Person("zhang", "张", "supervisor", heping),
        "zhao": Person("zhao", "赵", "grid_worker", xinfu, [ids["一网格"]]),
        "sun": Person("sun", "孙", "supervisor", xinfu),
    }
    for key, person in people.items():
        person.id = named(f"account {key}")
        accounts.add(
            person.username,
            PASSWORD,
            person.name,
            person.role,
            person.community,
            person.grids,
            id=person.id,
            profile=named(f"profile {key}"),
            now=now,
            database=database,
        )
    put(database, kinds(), heping, _round(ids, households), now)
    ids["drill"] = fire_drill(database, people, now)
    return Town(people, ids, households)


# Known to every test, so that it can sign badges, and bad ones.
DRILL_SECRET = 7


def fire_drill(database: peewee.Database, people: dict[str, Person], now: datetime) -> str:
    """Today's drill of Heping: Li and Zhang take the roll call at the east gate; Li is expected herself, as are a volunteer and two residents."""
    facts = {
        "title": "119 消防演习", "place": "中心花园", "day": "2026-11-23", "starts_at": "2026-11-23T02:30:00Z",
        "ends_at": "2026-11-23T04:00:00Z", "commander": "张", "stations": ["extinguisher", "escape"],
    }  # fmt: skip
    expected = (
        Expected("李", "evacuation", "staff", user=people["li"].id),
        Expected("何小雨", "first_aid", "volunteer", "4417"),
        Expected("吴秀兰", "3号楼", digits="0412", address="3-1-402", floor=4, needs_help=True),
        Expected("孙国强", "3号楼", digits="7790", address="3-1-601", floor=6),
    )
    ids = (named(f"drill {at}") for at in range(100))
    plan = Plan(facts, expected, {people["li"].id: "东门", people["zhang"].id: "东门"})
    return make(database, people["li"].community, plan, now, new_id=lambda: next(ids), secret=DRILL_SECRET)


def example(kind: str) -> str:
    """The id of a record of grid three, Li's own, that pages about one such record are opened with."""
    names = {
        "household": "household 3-1-601",
        "stair_unit": "unit 3-1",
        "home_check": "check 3-1-102",
        "hazard": "hazard 3-1-102",
        "letter": "letter 3-1-102",
        "letter_template": "letter template",
        "decision": "decision zhang",
        "leaflet_round": "round dogs",
        "round_door": "round door 3-1-601",
        "drill": "drill 0",
        "drill_group": "drill 3",
        "drill_person": "drill 6",
    }
    return named(names[kind])


def _checked(ids: dict[str, str], households: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """What was found at 3-1-102 last spring: an old hose, still open, and seen once more since."""
    home, unit = households["3-1-102"], ids["3-1"]
    check, hazard = named("check 3-1-102"), named("hazard 3-1-102")
    where = {"stair_unit": unit, "household": home, "address": "3-1-102"}
    results = [
        {
            "key": "gas_hose_old",
            "state": "hazard",
            "severity": "minor",
            "fix_by": "2026-05-20",
            "note": "六年了",
        },
        {"key": "own-1", "text": "鱼缸加热棒", "state": "ok"},
    ]
    found = {"item": "gas_hose_old", "severity": "minor", "fix_by": "2026-05-20", "note": "六年了"}
    again = {"id": named("recheck 3-1-102"), "hazard": hazard, "found": "still"}
    entries: list[dict[str, Any]] = [{"key": code, "keep": True} for code in HOME]
    entries.append({"key": "own-1", "keep": False, "text": "鱼缸加热棒"})
    return [
        ("checklist", {"id": named("checklist"), "scope": "home", "entries": entries}),
        ("home_check", {"id": check, **where, "checklist": named("checklist"), "results": results}),
        ("hazard", {"id": hazard, **where, "home_check": check, **found}),
        ("recheck", again),
        ("log_remark", {"id": named("remark"), "day": "2026-11-22", "text": "周日大风，早晚各巡查一次。"}),
    ]


def _signed(households: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """What was signed at 3-1-102 last spring, by the community's own text on dogs."""
    template, text = named("letter template"), "我家养犬，承诺：\n1. 出门牵绳；\n2. 及时清理粪便。"
    of = {"topic": "dog", "number": 2, "title": "和平社区养犬义务保证书", "text": text}
    signed = {
        "id": named("letter 3-1-102"), "household": households["3-1-102"], "letter_template": template, **of,
        "address": "3-1-102", "signer": "王建国", "way": "screen", "signature": "M100 60 180 60 260 64M180 60 180 180",
        "witness": "李",
    }  # fmt: skip
    signed |= digests(Letter, signed)
    return [("letter_template", {"id": template, **of}), ("letter", signed)]


def _round(ids: dict[str, str], households: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """A round in building 3, with Chen and Zhou; one leaflet is handed, and somebody at 3-2-502 asked for something."""
    made: list[tuple[str, dict[str, Any]]] = []
    about = named("round dogs")
    facts = {
        "topic": "文明养犬",
        "slogan": "牵好一根绳",
        "points": ["出门牵绳", "清理粪便"],
        "buildings": [ids["building 3"]],
    }
    made.append(
        ("leaflet_round", {"id": about, "first_day": "2026-11-20", "last_day": "2026-11-30", **facts})
    )
    for key in ("chen", "zhou"):
        made.append(
            (
                "round_helper",
                {"id": named(f"helper {key}"), "round": about, "user": named(f"account {key}")},
            )
        )
    for address, household in households.items():
        building, unit, label = address.split("-")
        if building == "3":
            floor, position = int(label[0]), 1 if label == "3A" else int(label[-1])
            door = {
                "id": named(f"round door {address}"), "round": about, "household": household, "label": label,
                "address": address, "unit": f"{unit}单元", "floor": floor, "position": position,
                "stair_unit": ids[f"3-{unit}"], "building": ids["building 3"], "grid": ids["三网格"],
            }  # fmt: skip
            made.append(("round_door", door))
    asked = {"request": "想问犬证怎么办", "request_on": "2026-11-22"}
    made += [
        (
            "leaflet_event",
            {
                "id": named("leaflet 3-2-502"),
                "round_door": named("round door 3-2-502"),
                "outcome": "handed",
                "author": named("account chen"),
            },
        ),
        ("round_door", {"id": named("round door 3-2-502"), "outcome": "handed", "done": True, "marks": 1}),
        (
            "door_request",
            {
                "id": named("request 3-2-502"),
                "round_door": named("round door 3-2-502"),
                "text": "想问犬证怎么办",
                "author": named("account chen"),
            },
        ),
        ("household", {"id": households["3-2-502"], **asked}),
        (
            "round_stock",
            {
                "id": named("stock chen"),
                "round": about,
                "user": named("account chen"),
                "move": "issued",
                "count": 20,
            },
        ),
    ]
    return made


def _grid(
    rows: list[tuple[str, dict[str, Any]]],
    ids: dict[str, str],
    households: dict[str, str],
    name: str,
    number: int,
) -> None:
    grid = ids[name] = named(name)
    building = ids[f"building {number}"] = named(f"building {number}")
    rows.append(("grid", {"id": grid, "name": name, "number": number, "door_count": 24}))
    rows.append(
        (
            "building",
            {
                "id": building,
                "grid": grid,
                "name": f"{number}号楼",
                "number": number,
                "floors": 6,
                "unit_count": 2,
            },
        )
    )
    later: list[tuple[str, dict[str, Any]]] = []
    for unit in (1, 2):
        unit_id = ids[f"{number}-{unit}"] = named(f"unit {number}-{unit}")
        rows.append(
            ("stair_unit", {"id": unit_id, "building": building, "name": f"{unit}单元", "number": unit})
        )
        for floor in range(1, 7):
            for position in (1, 2):
                label = "3A" if (floor, position) == (3, 1) else f"{floor}0{position}"
                address = f"{number}-{unit}-{label}"
                door, household = named(f"door {address}"), named(f"household {address}")
                households[address] = household
                rows.append(
                    (
                        "door",
                        {
                            "id": door,
                            "stair_unit": unit_id,
                            "label": label,
                            "floor": floor,
                            "position": position,
                            "address": address,
                        },
                    )
                )
                vacant = (floor, position) == (1, 2)
                facts = {
                    "id": household, "door": door, "label": label, "address": address, "floor": floor,
                    "name": "" if vacant else "王建国", "tenure": "vacant" if vacant else "owner", "phone": "000-1388 0412",
                    "people": 0 if vacant else 3, "over_60": 1, "visit_days": None if vacant else 180,
                    "pinyin": "" if vacant else "wang jianguo", "initials": "" if vacant else "wjg",
                    "due_on": None if vacant else "2026-11-2" + str(position),
                }  # fmt: skip
                rows.append(("household", facts))
                if (floor, position) == (4, 2):
                    facts |= {"visit_days": 7, "care_level": 1}
                    later.append(
                        (
                            "care_person",
                            {
                                "id": named(f"care {address}"),
                                "household": household,
                                "name": "赵奶奶",
                                "level": 1,
                                "tags": ["living_alone"],
                            },
                        )
                    )
    rows += later


def signed_in_database(url: str) -> tuple[peewee.Database, Town]:
    """A fresh database at `url` with the town in it: built once in a process for each sort of database, then copied."""
    declare_all()
    sort = "sqlite" if url.startswith("sqlite") else url.rpartition("/")[0]
    if sort not in _built:
        database = open_database(url)
        upgrade(database)
        town = build_town(database)
        database.close()
        _built[sort] = town, _kept(sort, url)
    else:
        _copy(sort, _built[sort][1], url)
    database = open_database(url)
    store.new_epoch(database)
    return database, copy.deepcopy(_built[sort][0])


_built: dict[
    str, tuple[Town, str]
] = {}  # sort of database → the town, and where a copy of the first one is kept
_folder = tempfile.TemporaryDirectory(prefix="fieldapp-town-")


def _kept(sort: str, url: str) -> str:
    place = f"{_folder.name}/town.db" if sort == "sqlite" else f"town_{uuid.uuid4().hex[:12]}"
    if sort == "sqlite":
        shutil.copyfile(url.removeprefix("sqlite:///"), place)
    else:
        _ask(sort, f"CREATE DATABASE {place} TEMPLATE {url.rpartition('/')[2]}")
    return place


def _copy(sort: str, place: str, url: str) -> None:
    if sort == "sqlite":
        shutil.copyfile(place, url.removeprefix("sqlite:///"))
    else:
        name = url.rpartition("/")[2]
        _ask(sort, f"DROP DATABASE {name}", f"CREATE DATABASE {name} TEMPLATE {place}")


def _ask(cluster: str, *statements: str) -> None:
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as connection:
        for one in statements:
            connection.execute(one)
