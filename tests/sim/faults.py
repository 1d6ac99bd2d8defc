"""Faults: what happens to the simulated server in the middle of an exchange: it dies, or its database fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee


class Died(BaseException):
    """The server's process ended here: what was not committed never was."""


def _error(what: str) -> BaseException:
    """An error as the database's driver raises it."""
    if what == "busy":
        return peewee.OperationalError("database is locked")
    if what == "full":
        return peewee.OperationalError("database or disk is full")
    if what == "constraint":
        return peewee.IntegrityError("a constraint that nobody foresaw")
    if what == "torn":
        return sqlite3.DatabaseError("something that no list names")
    return RuntimeError("a bug in the server")


@contextmanager
def failing(database: peewee.Database, fault: dict[str, Any] | None) -> Iterator[None]:
    """Let `fault` happen: {"at": n, "what": …} at the n-th statement, {"commit": n, "when": "before"|"after"} at a commit."""
    if not fault:
        yield
        return
    statements = commits = 0
    execute, commit = database.execute_sql, database.commit

    def counted(sql: str, params: Any = None, *rest: Any) -> Any:
        nonlocal statements
        statements += 1
        if statements == fault.get("at") or (statements > fault.get("at", 1 << 30) and fault.get("lasts")):
            raise Died if fault["what"] == "dies" else _error(fault["what"])
        return execute(sql, params, *rest)

    def committed() -> Any:
        nonlocal commits
        commits += 1
        if commits == fault.get("commit") and fault["when"] == "before":
            raise Died
        commit()
        if commits == fault.get("commit"):
            raise Died

    database.execute_sql, database.commit = counted, committed
    try:
        yield
    finally:
        del database.execute_sql, database.commit
