"""Decided: the decisions of the community, each save once, with its author and whether it was taken back."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext

from fieldapp.review.decide import FINAL
from fieldapp.review.operations import label, names, newest, noun, patch_of, phone_name
from fieldapp.review.record import CHOICES, Decision
from sync.scope import Me
from sync.store import Operation

SHOWN = 200


def decided(me: Me, before: str = "") -> tuple[list[dict[str, Any]], str]:
    """The decisions before an instant, newest first, and the instant from which on there are older ones.

    Each: `time`, `who`, `says`, `address`, `field`, `told`, `comment`, `group`, `count`, `undone`, `own`.
    """
    staff = names(me)
    made = Operation.select().where(
        Operation.community == me.community, Operation.kind == "decision", Operation.verb == "create"
    )
    found, older = newest(made, SHOWN, before)
    gone = {
        one.id
        for one in Decision.select(Decision.id).where(
            Decision.id.in_([op.record for op in found]), Decision.gone
        )
    }
    saves: dict[str, dict[str, Any]] = {}
    for one in found:
        patch = patch_of(one)
        choice = dict(CHOICES)[patch["choice"]]
        save = saves.setdefault(
            one.group,
            {
                "time": one.server_time,
                "who": staff.get(one.user, ""),
                "says": gettext(choice),
                "address": patch.get("address") or _about(patch),
                "field": label(patch["subject"], patch["field"]) if patch.get("field") else "",
                "comment": patch.get("comment", ""),
                "told": [],
                "group": one.group,
                "count": 0,
                "undone": one.record in gone,
                "own": one.user == me.id and patch["choice"] not in FINAL,
            },
        )
        save["count"] += 1
        name = staff.get(patch["worker"], "")
        if name not in save["told"]:
            save["told"].append(name)
    return list(saves.values()), older


def _about(patch: dict[str, Any]) -> str:
    return phone_name(patch["operation"]) if patch["subject"] == "member" else noun(patch["subject"])
