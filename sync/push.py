"""Push: operations of one device, in its order, each applied exactly once or kept where a person sees it.  # P11 P12 P13"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import peewee

from sync.changes import Changes
from sync.kinds import Kind
from sync.merge import Refusal, Verdict, decide
from sync.scope import Me
from sync.store import Attempt, Device, Operation, insert_rows, locked, writing
from sync.wire import Busy, Op, Refused, compact

log = logging.getLogger(__name__)

# A phone whose clock is further off than this is flagged.  # P19
CLOCK_OFF_MS = 10 * 60 * 1000
# An operation that failed alone this often for an unknown reason goes to quarantine.  # P13
ATTEMPTS = 5
COLUMNS = (
    "op", "community", "device", "seq", "user", "kind", "record", "verb", "group", "payload", "hash", "status",
    "reason", "detail", "device_time", "server_time", "offset_ms",
)  # fmt: skip


class Unknown(RuntimeError):
    """An operation failed for a reason that nobody foresaw."""

    def __init__(self, op: Op, cause: Exception) -> None:
        super().__init__(f"{op.kind} {op.verb}")
        self.op = op
        self.cause = cause


@dataclass
class Batch:
    """One push: who, from which device, when, and by how much the device's clock is off."""

    database: peewee.Database
    kinds: Mapping[str, Kind]
    me: Me
    device: Device
    now: datetime
    offset_ms: int

    @property
    def server_time(self) -> str:
        """The server's time as text."""
        return instant(self.now)


def instant(moment: datetime) -> str:
    """`2026-11-23T02:42:05Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def content_hash(op: Op) -> str:
    """The SHA-256 of what an operation says, whatever device and seq carry it."""
    said = op.model_dump(exclude={"seq"})
    return hashlib.sha256(compact(dict(sorted(said.items()))).encode()).hexdigest()


def push(
    database: peewee.Database, kinds: Mapping[str, Kind], me: Me, device_id: str, ops: Sequence[Op], now: datetime, offset_ms: int = 0
) -> list[dict[str, Any]]:
    """Apply a batch; the result of each operation in order, stored ones included.

    Raises Refused (`gap` with `send_from`, `fork`), or Busy when nothing more could be done now; what was done
    before is then committed and its results are stored.
    """
    while True:
        try:
            with writing(database):
                return _push(Batch(database, kinds, me, _device(database, me, device_id), now, offset_ms), ops)
        except Unknown as unknown:
            _alarm(database, unknown)
            if _attempts(unknown.op.op) >= ATTEMPTS:
                continue
            before = [op for op in ops if op.seq < unknown.op.seq]
            if before:
                push(database, kinds, me, device_id, before, now, offset_ms)
            raise Busy("unknown") from unknown.cause


def push_page(
    database: peewee.Database, kinds: Mapping[str, Kind], me: Me, device_id: str, ops: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """The same for a page answered by the server: the device's next seq is given here."""
    with writing(database):
        device = _device(database, me, device_id)
        stamped = [Op.model_validate({**op, "seq": device.last + n}) for n, op in enumerate(ops, start=1)]
        return push(database, kinds, me, device_id, stamped, now)


def _device(database: peewee.Database, me: Me, id: str) -> Device:
    """The device's row, locked: one push of a device at a time. A device belongs to one person.  # P9 P11"""
    found = locked(Device.select().where(Device.id == id), database).first()
    if found is None:
        Device.insert(id=id, user=me.id, community=me.community).on_conflict_ignore().execute()
        found = locked(Device.select().where(Device.id == id), database).first()
    if found.user != me.id:
        raise Refused("fork")
    return found


def _push(batch: Batch, ops: Sequence[Op]) -> list[dict[str, Any]]:
    if not ops:
        return []
    device = batch.device
    if ops[0].seq > device.last + 1:
        raise Refused("gap", send_from=device.last + 1)
    hashes = {op.op: content_hash(op) for op in ops}
    known = _known(device, ops, hashes)
    fresh = [op for op in ops if op.op not in known]
    verdicts = _together(batch, fresh, hashes) if fresh else {}
    if ops[-1].seq > device.last:
        device.last = ops[-1].seq
        Device.update(last=device.last).where(Device.id == device.id).execute()
    return [_result(op, known.get(op.op) or verdicts[op.op]) for op in ops]


def _result(op: Op, verdict: Verdict) -> dict[str, Any]:
    return {"op": op.op, "seq": op.seq, "status": verdict.status, "reason": verdict.reason, "detail": verdict.detail or {}}


def _known(device: Device, ops: Sequence[Op], hashes: Mapping[str, str]) -> dict[str, Verdict]:
    """Stored results of operations that arrived before; a seq or an id used for something else is a fork.  # P11"""
    seqs = {op.seq: op.op for op in ops}
    arrived = Operation.select().where(
        Operation.op.in_(list(hashes)) | ((Operation.device == device.id) & (Operation.seq.in_(list(seqs))))
    )
    known = {}
    for one in arrived:
        if one.op in hashes:
            if one.hash != hashes[one.op] or one.user != device.user:
                raise Refused("fork")
            known[one.op] = Verdict(one.status, one.reason, one.detail or {})
        elif one.device == device.id:
            raise Refused("fork")
    if any(op.seq <= device.last and op.op not in known for op in ops):
        raise Refused("fork")
    return known


def _together(batch: Batch, ops: Sequence[Op], hashes: Mapping[str, str]) -> dict[str, Verdict]:
    """The whole batch at once; where the database refuses it, once more with a savepoint for each operation.  # P12"""
    try:
        with batch.database.atomic():
            return _apply(batch, ops, hashes, {})
    except (peewee.IntegrityError, peewee.DataError, Unknown):
        verdicts: dict[str, Verdict] = {}
        for op in ops:
            verdicts |= _alone(batch, op, hashes, verdicts)
        return verdicts


def _alone(batch: Batch, op: Op, hashes: Mapping[str, str], before: Mapping[str, Verdict]) -> dict[str, Verdict]:
    try:
        with batch.database.atomic():
            return _apply(batch, [op], hashes, before)
    except (peewee.OperationalError, peewee.InterfaceError):
        raise
    except Exception as problem:
        cause = problem.cause if isinstance(problem, Unknown) else problem
        refused = isinstance(cause, peewee.IntegrityError | peewee.DataError)
        if not refused and _attempts(op.op) < ATTEMPTS:
            raise Unknown(op, cause) from cause
        verdict = Verdict("quarantined", "invalid" if refused else "error", {"problem": type(cause).__name__})
        _record(batch, [op], hashes, {op.op: verdict})
        return {op.op: verdict}


def _apply(batch: Batch, ops: Sequence[Op], hashes: Mapping[str, str], before: Mapping[str, Verdict]) -> dict[str, Verdict]:
    changes = Changes(batch.database, batch.kinds, batch.me.community)
    changes.load(_touched(batch.kinds, ops))
    waits = _unsettled(ops)
    verdicts: dict[str, Verdict] = {}
    for op in ops:
        verdict = _verdict(batch, changes, op, waits, {**before, **verdicts} if op.after or waits else verdicts)
        if abs(batch.offset_ms - op.offset) > CLOCK_OFF_MS or abs(op.offset) > CLOCK_OFF_MS:
            verdict.detail = {**verdict.detail, "clock_off_ms": batch.offset_ms or op.offset}
        if verdict.status in ("quarantined", "held"):
            waits[op.record] = op.op
        verdicts[op.op] = verdict
    _record(batch, ops, hashes, verdicts)
    changes.flush(batch.server_time)
    return verdicts


def _verdict(batch: Batch, changes: Changes, op: Op, waits: Mapping[str, str], settled: Mapping[str, Verdict]) -> Verdict:
    """One operation's fate; what depends on a quarantined one is held with it.  # P12"""
    if batch.device.revoked:
        return Verdict("quarantined", "revoked")
    named = [op.record, *(value for value in op.patch.values() if isinstance(value, str))]
    cause = next((waits[one] for one in named if one in waits), None)
    for other in op.after:
        earlier = settled.get(other)
        status = earlier.status if earlier else waits.get(f"op:{other}")
        if status in ("quarantined", "held"):
            cause = other
    if cause is not None and (op.verb != "create" or op.record not in waits):
        return Verdict("held", "held", {"by": cause})
    try:
        return decide(changes, batch.me, op, fact_time(op), batch.server_time)
    except Refusal as refusal:
        return refusal.verdict
    except peewee.PeeweeException:
        raise
    except Exception as problem:
        raise Unknown(op, problem) from problem


def fact_time(op: Op) -> str:
    """When it happened: the phone's clock plus the offset it had measured, to the second.  # P19"""
    at = datetime.fromisoformat(op.at.replace("Z", "+00:00"))
    try:
        return instant(at + timedelta(milliseconds=op.offset))
    except OverflowError:
        return instant(at)


def _touched(kinds: Mapping[str, Kind], ops: Sequence[Op]) -> list[tuple[str, str]]:
    """Every record that the batch reads or writes, for one select a kind."""
    wanted = []
    for op in ops:
        kind = kinds.get(op.kind)
        if kind is None:
            continue
        wanted.append((op.kind, op.record))
        if kind.parent and kind.parent_kind and isinstance(op.patch.get(kind.parent), str):
            wanted.append((kind.parent_kind, op.patch[kind.parent]))
    return wanted


def _unsettled(ops: Sequence[Op]) -> dict[str, str]:
    """Records whose creation waits in quarantine, and named operations that do: record or `op:<id>` → cause."""
    named = {op.record for op in ops} | {value for op in ops for value in op.patch.values() if isinstance(value, str) and len(value) == 36}
    waiting = ("quarantined", "held")
    stuck = Operation.select(Operation.op, Operation.record).where(
        Operation.record.in_(list(named)), Operation.verb == "create", Operation.status.in_(waiting)
    )
    found = {one.record: one.op for one in stuck}
    after = {other for op in ops for other in op.after}
    if after:
        earlier = Operation.select(Operation.op, Operation.status).where(Operation.op.in_(list(after)), Operation.status.in_(waiting))
        found |= {f"op:{one.op}": one.status for one in earlier}
    return found


def _record(batch: Batch, ops: Sequence[Op], hashes: Mapping[str, str], verdicts: Mapping[str, Verdict]) -> None:
    """Keep each operation whole, with its result.  # P12"""
    rows = []
    for op in ops:
        verdict = verdicts[op.op]
        rows.append(
            (
                op.op, batch.me.community, batch.device.id, op.seq, batch.me.id, op.kind, op.record, op.verb, op.group,
                compact(op.model_dump(exclude={"op", "seq", "group", "kind", "record", "verb"})), hashes[op.op],
                verdict.status, verdict.reason, compact(verdict.detail) if verdict.detail else None,
                fact_time(op), batch.server_time, batch.offset_ms,
            )
        )  # fmt: skip
    insert_rows(batch.database, Operation, COLUMNS, rows)


def _attempts(op: str) -> int:
    return int(Attempt.select(Attempt.count).where(Attempt.op == op).scalar() or 0)


def _alarm(database: peewee.Database, unknown: Unknown) -> None:
    """Count a failure that nobody foresaw, in a transaction of its own, and say so in the log without a resident's data."""
    log.error("sync.unknown_failure op=%s cause=%s", unknown.op.op, type(unknown.cause).__name__, exc_info=unknown.cause)
    with writing(database):
        changed = Attempt.update(count=Attempt.count + 1).where(Attempt.op == unknown.op.op).execute()
        if not changed:
            Attempt.create(op=unknown.op.op, count=1)
