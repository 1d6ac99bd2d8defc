"""Merge: what becomes of one operation, decided on records in memory: applied, review, quarantined or held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sync.changes import Changes, same
from sync.kinds import Kind, Row
from sync.scope import Me, channels_of
from sync.store import Operation
from sync.wire import Op


@dataclass
class Verdict:
    """What became of an operation; `reason` is a code, `detail` what a person needs to see why."""

    status: str
    reason: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


class Refusal(Exception):
    """The operation cannot be applied: quarantine, with its payload.  # P13"""

    def __init__(self, reason: str, **detail: Any) -> None:
        super().__init__(reason)
        self.verdict = Verdict("quarantined", reason, detail)


APPLIED = "applied"


def decide(changes: Changes, me: Me, op: Op, fact_time: str, server_time: str) -> Verdict:
    """Apply `op` to `changes`, or say why not. Raises Refusal; anything else raised is a bug.

    `fact_time` is when it happened, by the phone's clock and its measured offset.  # P19
    """
    kind = changes.kinds.get(op.kind)
    if kind is None:
        raise Refusal("unknown_kind", kind=op.kind)
    if not kind.may(op.verb, me):
        raise Refusal("out_of_scope")
    if op.verb == "create":
        return _create(changes, me, kind, op, fact_time, server_time)
    if op.verb == "patch":
        return _patch(changes, me, kind, op, fact_time)
    if op.verb == "retract":
        return _retract(changes, me, kind, op)
    raise Refusal("unknown_verb", verb=op.verb)


def in_scope(kind: Kind, me: Me, row: Row) -> bool:
    """Whether this person may hold the record: it is in one of their channels, in their community.  # P21"""
    return row["community"] == me.community and any(one in me.channels for one in channels_of(kind.channels, row))


def _create(changes: Changes, me: Me, kind: Kind, op: Op, fact_time: str, server_time: str) -> Verdict:
    unknown = [name for name in op.patch if name not in kind.fields or name in kind.computed]
    if unknown:
        raise Refusal("unknown_field", fields=unknown)
    if changes.get(kind.name, op.record) is not None:
        raise Refusal("exists")
    row = kind.defaults() | op.patch
    row |= {"id": op.record, "community": me.community, "version": 1, "seq": 0, "author": me.id, "gone": False}
    row |= {"device_time": fact_time, "server_time": server_time}
    if not changes.inherit(kind, row):
        raise Refusal("missing_parent")
    parent = kind.parent and kind.parent_kind and changes.get(kind.parent_kind, row[kind.parent])
    if parent and (parent["community"] != me.community or not in_scope(changes.kinds[str(kind.parent_kind)], me, parent)):
        raise Refusal("out_of_scope")
    if not in_scope(kind, me, row):
        raise Refusal("out_of_scope")
    problems = kind.check("create", op.patch)
    if problems:
        raise Refusal("invalid", fields=dict(problems))
    changes.create(kind.name, row)
    _affect(changes, kind, row)
    return Verdict(APPLIED)


def _affect(changes: Changes, kind: Kind, row: Row) -> None:
    """Let a new record change the computed fields of its target."""
    for target_field, fields, _ in kind.effects:
        target_kind = str(kind.parent_kind) if target_field == kind.parent else target_field
        target = changes.get(target_kind, row[target_field])
        if target is not None:
            made = {name: compute(row, target) for name, compute in fields.items()}
            changes.change(target_kind, target["id"], made)


def _patch(changes: Changes, me: Me, kind: Kind, op: Op, fact_time: str) -> Verdict:
    unknown = [name for name in op.patch if name not in kind.patchable]
    if unknown or not op.patch:
        raise Refusal("unknown_field", fields=unknown)
    row = changes.get(kind.name, op.record)
    if row is None:
        raise Refusal("missing_record")
    if not in_scope(kind, me, row):
        raise Refusal("out_of_scope")
    if row["gone"]:
        return Verdict("review", "gone")
    problems = kind.check("patch", op.patch)
    if problems:
        raise Refusal("invalid", fields=dict(problems))
    takes, conflicts = three_way(row, op.base, op.patch)
    merged = op.base_version is not None and op.base_version < row["version"]
    if takes:
        changes.change(kind.name, op.record, {**takes, "author": me.id, "device_time": fact_time})
    if conflicts:
        return Verdict("review", "conflict", {"fields": conflicts})
    return Verdict(APPLIED, None, {"merged": True} if merged else {})


def three_way(row: Mapping[str, Any], base: Mapping[str, Any], patch: Mapping[str, Any]) -> tuple[Row, Row]:
    """Field by field: what is taken, and what conflicts as field → base, first, later.  # P17

    A field nobody else touched since `base` is taken; one that already holds the value is no change; one with
    another value stays as the first wrote it, and both values wait for a person.
    """
    takes: Row = {}
    conflicts: Row = {}
    for name, value in patch.items():
        stands = row.get(name)
        if same(stands, value):
            continue
        if name in base and same(stands, base[name]):
            takes[name] = value
        else:
            conflicts[name] = {"base": base.get(name), "first": stands, "later": value}
    return takes, conflicts


def _retract(changes: Changes, me: Me, kind: Kind, op: Op) -> Verdict:
    """Undo an operation of one's own: a created record is gone, a patched field goes back unless changed since."""
    undone = Operation.get_or_none(Operation.op == str(op.patch.get("of")))
    if undone is None or undone.record != op.record or undone.kind != op.kind:
        raise Refusal("missing_record")
    if undone.user != me.id:
        raise Refusal("not_yours")
    if undone.status != APPLIED:
        return Verdict("held", "held", {"by": undone.op})
    row = changes.get(kind.name, op.record)
    if row is None:
        raise Refusal("missing_record")
    if undone.verb == "patch":
        payload = undone.payload
        takes, conflicts = three_way(row, payload["patch"], payload["base"])
        changes.change(kind.name, op.record, takes)
        return Verdict("review", "conflict", {"fields": conflicts}) if conflicts else Verdict(APPLIED)
    if undone.verb == "create" and not row["gone"]:
        changes.change(kind.name, op.record, {"gone": True})
        _refold(changes, kind, row)
    return Verdict(APPLIED)


def _refold(changes: Changes, kind: Kind, gone: Row) -> None:
    """Compute the target's fields again from the records that are left, in the order in which they happened."""
    for target_field, fields, starts in kind.effects:
        target_kind = str(kind.parent_kind) if target_field == kind.parent else target_field
        target = changes.get(target_kind, gone[target_field])
        if target is None:
            continue
        model = kind.model
        ids = [
            one.id
            for one in model.select(model._meta.primary_key).where(model._meta.fields[target_field] == gone[target_field])
        ]
        changes.load([(kind.name, id) for id in ids])
        held = [row for (name, _), row in changes.rows.items() if name == kind.name and row is not None]
        left = [row for row in held if row[target_field] == gone[target_field] and not row["gone"]]
        defaults = changes.kinds[target_kind].defaults()
        scratch = dict(target) | {name: defaults[name] for name in fields}
        scratch |= {name: compute(gone, target) for name, compute in starts.items()}
        for row in sorted(left, key=lambda one: (one["device_time"], one["seq"] or float("inf"))):
            scratch |= {name: compute(row, scratch) for name, compute in fields.items()}
        changes.change(target_kind, target["id"], {name: scratch[name] for name in fields})
