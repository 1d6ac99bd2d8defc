"""Detail: all that a supervisor reads beside one row of the queue: values, payload, reasons, the record's history."""

from __future__ import annotations

import json
from typing import Any

from flask_babel import gettext

from fieldapp.declare.kinds import specs_of
from fieldapp.declare.record import ListOf, Text
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l
from fieldapp.errors import REASONS
from fieldapp.people.record import Member
from fieldapp.places.record import Grid
from fieldapp.review.history import history
from fieldapp.review.operations import (
    STATUS,
    VERBS,
    facts,
    fields,
    label,
    names,
    noun,
    patch_of,
    phone_name,
    says,
    value,
)
from fieldapp.review.queue import Item, decided_fields
from sync.scope import Me
from sync.store import Operation

# The reasons that speak to whoever recorded it, said to somebody else.
WHY = REASONS | {
    "out_of_scope": _l("The door is not in the grids of the person who recorded it."),
    "not_allowed": _l("The role of the person who recorded it may not do this."),
    "unknown_field": _l("The phone's version of the app sent something that the centre does not know."),
    "unknown_kind": _l("The phone's version of the app sent something that the centre does not know."),
}


CARDS = 50  # operations shown whole; the others as a line
MOST = 1_000  # operations that one decision is about


def detail(item: Item, me: Me) -> dict[str, Any]:
    """What the page says of a row, and what a decision made on it is about: the `count` operations that came in `until` then.

    `conflicts` · `rows` (operations in words) and `lines` (the others) · `left` to the next time · `repair` (fields to put
    right) · `returnable` · `history` · `home` · `why`.
    """
    staff = names(me)
    ops = item.first(MOST)
    first, flagging = item.ops[0], registry.flaggings.get(item.reason)
    return {
        "conflicts": conflicts(item, me) if item.reason == "conflict" else [],
        "rows": [_row(one, staff, item) for one in ops[:CARDS]],
        "lines": [_line(one, item) for one in ops[CARDS:]],
        "left": len(item.ops) - len(ops),
        "count": len(ops),
        "until": max(one.server_time for one in ops),
        "repair": repair(first) if first.status in ("quarantined", "held", "review") else [],
        "returnable": returnable(item),
        "history": history(item, ops[:CARDS], me, staff),
        "home": item.homes[0] if len({home.id for home in item.homes}) == 1 else None,
        "why": gettext(flagging.why) if flagging else "",
    }


def conflicts(item: Item, me: Me) -> list[dict[str, Any]]:
    """Each field with two values: `kept` and `sent` with who, when, where from; what stands now; both, where it can."""
    one = item.ops[0]
    record = registry.records.get(one.kind)
    current = (
        record.get_or_none(record.id == one.record, record.community == me.community) if record else None
    )
    found = []
    decided = decided_fields(one.op)
    for name, both in (one.detail or {}).get("fields", {}).items():
        if name in decided:
            continue
        now = getattr(current, name, None)
        found.append(
            {
                "name": name,
                "label": label(one.kind, name),
                "kept": _side(one, name, both["kept"], me),
                "sent": _side(one, name, both["sent"], me),
                "seen": json.dumps(now, ensure_ascii=False),
                "moved": now != both["kept"]["value"],
                "now": value(one.kind, name, now),
                "both": both_of(one.kind, name, both["kept"]["value"], both["sent"]["value"]) is not None,
            }
        )
    return found


def both_of(kind: str, name: str, first: Any, second: Any) -> Any:
    """The two values as one: lists together, texts where the field says how; none where a field holds only one."""
    declared = registry.records[kind]._meta.fields[name]
    if isinstance(declared, ListOf) and isinstance(first, list) and isinstance(second, list):
        return [*first, *(one for one in second if one not in first)]
    if not isinstance(declared, Text) or not declared.both or not (first and second):
        return None
    joined = f"{first}{declared.both}{second}"
    return joined if len(joined) <= declared.max else None


def _side(one: Operation, name: str, side: dict[str, Any], me: Me) -> dict[str, Any]:
    """One of the two values: what, who, on which phone, when there and when here, and from which save."""
    source = Operation.get_or_none(Operation.op == side["op"]) if side["op"] else None
    member = Member.get_or_none(Member.id == side["user"]) if side["user"] else None
    grids = Grid.select().where(Grid.community == me.community, Grid.id.in_(member.grids if member else []))
    return {
        "value": value(one.kind, name, side["value"]),
        "user": side["user"] or "",
        "who": member.name if member else gettext("Register"),
        "grids": " · ".join(grid.name for grid in grids.order_by(Grid.number)),
        "phone": phone_name(source.device) if source else "",
        "device_time": source.device_time if source else None,
        "server_time": source.server_time if source else None,
        "origin": _origin(source),
    }


def _origin(source: Operation | None) -> str:
    """What else was saved with it: the visit at which a fact was asked."""
    if source is None:
        return ""
    beside = Operation.get_or_none(
        Operation.group == source.group, Operation.verb == "create", Operation.op != source.op
    )
    return f"{noun(beside.kind)}: {says(beside)}" if beside else ""


def _row(one: Operation, staff: dict[str, str], item: Item) -> dict[str, Any]:
    home = item.home_of.get(one.op)
    why = one.detail.get("fields", {}) if one.reason in ("invalid", "unknown_field") else {}
    return {
        "op": one.op,
        "address": home.address if home else "",
        "kind": noun(one.kind),
        "verb": gettext(VERBS.get(one.verb, one.verb)),
        "who": staff.get(one.user, ""),
        "phone": phone_name(one.device),
        "device_time": one.device_time,
        "server_time": one.server_time,
        "status": gettext(STATUS.get(one.status, one.status)),
        "why": gettext(WHY.get(one.reason or "", WHY["failed"])) if one.status != "applied" else "",
        "wrong": [label(one.kind, name) for name in why],
        "fields": fields(one),
        "raw": json.dumps(one.payload, ensure_ascii=False, indent=1, sort_keys=True),
    }


def _line(one: Operation, item: Item) -> dict[str, Any]:
    home = item.home_of.get(one.op)
    told = f"{home.address if home else ''} {noun(one.kind)} {says(one) or facts(one)}"
    return {"device_time": one.device_time, "says": told.strip()}


def repair(one: Operation) -> list[dict[str, Any]]:
    """The declared fields of the operation, as the form has them, with what was sent; none where it has no form."""
    if one.verb not in ("create", "patch"):
        return []
    sent = patch_of(one)
    found = []
    for name, spec in specs_of(one.verb, one.kind).items():
        if one.verb == "patch" and name not in sent:
            continue
        words, asked = registry.words.get(spec.get("words", ""), {}), spec["label"]
        found.append(
            {
                "name": name,
                "type": spec["type"],
                "label": gettext(asked),
                "choices": [(code, gettext(text)) for code, text in words.items()],
                "value": sent.get(name),
                "wrong": name in one.detail.get("fields", {}) if one.reason == "invalid" else False,
            }
        )
    return found


def returnable(item: Item) -> list[tuple[str, str]]:
    """The fields at which the row's operation can be returned: (name, label)."""
    one = item.ops[1] if item.reason == "answered" and len(item.ops) > 1 else item.ops[0]
    return [
        (name, label(one.kind, name))
        for name in specs_of(one.verb, one.kind)
        if one.verb == "create" or name in patch_of(one)
    ]
