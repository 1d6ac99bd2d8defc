"""Own: everything that a person recorded, the newest first, and what became of each; as the phone says it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext

from fieldapp.declare.page_save import PageSave
from fieldapp.declare.registry import registry
from sync.scope import Me
from sync.store import Operation

ON_A_PAGE = 50
PAGE = re.compile("[1-9][0-9]{0,5}")


def own_list(me: Me, page: str) -> dict[str, Any]:
    """One page of the list: `rows`, `count` of all, `page`, and the numbers of the `newer` and the `older` page or None.

    Each row: `op`, `says`, `kind`, `record`, `verb`, `at`, `received`, `state`, `reason`, `undone`.
    """
    mine = Operation.select().where(Operation.community == me.community, Operation.user == me.id)
    count = mine.count()
    last = max(1, -(-count // ON_A_PAGE))
    at = min(int(page), last) if PAGE.fullmatch(page) else 1
    newest = mine.order_by(Operation.server_time.desc(), Operation.seq.desc(), Operation.op)
    shown = list(newest.paginate(at, ON_A_PAGE))
    return {
        "rows": _rows(shown, me),
        "count": count,
        "page": at,
        "newer": at - 1 if at > 1 else None,
        "older": at + 1 if at < last else None,
    }


def _rows(shown: list[Operation], me: Me) -> list[dict[str, Any]]:
    groups = {one.group for one in shown}
    said = {one.group: one.says for one in PageSave.select().where(PageSave.group.in_(groups))}
    retracts = Operation.select().where(
        Operation.record.in_({one.record for one in shown}),
        Operation.verb == "retract",
        Operation.user == me.id,
    )
    undone = {one.payload["patch"].get("of") for one in retracts}
    return [
        {
            "op": one.payload.get("op", one.op),
            "says": said.get(one.group) or _says(one),
            "kind": one.kind,
            "record": one.record,
            "verb": one.verb,
            "at": one.device_time,
            "received": one.server_time,
            "state": one.status,
            "reason": one.reason,
            "undone": one.op in undone,
        }
        for one in shown
    ]


def _says(one: Operation) -> str:
    """An operation that no page of this session made: where it was, and its choices in words."""
    patch = one.payload.get("patch", {})
    words = [
        gettext(known[code])
        for name, value in patch.items()
        if (known := registry.words.get(f"{one.kind}.{name}"))
        for code in _codes(value)
        if code in known
    ]
    return " ".join([*_address(one, patch), *words])


def _codes(value: Any) -> Iterable[str]:
    return (code for code in (value if isinstance(value, list) else [value]) if isinstance(code, str))


def _address(one: Operation, patch: dict[str, Any]) -> list[str]:
    """The address of the record, or of the one that it hangs under."""
    record = registry.records.get(one.kind)
    id: Any = one.record
    if record is not None and record.parent and "address" not in record._meta.fields:
        id, record = patch.get(record.parent), registry.records[record.parent_kind()]
    if record is None or "address" not in record._meta.fields or not isinstance(id, str):
        return []
    found = record.get_or_none(record.id == id, record.community == one.community)
    return [found.__data__["address"]] if found else []
