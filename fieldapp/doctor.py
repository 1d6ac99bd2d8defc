"""Doctor: checks an installation and says in words what is wrong."""

from __future__ import annotations

import os
import shutil

import peewee

from fieldapp.config import data_folder, database_url
from fieldapp.features import declare_all
from fieldapp.phone import app_version

ENOUGH = 500 * 1024 * 1024


def examine() -> list[tuple[bool, str]]:
    """Findings as (all right, words)."""
    return [*_folder(), *_database(), *_phone()]


def _folder() -> list[tuple[bool, str]]:
    folder = data_folder()
    free = shutil.disk_usage(folder).free
    return [
        (os.access(folder, os.W_OK), f"data folder {folder} can be written"),
        (free > ENOUGH, f"{free // (1024 * 1024)} MiB are free there"),
    ]


def _database() -> list[tuple[bool, str]]:
    from playhouse.schema_diff import diff_models

    from fieldapp.db import open_database
    from fieldapp.declare.registry import registry
    from sync import store

    declare_all()
    backend = database_url().split(":")[0]
    try:
        database = open_database()
        database.connect(reuse_if_open=True)
        missing = diff_models(database, [*store.models(), *registry.records.values()])
    except (peewee.PeeweeException, store.UnsafeSqlite) as problem:
        return [(False, f"database {backend}: {problem}")]
    findings = [(True, f"database {backend} answers")]
    stale = bool(missing.create_tables or missing.add_columns)
    findings.append(
        (not stale, "schema is up to date" if not stale else "schema is old: run `fieldapp migrate`")
    )
    if isinstance(database, peewee.SqliteDatabase):
        mode = database.execute_sql("PRAGMA journal_mode").fetchone()[0]
        sync = database.execute_sql("PRAGMA synchronous").fetchone()[0]
        findings.append((mode == "wal" and sync == 2, f"SQLite writes in {mode}, synchronous={sync}"))
    return findings + ([] if stale else [_photos(database)])


def _photos(database: peewee.Database) -> tuple[bool, str]:
    from fieldapp.declare.photo import place
    from sync import blobs

    lost = blobs.lost(database, place().depot)
    if not lost:
        return True, "every photo that was confirmed is in the data folder"
    return False, f"{len(lost)} of the confirmed photos are not in the data folder, among them {lost[0]}"


def _phone() -> list[tuple[bool, str]]:
    try:
        return [(True, f"the phone is built, version {app_version()}")]
    except RuntimeError as problem:
        return [(False, str(problem))]
