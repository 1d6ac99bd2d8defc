"""Errors: every refusal of the exchange in one shape, with a code for programs and words for people."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask_babel import gettext

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
