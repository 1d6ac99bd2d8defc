"""Office: what really arrived, read from the server's database, which no test asks the app about."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pysqlite3

from tests.server import Server


class Office:
    """The database of a server that may be running, stopped or just killed."""

    def __init__(self, server: Server) -> None:
        self.file = server.data / "fieldapp.db"

    def rows(self, query: str, *given: Any) -> list[dict[str, Any]]:
        """The rows of a query, as dicts."""
        connection = pysqlite3.connect(self.file, timeout=20)
        try:
            connection.row_factory = pysqlite3.Row
            return [dict(row) for row in connection.execute(query, given)]
        finally:
            connection.close()

    def change(self, statement: str, *given: Any) -> None:
        """What somebody at the centre changed while nobody of the story looked."""
        with pysqlite3.connect(self.file, timeout=20) as connection:
            connection.execute(statement, given)
        connection.close()

    def visits(self) -> list[dict[str, Any]]:
        """Every visit that stands, oldest first, each with its door's `address`."""
        return self.rows(
            "SELECT visit.*, household.address FROM visit JOIN household ON household.id = visit.household"
            " WHERE NOT visit.gone ORDER BY visit.seq"
        )

    def addresses(self) -> list[str]:
        """The doors of all visits that stand, in the order of the alphabet; a doubled visit stands twice."""
        return sorted(visit["address"] for visit in self.visits())

    def operations(self) -> list[dict[str, Any]]:
        """Every operation taken in, with `patch` and `base` as the phone sent them, device by device in its order."""
        found = self.rows("SELECT * FROM sync_operation ORDER BY device, seq")
        for one in found:
            payload = json.loads(one["payload"])
            one |= {"patch": payload.get("patch"), "base": payload.get("base")}
        return found

    def household(self, address: str) -> dict[str, Any]:
        """One household as the server holds it."""
        return self.rows("SELECT * FROM household WHERE address = ?", address)[0]

    def until(self, condition: Callable[[], Any], seconds: float = 40) -> Any:
        """Wait until this is true of the database."""
        pause = threading.Event()
        deadline = time.monotonic() + seconds
        while not (said := condition()):
            assert time.monotonic() < deadline, f"waited {seconds} s in vain; the last answer was {said!r}"
            pause.wait(0.1)
        return said
