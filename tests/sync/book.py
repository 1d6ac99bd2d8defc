"""Book: what should be true of homes and knocks, kept in dicts by somebody who knows the rules and not the engine.

It takes operations in the order in which they reach the server, as a person would expect, and says of each where it
must end and why; `feed` says what must have been told to which grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sync.scope import Me

Op = dict[str, Any]
Ended = tuple[str, str | None]  # status, reason
APPLIED: Ended = ("applied", None)
HELD: Ended = ("held", "held")
PATIENCE = 5
FACTS = ("phone", "people")


class Unforeseen(Exception):
    """The operation met a bug of the server."""


@dataclass
class Book:
    """Records by id, each with its grid and the grids that it `was` in; operations with where they ended."""

    doors: dict[str, dict[str, Any]] = field(default_factory=dict)
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)
    knocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: dict[str, Ended] = field(default_factory=dict)
    done: dict[str, Op] = field(default_factory=dict)
    created: dict[str, str] = field(default_factory=dict)  # record → where its creation ended
    last: dict[str, int] = field(default_factory=dict)  # by device
    sent: dict[tuple[str, int], Op] = field(default_factory=dict)
    ever: dict[str, set[str]] = field(default_factory=dict)  # channels that a device was given
    failures: dict[str, int] = field(default_factory=dict)

    # ---------------------------------------------------------------- batches

    def arrive(self, me: Me, device: str, ops: list[Op]) -> tuple[str, int]:
        """A batch reaches the server: "taken", "busy", "gap" or "fork", and the device's last seq afterwards."""
        last = self.last.get(device, 0)
        if any(op["seq"] <= last and not self._repeats(me, device, op) for op in ops):
            return "fork", last
        fresh = [op for op in ops if op["seq"] > last]
        if [op["seq"] for op in fresh] != list(range(last + 1, last + 1 + len(fresh))):
            return "gap", last
        self.ever.setdefault(device, set()).update(me.channels)
        for op in fresh:
            try:
                self._take(me, device, op)
            except Unforeseen:
                return "busy" if op is ops[0] else "taken", last
            last = self.last[device] = op["seq"]
        return "taken", last

    def _repeats(self, me: Me, device: str, op: Op) -> bool:
        past = self.done.get(op["op"])
        if past and past["user"] == me.id and same(past, op):
            return True
        past = self.sent.get((device, op["seq"]))
        return past is not None and same(past, op)

    def _take(self, me: Me, device: str, op: Op) -> None:
        past = self.done.get(op["op"])
        if past and past["user"] == me.id and same(past, op):
            return
        one = {**op, "user": me.id, "device": device}
        before = {id: self._state(id) for id in self.homes}
        ended = ("quarantined", "op_taken") if past else self._end(me, device, one)
        for id, state in before.items():
            self.homes[id]["changed"] |= state != self._state(id)
        if op["verb"] == "patch" and op["record"] in self.homes and one.get("applied") is not None:
            self._note_patch(one)
        self.sent[device, op["seq"]] = op
        if op["verb"] == "create":
            self.created[op["record"]] = ended[0]
        self.ended[f"{op['op']}:{device}:{op['seq']}" if past else op["op"]] = ended
        if not past:
            self.done[op["op"]] = {**one, "ended": ended}

    def _note_patch(self, op: Op) -> None:
        home = self.homes[op["record"]]
        if op["applied"] and home["changed"]:
            home["patched_on"].add(op["device"])

    def _end(self, me: Me, device: str, op: Op) -> Ended:
        if any(self._blocks(needed) for needed in op["after"]):
            return HELD
        try:
            return getattr(self, f"_{op['verb']}")(me, device, op)  # type: ignore[no-any-return]
        except Unforeseen:
            self.failures[op["op"]] = self.failures.get(op["op"], 0) + 1
            if self.failures[op["op"]] < PATIENCE:
                raise
            return "quarantined", "failed"

    def _blocks(self, needed: str) -> bool:
        past = self.done.get(needed)
        return (
            past is None
            or past["ended"][0] != "applied"
            and (past["ended"][0] != "review" or past["verb"] == "create")
        )

    # ---------------------------------------------------------------- verbs

    def _create(self, me: Me, device: str, op: Op) -> Ended:
        above, name = (self.homes, "home") if op["kind"] == "knock" else (self.doors, "door")
        parent = above.get(op["patch"][name])
        if parent is None:
            return self._absent(op["patch"][name], "missing_parent")
        outside = self._outside(me, device, parent)
        if outside or parent["gone"]:
            return outside or ("review", "gone")
        if op["patch"].get("outcome") == "explode":
            raise Unforeseen
        if op["patch"].get("outcome") == "jam":
            return "quarantined", "refused"
        if op["patch"].get("outcome") == "odd" or op["patch"].get("people") == "many":
            return "quarantined", "invalid"
        common = {"grid": parent["grid"], "was": set(), "gone": False}
        if op["kind"] == "knock":
            at = when(op)
            self.knocks[op["record"]] = {**op["patch"], **common, "at": at, "came": len(self.ended)}
        else:
            self.furnish(op["record"], **common, **op["patch"], plan=None)
        return APPLIED

    def _patch(self, me: Me, device: str, op: Op) -> Ended:
        home, blocked = self._living(me, device, self.homes, op["record"])
        if home is None:
            return blocked
        if op["patch"].get("people") == "many":
            return "quarantined", "invalid"
        return self._merge(home, op, op["base"], op["patch"])

    def _merge(self, home: dict[str, Any], op: Op, base: dict[str, Any], patch: dict[str, Any]) -> Ended:
        op["applied"], ended = {}, APPLIED
        for name, value in patch.items():
            if home[name] == value or name in base and home[name] == base[name]:
                home[name] = op["applied"][name] = value
            else:
                ended = ("review", "conflict")
        return ended

    def _retract(self, me: Me, device: str, op: Op) -> Ended:
        undone = self.done.get(op["patch"]["of"])
        if undone is None:
            return "quarantined", "missing_operation"
        if undone["user"] != me.id:
            return "quarantined", "not_yours"
        if undone["record"] != op["record"] or undone["verb"] not in ("create", "patch"):
            return "quarantined", "invalid"
        if undone["ended"] not in (APPLIED, ("review", "conflict")):
            return HELD
        if undone["verb"] == "patch":
            home, blocked = self._living(me, device, self.homes, op["record"])
            if home is None:
                return blocked
            return self._merge(
                home, op, undone["applied"], {name: undone["base"].get(name) for name in undone["applied"]}
            )
        held = self.homes if undone["kind"] == "home" else self.knocks
        row, blocked = self._living(me, device, held, op["record"], gone_is_done=True)
        if row is None:
            return blocked
        if not row["gone"] and row.get("patched_on", set()) - {device}:
            return "review", "changed_since"
        return self._remove(op["record"], row)

    def _delete(self, me: Me, device: str, op: Op) -> Ended:
        held = self.homes if op["kind"] == "home" else self.knocks
        row, blocked = self._living(me, device, held, op["record"], gone_is_done=True)
        return blocked if row is None else self._remove(op["record"], row)

    def _remove(self, id: str, row: dict[str, Any]) -> Ended:
        if not row["gone"] and any(not one["gone"] and one["home"] == id for one in self.knocks.values()):
            return "review", "has_children"
        row["gone"] = True
        return APPLIED

    def _living(
        self, me: Me, device: str, held: dict[str, dict[str, Any]], id: str, gone_is_done: bool = False
    ) -> tuple[dict[str, Any] | None, Ended]:
        row = held.get(id)
        if row is None:
            return None, self._absent(id, "missing_record")
        outside = self._outside(me, device, row)
        if outside:
            return None, outside
        return (row, APPLIED) if gone_is_done or not row["gone"] else (None, ("review", "gone"))

    def _absent(self, id: str, reason: str) -> Ended:
        return HELD if self.created.get(id, "applied") != "applied" else ("quarantined", reason)

    def _outside(self, me: Me, device: str, row: dict[str, Any]) -> Ended | None:
        if f"grid:{row['grid']}" in me.channels:
            return None
        ever = self.ever[device] | me.channels
        seen = any(f"grid:{grid}" in ever for grid in row["was"] | {row["grid"]})
        return ("review", "left_scope") if seen else ("quarantined", "out_of_scope")

    # ---------------------------------------------------------------- records

    def furnish(self, id: str, **facts: Any) -> None:
        """A home as it begins."""
        begins = {
            "phone": "",
            "people": 0,
            "gone": False,
            "changed": False,
            "was": set(),
            "patched_on": set(),
        }
        self.homes[id] = {**begins, **facts}

    def move(self, door: str, grid: str) -> None:
        """A door goes to another grid, and what is behind it follows."""
        homes = {id for id, one in self.homes.items() if one["door"] == door and not one["gone"]}
        knocks = [one for one in self.knocks.values() if one["home"] in homes and not one["gone"]]
        for row in (self.doors[door], *(self.homes[id] for id in homes), *knocks):
            if row["grid"] != grid:
                row["was"] = (row["was"] | {row["grid"]}) - {grid}
                row.update(grid=grid, changed=True)

    def fold(self, home: str) -> tuple[str | None, int, str | None]:
        """The computed fields of a home: last, misses, plan."""
        last, misses, plan = None, 0, self.homes[home]["plan"]
        standing = [knock for knock in self.knocks.values() if knock["home"] == home and not knock["gone"]]
        for knock in sorted(standing, key=lambda knock: (knock["at"], knock["came"])):
            last = knock["outcome"]
            misses = misses + 1 if last == "no_answer" else 0
            plan = knock["at"] if last == "met" else plan
        return last, misses, plan

    def facts(self, home: str) -> tuple[Any, ...]:
        """All that is to be read of a home."""
        row = self.homes[home]
        return row["grid"], row["phone"], row["people"], *self.fold(home)

    def _state(self, home: str) -> tuple[Any, ...]:
        return *self.facts(home), self.homes[home]["gone"]

    def living(self, kind: str, grids: tuple[str, ...]) -> set[str]:
        """The ids of a kind that somebody with these grids holds."""
        held = {"door": self.doors, "home": self.homes, "knock": self.knocks}[kind]
        return {id for id, row in held.items() if not row["gone"] and row["grid"] in grids}

    def feed(self) -> set[tuple[str, str, str, bool, bool]]:
        """Channel, kind, record, whether it is deleted, and whether there is nothing to read."""
        told = set()
        for kind, held in (("door", self.doors), ("home", self.homes), ("knock", self.knocks)):
            for id, row in held.items():
                told.add((f"grid:{row['grid']}", kind, id, row["gone"], row["gone"]))
                told |= {(f"grid:{grid}", kind, id, False, True) for grid in row["was"]}
        return told


def same(a: Op, b: Op) -> bool:
    """Whether two operations say the same; their seq says nothing."""
    return all(a[name] == value for name, value in b.items() if name != "seq")


def when(op: Op) -> str:
    """The moment of an operation by the server's clock."""
    at = datetime.fromisoformat(op["at"]) + timedelta(milliseconds=op["offset"])
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
