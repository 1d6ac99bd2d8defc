"""Effects: what the creation of a record changes in the record that it names, folded in the order of device time.

The computed fields of a record always are the fold of the living records that name it, ordered by (device time, id), over
the values that it had before the first of them. A late arrival and a retract therefore fold anew. The number in the feed is
no order: it moves with every change of a record, of which a photo's arrival is one.  # P19
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sync import rows
from sync.batch import Batch, Row
from sync.kinds import Kind, Values

Child = tuple[str, Kind, str, Values]  # its key, kind, ref field, values


def expect(batch: Batch, created: Iterable[tuple[str, str]], since: str) -> None:
    """Read once, for all targets (kind, id), how late their latest child is, where it is not earlier than `since`, before
    which nothing of the batch happened; of others `apply` asks one by one."""
    wanted: dict[str, set[str]] = {}
    for kind, id in created:
        wanted.setdefault(kind, set()).add(id)
    for target, ids in wanted.items():
        batch.know_starts(target, ids)
        _read_latest(batch, target, ids, since)


def causes(batch: Batch, target_kind: str) -> list[tuple[Kind, str]]:
    """The kinds, with their Ref field, whose creation changes records of this kind."""
    return _causes(tuple(batch.kinds.values())).get(target_kind, [])


@lru_cache(maxsize=8)
def _causes(kinds: tuple[Kind, ...]) -> dict[str, list[tuple[Kind, str]]]:
    found: dict[str, list[tuple[Kind, str]]] = {}
    pairs = {(kind, ref) for kind in kinds for ref, _ in kind.effects}
    for kind, ref in sorted(pairs, key=lambda one: (one[0].name, one[1])):
        found.setdefault(kind.target_kind(ref), []).append((kind, ref))
    return found


def apply(batch: Batch, child: Row) -> None:
    """Let a record that was just created change the records that it names."""
    for ref, computed in child.kind.effects:
        target = batch.get(child.kind.target_kind(ref), child.values[ref])
        if target is None or target.values["gone"]:
            continue
        batch.keep_start(target)
        latest = _latest(batch, target)
        if latest > _key(child.values):
            refold(batch, target)
            continue
        _change(batch, target, computed(child.values, target.values))
        batch.latest[target.kind.name, target.id] = _key(child.values)


def _key(child: Values) -> str:
    """Where a record stands among those that name the same one; an instant is always as long."""
    return f"{child['device_time']}{child['id']}"


def withdraw(batch: Batch, child: Row) -> None:
    """A record that had effects is gone: fold what remains. The record must be marked as gone already."""
    for ref in dict.fromkeys(ref for ref, _ in child.kind.effects):
        target = batch.get(child.kind.target_kind(ref), child.values[ref])
        if target is not None and not target.values["gone"]:
            refold(batch, target, without=child)


def refold(batch: Batch, target: Row, without: Row | None = None) -> None:
    """Compute the target's fields anew from the living records that name it."""
    start = batch.start_of(target)
    values, since = start if start else (target.kind.starts(), -1)
    if without is not None and without.before is not None and without.before["seq"] <= since:
        # It was counted before the start was remembered, so the start cannot tell what was without it.
        values, since = target.kind.starts(), -1
    values = {**target.kind.starts(), **values}
    folded: Values = {**target.values, **values}
    for _, kind, ref, child in sorted(_children(batch, target, since), key=lambda one: one[0]):
        changes: Values = {}
        for field, computed in kind.effects:
            if field == ref:
                changes |= computed(child, folded)
        folded |= changes
    _change(batch, target, {name: folded[name] for name in target.kind.effect_defaults})


def _change(batch: Batch, target: Row, changes: Mapping[str, object]) -> None:
    changes = {name: value for name, value in changes.items() if target.values[name] != value}
    if changes:
        target.values.update(changes)
        batch.touch(target)


def _children(batch: Batch, target: Row, since: int) -> list[Child]:
    found: list[Child] = []
    for kind, ref in causes(batch, target.kind.name):
        held = {row.id: row for row in batch.held(kind.name)}
        stored = rows.select(batch.db, kind.model, ref, [target.id])
        for values in stored:
            if values["id"] not in held and not values["gone"] and values["seq"] > since:
                found.append((_key(values), kind, ref, values))
        for row in held.values():
            seq = float("inf") if row.before is None else row.before["seq"]
            if row.values[ref] == target.id and not row.values["gone"] and seq > since:
                found.append((_key(row.values), kind, ref, row.values))
    return found


def _latest(batch: Batch, target: Row) -> str:
    key = (target.kind.name, target.id)
    if key not in batch.latest:
        _read_latest(batch, target.kind.name, [target.id])
    return batch.latest[key]


def _read_latest(batch: Batch, target: str, ids: Iterable[str], since: str = "") -> None:
    """How late the latest child of each of these records is, of all kinds that have effects on them."""
    wanted = sorted(set(ids))
    batch.latest.update(((target, id), "") for id in wanted)
    arms, parameters = [], []
    for kind, ref in causes(batch, target):
        of = rows.table(kind.model)
        condition, among = rows.within(batch.db, of.column[ref], wanted)
        arms.append(
            f"SELECT {of.column[ref]}, MAX({of.column['device_time']} || {of.column['id']}) FROM {of.name} WHERE {condition} "
            f"AND {of.column['device_time']} >= {batch.db.param} AND {of.column['gone']} = {batch.db.param} "
            f"GROUP BY {of.column[ref]}"
        )
        parameters += [*among, since, False]
    for id, time in batch.db.execute_sql(" UNION ALL ".join(arms), parameters).fetchall():
        batch.latest[target, id] = max(batch.latest[target, id], time)
