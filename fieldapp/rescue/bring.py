"""Bring: pushes what a rescue file holds under its author's name and the phone's own device and seqs; again is once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import peewee

from fieldapp.config import instant
from fieldapp.declare import photo
from fieldapp.declare.kinds import kinds
from fieldapp.declare.words import _l
from fieldapp.people.account import Account
from fieldapp.people.me import me_of
from fieldapp.rescue.file import Bundle, Rescue, RescueError
from fieldapp.rescue.models import RescueBrought
from sync import blobs
from sync.ids import uuid7
from sync.push import PATIENCE, push
from sync.scope import Me
from sync.store import Operation
from sync.uploads import LIMIT_UNNAMED
from sync.wire import LIMIT_OPS, Op, Refused

NOBODY = _l("The file holds no records of a person of this community. Nothing was changed.")


def bring(
    db: peewee.Database,
    rescue: Rescue,
    now: datetime,
    *,
    community: str | None,
    by: Account | None,
    phone_lost: bool = False,
) -> tuple[list[RescueBrought], int]:
    """Take in what the file holds of people of `community` (None: of all); what became of each, and how many are others'.

    `phone_lost`: also where earlier operations of the phone are missing here, which only the phone could send. Raises
    RescueError where there is nobody's work to take, and Busy; the same file may be brought again.
    """
    ours: list[tuple[Account, Bundle]] = []
    for bundle in rescue.persons:
        account = Account.get_or_none(Account.id == bundle.user)
        if account is not None and community in (None, account.community):
            ours.append((account, bundle))
    if not ours:
        raise RescueError(NOBODY)
    done = [_bring_one(db, rescue, account, bundle, now, by, phone_lost) for account, bundle in ours]
    return done, len(rescue.persons) - len(ours)


def _bring_one(
    db: peewee.Database,
    rescue: Rescue,
    account: Account,
    bundle: Bundle,
    now: datetime,
    by: Account | None,
    phone_lost: bool,
) -> RescueBrought:
    me = me_of(account)
    first = bundle.ops[0].seq if bundle.ops else 1
    noted = RescueBrought.create(
        id=str(uuid7(int(now.timestamp() * 1000))),
        community=account.community,
        sha256=rescue.sha256,
        author=account.id,
        author_name=account.name,
        device=bundle.device,
        first=first,
        last=first + len(bundle.ops) - 1,
        brought_by=by.id if by else "",
        brought_name=by.name if by else "",
        at=instant(now),
        known=_known(me, bundle.ops),
    )
    try:
        results = _push(db, me, bundle.device, bundle.ops, now)
    except Refused as refused:
        if refused.code == "gap" and not phone_lost:
            noted.refused = refused.code
            noted.save()
            return noted
        # As the phone itself would go on: a device of their own, and every operation keeps its id.  # P11
        ops = [op.model_copy(update={"seq": seq}) for seq, op in enumerate(bundle.ops, start=1)]
        noted.device = str(uuid5(NAMESPACE_OID, f"{bundle.device} {ops[0].op}"))
        noted.first, noted.last = 1, len(ops)
        results = _push(db, me, noted.device, ops, now)
    _photos(db, me, rescue, noted, now)
    noted.outcomes = json.dumps(Counter(one["status"] for one in results))
    noted.save()
    return noted


def _push(db: peewee.Database, me: Me, device: str, ops: Sequence[Op], now: datetime) -> list[dict[str, Any]]:
    """Batch after batch; what fails for a reason that nobody foresaw is tried as often as a phone would try.  # P13"""
    results: list[dict[str, Any]] = []
    for at in range(0, len(ops), LIMIT_OPS):
        batch = ops[at : at + LIMIT_OPS]
        for _ in range((PATIENCE + 1) * len(batch)):
            receipt = push(db, kinds(), me, device, batch, now)
            if receipt.last >= batch[-1].seq:
                break
        results += receipt.results
    return results


def _photos(db: peewee.Database, me: Me, rescue: Rescue, noted: RescueBrought, now: datetime) -> None:
    """Keep what the person photographed as an upload would; a later one finds it here.  # P23"""
    noted.photos_left = rescue.left
    place = photo.place()
    for one in rescue.files:
        if one.user != me.id:
            continue
        if blobs.held(db, me, [one.hash], place.depot):
            noted.photos_known += 1
            continue
        content = one.content()
        try:
            if content is None or blobs.unnamed(db, me) >= LIMIT_UNNAMED:
                raise blobs.Unfit
            blobs.keep(db, kinds(), place, me, one.hash, content, now)
            noted.photos += 1
        except blobs.Unfit:
            noted.photos_refused += 1


def _known(me: Me, ops: Sequence[Op]) -> int:
    found = 0
    for at in range(0, len(ops), LIMIT_OPS):
        ids = [op.op for op in ops[at : at + LIMIT_OPS]]
        found += Operation.select().where(Operation.op.in_(ids), Operation.user == me.id).count()
    return found
