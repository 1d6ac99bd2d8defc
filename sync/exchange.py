"""Exchange: one request of a phone, one answer: operations in, then results and a page of changes out.  # P10"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import peewee

from sync import blobs, devices, digest, faults
from sync.depot import Depot
from sync.encode import dumps
from sync.instants import instant_ms, parse
from sync.kinds import Kind
from sync.pull import Pull, Pulled
from sync.push import Receipt, push
from sync.scope import Me
from sync.store import epoch, reading
from sync.wire import PROTOCOL, Cursor, Refused, Request, check_request

log = logging.getLogger(__name__)


def exchange(
    db: peewee.Database,
    kinds: Mapping[str, Kind],
    me: Me,
    request: Request | Mapping[str, Any],
    now: datetime,
    *,
    me_view: Mapping[str, Any] | None = None,
    app: str = "",
    depot: Depot | None = None,
) -> bytes:
    """The answer as JSON in UTF-8. Raises Refused (`other_user`, `gap`, `fork`, `revoked`), Busy and BadRequest.

    `me_view` is what the phone is told about the person, at least `id`; `depot` where attachments lie.
    """
    asked = request if isinstance(request, Request) else check_request(request)
    if asked.user != me.id:
        raise Refused("other_user")
    current = epoch(db)
    renewed = asked.epoch is not None and asked.epoch != current
    # What a revoked phone delivers goes to quarantine whatever history it knew; it is shown nothing.
    skipped = renewed and not devices.is_revoked(db, asked.device)
    receipt = Receipt(0) if skipped else _arrive(db, kinds, me, asked, now)
    if receipt.revoked:
        files = blobs.held(db, me, asked.files, depot)  # P23
        raise Refused(
            "revoked", last=_standing(db, me, asked.device)[-1], results=receipt.results, files=files
        )
    cursors: Mapping[str, Cursor] = {} if renewed else asked.cursors
    with reading(db):
        epoch_now, seq, pruned, last = _standing(db, me, asked.device)
        pulled = Pull(db, kinds, me, seq, now, pruned).run(cursors, asked.tail)
        digests = None if pulled.more else digest.read(db, me.channels)
        files = blobs.held(db, me, asked.files, depot) if asked.files else []  # P23
    return _answer(app, epoch_now, now, last, receipt, me_view or _view(me), pulled, digests, files)


def _arrive(db: peewee.Database, kinds: Mapping[str, Kind], me: Me, asked: Request, now: datetime) -> Receipt:
    """Take the operations, or only note that the phone was here."""
    offset = round((now - parse(asked.clock)).total_seconds() * 1000)
    if asked.report.alarms:
        # P16: a program's error, the phone's or ours; the phone reads the channels anew.
        log.error("phone %s holds other records than it was sent: %s", asked.device, asked.report.alarms)
    contact = devices.Contact(offset, asked.app, asked.report.model_dump())
    if asked.ops:
        return push(db, kinds, me, asked.device, asked.ops, now, contact)
    try:
        revoked = devices.note(db, me, asked.device, now, contact)
    except peewee.PeeweeException as error:
        if faults.sort(error) != "temporary":
            raise
        log.info("a phone's report was not kept: %s", type(error).__name__)
        return Receipt(0)
    return Receipt(0, revoked=revoked)


def _standing(db: peewee.Database, me: Me, device: str) -> tuple[str, int, int, int]:
    """The epoch, the community's last feed seq and last pruned one, and the device's last seq, of one moment.  # P4"""
    mark = db.param
    sql = (
        'SELECT (SELECT "epoch" FROM "sync_meta" WHERE "id" = 1), '
        f'"seq", "pruned", '
        f'(SELECT "last" FROM "sync_device" WHERE "id" = {mark} AND "user" = {mark}) '
        f'FROM (SELECT 1) AS "one" LEFT JOIN "sync_counter" ON "community" = {mark}'
    )
    found = db.execute_sql(sql, (device, me.id, me.community)).fetchone()
    return found[0], found[1] or 0, found[2] or 0, found[3] or 0


def _view(me: Me) -> dict[str, Any]:
    return {
        "id": me.id,
        "community": me.community,
        "role": me.role,
        "grids": list(me.grids),
        "channels": sorted(me.channels),
    }


def _answer(
    app: str,
    epoch_now: str,
    now: datetime,
    last: int,
    receipt: Receipt,
    view: Mapping[str, Any],
    pulled: Pulled,
    digests: Mapping[str, Any] | None,
    files: list[str],
) -> bytes:
    head = {"protocol": PROTOCOL, "app": app, "epoch": epoch_now, "now": instant_ms(now), "last": last}
    cursors = {
        name: {"at": one.at, "head": one.head, "tail": one.tail} for name, one in pulled.cursors.items()
    }
    rest = {
        "results": receipt.results,
        "me": view,
        "forget": pulled.forget,
        "anew": pulled.anew,
        "cursors": cursors,
        "more": pulled.more,
        "digests": digests,
        "files": files,
    }
    return f'{dumps(head)[:-1]},"pages":{pulled.pages},{dumps(rest)[1:]}'.encode()
