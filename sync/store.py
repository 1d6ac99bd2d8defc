"""Store: the engine's own tables, on SQLite and PostgreSQL alike, and the few statements that differ between them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import peewee

from sync.ids import uuid7
from sync.kinds import Kind

LIVE, GONE, FORGET = 0, 1, 2


class UnsafeSqlite(RuntimeError):
    """This SQLite release can corrupt a database in WAL mode."""


class JsonField(peewee.TextField):
    """A JSON value kept as text."""

    def db_value(self, value: Any) -> str | None:
        """The text."""
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def python_value(self, value: Any) -> Any:
        """The value."""
        return json.loads(value) if isinstance(value, str) else value


class SyncMeta(peewee.Model):
    """One row: the epoch, the identity of this server's history.  # P20"""

    epoch = peewee.CharField(max_length=36)

    class Meta:
        table_name = "sync_meta"


class Counter(peewee.Model):
    """The feed's counter of a community.  # P14"""

    community = peewee.CharField(max_length=36, primary_key=True)
    seq = peewee.BigIntegerField(default=0)

    class Meta:
        table_name = "sync_counter"


class Device(peewee.Model):
    """A phone (or a browser session) of one person, and how far it has sent.  # P9 P11"""

    id = peewee.CharField(max_length=80, primary_key=True)
    user = peewee.CharField(max_length=36, index=True)
    community = peewee.CharField(max_length=36, index=True)
    last = peewee.BigIntegerField(default=0)
    offset_ms = peewee.BigIntegerField(default=0)
    app = peewee.CharField(max_length=40, default="")
    last_exchange = peewee.CharField(max_length=24, default="")
    report = JsonField(default=dict)
    revoked = peewee.BooleanField(default=False)

    class Meta:
        table_name = "sync_device"


class Operation(peewee.Model):
    """Every operation that ever arrived, whole, with what became of it: applied, review, quarantined or held."""

    op = peewee.CharField(max_length=36, primary_key=True)
    community = peewee.CharField(max_length=36)
    device = peewee.CharField(max_length=80)
    seq = peewee.BigIntegerField()
    user = peewee.CharField(max_length=36)
    kind = peewee.CharField(max_length=60)
    record = peewee.CharField(max_length=36, index=True)
    verb = peewee.CharField(max_length=10)
    group = peewee.CharField(max_length=36, index=True)
    payload = JsonField()
    hash = peewee.CharField(max_length=64)
    status = peewee.CharField(max_length=12)
    reason = peewee.CharField(max_length=40, null=True)
    detail = JsonField(null=True)
    device_time = peewee.CharField(max_length=24)
    server_time = peewee.CharField(max_length=24)
    offset_ms = peewee.BigIntegerField(default=0)

    class Meta:
        table_name = "sync_operation"
        indexes = ((("device", "seq"), False), (("community", "server_time"), False), (("community", "status"), False))


class Attempt(peewee.Model):
    """How often an operation failed alone for an unknown reason.  # P13"""

    op = peewee.CharField(max_length=36, primary_key=True)
    count = peewee.IntegerField(default=0)

    class Meta:
        table_name = "sync_attempt"


class Feed(peewee.Model):
    """The newest change of each record in each channel, in the order of commit.  # P14 P15"""

    channel = peewee.CharField(max_length=60)
    record = peewee.CharField(max_length=36)
    kind = peewee.CharField(max_length=60)
    seq = peewee.BigIntegerField()
    state = peewee.SmallIntegerField(default=LIVE)
    parent = peewee.CharField(max_length=36, null=True)
    head_key = peewee.CharField(max_length=36, null=True)
    time = peewee.CharField(max_length=24)
    row = peewee.TextField()

    class Meta:
        table_name = "sync_feed"
        primary_key = peewee.CompositeKey("channel", "record")
        indexes = ((("channel", "seq"), False), (("channel", "kind", "head_key", "seq"), False), (("record",), False))


ENGINE = [SyncMeta, Counter, Device, Operation, Attempt, Feed]


def models() -> list[type[peewee.Model]]:
    """The engine's tables."""
    return list(ENGINE)


def bind(database: peewee.Database, kinds: Mapping[str, Kind]) -> None:
    """Bind the engine's and every kind's table to `database`."""
    database.bind([*ENGINE, *(kind.model for kind in kinds.values())], bind_refs=False, bind_backrefs=False)


def check_sqlite(database: peewee.Database) -> None:
    """Refuse a SQLite release with the WAL-reset bug (fixed in 3.51.3, 3.50.7 and 3.44.6).  # P22"""
    release = tuple(database.server_version or (0, 0, 0))
    fixed = release >= (3, 51, 3) or (3, 50, 7) <= release < (3, 51) or (3, 44, 6) <= release < (3, 45)
    if not fixed:
        raise UnsafeSqlite(f"SQLite {'.'.join(map(str, release))} can corrupt a database in WAL mode; 3.51.3 or newer is needed")


def is_postgres(database: peewee.Database) -> bool:
    """Whether row locks exist and are needed."""
    return isinstance(database, peewee.PostgresqlDatabase)


def writing(database: peewee.Database) -> Any:
    """A write transaction: on SQLite the write lock is taken at once, so that nothing read can change."""
    return database.atomic() if is_postgres(database) else database.atomic("IMMEDIATE")


@contextlib.contextmanager
def snapshot(database: peewee.Database) -> Iterator[None]:
    """A read transaction in which everything is seen as of one moment.  # P4"""
    with database.atomic():
        if is_postgres(database) and database.transaction_depth() == 1:
            database.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def locked(query: Any, database: peewee.Database) -> Any:
    """`query` with its rows locked where the database locks rows."""
    return query.for_update() if is_postgres(database) else query


def epoch(database: peewee.Database) -> str:
    """The epoch; made on first use."""
    found = SyncMeta.select(SyncMeta.epoch).first()
    if found is None:
        with writing(database):
            found = SyncMeta.select(SyncMeta.epoch).first() or SyncMeta.create(epoch=uuid7())
    return str(found.epoch)


def new_epoch(database: peewee.Database) -> str:
    """Give the database another identity: it was restored, and phones must send again what it lacks.  # P20"""
    made = uuid7()
    with writing(database):
        SyncMeta.delete().execute()
        SyncMeta.create(epoch=made)
    return made


def advance(database: peewee.Database, community: str, count: int) -> int:
    """Take `count` numbers of the community's feed; the first of them. Holds the counter until commit.  # P14"""
    taken = Counter.update(seq=Counter.seq + count).where(Counter.community == community)
    if not taken.execute():
        Counter.insert(community=community, seq=0).on_conflict_ignore().execute()
        taken.execute()
    return int(Counter.select(Counter.seq).where(Counter.community == community).scalar()) - count + 1


def newest(community: str) -> int:
    """The community's newest feed number."""
    return int(Counter.select(Counter.seq).where(Counter.community == community).scalar() or 0)


def insert_rows(
    database: peewee.Database,
    model: type[peewee.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    update: Sequence[str] = (),
    conflict: Sequence[str] = (),
) -> None:
    """Insert many rows with few statements; with `conflict` (columns) existing rows get the columns in `update`.

    Values must already be what the database stores. Plain SQL, since building the statement costs an ORM more than
    the database needs to run it.
    """
    names = [model._meta.fields[name].column_name for name in columns]
    param = database.param
    head = f'INSERT INTO "{model._meta.table_name}" ({", ".join(f"{chr(34)}{name}{chr(34)}" for name in names)}) VALUES '
    tail = ""
    if conflict:
        keys = ", ".join(f'"{model._meta.fields[name].column_name}"' for name in conflict)
        sets = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in (model._meta.fields[one].column_name for one in update))
        tail = f" ON CONFLICT ({keys}) DO UPDATE SET {sets}"
    one = f"({', '.join([param] * len(names))})"
    most = max(1, 30_000 // len(names))
    pending = list(rows)
    for at in range(0, len(pending), most):
        part = pending[at : at + most]
        database.execute_sql(head + ", ".join([one] * len(part)) + tail, [value for row in part for value in row])
