"""Phones: each phone of the community with its person and what it last said of itself, and signing one off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app

from fieldapp.people.record import Member
from fieldapp.review.decide import tell
from fieldapp.review.operations import names, phone_name
from sync import devices
from sync.scope import Me
from sync.store import Device, writing


def phones(me: Me) -> list[dict[str, Any]]:
    """The community's phones as they last said, by their persons' names; pages of the server are none."""
    staff = names(me)
    found = [
        one
        for one in Device.select().where(Device.community == me.community)
        if not one.id.startswith("web:") and one.user in staff
    ]
    return [
        {
            "id": one.id,
            "name": phone_name(one.id),
            "who": staff[one.user],
            "app": one.app,
            "last_exchange": one.last_exchange or None,
            "waiting": one.report.get("waiting", 0),
            "oldest": one.report.get("oldest"),
            "photos": one.report.get("files") or 0,
            "used": one.report.get("used"),
            "left": one.report.get("left"),
            "clock": round(one.offset_ms / 1000),
            "revoked": one.revoked,
        }
        for one in sorted(found, key=lambda one: (staff[one.user], one.id))
    ]


def revoke(me: Me, id: str, revoked: bool, moment: datetime) -> bool:
    """Sign a phone off, or allow it again, and tell its person; false where the community has no such phone."""
    phone = Device.get_or_none(Device.id == id, Device.community == me.community)
    known = phone and Member.get_or_none(Member.id == phone.user, Member.community == me.community)
    if not phone or not known or id.startswith("web:"):
        return False
    if phone.revoked == revoked:
        return True
    database = current_app.extensions["database"]
    with writing(database):
        devices.revoke(database, id, revoked)
        tell(me, phone.user, "revoke" if revoked else "allow", id, moment)
    return True
