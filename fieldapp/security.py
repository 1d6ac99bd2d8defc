"""Security: headers of every answer, and the origin check that stands in for CSRF tokens in field forms."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_babel import gettext
from werkzeug.exceptions import Forbidden

# The phone puts the same policy on its own answers (static/phone/pages.js); a test compares them.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; font-src 'self'"
)


def init_app(app: Flask) -> None:
    """Check the origin of every change; put the headers on every answer."""
    app.before_request(_same_origin)
    app.after_request(_headers)


def _same_origin() -> None:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    origin = request.headers.get("Origin")
    if origin is None:
        # Old browsers and other programs send none; a browser of today always does for a cross-site change.
        if request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none"):
            return
    elif urlsplit(origin).netloc == request.host:
        return
    raise Forbidden(gettext("This request came from another site."))


def _headers(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", CSP)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = "no-store"
    if request.is_secure:
        answer.headers["Strict-Transport-Security"] = "max-age=31536000"
    return answer
