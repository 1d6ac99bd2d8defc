"""Who may sign in to the demo: made with it, and told after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import peewee

from fieldapp.demo.seeded import Seeded
from fieldapp.demo.town import MAIN, SISTERS
from fieldapp.people import accounts

# Known to everyone who reads this: the demo holds invented people only.
PASSWORD = "demo-door-2026"
_ROLES = {"grid_worker": "grid worker", "volunteer": "volunteer", "supervisor": "supervisor"}


@dataclass(frozen=True)
class SignIn:
    """A demo account; `grid` is a grid's name, empty where the role has none."""

    username: str
    name: str
    role: str
    community: str
    grid: str = ""


SIGN_INS = (
    SignIn("li", "李", "grid_worker", MAIN.name, "三网格"),
    SignIn("wang", "王", "grid_worker", MAIN.name, "四网格"),
    SignIn("zhao", "赵", "grid_worker", MAIN.name, "一网格"),
    SignIn("chen", "陈", "grid_worker", MAIN.name, "二网格"),
    SignIn("zhou", "周", "volunteer", MAIN.name),
    SignIn("lin", "林", "supervisor", MAIN.name),
    SignIn("sun", "孙", "grid_worker", SISTERS[0].name, "一网格"),
    SignIn("gao", "高", "grid_worker", SISTERS[1].name, "一网格"),
)


def add_all(
    community: str,
    id: str,
    grids: Mapping[str, str],
    seeded: Seeded,
    now: datetime,
    database: peewee.Database,
) -> dict[str, str]:
    """Make the accounts of a community; `grids` is name → id. Returns the grid workers: grid id → account id."""
    workers: dict[str, str] = {}
    for one in SIGN_INS:
        if one.community != community:
            continue
        mine = [grids[one.grid]] if one.grid else []
        account = accounts.add(
            one.username,
            PASSWORD,
            one.name,
            one.role,
            id,
            mine,
            id=seeded.id(now),
            profile=seeded.id(now),
            now=now,
            database=database,
        )
        workers |= dict.fromkeys(mine, account.id)
    return workers


def describe() -> str:
    """The sign-ins in lines, the password first."""
    lines = [f"Sign in with the password {PASSWORD} as"]
    for one in SIGN_INS:
        place = f"{one.community} {one.grid}".strip()
        lines.append(f"  {one.username:<6} {_ROLES[one.role]:<12} {one.name}, {place}")
    return "\n".join(lines)
