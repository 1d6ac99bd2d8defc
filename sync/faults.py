"""Faults: which errors pass by themselves, which are an operation's own, and which nobody foresaw.  # P13"""

from __future__ import annotations

from typing import Literal

import peewee

# SQLite's primary result codes: busy, locked, out of memory, read-only, interrupted, I/O, full, cannot open.
_SQLITE = {5, 6, 7, 8, 9, 10, 13, 14}
_SQLITE_WORDS = (
    "locked",
    "busy",
    "disk is full",
    "disk I/O error",
    "readonly",
    "unable to open",
    "out of memory",
)
# PostgreSQL's classes: connection, transaction rollback (deadlock, serialization), resources, prerequisite state
# (lock not available), operator intervention, system error.
_POSTGRES = ("08", "40", "53", "55", "57", "58")
_AWAY = ("connection", "server closed", "consuming input failed", "SSL")


def sort(error: BaseException) -> Literal["temporary", "refused", "unknown"]:
    """The class of an error met while operations were applied; a whitelist: what is not named is unknown."""
    cause = getattr(error, "orig", None) or error
    if isinstance(error, peewee.InterfaceError | peewee.OperationalError | peewee.InternalError):
        return "temporary" if _temporary(cause) else "unknown"
    if isinstance(error, peewee.IntegrityError | peewee.DataError):
        return "refused"
    return "temporary" if isinstance(error, MemoryError) else "unknown"


def _temporary(cause: object) -> bool:
    state = getattr(cause, "sqlstate", None)
    if state:
        return str(state).startswith(_POSTGRES)
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE
    text = str(cause)
    return any(word in text for word in (*_SQLITE_WORDS, *_AWAY))
