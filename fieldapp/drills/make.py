"""Make: a drill as records, from what a supervisor entered: its groups, its leaders, everybody expected, and its key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import peewee

from fieldapp.declare.kinds import kinds
from fieldapp.declare.token import new_key
from fieldapp.drills.models import DrillKey
from fieldapp.drills.record import GROUPS
from fieldapp.places.pinyin import pinyin
from sync.ids import uuid7
from sync.store import writing
from sync.write import put

Row = dict[str, Any]
MOST = 2000
LINE = re.compile(r"[,，;；\t]")
CODES = [code for code, _ in GROUPS]


@dataclass(frozen=True)
class Expected:
    """Somebody who is expected; `group` is the code of one of the usual groups, or any name, such as a building's."""

    name: str
    group: str
    part: str = "resident"
    digits: str = ""
    address: str = ""
    floor: int | None = None
    needs_help: bool = False
    user: str | None = None


@dataclass(frozen=True)
class Plan:
    """What is entered of a drill; `leaders`: account → where they stand."""

    facts: Mapping[str, Any]
    people: Sequence[Expected]
    leaders: Mapping[str, str] = field(default_factory=dict)


def make(
    database: peewee.Database,
    community: str,
    plan: Plan,
    now: datetime,
    author: str = "",
    new_id: Callable[[], str] = lambda: str(uuid7()),
    secret: int | None = None,
) -> str:
    """Write a drill with all that belongs to it, in one transaction; its id."""
    private, public = new_key(secret)
    drill = new_id()
    records = [("drill", {"id": drill, **plan.facts, "key": public})]
    groups = {name: new_id() for name in in_order(one.group for one in plan.people)}
    records += [("drill_group", group_row(groups[name], drill, name, at)) for at, name in enumerate(groups)]
    records += [
        ("drill_leader", {"id": new_id(), "drill": drill, "user": user, "post": post})
        for user, post in plan.leaders.items()
    ]
    records += [("drill_person", person_row(new_id(), drill, groups[one.group], one)) for one in plan.people]
    with writing(database):
        put(database, kinds(), community, [(kind, {**row, "author": author}) for kind, row in records], now)
        DrillKey.insert(drill=drill, private=private).execute()
    return drill


def in_order(names: Iterable[str]) -> list[str]:
    """The usual groups in their order, then the others as people count: 2号楼 before 10号楼."""

    def place(name: str) -> tuple[Any, ...]:
        number = re.search(r"\d+", name)
        return (
            (CODES.index(name), "") if name in CODES else (len(CODES), int(number[0]) if number else 0, name)
        )

    return sorted(dict.fromkeys(names), key=place)


def group_row(id: str, drill: str, name: str, position: int) -> Row:
    """A group as a record: of one of the usual codes, or by its name."""
    usual = name in CODES
    return {
        "id": id, "drill": drill, "code": name if usual else None, "name": "" if usual else name, "position": position,
    }  # fmt: skip


def person_row(id: str, drill: str, group: str, one: Expected) -> Row:
    """Somebody expected as a record."""
    full, initials = pinyin(one.name)
    return {
        "id": id, "drill": drill, "drill_group": group, "user": one.user, "part": one.part, "name": one.name,
        "pinyin": full, "initials": initials, "digits": one.digits, "address": one.address, "floor": one.floor,
        "needs_help": one.needs_help,
    }  # fmt: skip


def last_four(phone: str) -> str:
    """The last four digits of a phone number; empty where it has fewer."""
    digits = re.sub(r"\D", "", phone)
    return digits[-4:] if len(digits) >= 4 else ""


def pasted(text: str, words: Mapping[str, str], part: str = "volunteer") -> list[Expected]:
    """Lines of `name, group or building, phone, address, floor`: only the name must be there; `words`: name of a group → code."""
    found = []
    for line in text.splitlines()[:MOST]:
        name, group, phone, address, floor = ([one.strip() for one in LINE.split(line)] + [""] * 5)[:5]
        if not name:
            continue
        code = words.get(group, group)
        usual = code in CODES
        found.append(
            Expected(
                name[:60],
                (code or CODES[0])[:60],
                part if usual or not code else "resident",
                last_four(phone),
                address[:80],
                int(floor) if re.fullmatch(r"-?\d{1,2}", floor) else None,
            )
        )
    return found
