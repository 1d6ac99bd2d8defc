"""History: what earlier operations say about the one at hand; in the batch first, else in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import peewee

from sync import rows
from sync.batch import Row
from sync.kinds import Kind
from sync.scope import Me
from sync.store import Operation
from sync.values import storable
from sync.wire import Op


@dataclass(slots=True)
class Past:
    """An operation that arrived earlier."""

    op: str
    device: str
    seq: int
    user: str
    kind: str
    record: str
    verb: str
    hash: str
    status: str
    reason: str | None
    detail: dict[str, Any]
    version: int | None
    at: str
    patch: dict[str, Any]
    base: dict[str, Any]

    @classmethod
    def of(cls, row: Mapping[str, Any], kinds: Mapping[str, Kind]) -> Past:
        """From a row of the operations' table, in the fields of today."""
        payload = {**row["payload"], **row["detail"].get("repaired", {})}
        past = cls(
            op=row["op"],
            device=row["device"],
            seq=row["seq"],
            user=row["user"],
            kind=row["kind"],
            record=row["record"],
            verb=row["verb"],
            hash=row["hash"],
            status=row["status"],
            reason=row["reason"],
            detail=row["detail"],
            version=row["version"],
            at=row["device_time"],
            patch=payload.get("patch", {}),
            base=payload.get("base", {}),
        )
        return past.upgraded(kinds, payload.get("form", 1))

    def upgraded(self, kinds: Mapping[str, Kind], form: int) -> Past:
        """With the values of an older form as they are named and meant now.  # P18"""
        kind = kinds.get(self.kind)
        if kind is not None and form < kind.form and self.verb in ("create", "patch"):
            self.patch, self.base = kind.upgraded(self.patch, form), kind.upgraded(self.base, form)
        return self


class History:
    """The operations that a batch may ask about: its own, those it names, and those on its records."""

    def __init__(
        self, db: peewee.Database, me: Me, device: Mapping[str, Any], kinds: Mapping[str, Kind]
    ) -> None:
        self.db = db
        self.kinds = kinds
        self.me = me
        self.device = device
        self.revoked = bool(device["revoked"])
        self._known: dict[str, Past | None] = {}
        self._creations: dict[tuple[str, str], Past] = {}

    def load(self, ops: Iterable[str]) -> None:
        """Read operations by id, all at once."""
        wanted = [op for op in ops if op not in self._known]
        self._known.update(dict.fromkeys(wanted))
        asked = [op for op in wanted if storable(op)]  # a retract names what it likes
        if asked:
            for row in rows.select(self.db, Operation, "op", asked):
                self._known[row["op"]] = Past.of(row, self.kinds)

    def find(self, op: Any) -> Past | None:
        """An earlier operation, or none."""
        if not isinstance(op, str):
            return None
        self.load([op])
        return self._known[op]

    def add(self, past: Past) -> None:
        """An operation of this batch has been decided."""
        self._known[past.op] = past
        if past.verb == "create":
            self._creations[past.kind, past.record] = past

    def forget(self, op: str) -> None:
        """An operation of this batch was rolled back."""
        past = self._known.pop(op, None)
        if past is not None:
            self._creations.pop((past.kind, past.record), None)

    def blocking(self, needed: Sequence[str]) -> list[str]:
        """Of the operations needed, those without which this one cannot be applied.  # P12"""
        if not needed:
            return []
        self.load(needed)
        return [op for op in needed if not self._done(self._known[op])]

    def _done(self, past: Past | None) -> bool:
        if past is None or past.status in ("quarantined", "held"):
            return False
        return past.status == "applied" or past.verb != "create"

    def unapplied_creation(self, kind: str, record: str) -> str | None:
        """The operation that would have created a record, where it was not applied."""
        past = self._creations.get((kind, record))
        if past is None:
            found = [one for one in self._on(kind, record) if one.verb == "create"]
            past = found[-1] if found else None
        return past.op if past and past.status != "applied" else None

    def taken_away(self, kind: str, record: str) -> bool:
        """Whether somebody deleted a record, or its author has taken back what created it."""
        on = self._on(kind, record)
        creations = {one.op for one in on if one.verb == "create"}
        done = [one for one in on if one.status == "applied"]
        return any(
            one.verb == "delete" or one.verb == "retract" and one.patch.get("of") in creations for one in done
        )

    def others_since(self, op: Op, row: Row, since: int | None = None) -> list[str]:
        """Fields that operations of other devices changed since the version that this one was made on."""
        seen = op.base_version if since is None else since
        if seen is None or row.values["version"] == seen:
            return []
        fields: set[str] = set()
        for past in self._on(row.kind.name, row.id):
            later = past.version is not None and past.version > seen
            if later and past.verb == "patch" and past.device != self.device["id"]:
                fields |= set(past.patch) - set(past.detail.get("fields", {}))
        return sorted(fields)

    def both(self, op: Op, conflicts: Mapping[str, tuple[Any, Any, Any]]) -> dict[str, Any]:
        """For each field in conflict both values, with who, when and where.  # P17"""
        earlier = self._on(op.kind, op.record)
        found: dict[str, Any] = {}
        for name, (base, kept, sent) in conflicts.items():
            first = next(
                (past for past in reversed(earlier) if past.patch.get(name) == kept and name in past.patch),
                None,
            )
            found[name] = {
                "base": base,
                "kept": {
                    "value": kept,
                    "user": first.user if first else None,
                    "device": first.device if first else None,
                    "at": first.at if first else None,
                    "op": first.op if first else None,
                },
                "sent": {
                    "value": sent,
                    "user": self.me.id,
                    "device": self.device["id"],
                    "at": op.at,
                    "op": op.op,
                },
            }
        return found

    def once_held(self, channels: Iterable[str], kind: str, record: str) -> bool:
        """Whether the person's device was given the record's channel before, or the record when it was elsewhere.  # P15"""
        ever = set(self.device["channels"]) | self.me.channels
        if not ever.isdisjoint(channels):
            return True
        mark = self.db.param
        condition, parameters = rows.within(self.db, '"channel"', sorted(ever))
        found = self.db.execute_sql(
            f'SELECT 1 FROM "sync_feed" WHERE {condition} AND "kind" = {mark} AND "record" = {mark} '
            f'AND "row" IS NULL AND "gone" = {mark} LIMIT 1',
            [*parameters, kind, record, False],
        )
        return found.fetchone() is not None

    def _on(self, kind: str, record: str) -> list[Past]:
        """The operations on a record that arrived before this batch, oldest first."""
        if not storable(record):
            return []
        found = [
            Past.of(row, self.kinds)
            for row in rows.select(self.db, Operation, "record", [record])
            if row["kind"] == kind
        ]
        return sorted(found, key=lambda past: (past.version or 0, past.seq))
