"""Errors: every refusal of the exchange in one shape, with a code for programs and words for people."""

from __future__ import annotations

from typing import Any

import peewee
from flask import Flask, Response, current_app, jsonify, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from fieldapp.declare.words import _l

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
    "not_allowed": _l("Your role may not do this."),
    "missing_parent": _l("The household is not known to the centre."),
    "missing_record": _l("The record is not known to the centre."),
    "revoked": _l("This phone was signed off by a supervisor."),
    "held": _l("It waits for an earlier record."),
    "error": _l("The centre could not take it; a supervisor looks at it."),
}


def refusal(code: str, **more: Any) -> Response:
    """The JSON answer `{"protocol":1,"error":{"code","message"},…}` with the code's status."""
    status, words = CATALOGUE[code]
    answer = jsonify({"protocol": 1, "error": {"code": code, "message": gettext(words)}, **more})
    answer.status_code = status
    if status in (429, 503):
        answer.headers["Retry-After"] = str(more.get("retry_after", 5))
    return answer


def init_app(app: Flask) -> None:
    """What no view answered is still said in words, in the shape that was asked for."""
    app.register_error_handler(HTTPException, _in_words)
    app.register_error_handler(peewee.OperationalError, _database_away)
    app.register_error_handler(peewee.InterfaceError, _database_away)


def _in_words(problem: HTTPException) -> tuple[str, int] | HTTPException | Response:
    code = problem.code or 500
    if code == 429 and request.path == "/sync":
        return refusal("rate_limited")
    return problem if code < 400 else (render_template("refused.html", code=code), code)


def _database_away(_: Exception) -> Response:
    """Nothing was consumed: 503, and the next request opens a new connection.  # P13"""
    database = current_app.extensions["database"]
    if not database.is_closed():
        database.close()
    if request.path == "/sync":
        return refusal("busy")
    return Response(
        render_template("refused.html", code=503), 503, {"Retry-After": "5"}, mimetype="text/html"
    )
