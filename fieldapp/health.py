"""Health: what a monitor and a proxy ask, and the description of the door for other programs."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, version

import peewee
from flask import Blueprint, Response, current_app, jsonify

from fieldapp.config import data_folder
from fieldapp.errors import unready, why
from fieldapp.phone import app_version
from sync.store import probe
from sync.wire import openapi

health = Blueprint("health", __name__)
LEAST_FREE = 1024 * 1024


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
def ready() -> Response:
    """The database takes in what phones send, and the data folder has room for it; 503 with the cause otherwise."""
    folder = data_folder()
    if not os.access(folder, os.W_OK):
        return unready("read_only")
    if shutil.disk_usage(folder).free < LEAST_FREE:
        return unready("disk_full")
    database = current_app.extensions["database"]
    try:
        database.connect(reuse_if_open=True)
        probe(database)
    except peewee.PeeweeException as problem:
        if not database.is_closed():
            database.close()
        return unready(why(problem))
    return jsonify({"ok": True})


@health.get("/version")
def running() -> Response:
    """Which program and which declarations are served."""
    return jsonify({"version": package_version(), "app": app_version()})


@health.get("/api/openapi.json")
def description() -> Response:
    """OpenAPI 3.1 of the exchange, made from the models that check it."""
    return jsonify(openapi(package_version()))
