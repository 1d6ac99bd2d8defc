"""Photos: shows a photo to who may hold a record that names it, and takes one that a page sends whole."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from fieldapp.config import now
from fieldapp.declare import photo
from fieldapp.declare.kinds import kinds
from fieldapp.errors import refusal
from fieldapp.limits import limiter
from sync import blobs
from sync.uploads import LIMIT_BYTES, LIMIT_UNNAMED

photos = Blueprint("photos", __name__, url_prefix="/photos")


@photos.before_request
def _signed_in() -> AnyResponse | None:
    if g.me is not None:
        return None
    return refusal("signed_out") if request.method == "PUT" else redirect("/sign-in", 303)


@photos.get("/<hash>")
def show(hash: str) -> Response:
    """The picture; 404 for everybody else, so that nobody learns whether there is one."""
    database = current_app.extensions["database"]
    user = blobs.owner(database, kinds(), g.me, hash)
    found = photo.place().depot.get(blobs.name_of(g.me.community, user, hash)) if user else None
    if found is None:
        abort(404)
    answer = Response(found, mimetype="image/jpeg")
    answer.headers["Content-Disposition"] = f'inline; filename="{hash[:12]}.jpg"'
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


@photos.put("")
@limiter.limit("600 per minute")
def take() -> Response:
    """A photo for a form that is not saved yet: 201 with its name. The phone answers the same address."""
    database = current_app.extensions["database"]
    if (request.content_length or 0) > LIMIT_BYTES:
        return refusal("upload_too_large")
    if blobs.unnamed(database, g.me) >= LIMIT_UNNAMED:
        return refusal("too_many_uploads")
    try:
        name = photo.keep(database, g.me, request.get_data(), now())
    except blobs.Unfit:
        return refusal("no_picture")
    except OSError:
        return refusal("busy")
    return Response(name, 201, mimetype="text/plain")
