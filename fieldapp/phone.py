"""Phone: what the browser loads once: the service worker, the page's script and style, the manifest."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, send_from_directory
from werkzeug.security import safe_join

from fieldapp.config import resources
from fieldapp.packing import ENDINGS, accepted

phone = Blueprint("phone", __name__)
DECODER = "build/decoder-"
DECODER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
FOREVER = "public, max-age=31536000, immutable"


def static_folder() -> Path:
    """The folder of sources and built assets."""
    return resources() / "static"


@functools.cache
def built() -> dict[str, Any]:
    """The build's manifest: `{"version": …, "files": {name: path below static/}}`; read once a process."""
    file = static_folder() / "build" / "manifest.json"
    if not file.is_file():
        raise RuntimeError("the phone is not built: run `python -m fieldapp.build`")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def app_version() -> str:
    """The version of what is declared and built; phones update when it changes."""
    return str(built()["version"])


def asset(name: str) -> str:
    """The URL of a built or source asset, with its content hash: `app.css` → `/static/build/app-1a2b3c.css`."""
    return "/static/" + str(built()["files"][name])


@phone.get("/sw.js")
def service_worker() -> Response:
    """The worker as one classic script: the exported data, then the engine."""
    return _file("build/sw.js", "text/javascript", "no-cache")


@phone.get("/manifest.webmanifest")
def web_manifest() -> Response:
    """The manifest that makes the app installable."""
    return _file("manifest.webmanifest", "application/manifest+json", "public, max-age=3600")


def _file(name: str, mimetype: str, cache: str) -> Response:
    packing = accepted()
    packed = name + ENDINGS.get(packing or "", "")
    if packing and (static_folder() / packed).is_file():
        answer = send_from_directory(static_folder(), packed, mimetype=mimetype)
        answer.headers["Content-Encoding"] = packing
    else:
        answer = send_from_directory(static_folder(), name, mimetype=mimetype)
    answer.headers["Cache-Control"] = cache
    answer.headers["Vary"] = "Accept-Encoding"
    return answer


@phone.get("/static/<path:name>")
def static_file(name: str) -> Response:
    """Built assets (cached for ever: their names carry a hash) and icons; nothing else of the folder."""
    top = name.split("/")[0]
    if top not in ("build", "icons") or safe_join(str(static_folder()), name) is None:
        abort(404)
    types = {
        ".css": "text/css",
        ".js": "text/javascript",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".png": "image/png",
        ".wasm": "application/wasm",
    }
    mimetype = types.get(Path(name).suffix)
    if mimetype is None or not (static_folder() / name).is_file():
        abort(404)
    answer = _file(name, mimetype, FOREVER if top == "build" else "public, max-age=86400")
    if name.startswith(DECODER):
        # A worker is held to its own answer's policy: pages stay without it. The phone keeps the answer with its headers.
        answer.headers["Content-Security-Policy"] = DECODER_POLICY
    return answer
