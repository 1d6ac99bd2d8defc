"""Book: what should be true of homes and knocks, kept in dicts by somebody who knows the rules and not the engine.

It takes operations in the order in which they reach the server, as a person would expect, and says of each where it
must end and why; `feed` says what must have been told to which grid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
    done: dict[str, Op] = field(default_factory=dict)  # by key: the id, or one made up where that was taken
    created: dict[str, str] = field(default_factory=dict)  # record → the operation that was to create it
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
        if past and past["user"] == me.id and same(past["sent"], op):
            return True
        past = self.sent.get((device, op["seq"]))
        return past is not None and same(past, op)

    def _take(self, me: Me, device: str, op: Op) -> None:
        past = self.done.get(op["op"])
        if past and past["user"] == me.id and same(past["sent"], op):
            return
        key = f"{op['op']}:{device}:{op['seq']}" if past else op["op"]
        one = {**op, "sent": op, "key": key, "user": me.id, "device": device}
        self._settle(one, lambda: ("quarantined", "op_taken") if past else self._end(me, one))
        self.sent[device, op["seq"]] = op
        self.done[key] = one
        if op["verb"] == "create":
            self.created[op["record"]] = key

    def _settle(self, op: Op, end: Callable[[], Ended]) -> None:
        """Where the operation ends; a home that it changed has changed since it was made."""
        before = {id: self._state(id) for id in self.homes}
        op["ended"] = self.ended[op["key"]] = end()
        for id, state in before.items():
            self.homes[id]["changed"] |= state != self._state(id)
        home = self.homes.get(op["record"]) if op["verb"] == "patch" else None
        if home:
            home["patched_by"].pop(op["key"], None)
            if op.get("applied") and home["changed"]:
                home["patched_by"][op["key"]] = op["device"]

    def _end(self, me: Me, op: Op) -> Ended:
        try:
            return self._verb(me, op)
        except Unforeseen:
            self.failures[op["op"]] = self.failures.get(op["op"], 0) + 1
            if self.failures[op["op"]] < PATIENCE:
                raise
            return "quarantined", "failed"

    def _verb(self, me: Me, op: Op) -> Ended:
        needed = [needed for needed in op["after"] if self._blocks(needed)]
        if needed:
            return self._held(op, *needed)
        return getattr(self, f"_{op['verb']}")(me, op["device"], op)  # type: ignore[no-any-return]

    def _held(self, op: Op, *needed: str) -> Ended:
        op["waits"] = set(needed)
        return HELD

    # ---------------------------------------------------------------- decisions

    def let_through(self, author: Me, by: Me, key: str, repaired: dict[str, Any] | None = None) -> list[str]:
        """Somebody decides that an operation be applied after all, perhaps repaired; what was held behind it and is no more."""
        self._try(author, by, self.done[key], repaired)
        return self._release(author, by, key)

    def turn_down(self, author: Me, by: Me, key: str) -> list[str]:
        """Somebody decides that an operation, or what is left of a conflict, stays out."""
        self.done[key]["ended"] = self.ended[key] = ("quarantined", "rejected")
        return self._release(author, by, key)

    def choose(self, author: Me, by: Me, key: str) -> list[str]:
        """Somebody settles a conflict by what they write themselves: the operation counts as applied whole."""
        op = self.done[key]
        if op["verb"] == "patch":
            op["applied"] = dict(op["patch"])
        op["ended"] = self.ended[key] = APPLIED
        return self._release(author, by, key)

    def take_back(self, author: Me, by: Me, key: str) -> list[str] | None:
        """Somebody undoes a decision that let something through; none where others went on from that."""
        op = self.done[key]
        undone = self._withdrawn(_with(author, by), op, op["let"])
        if undone is None:
            return None
        home = self.homes.get(op["record"])
        before = self._state(op["record"]) if home else None
        undone()
        if home:
            home["changed"] |= before != self._state(op["record"])
            if not op["let"]["counted"]:
                home["patched_by"].pop(key, None)
        op |= {name: op["let"][name] for name in ("ended", "applied", "patch")}
        self.ended[key] = op["ended"]
        del op["let"]
        return self._release(author, by, key)

    def _withdrawn(self, me: Me, op: Op, stood: dict[str, Any]) -> Callable[[], None] | None:
        """What takes away what a decision added, leaving what `stood` before; none where it cannot be."""
        if op["verb"] == "create":
            row, _ = self._living(me, op["device"], self._rows(op), op, gone_is_done=True)
            if row is None or self._kept(op["record"], row, op["device"]):
                return None
            return lambda: row.update(gone=True)
        home, _ = self._living(me, op["device"], self.homes, op)
        if home is None or op["verb"] != "patch":
            return None
        added = {name: value for name, value in op["applied"].items() if name not in stood["applied"]}
        back = {name: op["base"].get(name) for name in added}
        if any(home[name] not in (added[name], back[name]) for name in added):
            return None
        return lambda: home.update(back)

    def _try(self, author: Me, by: Me, op: Op, repaired: dict[str, Any] | None = None) -> None:
        stood = {
            "ended": op["ended"],
            "applied": op.pop("applied", {}),
            "patch": op["patch"],
            "counted": op["key"] in self.homes.get(op["record"], {}).get("patched_by", {}),
        }
        op["patch"] = repaired or op["patch"]

        def end() -> Ended:
            try:
                ended = self._verb(_with(author, by), op)
            except Unforeseen:
                ended = "quarantined", "failed"
            return ("quarantined", "failed") if ended == ("quarantined", "refused") else ended

        self._settle(op, end)
        if op["ended"] == APPLIED:
            op["let"] = stood

    def _release(self, author: Me, by: Me, key: str) -> list[str]:
        freed: list[str] = []
        tried: set[str] = set()
        while ready := [
            one
            for one in self.done.values()
            if (one["ended"], one["user"]) == (HELD, author.id)
            and one["key"] not in tried
            and one["waits"] & {key, *freed}
        ]:
            for one in sorted(ready, key=lambda one: (one["device"], one["seq"])):
                self._try(author, by, one)
                if one["ended"] == HELD:
                    tried.add(one["key"])
                else:
                    freed.append(one["key"])
                    tried = set()
        return freed

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
            return self._absent(op, op["patch"][name], "missing_parent")
        own = self._rows(op).get(op["record"])
        if own and own["removed"]:
            return "review", "gone"
        outside = self._outside(me, device, parent)
        if outside or parent["gone"]:
            return outside or ("review", "gone")
        if op["patch"].get("outcome") == "explode":
            raise Unforeseen
        if op["patch"].get("outcome") == "jam":
            return "quarantined", "refused"
        if op["patch"].get("outcome") == "odd" or op["patch"].get("people") == "many":
            return "quarantined", "invalid"
        was = own["was"] | {own["grid"]} if own else set()
        common = {"grid": parent["grid"], "was": was - {parent["grid"]}, "gone": False, "removed": False}
        if op["kind"] == "knock":
            self.knocks[op["record"]] = {**op["patch"], **common, "id": op["record"], "at": when(op)}
        else:
            self.furnish(op["record"], **common, **op["patch"], plan=None)
        return APPLIED

    def _patch(self, me: Me, device: str, op: Op) -> Ended:
        home, blocked = self._living(me, device, self.homes, op)
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
            return self._held(op, undone["key"])
        if undone["verb"] == "patch":
            home, blocked = self._living(me, device, self.homes, op)
            if home is None:
                return blocked
            return self._merge(
                home, op, undone["applied"], {name: undone["base"].get(name) for name in undone["applied"]}
            )
        row, blocked = self._living(me, device, self._rows(op), op, gone_is_done=True)
        return blocked if row is None else self._remove(op["record"], row, device)

    def _delete(self, me: Me, device: str, op: Op) -> Ended:
        row, blocked = self._living(me, device, self._rows(op), op, gone_is_done=True)
        return blocked if row is None else self._remove(op["record"], row)

    def _remove(self, id: str, row: dict[str, Any], device: str | None = None) -> Ended:
        kept = self._kept(id, row, device)
        if kept:
            return kept
        row.update(gone=True, removed=True)
        return APPLIED

    def _kept(self, id: str, row: dict[str, Any], device: str | None) -> Ended | None:
        """Why a record cannot be taken away; of a `device` that made it, when others changed it since."""
        if row["gone"]:
            return None
        if device and set(row.get("patched_by", {}).values()) - {device}:
            return "review", "changed_since"
        below = any(not one["gone"] and one["home"] == id for one in self.knocks.values())
        return ("review", "has_children") if below else None

    def _rows(self, op: Op) -> dict[str, dict[str, Any]]:
        return self.homes if op["kind"] == "home" else self.knocks

    def _living(
        self, me: Me, device: str, held: dict[str, dict[str, Any]], op: Op, gone_is_done: bool = False
    ) -> tuple[dict[str, Any] | None, Ended]:
        row = held.get(op["record"])
        if row is None:
            return None, self._absent(op, op["record"], "missing_record")
        outside = self._outside(me, device, row)
        if outside:
            return None, outside
        return (row, APPLIED) if gone_is_done or not row["gone"] else (None, ("review", "gone"))

    def _absent(self, op: Op, id: str, reason: str) -> Ended:
        creation = self.created.get(id)
        return self._held(op, creation) if creation else ("quarantined", reason)

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
            "removed": False,
            "patched_by": {},
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
        for knock in sorted(standing, key=lambda knock: (knock["at"], knock["id"])):
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


def _with(author: Me, by: Me) -> Me:
    """The author as far as either of them reaches."""
    return replace(author, channels=author.channels | by.channels)


def same(a: Op, b: Op) -> bool:
    """Whether two operations say the same; their seq says nothing."""
    return all(a[name] == value for name, value in b.items() if name != "seq")


def when(op: Op) -> str:
    """The moment of an operation by the server's clock."""
    at = datetime.fromisoformat(op["at"]) + timedelta(milliseconds=op["offset"])
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
