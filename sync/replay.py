"""Replay: what waits for a person is applied after all or told its end, and what was held behind it follows.  # P12 P13"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import peewee

from sync import blobs, devices, faults, rows
from sync.batch import Batch
from sync.history import History
from sync.ids import uuid7
from sync.instants import instant, instant_ms
from sync.kinds import Kind
from sync.push import Sent, torn
from sync.results import tell
from sync.scope import Me
from sync.store import Device, Operation, writing
from sync.verbs import Outcome, Verbs, refused
from sync.wire import Busy, Op, Status

log = logging.getLogger(__name__)
# What stays with an operation whatever becomes of it later.
_LASTING = ("clock_off_ms", "repaired")


class Unknown(LookupError):
    """There is no such operation of this author within reach of whoever decides."""


class Built(Exception):
    """Others went on from what an operation applied; it stays."""


@dataclass
class Decided:
    """Where an operation stands now, and the operations that were held behind it and went on."""

    status: str
    reason: str | None
    detail: dict[str, Any]
    released: list[str] = field(default_factory=list)


def replay(
    db: peewee.Database,
    kinds: Mapping[str, Kind],
    author: Me,
    op: str,
    now: datetime,
    *,
    by: Me | None = None,
    patch: Mapping[str, Any] | None = None,
) -> Decided:
    """Apply an operation that is not applied yet as what it was: under its author's name, at its own time.

    `patch` repairs it; what was sent stays in the payload. `by` decides: their channels and their role count beside the
    author's. One that is applied already is left as it is. Raises Unknown, and Busy with nothing changed.
    """

    def decide(one: _Replay, stored: dict[str, Any]) -> None:
        if stored["status"] == "applied":
            return
        kind = kinds.get(stored["kind"])
        repaired = None if patch is None else {"patch": dict(patch), "form": kind.form if kind else 1}
        one.keep(stored, one.attempt(stored, repaired), repaired)

    return _decide(db, _Replay(db, kinds, author, by, now), op, decide)


def take_back(
    db: peewee.Database, kinds: Mapping[str, Kind], author: Me, op: str, now: datetime, *, by: Me
) -> Decided:
    """Undo a replay: what it applied goes as the author's own retract would take it, and it waits again as it did before.

    Raises Built where that would undo others' work as well, Unknown where nobody's replay applied it, and Busy; nothing is
    changed then.
    """

    def decide(one: _Replay, stored: dict[str, Any]) -> None:
        before = stored["detail"].get("before", {})
        if stored["status"] != "applied" or "detail" not in before:
            raise Unknown(op)
        one.withdraw(stored)
        said = (before["status"], before["reason"], before["detail"], before.get("version"))
        tell(db, author.community, stored, now, *said)

    return _decide(db, _Replay(db, kinds, author, by, now), op, decide)


def settle(
    db: peewee.Database,
    kinds: Mapping[str, Kind],
    author: Me,
    op: str,
    now: datetime,
    status: Status,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
    *,
    by: Me | None = None,
) -> Decided:
    """Say what became of an operation without applying anything: a conflict was settled, or it was rejected.

    `detail` is added to what is known already. Raises Unknown, and Busy with nothing changed.
    """

    def decide(one: _Replay, stored: dict[str, Any]) -> None:
        known = {**stored["detail"], **(detail or {})}
        one.keep(stored, Outcome(status, reason, known, stored["version"]))

    return _decide(db, _Replay(db, kinds, author, by, now), op, decide)


def _decide(
    db: peewee.Database, one: _Replay, op: str, decide: Callable[[_Replay, dict[str, Any]], None]
) -> Decided:
    try:
        with writing(db):
            one.open()
            decide(one, one.find(op))
            released = one.release(op)
            stored = one.find(op)
    except Exception as error:
        if faults.sort(error) == "temporary":
            raise Busy from error
        raise
    return Decided(stored["status"], stored["reason"], stored["detail"], released)


class _Replay:
    """One decision within one transaction."""

    def __init__(
        self, db: peewee.Database, kinds: Mapping[str, Kind], author: Me, by: Me | None, now: datetime
    ) -> None:
        self.db = db
        self.kinds = kinds
        self.author = author
        self.by = by
        self.now = now

    def open(self) -> None:
        """Lock the author's devices: nothing of theirs arrives meanwhile.  # P11"""
        rows.select(self.db, Device, "user", [self.author.id], lock=True)

    def find(self, op: str) -> dict[str, Any]:
        """The operation as it is stored."""
        found = rows.select(self.db, Operation, "op", [op])
        within = {self.author.community} if self.by is None else {self.by.community}
        if not found or found[0]["user"] != self.author.id or found[0]["community"] not in within:
            raise Unknown(op)
        return found[0]

    def attempt(self, stored: Mapping[str, Any], repaired: Mapping[str, Any] | None = None) -> Outcome:
        """Apply it in a savepoint; what it fails with keeps it in quarantine."""
        given = {**stored["payload"], **stored["detail"].get("repaired", {}), **(repaired or {})}
        sent = Sent.of(Op.model_validate({**given, "seq": stored["seq"]}), stored["seq"])
        if sent.torn:
            return refused("invalid", fields=torn(sent.op))
        try:
            with self.db.atomic():
                return self._applied(stored, sent.op)
        except Exception as error:
            if faults.sort(error) == "temporary":
                raise
            log.error("operation %s fails again", stored["op"], exc_info=error)
            return refused("failed", error=type(error).__name__)

    def withdraw(self, stored: Mapping[str, Any]) -> None:
        """Retract it in its author's name; raises Built."""
        named = {name: stored[name] for name in ("group", "kind", "record")}
        retract = Op(
            op=str(uuid7()),
            seq=1,
            verb="retract",
            patch={"of": stored["op"]},
            at=instant_ms(self.now),
            form=self.kinds[stored["kind"]].form,
            **named,
        )
        before = stored["detail"]["before"]
        # What of it stood before the decision stays.
        only = before["detail"]["fields"] if before["reason"] == "conflict" else None
        with self.db.atomic():
            if self._applied(stored, retract, only).status != "applied":
                raise Built(stored["op"])

    def _applied(self, stored: Mapping[str, Any], op: Op, only: Collection[str] | None = None) -> Outcome:
        channels = self.author.channels | (self.by.channels if self.by else frozenset())
        me = dataclasses.replace(self.author, channels=channels, community=stored["community"])
        history = History(self.db, me, devices.lock(self.db, me, stored["device"]), self.kinds)
        history.revoked = False  # a person vouches for what a revoked phone delivered
        batch = Batch(self.db, self.kinds, me.community, self.now)
        blobs.lock(self.db, [op])  # P23
        outcome = Verbs(batch, me, history, self.by, only=only).apply(op)
        blobs.attach(batch, me, [op])
        batch.write()
        return outcome

    def keep(
        self, stored: Mapping[str, Any], outcome: Outcome, repaired: Mapping[str, Any] | None = None
    ) -> None:
        """Write the result where it changed, and tell the author's phones."""
        detail = {name: stored["detail"][name] for name in _LASTING if name in stored["detail"]}
        detail |= outcome.detail
        if repaired is not None:
            detail["repaired"] = dict(repaired)
        if (outcome.status, outcome.reason, detail) == (
            stored["status"],
            stored["reason"],
            stored["detail"],
        ):
            return
        if self.by is not None:
            detail["decided"] = {"by": self.by.id, "at": instant(self.now)}
            if outcome.status == "applied":
                known = {name: value for name, value in stored["detail"].items() if name != "before"}
                stood = {name: stored[name] for name in ("status", "reason", "version")}
                detail["before"] = {**stood, "detail": known}
        said = (outcome.status, outcome.reason, detail, outcome.version)
        tell(self.db, self.author.community, stored, self.now, *said)

    def release(self, op: str) -> list[str]:
        """What was held behind it, and behind what that frees, in the order in which it was made.  # P12"""
        freed: list[str] = []
        tried: set[str] = set()
        waiting = self._held()
        while ready := [
            one for one in waiting if one["op"] not in tried and {op, *freed} & set(one["detail"]["after"])
        ]:
            for one in ready:
                outcome = self.attempt(one)
                self.keep(one, outcome)
                if outcome.status == "held":
                    tried.add(one["op"])
                    continue
                freed.append(one["op"])
                tried = set()
            waiting = self._held()
        return freed

    def _held(self) -> list[dict[str, Any]]:
        held = """ AND "status" <> 'applied' AND "status" = 'held'"""
        found = rows.select(self.db, Operation, "user", [self.author.id], extra=held)
        return sorted(found, key=lambda one: (one["device"], one["seq"]))
