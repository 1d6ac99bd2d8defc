"""Errors: every refusal of the exchange in one shape, with a code for programs and words for people."""

from __future__ import annotations

import errno
from typing import Any

import peewee
import structlog
from flask import Flask, Response, current_app, jsonify, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from fieldapp.declare.words import _l
from sync import faults
from sync.wire import Busy

log = structlog.get_logger()

CATALOGUE: dict[str, tuple[int, str]] = {
    "signed_out": (401, _l("Sign in again to send. What you recorded stays on this phone.")),
    "other_user": (409, _l("Another person is signed in. The records stay under their author's name.")),
    "gap": (409, _l("Some earlier records have not arrived yet; they are sent again.")),
    "fork": (409, _l("This phone was copied or restored; it gets a new number and sends again.")),
    "too_large": (413, _l("Too much at once; it is sent in smaller parts.")),
    "bad_request": (422, _l("The request could not be read. Nothing was changed.")),
    "revoked": (403, _l("This phone was signed off by a supervisor.")),
    "busy": (503, _l("The centre is busy. Nothing was lost; it is tried again by itself.")),
    "rate_limited": (429, _l("Too many requests. It is tried again by itself.")),
    "no_upload": (404, _l("This upload is not known any more; the photo is sent again.")),
    "upload_offset": (409, _l("Some of the photo has arrived already; the rest is sent.")),
    "upload_version": (412, _l("The request could not be read. Nothing was changed.")),
    "upload_too_large": (413, _l("The photo is too large.")),
    "upload_type": (415, _l("The request could not be read. Nothing was changed.")),
    "no_picture": (422, _l("This file is not a picture that can be kept.")),
    "upload_locked": (423, _l("This photo is being sent by another page.")),
    "too_many_uploads": (429, _l("Too many requests. It is tried again by itself.")),
    "upload_checksum": (460, _l("The photo was damaged on its way; it is sent again.")),
}

# Why the centre takes nothing in for now; `busy` has its words above.
CAUSES: dict[str, str] = {
    "disk_full": _l(
        "The centre's disk is full, so nothing can be taken in. Nothing was lost; it is tried again by itself."
    ),
    "read_only": _l("The centre cannot write just now. Nothing was lost; it is tried again by itself."),
    "away": _l("The centre's database is away. Nothing was lost; it is tried again by itself."),
}
RETRY_SECONDS = 5

# Why the centre holds an operation back, by the engine's code.
REASONS: dict[str, str] = {
    "conflict": _l("Somebody else entered another value; a supervisor decides."),
    "gone": _l("The record had been deleted meanwhile; a supervisor decides."),
    "changed_since": _l("Others changed the record meanwhile; a supervisor decides."),
    "left_scope": _l("The door moved to another grid meanwhile; a supervisor decides."),
    "invalid": _l("A value cannot be right."),
    "unknown_field": _l("This version of the app sent something unknown; please update."),
    "unknown_kind": _l("This version of the app sent something unknown; please update."),
    "out_of_scope": _l("The door is not in your grids."),
    "unfit": _l("Whom it names does not work that grid; it stays as it was."),
    "not_allowed": _l("Your role may not do this."),
    "missing_parent": _l("The household is not known to the centre."),
    "missing_record": _l("The record is not known to the centre."),
    "revoked": _l("This phone was signed off by a supervisor."),
    "rejected": _l("A supervisor did not take it; the reason stands under what the desk decided."),
    "has_children": _l("Others recorded something under it meanwhile; a supervisor decides."),
    "not_yours": _l("Only the person who recorded it can take it back."),
    "append_only": _l("A record of this kind is never changed; record a new one."),
    "exists": _l("The centre has a record under this number already."),
    "missing_operation": _l("The record that it takes back is not known to the centre."),
    "op_taken": _l("Another person has sent a record under this number; a supervisor looks at it."),
    "refused": _l("The centre could not take it; a supervisor looks at it."),
    "failed": _l("The centre could not take it; a supervisor looks at it."),
    "held": _l("It waits for an earlier record."),
}


def refusal(code: str, cause: str | None = None, retry_after: int = RETRY_SECONDS, **more: Any) -> Response:
    """The JSON answer `{"protocol":1,"error":{"code","message"},…}` with the code's status."""
    status, words = CATALOGUE[code]
    error = {"code": code, "message": gettext(CAUSES.get(cause or "", words))}
    answer = jsonify({"protocol": 1, "error": error | ({"cause": cause} if cause else {}), **more})
    answer.status_code = status
    if status in (429, 503):
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def init_app(app: Flask) -> None:
    """What no view answered is still said in words, in the shape that was asked for."""
    app.register_error_handler(HTTPException, _in_words)
    for passing in (peewee.OperationalError, peewee.InterfaceError, peewee.InternalError, OSError, Busy):
        app.register_error_handler(passing, _unwell)


def _in_words(problem: HTTPException) -> tuple[str, int] | HTTPException | Response:
    code = problem.code or 500
    if code == 429 and request.path == "/sync":
        return refusal("rate_limited")
    return problem if code < 400 else (render_template("refused.html", code=code), code)


def _unwell(problem: Exception) -> Response:
    """Nothing was consumed: 503 with the cause in words, and the next request opens a new connection.  # P13"""
    if isinstance(problem, OSError) and problem.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        raise problem
    if isinstance(problem, peewee.InternalError) and faults.sort(problem) != "temporary":
        raise problem
    cause = why(problem)
    log.warning("server.unwell", cause=cause, problem=type(problem).__name__)
    database = current_app.extensions["database"]
    if not database.is_closed():
        database.close()
    if request.path == "/readyz":
        return unready(cause)
    if request.path == "/sync":
        return refusal("busy", cause=cause)
    page = render_template("refused.html", code=503, words=gettext(CAUSES[cause]) if cause in CAUSES else "")
    return Response(page, 503, {"Retry-After": str(RETRY_SECONDS)}, mimetype="text/html")


def why(problem: BaseException) -> str:
    """The cause of a temporary error: `disk_full`, `read_only`, `away` or `busy`."""
    return faults.cause(problem.__cause__ if isinstance(problem, Busy) and problem.__cause__ else problem)


def unready(cause: str) -> Response:
    """What `/readyz` says while nothing can be taken in."""
    answer = jsonify({"ok": False, "cause": cause, "message": CAUSES.get(cause, CATALOGUE["busy"][1])})
    answer.status_code = 503
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer
