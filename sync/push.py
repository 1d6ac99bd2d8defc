"""Push: a batch of operations comes in; each ends exactly once as applied, in review, in quarantine or held there.

The batch is applied whole in one transaction; on any error it is rolled back and repeated with a savepoint for each
operation, so that one poisoned operation never takes the others with it.  # P12
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import peewee

from sync import blobs, devices, effects, faults, rows
from sync.batch import Batch
from sync.encode import dumps, dumps_ascii, dumps_sorted
from sync.group import group_of
from sync.history import History, Past
from sync.instants import CLOCK_FLAG_MS, corrected, instant
from sync.kinds import Kind
from sync.scope import Me
from sync.store import Failure, Operation, together, writing
from sync.values import storable, texts
from sync.verbs import Outcome, Ready, Verbs, prepare, refused
from sync.wire import Busy, Op, Refused

log = logging.getLogger(__name__)
PATIENCE = 5  # an operation may fail alone this often before it goes to quarantine  # P13


@dataclass
class Receipt:
    """What became of a batch: the device's last seq and the result of each operation that was consumed."""

    last: int
    results: list[dict[str, Any]] = field(default_factory=list)
    revoked: bool = False


@dataclass
class Sent:
    """An operation as it was sent: its content as text, without the seq that a restored phone may change."""

    op: Op
    payload: str
    hash: str
    stamped: int
    torn: bool = False  # somewhere in it is half of a surrogate pair, which no database holds

    @classmethod
    def of(cls, op: Op, seq: int) -> Sent:
        """Read once; the hash is over the content and not over the seq.  # P11"""
        content = {name: value for name, value in op.__dict__.items() if name != "seq"}
        text = dumps_sorted(content)
        torn = not storable(text)
        if torn:
            text = dumps_ascii(content)
        return cls(op, text, hashlib.sha256(text.encode()).hexdigest(), seq, torn)


def push(
    db: peewee.Database,
    kinds: Mapping[str, Kind],
    me: Me,
    device: str,
    ops: Sequence[Op | Mapping[str, Any]],
    now: datetime,
    contact: devices.Contact | None = None,
) -> Receipt:
    """Apply a phone's operations. Raises Refused (`gap`, `fork`) and Busy, both with nothing consumed."""
    batch = sorted((op if isinstance(op, Op) else Op.model_validate(op) for op in ops), key=lambda op: op.seq)
    sent = [Sent.of(op, op.seq) for op in batch]
    made = _Push(db, kinds, me, device, now, contact)
    made.prepare(sent)
    return made.run(lambda last: sent)


def push_page(
    db: peewee.Database,
    kinds: Mapping[str, Kind],
    me: Me,
    device: str,
    ops: Sequence[Mapping[str, Any]],
    now: datetime,
) -> list[dict[str, Any]]:
    """Apply the operations of a page under the device of its session, which gets its seqs here; their results."""
    batch = [Op.model_validate({**op, "seq": 1}) for op in ops]

    def stamped(last: int) -> list[Sent]:
        return [Sent.of(op, last + at) for at, op in enumerate(batch, start=1)]

    return _Push(db, kinds, me, device, now, None).run(stamped).results


class _Push:
    def __init__(
        self,
        db: peewee.Database,
        kinds: Mapping[str, Kind],
        me: Me,
        device: str,
        now: datetime,
        contact: devices.Contact | None,
    ) -> None:
        self.db = db
        self.kinds = kinds
        self.me = me
        self.device_id = device
        self.now = now
        self.instant = instant(now)
        self.contact = contact
        self.ready: dict[int, Ready] = {}  # by seq: an id may have come twice

    def prepare(self, sent: Iterable[Sent]) -> None:
        """Check new records before anything is locked; what cannot be checked is left to the batch, which sorts errors."""
        for one in sent:
            kind = self.kinds.get(one.op.kind)
            current = kind is not None and one.op.form >= kind.form  # an older form is upgraded first  # P18
            if (
                kind
                and current
                and one.op.verb == "create"
                and not one.torn
                and kind.writable.issuperset(one.op.patch)
            ):
                with contextlib.suppress(Exception):
                    self.ready[one.op.seq] = prepare(kind, one.op)

    def run(self, stamp: Callable[[int], list[Sent]]) -> Receipt:
        """The whole batch at once, or one by one where that fails."""
        try:
            receipt: Receipt = group_of(self.db).run(self.db, lambda: self._whole(stamp))
            return receipt
        except Refused:
            raise
        except Exception as error:
            if faults.sort(error) == "temporary":
                raise Busy from error
            log.warning("a batch failed whole and is repeated one by one: %s", type(error).__name__)
        return self._one_by_one(stamp)

    def _whole(self, stamp: Callable[[int], list[Sent]]) -> Receipt:
        with together(self.db):
            self._open()
            self._apply(self._fresh(stamp(self.device["last"])))
            return self._close()

    def _one_by_one(self, stamp: Callable[[int], list[Sent]]) -> Receipt:
        failed: tuple[Sent, Exception] | None = None
        try:
            with writing(self.db):
                self._open()
                for one in self._fresh(stamp(self.device["last"])):
                    failed = self._alone(one)
                    if failed:
                        break
                receipt = self._close()
            if failed:
                self._count_failure(*failed)
        except Refused:
            raise
        except Exception as error:
            if faults.sort(error) != "temporary":
                log.exception("a batch could not be applied one by one")
            raise Busy from error
        if failed and not receipt.results:
            raise Busy from failed[1]
        return receipt

    def _open(self) -> None:
        """Lock the device's row: its batches come one after the other.  # P11"""
        self.device = devices.lock(self.db, self.me, self.device_id)
        self.history = History(self.db, self.me, self.device, self.kinds)
        self.results: list[dict[str, Any]] = []

    def _close(self) -> Receipt:
        devices.save(self.db, self.device, self.me, self.now, self.contact, taken=len(self.results))
        self.results.sort(key=lambda result: result["seq"])
        return Receipt(self.device["last"], self.results, bool(self.device["revoked"]))

    def _fresh(self, sent: list[Sent]) -> list[Sent]:
        """The operations that this device has not sent yet, the others answered by their stored results.  # P11"""
        last = self.device["last"]
        self.history.load({op for one in sent for op in (one.op.op, *one.op.after, *_named(one.op))})
        fresh = [one for one in sent if one.stamped > last]
        self._repeat([one for one in sent if one.stamped <= last])
        for at, one in enumerate(fresh, start=last + 1):
            if one.stamped != at:
                raise Refused("gap", send_from=at)
        return fresh

    def _repeat(self, sent: list[Sent]) -> None:
        """Answer what was consumed before; another content under the same seq is a cloned phone.  # P11"""
        stored = None
        for one in sent:
            past = self.history.find(one.op.op)
            if past is None or past.hash != one.hash or past.user != self.me.id:
                stored = self._under(sent) if stored is None else stored
                past = stored.get(one.stamped)
            if past is None or past.hash != one.hash:
                raise Refused("fork")
            self._answer(one, past.status, past.reason, past.detail)

    def _under(self, sent: list[Sent]) -> dict[int, Past]:
        """What was kept under these seqs of the device."""
        of_device = f" AND {rows.table(Operation).column['device']} = {self.db.param}"
        seqs = [one.stamped for one in sent]
        found = rows.select(self.db, Operation, "seq", seqs, extra=of_device, parameters=[self.device_id])
        return {row["seq"]: Past.of(row, self.kinds) for row in found}

    def _apply(self, fresh: list[Sent]) -> None:
        """Decide every operation in memory, then write each table once."""
        batch = Batch(self.db, self.kinds, self.me.community, self.now)
        named = [one.op for one in fresh if one.op.files]
        blobs.lock(self.db, named)  # P23
        self._read_ahead(batch, fresh)
        verbs = Verbs(batch, self.me, self.history, ready=self.ready)
        made = [row for one in fresh if (row := self._decide(verbs, one))]
        blobs.attach(batch, self.me, named)
        batch.write()
        if made:
            rows.put(self.db, Operation, made)

    def _read_ahead(self, batch: Batch, fresh: list[Sent]) -> None:
        wanted: list[tuple[str, str]] = []
        targets: list[tuple[str, str]] = []
        for op in (one.op for one in fresh):
            wanted.append((op.kind, op.record))
            kind = self.kinds.get(op.kind)
            parent = op.patch.get(kind.parent) if kind and kind.parent else None
            if kind and op.verb != "retract":
                named = [(target, op.patch.get(name)) for name, target in kind.links.items()]
                wanted += [(target, id) for target, id in named if isinstance(id, str)]
            if kind and kind.parent_kind and isinstance(parent, str) and storable(parent):
                wanted.append((kind.parent_kind, parent))
                if op.verb == "create" and any(ref == kind.parent for ref, _ in kind.effects):
                    targets.append((kind.parent_kind, parent))
        batch.load(wanted)
        if targets:
            since = min(corrected(one.op.at, one.op.offset, self.now) for one in fresh)
            effects.expect(batch, targets, since)

    def _decide(self, verbs: Verbs, one: Sent) -> tuple[Any, ...] | None:
        """Apply one operation; the row to keep, or none where it is known under another seq already."""
        op = one.op
        past = self.history.find(op.op)
        if past is not None and past.user == self.me.id and past.hash == one.hash:
            self.device["last"] = one.stamped
            self._answer(one, past.status, past.reason, past.detail)
            return None
        if past is not None:
            outcome = refused("op_taken")
        else:
            outcome = refused("invalid", fields=torn(op)) if one.torn else verbs.apply(op)
        return self._kept(one, outcome, taken=past is not None)

    def _kept(self, one: Sent, outcome: Outcome, taken: bool = False) -> tuple[Any, ...]:
        op, me = one.op, self.me
        if self.contact and abs(self.contact.offset_ms) > CLOCK_FLAG_MS:
            outcome.detail["clock_off_ms"] = self.contact.offset_ms  # P19
        time = corrected(op.at, op.offset, self.now)
        key = f"{op.op}:{self.device_id}:{one.stamped}" if taken else op.op
        row = (  # in the order of Operation's fields
            key, me.community, self.device_id, one.stamped, me.id, op.kind, op.record, op.verb, op.group, one.payload, one.hash,
            outcome.status, outcome.reason, dumps(outcome.detail), outcome.version, time, self.instant, op.offset,
        )  # fmt: skip
        self.device["last"] = one.stamped
        past = Past(
            key, self.device_id, one.stamped, me.id, op.kind, op.record, op.verb, one.hash, outcome.status, outcome.reason,
            outcome.detail, outcome.version, time, op.patch, op.base,
        )  # fmt: skip
        self.history.add(past.upgraded(self.kinds, op.form))
        self._answer(one, outcome.status, outcome.reason, outcome.detail)
        return row

    def _answer(self, one: Sent, status: str, reason: str | None, detail: dict[str, Any]) -> None:
        self.results.append(
            {"op": one.op.op, "seq": one.stamped, "status": status, "reason": reason, "detail": detail}
        )

    def _alone(self, one: Sent) -> tuple[Sent, Exception] | None:
        """One operation in a savepoint; what it fails with, where it must be tried again.  # P12 P13"""
        last, answered = self.device["last"], len(self.results)
        try:
            with self.db.atomic():
                self._apply([one])
            return None
        except Exception as error:
            self.device["last"] = last
            del self.results[answered:]
            self.history.forget(one.op.op)
            sort = faults.sort(error)
            if sort == "temporary":
                raise
            if sort == "unknown" and _failures(self.db, one.op.op) + 1 < PATIENCE:
                return one, error
            reason = "refused" if sort == "refused" else "failed"
            with self.db.atomic():
                rows.put(self.db, Operation, [self._kept(one, refused(reason, error=type(error).__name__))])
            if sort == "unknown":
                log.error(
                    "operation %s failed %s times and is in quarantine", one.op.op, PATIENCE, exc_info=error
                )
            return None

    def _count_failure(self, one: Sent, error: Exception) -> None:
        """In a transaction of its own, so that it outlives the rollback.  # P13"""
        log.error("operation %s fails for a reason that nobody foresaw", one.op.op, exc_info=error)
        with writing(self.db):
            row = {"op": one.op.op, "times": _failures(self.db, one.op.op) + 1, "error": type(error).__name__}
            rows.insert(self.db, Failure, [row], replace=("op",))


def _named(op: Op) -> Iterable[str]:
    of = op.patch.get("of") if op.verb == "retract" else None
    return [of] if isinstance(of, str) else []


def torn(op: Op) -> dict[str, list[str]]:
    """The fields of a patch that hold what no database can."""
    whole = {name: value for name, value in op.patch.items() if all(map(storable, texts(value)))}
    return {name: ["text"] for name in op.patch.keys() - whole.keys()} or {"base": ["text"]}


def _failures(db: peewee.Database, op: str) -> int:
    found = rows.select(db, Failure, "op", [op])
    return int(found[0]["times"]) if found else 0
