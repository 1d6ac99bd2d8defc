"""Backup: the whole database in one file while phones sync, or in another database; then phones meet a new epoch."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import peewee

from fieldapp.config import database_url, now
from fieldapp.db import app_models, default_database, open_database, upgrade
from fieldapp.declare.kinds import kinds
from fieldapp.declare.photo import place
from fieldapp.features import declare_all
from sync import blobs, rows, store
from sync.results import tell_again
from sync.store import new_epoch

CHUNK = 1_000


class BackupError(RuntimeError):
    """The backup or the restore did not happen; the message says why. Nothing was changed."""


def backup(file: Path) -> None:
    """Write a consistent copy to `file`: SQLite's own `VACUUM INTO`, or `pg_dump` in its custom format."""
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    database = default_database()
    if isinstance(database, peewee.SqliteDatabase):
        database.execute_sql("VACUUM INTO ?", (str(partial),))
    else:
        _postgres("pg_dump", "--format=custom", "--no-owner", f"--file={partial}", database_url())
    with open(partial, "rb") as written:
        os.fsync(written.fileno())
    partial.replace(file)


def restore(file: Path) -> None:
    """Put `file` in place of the configured database (stop the server first) and give it a new epoch.  # P20"""
    if not file.is_file():
        raise BackupError(f"{file} is not a file")
    url = database_url()
    if url.startswith("sqlite"):
        _check_sqlite_file(file)
        target = Path(url.removeprefix("sqlite:///"))
        incoming = target.with_name(target.name + ".restoring")
        shutil.copyfile(file, incoming)
        for leftover in (f"{target}-wal", f"{target}-shm"):
            Path(leftover).unlink(missing_ok=True)
        incoming.replace(target)
    else:
        _postgres(
            "pg_restore",
            "--clean",
            "--if-exists",
            "--no-owner",
            "--single-transaction",
            f"--dbname={url}",
            str(file),
        )
    declare_all()
    database = open_database(url)
    upgrade(database)
    begin_again(database)


def begin_again(database: peewee.Database) -> None:
    """An older copy has taken the database's place: its history is another one than phones have seen.  # P20"""
    blobs.adopt(database, kinds(), place().depot, now())
    new_epoch(database)
    tell_again(database, now())


def move(url: str) -> None:
    """Copy everything into the empty database at `url`, of either make, under a new epoch (stop the server first).  # P20"""
    declare_all()
    source, target = default_database(), open_database(url)
    upgrade(target)
    models = [*store.models(), *(kind.model for kind in kinds().values()), *app_models()]
    with store.writing(target):
        store.SyncMeta.delete().execute(target)
        if any(model.select().exists(target) for model in models):
            raise BackupError("the new database is not empty")
        for model in models:
            _copy(source, target, model)
    new_epoch(target)


def _copy(source: peewee.Database, target: peewee.Database, model: type[peewee.Model]) -> None:
    of = rows.table(model)
    cursor = source.execute_sql(f"SELECT {of.selected} FROM {of.name}")
    while found := cursor.fetchmany(CHUNK):
        rows.insert(target, model, [of.read(row) for row in found])


def _check_sqlite_file(file: Path) -> None:
    try:
        found = peewee.SqliteDatabase(str(file)).execute_sql("PRAGMA integrity_check").fetchone()
    except peewee.DatabaseError as broken:
        raise BackupError(f"{file} is not a backup: {broken}") from broken
    if found[0] != "ok":
        raise BackupError(f"{file} is damaged: {found[0]}")


def _postgres(program: str, *arguments: str) -> None:
    if shutil.which(program) is None:
        raise BackupError(f"{program} is needed for PostgreSQL and was not found")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(done.stderr.strip())
