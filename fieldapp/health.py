"""Health: what a monitor and a proxy ask, and the description of the door for other programs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import peewee
from flask import Blueprint, Response, current_app, jsonify

from fieldapp.phone import app_version
from sync.wire import openapi

health = Blueprint("health", __name__)


def package_version() -> str:
    """The installed version of the program."""
    try:
        return version("fieldapp")
    except PackageNotFoundError:
        return "0"


@health.get("/livez")
def alive() -> Response:
    """The process answers."""
    return jsonify({"ok": True})


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """The database answers and its schema is there; 503 otherwise."""
    database = current_app.extensions["database"]
    try:
        database.connect(reuse_if_open=True)
        database.execute_sql("SELECT epoch FROM sync_meta")
    except peewee.PeeweeException:
        if not database.is_closed():
            database.close()
        return jsonify({"ok": False}), 503
    return jsonify({"ok": True}), 200


@health.get("/version")
def running() -> Response:
    """Which program and which declarations are served."""
    return jsonify({"version": package_version(), "app": app_version()})


@health.get("/api/openapi.json")
def description() -> Response:
    """OpenAPI 3.1 of the exchange, made from the models that check it."""
    return jsonify(openapi(package_version()))
