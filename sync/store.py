"""Store: the engine's own tables, the epoch, and the two kinds of transaction, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import peewee

from sync import faults
from sync.encode import dumps
from sync.ids import uuid7
from sync.kinds import Kind


class UnsafeSqlite(RuntimeError):
    """This SQLite release may corrupt a database in WAL mode; the program must not start on it.  # P22"""


class Text(peewee.TextField):
    """Text that is compared by code point on every database."""

    def ddl(self, ctx: Any) -> Any:
        """The column's definition; PostgreSQL must be told, SQLite compares so by itself."""
        nodes = super().ddl(ctx)
        if isinstance(self.model._meta.database, peewee.PostgresqlDatabase):
            nodes.nodes.append(peewee.SQL('COLLATE "C"'))
        return nodes


class JsonText(Text):
    """A JSON value kept as text."""

    def db_value(self, value: Any) -> Any:
        """The text; a text is taken as JSON already."""
        return value if value is None or isinstance(value, str) else dumps(value)

    def python_value(self, value: Any) -> Any:
        """The value that the text stands for."""
        return json.loads(value) if isinstance(value, str) else value


class _Engine(peewee.Model):
    class Meta:
        legacy_table_names = False


class SyncMeta(_Engine):
    """The identity of this database's history.  # P20"""

    id = peewee.IntegerField(primary_key=True)
    epoch = Text()

    class Meta:
        table_name = "sync_meta"


class Counter(_Engine):
    """The last feed seq of a community, and the last that a pruned tombstone had.  # P14 P16"""

    community = Text(primary_key=True)
    seq = peewee.BigIntegerField(default=0)
    pruned = peewee.BigIntegerField(default=0)

    class Meta:
        table_name = "sync_counter"


class Device(_Engine):
    """One user on one phone, or one session of pages: how far its operations have come.  # P9 P11"""

    id = Text(primary_key=True)
    user = Text(index=True)
    community = Text(index=True)
    last = peewee.BigIntegerField(default=0)
    offset_ms = peewee.BigIntegerField(default=0)
    app = Text(default="")
    last_exchange = Text(default="")
    report = JsonText(default="{}")
    channels = JsonText(default="[]")  # every channel it was ever given
    revoked = peewee.BooleanField(default=False)

    class Meta:
        table_name = "sync_device"


class Operation(_Engine):
    """Every operation that arrived, whole, with what became of it.  # P12"""

    op = Text(primary_key=True)
    community = Text()
    device = Text()
    seq = peewee.BigIntegerField()
    user = Text()
    kind = Text()
    record = Text(index=True)
    verb = Text()
    group = Text(index=True)
    payload = JsonText()
    hash = Text()
    status = Text()
    reason = Text(null=True)
    detail = JsonText(default="{}")
    version = peewee.BigIntegerField(null=True)  # of the record, once applied
    device_time = Text()
    server_time = Text()
    offset_ms = peewee.BigIntegerField(default=0)

    class Meta:
        table_name = "sync_operation"
        indexes = ((("device", "seq"), True), (("community", "server_time"), False))


# What waits for a person is looked for again and again, and is a few among very many.
Operation.add_index(
    Operation.index(
        Operation.user, Operation.status, where=(Operation.status != "applied"), name="sync_waiting"
    )
)


class Result(_Engine):
    """What became of an operation after its receipt, as its author's phones are told: a record of their own channel.  # P13"""

    id = Text(primary_key=True)
    user = Text()
    community = Text()
    version = peewee.BigIntegerField(default=1)
    seq = peewee.BigIntegerField(default=0)
    author = Text()
    device_time = Text()
    server_time = Text()
    gone = peewee.BooleanField(default=False)
    status = Text()
    reason = Text(null=True)
    detail = JsonText(default="{}")

    class Meta:
        table_name = "sync_result"


class Feed(_Engine):
    """The last change of each record in each channel, as the row that travels.  # P14 P15

    `row` is empty when the record is `gone` (deleted) or to be forgotten (it left the channel).
    """

    channel = Text()
    kind = Text()
    record = Text()
    community = Text()
    seq = peewee.BigIntegerField()
    version = peewee.BigIntegerField()
    gone = peewee.BooleanField(default=False)
    head_key = Text(null=True)
    time = Text()
    row = Text(null=True)

    class Meta:
        table_name = "sync_feed"
        primary_key = peewee.CompositeKey("channel", "kind", "record")
        indexes = ((("channel", "seq"), False),)


# The newest of each key are looked for among kinds that are history; the rest, which change most often, are in no need of it.
Feed.add_index(
    Feed.index(
        Feed.channel,
        Feed.kind,
        Feed.head_key,
        Feed.seq,
        where=Feed.head_key.is_null(False),
        name="sync_newest",
    )
)
# Tombstones are few, and looked for by their age.
Feed.add_index(Feed.index(Feed.time, where=Feed.gone, name="sync_tombstone"))


class Digest(_Engine):
    """How many records a channel holds for every phone alike, and the sum of their marks.  # P16"""

    channel = Text(primary_key=True)
    community = Text()
    count = peewee.BigIntegerField(default=0)
    sum = peewee.BigIntegerField(default=0)

    class Meta:
        table_name = "sync_digest"


class Start(_Engine):
    """A record's computed fields as they were before the first pushed effect, and the feed's seq then."""

    kind = Text()
    record = Text()
    seq = peewee.BigIntegerField()
    values = JsonText()

    class Meta:
        table_name = "sync_start"
        primary_key = peewee.CompositeKey("kind", "record")


class Shape(_Engine):
    """The fields of a kind's rows in the feed, as they were last written."""

    kind = Text(primary_key=True)
    fields = JsonText()

    class Meta:
        table_name = "sync_shape"


class Failure(_Engine):
    """How often an operation failed alone for a reason that nobody foresaw.  # P13"""

    op = Text(primary_key=True)
    times = peewee.IntegerField(default=0)
    error = Text(default="")

    class Meta:
        table_name = "sync_failure"


class Blob(_Engine):
    """An attachment that this person has sent whole, named by the SHA-256 of what was sent.  # P23"""

    community = Text()
    user = Text()
    hash = Text()
    size = peewee.BigIntegerField()
    at = Text()

    class Meta:
        table_name = "sync_blob"
        primary_key = peewee.CompositeKey("community", "user", "hash")
        indexes = ((("hash",), False),)


class Attachment(_Engine):
    """An operation of this person has named this blob for this record."""

    community = Text()
    user = Text()
    hash = Text()
    kind = Text()
    record = Text()

    class Meta:
        table_name = "sync_attachment"
        primary_key = peewee.CompositeKey("community", "kind", "record", "hash", "user")
        indexes = ((("hash",), False),)


class Upload(_Engine):
    """A blob on its way in; how much of it is here, the length of its file says."""

    id = Text(primary_key=True)
    community = Text()
    user = Text(index=True)
    hash = Text()
    length = peewee.BigIntegerField()
    expires = Text(index=True)
    done = peewee.BooleanField(default=False)

    class Meta:
        table_name = "sync_upload"


def models() -> list[type[peewee.Model]]:
    """The engine's tables."""
    return [
        SyncMeta, Counter, Device, Operation, Result, Feed, Digest, Start, Shape, Failure, Blob, Attachment, Upload,
    ]  # fmt: skip


def bind(db: peewee.Database, kinds: Mapping[str, Kind]) -> None:
    """Bind the engine's tables and those of every kind to `db`."""
    db.bind([*models(), *(kind.model for kind in kinds.values())], bind_refs=False, bind_backrefs=False)


def create(db: peewee.Database, kinds: Mapping[str, Kind]) -> None:
    """Create what is missing, and give the database its epoch."""
    db.create_tables([*models(), *(kind.model for kind in kinds.values())], safe=True)
    epoch(db)


def epoch(db: peewee.Database) -> str:
    """The epoch of `db`; made when there is none yet."""
    found = db.execute_sql('SELECT "epoch" FROM "sync_meta" WHERE "id" = 1').fetchone()
    if found is None:
        with writing(db):
            insert = 'INSERT INTO "sync_meta" ("id", "epoch") VALUES (1, {0}) ON CONFLICT ("id") DO NOTHING'
            db.execute_sql(insert.format(db.param), (str(uuid7()),))
        found = db.execute_sql('SELECT "epoch" FROM "sync_meta" WHERE "id" = 1').fetchone()
    return str(found[0])


def new_epoch(db: peewee.Database) -> str:
    """Say that this history is another one than phones have seen: after a restore.  # P20"""
    epoch(db)
    made = str(uuid7())
    with writing(db):
        db.execute_sql(f'UPDATE "sync_meta" SET "epoch" = {db.param} WHERE "id" = 1', (made,))
    return made


def check_sqlite(db: peewee.Database) -> None:
    """Raise UnsafeSqlite on a release with the WAL-reset bug: before 3.51.3 but for 3.50.7+ and 3.44.6+.  # P22"""
    if not isinstance(db, peewee.SqliteDatabase):
        return
    # Asked of a database in memory: the one on the disk may be away just now.
    said = peewee.SqliteDatabase(":memory:").execute_sql("SELECT sqlite_version()").fetchone()[0]
    version = tuple(int(part) for part in said.split("."))
    if not is_safe_sqlite(version):
        release = ".".join(map(str, version))
        raise UnsafeSqlite(f"SQLite {release} may corrupt a database in WAL mode: 3.51.3 or newer is needed")


def is_safe_sqlite(version: tuple[int, ...]) -> bool:
    """Whether a release has the WAL-reset fix.  # P22"""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def probe(db: peewee.Database) -> None:
    """Write what is there already, as a push would; raises what a push would meet, but a lock that another holds."""
    sqlite = isinstance(db, peewee.SqliteDatabase)
    patience = db.execute_sql("PRAGMA busy_timeout" if sqlite else "SHOW lock_timeout").fetchone()[0]
    set_to = "PRAGMA busy_timeout = {}" if sqlite else "SET lock_timeout = '{}'"
    db.execute_sql(set_to.format(0 if sqlite else "100ms"))
    try:
        with writing(db):
            db.execute_sql('UPDATE "sync_meta" SET "epoch" = "epoch"')
    except peewee.OperationalError as error:
        if faults.cause(error) != "busy":
            raise
    db.execute_sql(set_to.format(patience))


@contextmanager
def writing(db: peewee.Database) -> Iterator[None]:
    """A write transaction; on SQLite it takes the write lock at its start. Inside another: a savepoint."""
    if isinstance(db, peewee.SqliteDatabase) and not db.in_transaction():
        with db.atomic("IMMEDIATE"):
            yield
    else:
        with db.atomic():
            yield


@contextmanager
def together(db: peewee.Database) -> Iterator[None]:
    """Statements whose answers nobody asks for travel to PostgreSQL together; SQLite is no journey away."""
    if isinstance(db, peewee.PostgresqlDatabase):
        with peewee.__exception_wrapper__, db.connection().pipeline():  # type: ignore[attr-defined]
            yield
    else:
        yield


@contextmanager
def reading(db: peewee.Database) -> Iterator[None]:
    """A read transaction that sees one moment throughout.  # P4"""
    outermost = not db.in_transaction()
    how = ["REPEATABLE READ READ ONLY"] if outermost and isinstance(db, peewee.PostgresqlDatabase) else []
    with db.atomic(*how):
        yield
