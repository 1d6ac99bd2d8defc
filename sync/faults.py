"""Faults: which errors pass by themselves, which are an operation's own, and which nobody foresaw.  # P13"""

from __future__ import annotations

import errno
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
# (lock not available), operator intervention, system error; and a server that only reads, as a standby does.
_READ_ONLY = "25006"
_POSTGRES = ("08", "40", "53", "55", "57", "58", _READ_ONLY)
_NOTHING_TO_END = ("no transaction is active", "no such savepoint")
_AWAY = ("connection", "server closed", "consuming input failed", "SSL")


Cause = Literal["disk_full", "read_only", "away", "busy"]
_CAUSES: dict[object, Cause] = {
    13: "disk_full", "disk is full": "disk_full", "53100": "disk_full", errno.ENOSPC: "disk_full", errno.EDQUOT: "disk_full",
    8: "read_only", "readonly": "read_only", _READ_ONLY: "read_only", errno.EROFS: "read_only",
    5: "busy", 6: "busy", "locked": "busy", "busy": "busy",
}  # fmt: skip


def cause(error: BaseException) -> Cause:
    """Why a temporary error is temporary, as far as it says so; what it does not say is `away`."""
    error = _first(error)
    inner = getattr(error, "orig", None) or error
    if isinstance(inner, OSError):
        return _CAUSES.get(inner.errno, "away")
    state = getattr(inner, "sqlstate", None)
    if state:
        return "busy" if state[:2] in ("40", "55") else _CAUSES.get(state, "away")
    code = getattr(inner, "sqlite_errorcode", None)
    if code is not None:
        return _CAUSES.get(code & 0xFF, "away")
    return next(
        (found for word, found in _CAUSES.items() if isinstance(word, str) and word in str(inner)), "away"
    )


def sort(error: BaseException) -> Literal["temporary", "refused", "unknown"]:
    """The class of an error met while operations were applied; a whitelist: what is not named is unknown."""
    error = _first(error)
    cause = getattr(error, "orig", None) or error
    if isinstance(error, peewee.InterfaceError | peewee.OperationalError | peewee.InternalError):
        return "temporary" if _temporary(cause) else "unknown"
    if isinstance(error, peewee.IntegrityError | peewee.DataError):
        return "refused"
    return "temporary" if isinstance(error, MemoryError) else "unknown"


def _first(error: BaseException) -> BaseException:
    """What went wrong first: SQLite ends a transaction by itself when the disk is full, and then there is none to roll back."""
    while error.__context__ is not None and any(word in str(error) for word in _NOTHING_TO_END):
        error = error.__context__
    return error


def _temporary(cause: object) -> bool:
    state = getattr(cause, "sqlstate", None)
    if state:
        return str(state).startswith(_POSTGRES)
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE
    text = str(cause)
    return any(word in text for word in (*_SQLITE_WORDS, *_AWAY))
