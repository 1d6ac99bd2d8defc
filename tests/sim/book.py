"""Book: what should be true after all that arrived, worked out as a person would, with none of the engine's code.

It is told the operations in the order in which they reached the server, and what the server itself changed.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

FACTS = {"household": ("phone", "people", "tenure"), "profile": ("locale", "theme")}
COMPUTED = (
    "last_outcome", "last_visit", "last_note", "last_phrases", "met_on", "due_on", "no_answers", "come_back",
)  # fmt: skip
ELSEWHERE = {"review", "quarantined"}
UNAPPLIED = {"quarantined", "held"}


def device_time(op: dict[str, Any]) -> str:
    """When it was done by the phone's clock, put right by what the phone had measured."""
    at = datetime.fromisoformat(op["at"]) + timedelta(milliseconds=op["offset"])
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def local_day(instant: str) -> date:
    """The town's day."""
    return (datetime.fromisoformat(instant) + timedelta(hours=8)).date()


class Book:
    """Facts, visits that stand, and where each operation should have ended."""

    def __init__(self, begun: dict[str, dict[str, dict[str, Any]]], disturbed: set[str]) -> None:
        self.rows = {kind: {id: dict(row) for id, row in begun[kind].items()} for kind in begun}
        self.visits: dict[str, dict[str, Any]] = {}
        self.done: dict[str, dict[str, Any]] = {}
        self.disturbed = disturbed
        self.revoked: set[str] = set()
        self.problems: list[str] = []

    def read(self, entries: list[dict[str, Any]]) -> None:
        """All that happened."""
        for entry in entries:
            if entry["what"] == "put":
                for kind, fields in entry["rows"]:
                    self._put(kind, fields)
            elif entry["what"] == "revoke":
                self.revoked.add(entry["device"])
            elif entry["what"] == "op":
                self._take(entry)
            elif entry["what"] == "decided":
                self._decide(entry)
            elif entry["what"] == "taken back":
                self._take_back(entry)

    def _put(self, kind: str, fields: dict[str, Any]) -> None:
        self.rows[kind].setdefault(fields["id"], {}).update(fields)
        if kind == "door" and "stair_unit" in fields:
            grid = self.rows["stair_unit"][fields["stair_unit"]]["grid"]
            for home in self.rows["household"].values():
                if home["door"] == fields["id"] and not home["gone"]:
                    home["grid"] = grid

    def _take(self, row: dict[str, Any]) -> None:
        op = {**row["payload"], "user": row["user"], "device": row["device"], "applied": {}, "latest": {}}
        expected = self._outcome(op, set(row["channels"]))
        if (
            row["op"] in self.disturbed
            and row["status"] == "quarantined"
            and row["reason"] in ("refused", "failed")
        ):
            expected = {"quarantined"}
        elif row["status"] in expected:
            self._apply(op, row["status"])
        if row["status"] not in expected:
            self.problems.append(
                f"{row['op']} ({op['verb']} {op['kind']}) ended as {row['status']} {row['reason']}, not {expected}"
            )
        op["latest"] = op["applied"]
        self.done[row["op"]] = {**op, "status": row["status"], "reason": row["reason"]}

    def _decide(self, entry: dict[str, Any]) -> None:
        """What a supervisor let through is as if it came now, but for the time at which it was done."""
        op = self.done[entry["op"]]
        if entry["again"]:
            op["stood"] = {name: op[name] for name in ("status", "reason")}
            # What a conflict let through at the last try was not waiting for this one.
            op["waited"] = set(op["patch"]) - (set(op["latest"]) if op["reason"] == "conflict" else set())
            before, op["applied"] = op["applied"], {}
            expected = self._outcome({**op, "device": ""}, set(entry["channels"]))
            if entry["status"] not in expected:
                self.problems.append(f"{entry['op']} was decided to {entry['status']}, not {expected}")
            self._apply(op, entry["status"])
            op["latest"] = op["applied"]
            op["applied"] = before | op["applied"]
        op |= {"status": entry["status"], "reason": entry["reason"]}

    def _take_back(self, entry: dict[str, Any]) -> None:
        """What a decision let through goes as its author would take it back, and the operation waits as it did before."""
        undone = self.done[entry["op"]]
        through = {name: value for name, value in undone["applied"].items() if name in undone["waited"]}
        back = {
            **undone,
            "verb": "retract",
            "patch": {"of": entry["op"]},
            "after": [],
            "device": "",
            "applied": {},
        }
        can = undone["verb"] in ("create", "patch") and "applied" in self._retract(
            back, set(entry["channels"]), {**undone, "applied": through}
        )
        if can == entry["stays"]:
            self.problems.append(f"the decision on {entry['op']} {'stays' if can else 'was undone'}")
        if entry["stays"]:
            return
        if undone["verb"] == "create":
            self.visits[undone["record"]]["gone"] = True
        else:
            self.rows[undone["kind"]][undone["record"]].update(back["applied"])
            undone["applied"] = {n: v for n, v in undone["applied"].items() if n not in through}
            undone["latest"] = {n: v for n, v in undone["latest"].items() if n not in through}
        if {name: entry[name] for name in undone["stood"]} != undone["stood"]:
            self.problems.append(f"{entry['op']} waits as {entry['status']} {entry['reason']}, not as before")
        undone |= undone["stood"]

    def _outcome(self, op: dict[str, Any], channels: set[str]) -> set[str]:
        """Where the operation may end."""
        if op["device"] in self.revoked:
            return {"quarantined"}
        if any(self._blocks(needed) for needed in op["after"]):
            return {"held"}
        return getattr(self, f"_{op['verb']}")(op, channels)  # type: ignore[no-any-return]

    def _blocks(self, needed: str) -> bool:
        known = self.done.get(needed)
        if known is None or known["status"] in UNAPPLIED:
            return True
        return bool(known["status"] == "review" and known["verb"] == "create")

    def _create(self, op: dict[str, Any], channels: set[str]) -> set[str]:
        home = self.rows["household"][op["patch"]["household"]]
        there = self.visits.get(op["record"])
        if there:
            again = there["gone"] and not op["device"]  # a decision that was undone is made again
            if not again or there["retracted"]:
                return {"review"} if again else {"quarantined"}
        if f"grid:{home['grid']}" not in channels:
            return ELSEWHERE
        if home["gone"]:
            return {"review"}
        note = str(op["patch"].get("note", ""))
        return (
            {"quarantined"} if any(w in note for w in ("(bug)", "(constraint)", "(refused)")) else {"applied"}
        )

    def _reach(self, op: dict[str, Any], channels: set[str]) -> set[str] | None:
        row = self.rows[op["kind"]][op["record"]]
        channel = f"grid:{row['grid']}" if op["kind"] == "household" else f"user:{row['user']}"
        if channel not in channels:
            return ELSEWHERE
        return {"review"} if row["gone"] else None

    def _patch(self, op: dict[str, Any], channels: set[str]) -> set[str]:
        elsewhere = self._reach(op, channels)
        if elsewhere:
            return elsewhere
        row = self.rows[op["kind"]][op["record"]]
        conflict = False
        for name, sent in op["patch"].items():
            if row[name] == sent or (name in op["base"] and op["base"][name] == row[name]):
                op["applied"][name] = sent
            else:
                conflict = True
        return {"review"} if conflict else {"applied"}

    def _retract(
        self, op: dict[str, Any], channels: set[str], undone: dict[str, Any] | None = None
    ) -> set[str]:
        undone = undone or self.done.get(op["patch"]["of"])
        if undone is None or undone["user"] != op["user"]:
            return {"quarantined"}
        if undone["status"] in UNAPPLIED or undone["reason"] not in (None, "conflict"):
            return {"held"}  # who decides about what nothing of was applied decides about this as well
        if undone["verb"] == "create":
            if op["record"] not in self.visits:
                return {"held", *ELSEWHERE}
            home = self.rows["household"][undone["patch"]["household"]]
            return {"applied"} if f"grid:{home['grid']}" in channels else ELSEWHERE
        elsewhere = self._reach(op, channels)
        if elsewhere:
            return elsewhere
        row, conflict = self.rows[op["kind"]][op["record"]], False
        for name, value in undone["applied"].items():
            back = undone["base"].get(name)
            if row[name] == value:
                op["applied"][name] = back
            elif row[name] != back:
                conflict = True
        if not undone["applied"]:
            return {"review", "applied"}  # nothing of it was applied, so there is nothing to take back
        return {"review"} if conflict else {"applied"}

    def _apply(self, op: dict[str, Any], status: str) -> None:
        if op["verb"] == "create" and status == "applied":
            self.visits[op["record"]] = {
                **op["patch"], "id": op["record"], "user": op["user"], "at": device_time(op), "gone": False, "retracted": False,
            }  # fmt: skip
        elif op["verb"] == "retract" and op["record"] in self.visits:
            if status == "applied":
                self.visits[op["record"]] |= {"gone": True, "retracted": True}
        elif status in ("applied", "review") and op["applied"]:
            self.rows[op["kind"]][op["record"]].update(op["applied"])

    def computed(self, id: str) -> dict[str, Any]:
        """What the standing visits make of a home, in the order of device time, then of their ids."""
        home = self.rows["household"][id]
        folded = {name: home[name] for name in COMPUTED}
        if isinstance(folded["last_phrases"], str):
            folded["last_phrases"] = json.loads(folded["last_phrases"])
        standing = [v for v in self.visits.values() if v["household"] == id and not v["gone"]]
        for visit in sorted(standing, key=lambda visit: (visit["at"], visit["id"])):
            folded |= {
                "last_outcome": visit["outcome"],
                "last_visit": visit["at"],
                "last_note": visit.get("note", ""),
                "last_phrases": visit.get("phrases", []),
                "come_back": visit.get("come_back"),
            }
            if visit["outcome"] == "met":
                folded |= {"met_on": local_day(visit["at"]).isoformat(), "no_answers": 0}
                if home["visit_days"]:
                    due = local_day(visit["at"]) + timedelta(days=home["visit_days"])
                    folded["due_on"] = due.isoformat()
            elif visit["outcome"] == "no_answer":
                folded["no_answers"] += 1
        return folded
