"""Database: opens SQLite or PostgreSQL, binds every model to it and brings its schema up to the declarations."""

from __future__ import annotations

import functools

import peewee
from playhouse.db_url import connect
from playhouse.migrate import SchemaMigrator, migrate
from playhouse.schema_diff import diff_models

from fieldapp.config import database_url
from fieldapp.declare.kinds import kinds
from fieldapp.declare.page_save import Draft, PageSave
from fieldapp.declare.registry import registry
from fieldapp.drills.models import DrillKey
from fieldapp.people.account import Account
from fieldapp.places.register_models import REGISTER_MODELS
from fieldapp.rescue.models import RescueBrought
from sync import store
from sync.group import group_of

# WAL with a full fsync at every commit: what was answered with "received" survives a power cut.  # P22
# 4 MB of pages for each of up to 32 connections: four times as much made neither pushes nor imports faster.
SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000, "cache_size": -4000}


def open_database(url: str | None = None) -> peewee.Database:
    """The database at `url` (default: configured), with every model bound to it; refuses a SQLite that may corrupt."""
    address = url or database_url()
    if address.startswith("sqlite"):
        database: peewee.Database = connect(address, pragmas=SQLITE_PRAGMAS, timeout=5)
        store.check_sqlite(database)
    else:
        database = connect(address)
    store.bind(database, kinds())
    database.bind(app_models(), bind_refs=False, bind_backrefs=False)
    group_of(database)  # the processes of a server share it: it is made before they are
    return database


def app_models() -> list[type[peewee.Model]]:
    """The tables that are not records: accounts, drafts, what pages saved, imports under way, rescue files, keys."""
    return [Account, Draft, DrillKey, PageSave, RescueBrought, *REGISTER_MODELS]


def upgrade(database: peewee.Database) -> list[str]:
    """Create missing tables, columns and indexes; never drops anything. Returns what was done, in words."""
    models = [*store.models(), *registry.records.values(), *app_models()]
    done: list[str] = []
    with database.connection_context() if database.is_closed() else database.atomic():
        difference = diff_models(database, models)
        migrator = SchemaMigrator.from_database(database)
        for field in difference.add_columns:
            field.null = field.null or field.default is None
            migrate(migrator.add_column(field.model._meta.table_name, field.column_name, field))
            done.append(f"{field.model._meta.table_name}.{field.column_name}")
        database.create_tables(models, safe=True)
        done += [model._meta.table_name for model in difference.create_tables]
    store.epoch(database)
    return done


@functools.cache
def default_database() -> peewee.Database:
    """The configured database of this process, for commands."""
    return open_database()
