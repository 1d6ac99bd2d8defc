"""Accounts as the town makes them: an account, its place in the staff list and its profile, in one call."""

from __future__ import annotations

import json
from datetime import datetime

import peewee

from fieldapp.config import now as clock
from fieldapp.declare.kinds import kinds
from fieldapp.people.account import Account, hash_password
from fieldapp.people.record import ROLES
from sync.ids import uuid7
from sync.store import writing
from sync.write import put


class AccountError(ValueError):
    """The account cannot be made; the message says why."""


def add(
    username: str,
    password: str,
    name: str,
    role: str,
    community: str,
    grids: list[str] | None = None,
    locale: str = "zh_Hans_CN",
    *,
    id: str | None = None,
    profile: str | None = None,
    now: datetime | None = None,
    database: peewee.Database | None = None,
) -> Account:
    """Make an account; `grids` are ids. Raises AccountError where the name is taken or the role unknown."""
    if role not in dict(ROLES):
        raise AccountError(f"unknown role {role}: one of {', '.join(dict(ROLES))}")
    if Account.select().where(Account.username == username).exists():
        raise AccountError(f"{username} is taken")
    moment = now or clock()
    milliseconds = int(moment.timestamp() * 1000)
    account = Account.create(
        id=id or str(uuid7(milliseconds)),
        profile=profile or str(uuid7(milliseconds)),
        username=username,
        password=hash_password(password),
        name=name,
        role=role,
        community=community,
        grids=json.dumps(grids or []),
        locale=locale,
    )
    records: list[tuple[str, dict[str, object]]] = [
        ("member", {"id": account.id, "name": name, "role": role, "grids": grids or []}),
        ("profile", {"id": account.profile, "user": account.id, "locale": locale, "theme": "auto"}),
    ]
    put(database or Account._meta.database, kinds(), community, records, moment)
    return account


def reassign(
    account: Account,
    grids: list[str],
    *,
    now: datetime | None = None,
    database: peewee.Database | None = None,
) -> None:
    """Give an account other grids (ids). Phones read what is gained and forget what is lost; what waits on them is sent
    as ever, and waits in review where its record is out of reach now.  # P15
    """
    with writing(database or Account._meta.database):
        Account.update(grids=json.dumps(grids)).where(Account.id == account.id).execute()
        member = ("member", {"id": account.id, "grids": grids})
        put(database or Account._meta.database, kinds(), account.community, [member], now or clock())
