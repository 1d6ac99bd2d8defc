"""What pages answered by Flask keep: half-filled forms, and which submit made which save."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import peewee

from fieldapp.config import instant


class Draft(peewee.Model):
    """A half-filled form of one person at one URL; the phone keeps its own in its store."""

    account = peewee.CharField(max_length=36)
    path = peewee.CharField(max_length=200)
    body = peewee.TextField()
    saved = peewee.CharField(max_length=24)

    class Meta:
        legacy_table_names = False
        primary_key = peewee.CompositeKey("account", "path")

    @classmethod
    def keep(cls, account: str, path: str, values: dict[str, list[str]], now: datetime) -> None:
        """Store what was typed so far, replacing the last draft."""
        row = {"account": account, "path": path, "body": json.dumps(values), "saved": instant(now)}
        cls.insert(row).on_conflict(
            conflict_target=[cls.account, cls.path], update={"body": row["body"], "saved": row["saved"]}
        ).execute()

    @classmethod
    def of(cls, account: str, path: str) -> dict[str, list[str]] | None:
        """The stored fields, name → texts, or none."""
        found = cls.get_or_none(cls.account == account, cls.path == path)
        return json.loads(found.body) if found else None

    @classmethod
    def drop(cls, account: str, path: str) -> None:
        """Forget the draft."""
        cls.delete().where(cls.account == account, cls.path == path).execute()


class PageSave(peewee.Model):
    """One save made by a page, under the form's fresh id: a repeated submit finds it again, and so does undo."""

    group = peewee.CharField(max_length=36, primary_key=True)
    account = peewee.CharField(max_length=36, index=True)
    says = peewee.TextField()
    url = peewee.CharField(max_length=200)
    at = peewee.CharField(max_length=24)
    undone = peewee.BooleanField(default=False)

    class Meta:
        legacy_table_names = False

    @classmethod
    def last(cls, account: str, now: datetime) -> dict[str, Any] | None:
        """The person's last save of the last minute, as `status.last`."""
        found = (
            cls.select()
            .where(cls.account == account, cls.undone == False, cls.at > instant(now - timedelta(minutes=1)))  # noqa: E712
            .order_by(cls.at.desc())
            .first()
        )
        return found and {"says": found.says, "group": found.group, "at": found.at, "url": found.url}
