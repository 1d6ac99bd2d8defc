"""Verbs: what one operation does to the records in hand, and in which of the three places it ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sync import effects, values
from sync.batch import Batch, Row
from sync.history import History
from sync.instants import corrected
from sync.kinds import NOBODY, Kind, Values
from sync.merge import Merge, merge, undo
from sync.scope import Me
from sync.wire import Op


@dataclass
class Outcome:
    """Where an operation ended, why, and the version of its record once applied."""

    status: str = "applied"
    reason: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    version: int | None = None


def refused(reason: str, **detail: Any) -> Outcome:
    """To quarantine, with its whole payload.  # P13"""
    return Outcome("quarantined", reason, detail)


def review(reason: str, **detail: Any) -> Outcome:
    """To a person, with its whole payload.  # P17"""
    return Outcome("review", reason, detail)


Ready = tuple[Values, Values]


def prepare(kind: Kind, op: Op) -> Ready:
    """A new record's own values and what is wrong with them: all that can be said without the database."""
    made = values.fresh(kind, op.patch)
    return made, {**values.misfits(kind, made), **kind.check("create", op.patch)}


class Verbs:
    """Applies operations of one person to one batch; every refusal is decided before anything is changed."""

    def __init__(
        self,
        batch: Batch,
        me: Me,
        history: History,
        by: Me | None = None,
        ready: Mapping[int, Ready] | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        self.ready = ready or {}
        self.only = only  # of a patch that a decision let through: the fields that it did
        self.batch = batch
        self.me = me
        self.history = history
        self.by = by  # who decided that it be applied after all, and may do so

    def apply(self, op: Op) -> Outcome:
        """Apply one operation. A refusal is an outcome; an exception is a fault of the program or the database."""
        kind = self.batch.kinds.get(op.kind)
        if self.history.revoked:
            return refused("revoked")
        if kind is None:
            return refused("unknown_kind")
        needed = self.history.blocking(op.after)
        if needed:
            return Outcome("held", "held", {"after": needed})
        if op.form < kind.form and op.verb in ("create", "patch"):
            newer = {"patch": kind.upgraded(op.patch, op.form), "base": kind.upgraded(op.base, op.form)}
            op = op.model_copy(update=newer)  # P18
        if not kind.may(op.verb, self.me) and not (self.by and kind.may(op.verb, self.by)):
            return refused("not_allowed")
        by_verb: dict[str, Callable[[Op, Kind], Outcome]] = {
            "create": self.create,
            "patch": self.patch,
            "retract": self.retract,
            "delete": self.delete,
        }
        return by_verb[op.verb](op, kind)

    def create(self, op: Op, kind: Kind) -> Outcome:
        """A new record; one that exists is never overwritten.  # P21"""
        there = self.batch.get(kind.name, op.record)
        if there and not self._taken_back(there):
            return refused("exists")
        if there and self.history.taken_away(kind.name, op.record):
            return review("gone")
        unknown = sorted(set(op.patch) - kind.writable)
        if unknown:
            return refused("unknown_field", fields=dict.fromkeys(unknown, ["unknown"]))
        parent, blocked = self._parent(op, kind)
        if blocked:
            return blocked
        own, problems = self.ready.get(op.seq) or prepare(kind, op)
        if problems:
            return refused("invalid", fields=problems)
        made = dict(own)
        made |= values.inherited(kind, parent.values if parent else None)
        made |= {"id": op.record, "community": self.me.community, "author": self.me.id, "gone": False}
        made["device_time"] = corrected(op.at, op.offset, self.batch.moment)
        named = {name: self._values(target, made[name]) for name, target in kind.links.items()}
        blocked = self._unfit(kind, made, made)
        if blocked:
            return blocked
        problems = dict(kind.vouched(made, parent.values if parent else {}, named))
        if problems:
            return refused("invalid", fields=problems)
        outside = self._outside(kind.channels_of(made), kind, op.record, kind.chosen(made))
        if outside:
            return outside
        if there:
            there.values.update(made)
        row = self.batch.touch(there) if there else self.batch.add(kind, made)
        effects.apply(self.batch, row)
        return Outcome(version=row.values["version"])

    def _taken_back(self, row: Row) -> bool:
        """Whether a decision had made the author's record, and its undoing took it away: the next decision brings it back."""
        return self.by is not None and row.values["gone"] and row.values["author"] == self.me.id

    def patch(self, op: Op, kind: Kind) -> Outcome:
        """Change fields of a record, merged with what others changed since.  # P17"""
        row, blocked = self._record(op, kind)
        if row is None:
            return blocked
        if kind.append_only:
            return refused("append_only")
        strange = sorted(set(op.patch) - set(kind.patchable))
        if strange:
            codes = {name: ["not_patchable" if name in kind.fields else "unknown"] for name in strange}
            return refused("unknown_field", fields=codes)
        problems = {**values.misfits(kind, op.patch), **kind.check("patch", op.patch)}
        if problems:
            return refused("invalid", fields=problems)
        base = dict(op.base)
        if op.base_version == row.values["version"]:
            # Only where no value tells: after a restore another history counts the same versions anew.  # P20
            base = {name: row.values[name] for name in op.patch} | base
        merged = merge(base, op.patch, row.values)
        changed = {**row.values, **merged.changes}
        unfit = self._unfit(kind, {**row.values, **op.patch}, op.patch)
        if unfit:
            return unfit
        outside = self._outside(
            kind.channels_of(changed), kind, op.record, kind.chosen(changed, merged.changes)
        )
        if outside:
            return outside
        return self._merged(op, row, merged)

    def retract(self, op: Op, kind: Kind) -> Outcome:
        """Undo an own operation: a created record is gone, patched fields return where they still stand."""
        undone = self.history.find(op.patch.get("of"))
        if undone is None:
            return refused("missing_operation")
        if undone.user != self.me.id:
            return refused("not_yours")
        if (undone.kind, undone.record) != (kind.name, op.record) or undone.verb not in ("create", "patch"):
            return refused("invalid", fields={"of": ["type"]})
        if undone.status in ("quarantined", "held") or undone.reason not in (None, "conflict"):
            # Nothing of it was applied: whoever decides about it decides about this one.
            return Outcome("held", "held", {"after": [undone.op]})
        row, blocked = self._record(op, kind, gone_is_done=undone.verb == "create")
        if row is None:
            return blocked
        if undone.verb == "create":
            return self._remove(op, row, undone.version)
        waiting = undone.detail.get("fields", {}) if undone.status == "review" else {}
        applied = {name: value for name, value in undone.patch.items() if name not in waiting}
        if self.only is not None:
            applied = {name: value for name, value in applied.items() if name in self.only}
        merged = undo(undone.base, applied, row.values)
        problems = values.misfits(kind, merged.changes)
        if problems:  # a base value is what a phone says that it saw
            return refused("invalid", fields=problems)
        unfit = self._unfit(kind, {**row.values, **merged.changes}, merged.changes)
        return unfit or self._merged(op, row, merged, mark=False)

    def delete(self, op: Op, kind: Kind) -> Outcome:
        """A record is gone, unless others changed it meanwhile.  # P17"""
        row, blocked = self._record(op, kind, gone_is_done=True)
        return blocked if row is None else self._remove(op, row, op.base_version)

    def _merged(self, op: Op, row: Row, merged: Merge, mark: bool = True) -> Outcome:
        others = self.history.others_since(op, row) if mark else []
        if merged.changes:
            row.values.update(merged.changes)
            self.batch.touch(row)
        version = row.values["version"]
        if merged.conflicts:
            detail = {"fields": self.history.both(op, merged.conflicts), "applied": sorted(merged.changes)}
            return Outcome("review", "conflict", detail, version)
        return Outcome(detail={"merged": others} if others else {}, version=version)

    def _remove(self, op: Op, row: Row, since: int | None) -> Outcome:
        if row.values["gone"]:
            return Outcome(version=row.values["version"])
        others = self.history.others_since(op, row, since)
        if others:
            return review("changed_since", fields=others)
        children = self._children(row)
        if children:
            return review("has_children", kinds=children)
        row.values["gone"] = True
        self.batch.touch(row)
        effects.withdraw(self.batch, row)
        return Outcome(version=row.values["version"])

    def _children(self, row: Row) -> list[str]:
        """The kinds of which living records name this one as their parent."""
        found = []
        for kind in self.batch.kinds.values():
            if (
                kind.parent_kind == row.kind.name
                and kind.parent
                and self.batch.living(kind, kind.parent, row.id)
            ):
                found.append(kind.name)
        return found

    def _parent(self, op: Op, kind: Kind) -> tuple[Row | None, Outcome | None]:
        """The record that a new one hangs under, or why it cannot."""
        if not kind.parent or not kind.parent_kind:
            return None, None
        id = op.patch.get(kind.parent)
        if not isinstance(id, str) or not id:
            return None, refused("invalid", fields={kind.parent: ["required"]})
        parent = self.batch.get(kind.parent_kind, id)
        if parent is None:
            return None, self._absent(kind.parent_kind, id, "missing_parent")
        outside = self._outside(parent.channels, parent.kind, id)
        if outside:
            return None, outside
        return (None, review("gone")) if parent.values["gone"] else (parent, None)

    def _link(self, kind: str, id: str | None) -> Outcome | None:
        """Why a new record cannot name another one that is not its parent; none where it can.  # P2 P21"""
        if not id or id == NOBODY:
            return None
        row = self.batch.get(kind, id)
        if row is None:
            return self._absent(kind, id, "missing_record")
        return self._outside(row.channels, row.kind, id)

    def _unfit(self, kind: Kind, values: Values, given: Iterable[str]) -> Outcome | None:
        """Why a record cannot name what is given to it, such as somebody who does not hold it; none where it can.  # P21"""
        for name in sorted(kind.links.keys() & set(given)):
            blocked = self._link(kind.links[name], values[name])
            if blocked:
                return blocked
            named = self._values(kind.links[name], values[name])
            if named and name in kind.fits and not kind.fits[name](values, named):
                return refused("unfit", fields={name: ["unfit"]})
        return None

    def _values(self, kind: str, id: str | None) -> Values:
        row = self.batch.get(kind, id) if id else None
        return row.values if row else {}

    def _record(self, op: Op, kind: Kind, gone_is_done: bool = False) -> tuple[Row | None, Outcome]:
        """The record that an operation changes, or why it cannot."""
        row = self.batch.get(kind.name, op.record)
        if row is None:
            return None, self._absent(kind.name, op.record, "missing_record")
        outside = self._outside(row.channels, kind, op.record)
        if outside:
            return None, outside
        if row.values["gone"] and not gone_is_done:
            return None, review("gone")
        return row, Outcome()

    def _absent(self, kind: str, id: str, reason: str) -> Outcome:
        """A record that is not there: with its creation held back, this one waits with it.  # P12"""
        creation = self.history.unapplied_creation(kind, id)
        return Outcome("held", "held", {"after": [creation]}) if creation else refused(reason)

    def _outside(
        self, channels: tuple[str, ...], kind: Kind, record: str, chosen: tuple[str, ...] = ()
    ) -> Outcome | None:
        """None where the person holds the record and each channel that they chose for it themselves; what left them goes to
        review, what never was theirs is refused.  # P15 P21"""
        lacking = [channel for channel in chosen if channel not in self.me.channels]
        if not lacking and not self.me.channels.isdisjoint(channels):
            return None
        if self.history.once_held(lacking or channels, kind.name, record):
            return review("left_scope")
        return refused("out_of_scope")
