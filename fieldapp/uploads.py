"""Uploads: the tus 1.0 routes by which phones send photos, apart from the exchange; the engine does the work.  # P23

Core, creation, expiration, checksum and termination. The only metadata is `sha256`, in hex: a blob has no other name.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from functools import wraps
from typing import Any

import peewee
from flask import Blueprint, Response, current_app, g, request
from werkzeug.exceptions import ClientDisconnected

from fieldapp.config import now
from fieldapp.declare import photo
from fieldapp.declare.kinds import kinds
from fieldapp.errors import refusal
from fieldapp.limits import limiter
from sync.ids import uuid7
from sync.uploads import LIMIT_BYTES, Desk, Standing
from sync.wire import Refused

uploads = Blueprint("uploads", __name__, url_prefix="/uploads")
HASH = re.compile(r"[0-9a-f]{64}")
ALGORITHMS = ("sha1", "sha256")
TUS = {
    "Tus-Resumable": "1.0.0",
    "Tus-Version": "1.0.0",
    "Tus-Extension": "creation,expiration,checksum,termination",
    "Tus-Max-Size": str(LIMIT_BYTES),
    "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
}
CODES = {
    "too_large": "upload_too_large",
    "too_many": "too_many_uploads",
    "not_found": "no_upload",
    "offset": "upload_offset",
    "locked": "upload_locked",
    "checksum": "upload_checksum",
    "unfit": "no_picture",
}

View = Callable[..., Response]


def _answers(view: View) -> View:
    """Signed in and speaking tus 1.0; every refusal in one shape."""

    @wraps(view)
    def answer(**given: Any) -> Response:
        if g.me is None:
            return refusal("signed_out")
        if request.headers.get("Tus-Resumable") != "1.0.0":
            return refusal("upload_version")
        try:
            return view(**given)
        except Refused as refused:
            return refusal(CODES[refused.code])
        except (OSError, peewee.OperationalError, peewee.InterfaceError):
            return refusal("busy")

    return answer


@uploads.after_request
def _speaks_tus(answer: Response) -> Response:
    answer.headers.update(TUS if request.method == "OPTIONS" else {"Tus-Resumable": "1.0.0"})
    if answer.status_code >= 400:
        # A body that nobody read would cost the client its connection, and sometimes the answer with it.
        with contextlib.suppress(OSError, ClientDisconnected):
            request.stream.read(LIMIT_BYTES)
    return answer


@uploads.route("", methods=["OPTIONS"])
@uploads.route("/<id>", methods=["OPTIONS"])
def options(id: str = "") -> Response:
    """What this server can."""
    return Response(status=204)


@uploads.post("")
@limiter.limit("1200 per minute")
@_answers
def create() -> Response:
    """A place for one blob: 201 with `Location`."""
    hash, length = _announced(), request.headers.get("Upload-Length", "")
    if hash is None or not re.fullmatch(r"[0-9]{1,12}", length):
        return refusal("bad_request")
    at = _desk().begin(str(uuid7()), hash, int(length))
    return _standing(at, 201, {"Location": f"/uploads/{at.id}"})


@uploads.route("/<id>", methods=["HEAD"])
@_answers
def look(id: str) -> Response:
    """How much of it is here, on disk."""
    at = _desk().look(id)
    return _standing(at, 200, {"Upload-Length": str(at.length)})


@uploads.patch("/<id>")
@limiter.limit("2400 per minute")
@_answers
def append(id: str) -> Response:
    """More of it, from `Upload-Offset` on. What came before a connection broke stays."""
    offset = request.headers.get("Upload-Offset", "")
    if request.mimetype != "application/offset+octet-stream":
        return refusal("upload_type")
    try:
        checksum = _checksum()
    except ValueError:
        return refusal("bad_request")
    if not re.fullmatch(r"[0-9]{1,12}", offset):
        return refusal("bad_request")
    at = _desk().append(id, int(offset), _read, checksum)
    return _standing(at, 204)


@uploads.delete("/<id>")
@_answers
def drop(id: str) -> Response:
    """Forget it."""
    _desk().drop(id)
    return Response(status=204)


def _desk() -> Desk:
    return Desk(current_app.extensions["database"], kinds(), photo.place(), g.me, now())


def _read(size: int) -> bytes:
    """The next bytes of the body; where the connection breaks it ends."""
    try:
        return request.stream.read(size)
    except (ClientDisconnected, OSError):
        return b""


def _announced() -> str | None:
    """The hash in `Upload-Metadata: sha256 <base64>`."""
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        name, _, value = pair.strip().partition(" ")
        if name == "sha256":
            text = (_decoded(value) or b"").decode("ascii", "replace")
            return text if HASH.fullmatch(text) else None
    return None


def _checksum() -> tuple[str, bytes] | None:
    """`Upload-Checksum: sha256 <base64>`; ValueError where it cannot be read."""
    given = request.headers.get("Upload-Checksum")
    if given is None:
        return None
    algorithm, _, value = given.partition(" ")
    digest = _decoded(value)
    if algorithm not in ALGORITHMS or not digest:
        raise ValueError(algorithm)
    return algorithm, digest


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _standing(at: Standing, status: int, more: dict[str, str] | None = None) -> Response:
    answer = Response(status=status, headers=more)
    answer.headers["Upload-Offset"] = str(at.offset)
    answer.headers["Upload-Expires"] = format_datetime(datetime.fromisoformat(at.expires), usegmt=True)
    return answer
