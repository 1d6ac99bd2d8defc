"""Journal: in which order operations reached the server, read with plain SQL after each exchange."""

from __future__ import annotations

import copy
import json
from typing import Any

import peewee

COLUMNS = (
    "op",
    "device",
    "seq",
    "user",
    "kind",
    "record",
    "verb",
    "payload",
    "status",
    "reason",
    "detail",
    "device_time",
)


class Journal:
    """Arrivals and the server's own changes; a restored backup brings the journal of its time back."""

    def __init__(self, database: peewee.Database) -> None:
        self.database = database
        self.entries: list[dict[str, Any]] = []
        self.last: dict[str, int] = {}
        self.disturbed: set[str] = set()
        self.problems: list[str] = []
        self.counters: dict[str, int] = self._counters()
        self.begun = {name: self._rows(name) for name in ("household", "profile", "stair_unit", "door")}

    def copy(self) -> Journal:
        """As it stands now. What went wrong once stays."""
        made = copy.copy(self)
        made.entries, made.last, made.counters = list(self.entries), dict(self.last), dict(self.counters)
        return made

    def add(self, what: str, **more: Any) -> None:
        """Something that the server itself did."""
        self.entries.append({"what": what, **more})
        self._dense(True)

    def arrived(self, device: str, channels: list[str], whole: bool) -> None:
        """Note what this device has brought since it was last here; `whole`: in one go, not operation by operation."""
        mark = self.database.param
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        sql = (
            f'SELECT {names} FROM "sync_operation" WHERE "device" = {mark} AND "seq" > {mark} ORDER BY "seq"'
        )
        for row in self.database.execute_sql(sql, (device, self.last.get(device, 0))).fetchall():
            op = dict(zip(COLUMNS, row, strict=True))
            op["payload"], op["detail"] = json.loads(op["payload"]), json.loads(op["detail"])
            self.last[device] = op["seq"]
            self.entries.append({"what": "op", "channels": channels, **op})
        self._dense(whole)

    def decided(self, op: str, channels: list[str], again: bool) -> None:
        """A person decided about an operation: it was tried `again`, or told its end."""
        mark = self.database.param
        sql = f'SELECT "status", "reason" FROM "sync_operation" WHERE "op" = {mark}'
        status, reason = self.database.execute_sql(sql, (op,)).fetchone()
        told = {"op": op, "channels": channels, "again": again, "status": status, "reason": reason}
        self.entries.append({"what": "decided", **told})
        self._dense(False)

    def taken_back(self, op: str, channels: list[str], stays: bool) -> None:
        """A person undid a decision, or could not, for others went on from it."""
        self.decided(op, channels, again=False)
        self.entries[-1] |= {"what": "taken back", "stays": stays}

    def _rows(self, table: str) -> dict[str, dict[str, Any]]:
        cursor = self.database.execute_sql(f'SELECT * FROM "{table}"')
        names = [column[0] for column in cursor.description]
        return {row[names.index("id")]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}

    def _counters(self) -> dict[str, int]:
        return dict(self.database.execute_sql('SELECT "community", "seq" FROM "sync_counter"').fetchall())

    def _dense(self, whole: bool) -> None:
        """Every number that was taken since the last look stands on a change, and none beyond the last.  # P14"""
        for community, last in self._counters().items():
            before = self.counters.get(community, 0)
            if last == before:
                continue
            mark = self.database.param
            sql = (
                f'SELECT COUNT(DISTINCT "seq"), MAX("seq") FROM "sync_feed" WHERE "community" = {mark} '
                f'AND "seq" > {mark}'
            )
            count, most = self.database.execute_sql(sql, (community, before)).fetchone()
            if most != last or count > last - before or (whole and count < last - before):
                self.problems.append(
                    f"feed: {last - before} numbers taken after {before}, {count} in the feed"
                )
            self.counters[community] = last
