"""Packing: what travels is brotli where the browser takes it (over HTTPS all do), else gzip: a page of 11 kB arrives as 3."""

from __future__ import annotations

import zlib

import brotli
from flask import Flask, Response, request

# Of a first pull of 316 kB: brotli 5 makes 38.8 kB in 5 ms, gzip 6 43.5 kB in 4 ms; more of either gives next to nothing.
QUALITY = 5
LEVEL = 6
QUICK = 1  # of gzip, for what follows the first page: 16 % more than 6 in a quarter of the time
MEMORY = 5  # of gzip: a table of codes each few kilobytes; records travel in columns, each unlike the next (8: 5 % more)
FROM = 500  # bytes; below that the frame eats what packing saves
ENDINGS = {"br": ".br", "gzip": ".gz"}  # of files that the build packed, best first
TEXTS = {"text/html", "application/json", "application/manifest+json", "image/svg+xml"}


def init_app(app: Flask) -> None:
    """Pack what is text, whole, and not packed yet."""
    app.after_request(_pack)


def accepted() -> str | None:
    """The best packing that who asks can undo."""
    return next((name for name in ENDINGS if name in request.accept_encodings), None)


def packed(text: bytes, packing: str, level: int = LEVEL) -> bytes:
    """As it travels; the same bytes from the same text."""
    if packing == "br":
        return brotli.compress(text, quality=QUALITY)
    packer = zlib.compressobj(level, wbits=31, memLevel=MEMORY)
    return packer.compress(text) + packer.flush()


def set_packed(answer: Response, body: bytes, level: int = LEVEL) -> None:
    """Make `body` the answer's, packed where that is worth it."""
    answer.vary.add("Accept-Encoding")
    packing = accepted()
    if packing is None or len(body) < FROM:
        answer.set_data(body)
        return
    answer.set_data(packed(body, packing, level))
    answer.headers["Content-Encoding"] = packing
    if etag := answer.get_etag()[0]:
        answer.set_etag(etag, weak=True)


def _pack(answer: Response) -> Response:
    if (
        answer.mimetype not in TEXTS
        or answer.status_code in (206, 304)
        or answer.is_streamed
        and not answer.direct_passthrough
    ):
        return answer
    answer.vary.add("Accept-Encoding")
    if "Content-Encoding" not in answer.headers and accepted():
        answer.direct_passthrough = False  # the manifest and the icon are small files
        set_packed(answer, answer.get_data())
    return answer
