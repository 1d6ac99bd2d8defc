"""Exchange: the one door of sync, `POST /sync`; reads, checks who asks, and lets the engine answer.  # P10"""

from __future__ import annotations

import json
import zlib
from typing import Any

import peewee
import structlog
from flask import Blueprint, Response, current_app, g, request, session
from flask_login import logout_user
from pydantic import ValidationError

from fieldapp.config import now
from fieldapp.declare.kinds import kinds
from fieldapp.declare.photo import place
from fieldapp.errors import refusal, why
from fieldapp.limits import EXCHANGES, Turns, limiter, person
from fieldapp.packing import LEVEL, QUICK, set_packed
from fieldapp.phone import app_version
from sync.devices import unsent
from sync.exchange import exchange
from sync.wire import LIMIT_PACKED, LIMIT_UNPACKED, BadRequest, Busy, Refused, TooLarge, read_request

log = structlog.get_logger()
sync_door = Blueprint("sync_door", __name__)
turns = Turns()


def take_a_turn() -> Response | None:
    """Before anything is read or asked of the database: one of few exchanges at once, or come again later.  # P7"""
    if request.endpoint != "sync_door.post_sync":
        return None
    g.turn = turns.take()
    return None if g.turn else refusal("busy", retry_after=turns.later())


def give_the_turn(_: BaseException | None) -> None:
    """The answer is made: the next one's turn."""
    if g.pop("turn", False):
        turns.give()


@sync_door.post("/sync")
@limiter.limit(EXCHANGES, key_func=person)
def post_sync() -> Response:
    """One exchange: operations in, results and a page of changes out. Nothing is consumed on any refusal."""
    if g.me is None:
        return refusal("signed_out")
    try:
        wanted = read_request(_unpacked())
        if wanted.user != g.me.id:
            return refusal("other_user", user=g.me.id)
        database = current_app.extensions["database"]
        view = dict(g.me_view)
        if not wanted.cursors:
            # A phone that begins, or begins anew: has another one, or this one before, something left?
            view["unsent"] = unsent(database, g.me, wanted.device)
        answer = exchange(
            database,
            kinds(),
            g.me,
            wanted,
            now(),
            me_view=view,
            app=app_version(),
            depot=place().depot,
        )
    except TooLarge:
        return refusal("too_large")
    except (BadRequest, ValidationError) as bad:
        log.warning("sync.bad_request", problem=type(bad).__name__)
        return refusal("bad_request")
    except Refused as refused:
        report = wanted.report
        last_word = report.clears or report.files is None
        if refused.code == "revoked" and last_word and not (wanted.ops or report.waiting or report.files):
            logout_user()  # it has delivered everything and clears itself now
            session.clear()
        return refusal(refused.code, **refused.more)
    except (Busy, peewee.OperationalError, peewee.InterfaceError) as busy:
        log.warning("sync.busy", problem=type(busy).__name__, cause=why(busy))
        _drop_connection()
        return refusal("busy", cause=why(busy))
    return _packed(answer, QUICK if wanted.cursors else LEVEL)


def _drop_connection() -> None:
    database = current_app.extensions["database"]
    if not database.is_closed():
        database.close()


def _unpacked() -> bytes:
    """The request's body as JSON text, at most 2 MiB on the wire and 20 MiB unpacked.  # P21"""
    if (request.content_length or 0) > LIMIT_PACKED:
        raise TooLarge
    body = request.stream.read(LIMIT_PACKED + 1)
    if len(body) > LIMIT_PACKED:
        raise TooLarge
    if request.headers.get("Content-Encoding") != "gzip":
        return body
    try:
        unpacker = zlib.decompressobj(wbits=31)
        plain = unpacker.decompress(body, LIMIT_UNPACKED + 1)
    except zlib.error as torn:
        raise BadRequest("gzip") from torn
    if len(plain) > LIMIT_UNPACKED:
        raise TooLarge
    if not unpacker.eof:
        raise BadRequest("gzip")
    return plain


def _packed(answer: Any, level: int) -> Response:
    body: bytes = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
    made = Response(mimetype="application/json")
    set_packed(made, body, level)
    return made
