"""Account: how a person signs in, which role they have and which grids are theirs."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import peewee
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

_hasher = PasswordHasher()


class Account(peewee.Model):
    """A person who signs in. Residents never do."""

    id = peewee.CharField(max_length=36, primary_key=True)
    profile = peewee.CharField(max_length=36)
    username = peewee.CharField(max_length=60, unique=True)
    password = peewee.CharField(max_length=200)
    name = peewee.CharField(max_length=60)
    role = peewee.CharField(max_length=20)
    community = peewee.CharField(max_length=36, index=True)
    grids = peewee.TextField(default="[]")
    locale = peewee.CharField(max_length=20, default="zh_Hans_CN")
    active = peewee.BooleanField(default=True)

    class Meta:
        legacy_table_names = False

    # flask-login's protocol
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        """Whether the account may sign in."""
        return bool(self.active)

    def get_id(self) -> str:
        """The id that the session keeps."""
        return str(self.id)

    def grid_ids(self) -> list[str]:
        """The grids assigned to a grid worker."""
        found: list[Any] = json.loads(self.grids)
        return [str(one) for one in found]


@cache
def _nobody() -> str:
    """Verified when the name is unknown, so that a stranger cannot time which names exist."""
    return _hasher.hash("nobody signs in with this")


def hash_password(password: str) -> str:
    """Argon2id with the library's current parameters."""
    return _hasher.hash(password)


def sign_in(username: str, password: str) -> Account | None:
    """The account, if name and password fit and it is active."""
    account = Account.get_or_none(Account.username == username.strip())
    try:
        _hasher.verify(account.password if account else _nobody(), password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return account if account and account.active else None
