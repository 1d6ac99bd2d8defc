"""Devices: one user on one phone each, with how far its operations have come and what it last said.  # P9 P11"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import peewee

from sync import rows
from sync.instants import instant
from sync.scope import Me
from sync.store import Device, writing
from sync.wire import Refused

NOTE_EVERY = timedelta(minutes=5)


@dataclass
class Contact:
    """What a phone says beside its operations; `offset_ms` is the server's clock minus the phone's.  # P19"""

    offset_ms: int = 0
    app: str = ""
    report: Mapping[str, Any] = field(default_factory=dict)


def lock(db: peewee.Database, me: Me, id: str) -> dict[str, Any]:
    """The device's row, locked until the transaction ends; made where there is none. Another user's is a fork.  # P9"""
    found = rows.select(db, Device, "id", [id], lock=True)
    if not found:
        mark = db.param
        db.execute_sql(
            f'INSERT INTO "sync_device" ({rows.table(Device).selected}) VALUES ({", ".join([mark] * 10)}) '
            f"ON CONFLICT DO NOTHING",
            rows.table(Device).parameters(_new(me, id)),
        )
        found = rows.select(db, Device, "id", [id], lock=True)
    if found[0]["user"] != me.id:
        raise Refused("fork")
    return found[0]


def _new(me: Me, id: str) -> dict[str, Any]:
    return {
        "id": id, "user": me.id, "community": me.community, "last": 0, "offset_ms": 0, "app": "",
        "last_exchange": "", "report": {}, "channels": [], "revoked": False,
    }  # fmt: skip


def save(
    db: peewee.Database,
    device: dict[str, Any],
    me: Me,
    now: datetime,
    contact: Contact | None,
    taken: int = 0,
) -> None:
    """Write the device's row back, with what it said and every channel that it was ever given.  # P15

    What it said waits was counted before it sent these `taken` operations.
    """
    ever = set(device["channels"]) | me.channels
    device |= {"community": me.community, "last_exchange": instant(now)}
    if len(ever) != len(device["channels"]):
        device["channels"] = sorted(ever)
    if contact:
        report = dict(contact.report)
        if taken:
            report["waiting"] = max(0, int(report.get("waiting") or 0) - taken)
            report["oldest"] = report.get("oldest") if report["waiting"] else None
        device |= {"offset_ms": contact.offset_ms, "app": contact.app, "report": report}
    mark = db.param
    of = rows.table(Device)
    names = ("community", "last", "offset_ms", "app", "last_exchange", "report", "channels")
    changes = ", ".join(f"{of.column[name]} = {mark}" for name in names)
    values = dict(zip(of.names, of.parameters(device), strict=True))
    db.execute_sql(
        f"UPDATE {of.name} SET {changes} WHERE {of.column['id']} = {mark}",
        [*(values[n] for n in names), device["id"]],
    )


def unsent(db: peewee.Database, me: Me, but: str) -> list[dict[str, Any]]:
    """What this person's other phones said last that they still had: `device`, `count`, `oldest`, `at`."""
    found = []
    # Of those that said that nothing waits there may be very many: they are not even read.
    some = f' AND "report" NOT LIKE {db.param}'
    for one in rows.select(db, Device, "user", [me.id], extra=some, parameters=['{"waiting":0,%']):
        count = int(one["report"].get("waiting") or 0)
        if count and one["id"] != but and not one["revoked"]:
            said = {"device": one["id"], "count": count, "oldest": one["report"].get("oldest")}
            found.append({**said, "at": one["last_exchange"]})
    return found


def note(db: peewee.Database, me: Me, id: str, now: datetime, contact: Contact) -> bool:
    """Keep what a phone without operations says, at most every few minutes unless something changed; is it revoked?"""
    found = rows.select(db, Device, "id", [id])
    if found:
        device = found[0]
        if device["user"] != me.id:
            raise Refused("fork")
        recent = device["last_exchange"] > instant(now - NOTE_EVERY)
        same = device["app"] == contact.app and _waits(device["report"]) == _waits(contact.report)
        if recent and same and not contact.report.get("alarms") and me.channels.issubset(device["channels"]):
            return bool(device["revoked"])
    with writing(db):
        device = lock(db, me, id)
        save(db, device, me, now, contact)
        return bool(device["revoked"])


def _waits(report: Mapping[str, Any]) -> tuple[int, bool]:
    """What of a report is worth a write: how many operations wait, and whether attachments do."""
    return int(report.get("waiting") or 0), bool(report.get("files"))


def is_revoked(db: peewee.Database, id: str) -> bool:
    """Whether this phone was signed off."""
    found = rows.select(db, Device, "id", [id])
    return bool(found and found[0]["revoked"])


def revoke(db: peewee.Database, id: str, revoked: bool = True) -> None:
    """Sign a phone off, or allow it again: what a revoked one still delivers goes to quarantine."""
    of, mark = rows.table(Device), db.param
    db.execute_sql(
        f"UPDATE {of.name} SET {of.column['revoked']} = {mark} WHERE {of.column['id']} = {mark}",
        (revoked, id),
    )
