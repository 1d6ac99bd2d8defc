"""Decide: a supervisor's decisions, each one save of operations under their name, told to the workers concerned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import current_app

from fieldapp.declare.check import check
from fieldapp.declare.form import parse
from fieldapp.declare.kinds import kinds, specs_of
from fieldapp.declare.registry import registry
from fieldapp.declare.save import device_of_session, retract, stamped
from fieldapp.people.account import Account
from fieldapp.people.me import at_the_desk, me_of
from fieldapp.review.detail import both_of
from fieldapp.review.operations import patch_of
from fieldapp.review.queue import Item, decided_fields
from fieldapp.review.record import Decision
from sync.ids import uuid7
from sync.push import push_page
from sync.replay import Built, Unknown, replay, settle, take_back
from sync.scope import Me
from sync.store import Operation, writing


class Moved(Exception):
    """What stands is no longer what the supervisor saw; nothing was decided."""


class Wrong(ValueError):
    """A repaired value cannot be right: field → problems."""


def accept(me: Me, ops: Iterable[Operation], moment: datetime) -> str:
    """All is well with these; a reply that is accepted also closes what it answers. Returns the save's group."""
    found = list(ops)
    return _save(me, [_told(one.user, one, "accept") for one in found], moment, found)


def choose(me: Me, item: Item, field: str, choice: str, seen: str, moment: datetime) -> str:
    """Settle one field of a conflict; `seen` is the value, as JSON, that stood when the supervisor looked."""
    one = item.ops[0]
    both = one.detail["fields"][field]
    current = registry.records[one.kind].get_by_id(one.record)
    if json.loads(seen) != getattr(current, field):
        raise Moved
    kept, sent = both["kept"]["value"], both["sent"]["value"]
    values = {"keep_first": kept, "take_second": sent, "keep_both": both_of(one.kind, field, kept, sent)}
    made = [_told(worker, one, choice, item, field) for worker in _concerned(one, field)]
    if values[choice] != getattr(current, field):
        made.append(_patch(one, field, values[choice], current))
    left = one.detail["fields"].keys() - {field} - decided_fields(one.op)
    return _save(me, made, moment, [] if left else [one], {"chosen": {field: choice}})


def send_back(me: Me, item: Item, field: str, comment: str, moment: datetime, worker: str = "") -> str:
    """Return it to its worker with a comment at the field; in a conflict the other one is told that it is asked."""
    again = item.reason == "answered" and len(item.ops) > 1
    one = item.ops[1] if again else item.ops[0]
    to = worker or one.user
    concerned = _concerned(one, field) if item.reason == "conflict" else [one.user]
    if to not in concerned:
        raise Moved
    made = [_told(to, one, "return", item, field, comment)]
    made += [_told(one.user, item.ops[0], "accept")] if again else []
    made += [_told(other, one, "asked", item, field, comment) for other in concerned if other != to]
    return _save(me, made, moment)


def reject(me: Me, item: Item, comment: str, moment: datetime) -> str:
    """Not taken, for a reason that the worker reads; the payload is kept as it was sent."""
    made = [_told(one.user, one, "reject", item, "", comment) for one in item.ops]
    return _save(me, made, moment, item.ops, {"says": comment}, ("quarantined", "rejected"))


def take(me: Me, item: Item, moment: datetime, repaired: Mapping[str, Any] | None = None) -> list[str]:
    """Replay what waits, as it was sent or put right, under its author's name; where each ended.

    What its author recorded upon another of these follows that by itself.
    """
    database = current_app.extensions["database"]
    ended: list[str] = []
    choice = "repair" if repaired is not None else "replay"
    own = {(one.op, one.user) for one in item.ops}
    with writing(database):
        for one in item.ops if repaired is None else item.ops[:1]:
            if one.status == "held" and any((needed, one.user) in own for needed in one.detail["after"]):
                continue
            decided = replay(
                database, kinds(), me_of(Account.get_by_id(one.user)), one.op, moment, by=me, patch=repaired
            )
            ended.append(decided.status)
            if decided.status == "applied":
                _push(me, [_told(one.user, one, choice, item)], moment)
    return ended


def repaired_patch(one: Operation, form: Mapping[str, list[str]]) -> dict[str, Any]:
    """The sent patch with the fields of the page's form in their place; raises Wrong."""
    specs = {
        name: spec
        for name, spec in specs_of(one.verb, one.kind).items()
        if one.verb == "create" or name in patch_of(one)
    }
    values = {name: parse(spec["type"], list(form.get(name, []))) for name, spec in specs.items()}
    if one.verb == "patch":
        specs = {name: {**spec, "shown_if": None, "required_if": None} for name, spec in specs.items()}
    kept, errors = check(specs, values)
    if errors:
        raise Wrong(errors)
    writable = registry.records[one.kind].own_fields()
    rest = {name: given for name, given in patch_of(one).items() if name in writable and name not in specs}
    return {**rest, **{name: given for name, given in kept.items() if given is not None}}


def undo(me: Me, group: str, moment: datetime) -> bool:
    """Take back an own decision: its operations are retracted, and what it decided on waits again, what it applied being
    undone. False where there is none. Raises Moved where others went on from what it applied."""
    told = list(
        Operation.select().where(
            Operation.group == group, Operation.user == me.id, Operation.kind == "decision"
        )
    )
    living = [Decision.get_or_none(Decision.id == one.record, Decision.gone == False) for one in told]  # noqa: E712
    found = [one for one in living if one is not None and one.choice not in FINAL]
    if not found:
        return False
    database = current_app.extensions["database"]
    applied = {one.operation for one in found if one.choice in APPLIES}
    with writing(database):
        retract(at_the_desk(me, (one.worker for one in found)), group, moment)
        for op in dict.fromkeys(one.operation for one in found):
            stored = Operation.get_or_none(Operation.op == op, Operation.community == me.community)
            if not stored:
                continue
            author = me_of(Account.get_by_id(stored.user))
            before = (stored.detail or {}).get("before")
            if op in applied:
                try:
                    take_back(database, kinds(), author, op, moment, by=me)
                except (Built, Unknown) as kept:
                    raise Moved from kept
            elif before:
                settle(
                    database,
                    kinds(),
                    author,
                    op,
                    moment,
                    before["status"],
                    before["reason"],
                    {"before": None},
                    by=me,
                )
    return True


# What these applied goes again when they are taken back.
APPLIES = ("repair", "replay")
# What was done to a phone is not undone by taking back the word about it.
FINAL = ("revoke", "allow")


def tell(me: Me, worker: str, choice: str, operation: str, moment: datetime) -> None:
    """A decision that concerns no record: a phone was signed off, or allowed again."""
    patch = {"worker": worker, "operation": operation, "choice": choice, "subject": "member"}
    _push(me, [_created(patch)], moment)


def _save(
    me: Me,
    made: list[dict[str, Any]],
    moment: datetime,
    settled: Iterable[Operation] = (),
    detail: Mapping[str, Any] | None = None,
    end: tuple[Any, str | None] = ("applied", None),
) -> str:
    """Push one save, and say of what was settled where it ended; all or nothing."""
    database = current_app.extensions["database"]
    with writing(database):
        group = _push(me, made, moment)
        for one in [*settled, *_answered_by(settled)]:
            if one.status in ("review", "quarantined", "held"):
                before = {"before": {"status": one.status, "reason": one.reason}}
                author = me_of(Account.get_by_id(one.user))
                status: Any
                status, reason = end if one.status != "quarantined" else ("quarantined", "rejected")
                settle(
                    database,
                    kinds(),
                    author,
                    one.op,
                    moment,
                    status,
                    reason,
                    {**before, **(detail or {})},
                    by=me,
                )
    return group


def _answered_by(settled: Iterable[Operation]) -> list[Operation]:
    """What was returned and is answered by an accepted reply."""
    decisions = [patch_of(one).get("decision") for one in settled if one.kind == "reply"]
    ops = Decision.select(Decision.operation).where(Decision.id.in_(decisions))
    return list(Operation.select().where(Operation.op.in_(ops))) if decisions else []


def _push(me: Me, made: list[dict[str, Any]], moment: datetime) -> str:
    group = str(uuid7(int(moment.timestamp() * 1000)))
    desk = at_the_desk(me, (one["patch"]["worker"] for one in made if one["kind"] == "decision"))
    database = current_app.extensions["database"]
    results = push_page(database, kinds(), desk, device_of_session(), stamped(made, moment, group), moment)
    refused = [one for one in results if one["status"] != "applied"]
    if refused:
        raise Moved(refused)
    return group


def _told(
    worker: str, one: Operation, choice: str, item: Item | None = None, field: str = "", comment: str = ""
) -> dict[str, Any]:
    home = item.home_of.get(one.op, item.homes[0]) if item and item.homes else None
    patch = {
        "worker": worker, "operation": one.op, "choice": choice, "subject": one.kind[:40],
        "record": one.record[:36], "field": field, "comment": comment, "address": home.address if home else "",
    }  # fmt: skip
    return _created(patch | ({"household": home.id} if home else {}))


def _created(patch: dict[str, Any]) -> dict[str, Any]:
    new: dict[str, Any] = {
        "verb": "create",
        "kind": "decision",
        "record": str(uuid7()),
        "base": {},
        "base_version": None,
    }
    return {**new, "patch": patch}


def _patch(one: Operation, field: str, chosen: Any, current: Any) -> dict[str, Any]:
    return {
        "verb": "patch",
        "kind": one.kind,
        "record": one.record,
        "patch": {field: chosen},
        "base": {field: getattr(current, field)},
        "base_version": None,
    }


def _concerned(one: Operation, field: str) -> list[str]:
    """The workers whose values met: who came second, and who came first."""
    both = (one.detail or {}).get("fields", {}).get(field)
    users = [one.user, both["kept"]["user"]] if both else [one.user]
    return list(dict.fromkeys(user for user in users if user))
