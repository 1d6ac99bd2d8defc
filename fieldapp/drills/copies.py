"""Copies: badges that were at two places at once, a badge and its copy; told in the report and in the review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from flask_babel import gettext

from fieldapp.declare.registry import Flagging
from fieldapp.declare.words import _l
from fieldapp.drills.record import DrillCheck, DrillLeader, DrillPerson
from sync.store import Operation

# One badge at two places within this time is a badge and its copy.
AT_ONCE = timedelta(minutes=2)
Check = Mapping[str, Any]


def copies(checks: Iterable[Check], posts: Mapping[str, str]) -> dict[str, set[str]]:
    """The people whose one badge was scanned at two places at once → these scans; a place is where a leader stands, else the leader."""
    seen: dict[str, list[Check]] = {}
    for one in checks:
        if one["token"]:
            seen.setdefault(one["drill_person"], []).append(one)
    found = {person: _at_once(scans, posts) for person, scans in seen.items()}
    return {person: scans for person, scans in found.items() if scans}


def _at_once(scans: Sequence[Check], posts: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    for one, two in pairwise(sorted(scans, key=lambda scan: str(scan["device_time"]))):
        places = [posts.get(scan["author"]) or scan["author"] for scan in (one, two)]
        apart = datetime.fromisoformat(two["device_time"]) - datetime.fromisoformat(one["device_time"])
        if places[0] != places[1] and apart <= AT_ONCE:
            found |= {one["id"], two["id"]}
    return found


def scanned_at_once(drill: str) -> dict[str, set[str]]:
    """The same of a drill as it stands."""
    checks = DrillCheck.select().where(DrillCheck.drill == drill, DrillCheck.gone == False)  # noqa: E712
    leaders = DrillLeader.select().where(DrillLeader.drill == drill)  # also who led it then
    return copies([one.__data__ for one in checks], {one.user: one.post for one in leaders})


def _cases(received: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Of the operations that nobody decided on, the scans of each badge that has a copy."""
    checks = {one.record: one for one in received}
    for drill in sorted({_patch(one).get("drill", "") for one in checks.values()}):
        for scans in scanned_at_once(drill).values():
            if known := [one for id, one in checks.items() if id in scans]:
                yield known


def _title(ops: Sequence[Operation]) -> str:
    person = DrillPerson.get_or_none(DrillPerson.id == _patch(ops[0]).get("drill_person"))
    return gettext("%(name)s: badge at two places", name=person.name if person else "")


def _patch(one: Operation) -> dict[str, Any]:
    return dict(one.payload.get("patch") or {})


FLAGGING = Flagging(
    "copied",
    _l("Badge at two places"),
    _l(
        "One badge was scanned at two places at once: it has a copy. The person counts once, with the first time."
    ),
    "drill_check",
    _cases,
    _title,
)
