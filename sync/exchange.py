"""Exchange: one round trip of a phone: its operations in, then results and a page of changes out.  # P10"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import peewee

from sync.kinds import Kind
from sync.pull import pull
from sync.push import instant, push
from sync.scope import Me
from sync.store import Device, epoch, snapshot
from sync.wire import PROTOCOL, Refused, Request, compact


def exchange(
    database: peewee.Database,
    kinds: Mapping[str, Kind],
    me: Me,
    request: Request,
    now: datetime,
    *,
    me_view: Mapping[str, Any],
    app: str,
) -> bytes:
    """The answer as JSON text. Raises what `push` raises; then nothing of this request was consumed.

    With another epoch than the phone's, its operations are left for the next request: it must first hear where this
    history stands.  # P20
    """
    here = epoch(database)
    known = request.epoch in (None, here)
    offset_ms = measured(request.clock, now)
    results = push(database, kinds, me, request.device, request.ops, now, offset_ms) if known and request.ops else []
    with snapshot(database):
        device = Device.get_or_none(Device.id == request.device)
        if device is not None and device.user != me.id:
            raise Refused("fork")
        pulled = pull(kinds, me, request.cursors if known else {}, request.tail, now)
        last = device.last if device else 0
        pages = pulled.pages(kinds)
    _remember(request, me, now, offset_ms)
    forget = [channel for channel in request.cursors if channel not in me.channels] if known else []
    head = {"protocol": PROTOCOL, "app": app, "epoch": here, "now": milliseconds(now), "last": last, "results": results}
    head |= {"me": dict(me_view), "forget": forget, "cursors": pulled.cursors, "more": pulled.more}
    return (compact(head)[:-1] + ',"pages":' + pages + "}").encode()


def measured(clock: str, now: datetime) -> int:
    """By how many milliseconds the phone's clock is behind the server's, the way of the request included.  # P19"""
    there = datetime.fromisoformat(clock.replace("Z", "+00:00"))
    return int((now - there).total_seconds() * 1000)


def milliseconds(moment: datetime) -> str:
    """`2026-11-23T02:42:05.120Z`."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


def _remember(request: Request, me: Me, now: datetime, offset_ms: int) -> None:
    """What the phone says of itself; a row of its own, outside the promises, so a failure here changes nothing."""
    fields = {
        "app": request.app,
        "last_exchange": instant(now),
        "offset_ms": offset_ms,
        "report": request.report.model_dump(),
    }
    if not Device.update(**fields).where(Device.id == request.device, Device.user == me.id).execute():
        row = {"id": request.device, "user": me.id, "community": me.community, **fields}
        Device.insert(**row).on_conflict_ignore().execute()
