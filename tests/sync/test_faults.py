"""Faults: what passes by itself is told from what an operation brought, also where the first error hides behind another."""

from __future__ import annotations

import errno

import peewee
import pytest

from sync import faults


def test_a_rollback_that_finds_nothing_to_roll_back_is_the_full_disk_behind_it() -> None:  # P13
    try:
        try:
            raise peewee.OperationalError("database or disk is full")
        except peewee.OperationalError:
            raise peewee.OperationalError("cannot rollback - no transaction is active")  # noqa: B904
    except peewee.OperationalError as error:
        assert (faults.sort(error), faults.cause(error)) == ("temporary", "disk_full")


def test_a_server_that_only_reads_makes_phones_wait() -> None:  # P13
    class StandsBy(Exception):
        sqlstate = "25006"

    error = peewee.InternalError("cannot execute INSERT in a read-only transaction")
    error.orig = StandsBy()
    assert (faults.sort(error), faults.cause(error)) == ("temporary", "read_only")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EROFS, "Read-only file system"), "read_only"),
        (peewee.OperationalError("database is locked"), "busy"),
        (peewee.OperationalError("the connection is closed"), "away"),
    ],
)
def test_a_temporary_error_names_its_cause(error: Exception, cause: str) -> None:  # P13
    assert faults.cause(error) == cause
