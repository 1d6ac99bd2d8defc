"""Server: the real application as a passive process; it answers one line with one line and does nothing by itself.

The simulation gives the time and every fault with the request; nothing here asks a clock or draws a number.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import random
import shutil
import sys
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import structlog

from fieldapp import config

_moment = datetime(2026, 11, 23, tzinfo=UTC)


def _now() -> datetime:
    return _moment


config.now = _now  # before any module takes it by name

import sync.ids  # noqa: E402
from fieldapp import create_app  # noqa: E402
from fieldapp import exchange as door  # noqa: E402
from fieldapp.backup import begin_again  # noqa: E402
from fieldapp.declare.kinds import kinds  # noqa: E402
from fieldapp.declare.photo import place  # noqa: E402
from fieldapp.features import declare_all  # noqa: E402
from fieldapp.people import accounts  # noqa: E402
from fieldapp.people.account import Account  # noqa: E402
from fieldapp.people.me import me_of  # noqa: E402
from sync.kinds import Kind  # noqa: E402
from sync.scope import Me  # noqa: E402
from sync.store import new_epoch  # noqa: E402
from sync.write import put  # noqa: E402
from tests.sim import oracle, town  # noqa: E402
from tests.sim.faults import Died, _error, failing  # noqa: E402
from tests.sim.journal import Journal  # noqa: E402
from tests.sim.shelves import reopen, shelf_for  # noqa: E402

TOLD = ("Content-Type", "Retry-After", "Location", "Tus-Resumable", "Upload-Offset")
ODD = ("(bug)", "(constraint)")  # notes that make the server take a batch one by one


WAITING = (
    """SELECT "op", "user" FROM "sync_operation" WHERE "status" IN ('review', 'quarantined') ORDER BY "op" """
)
TAKEN = """SELECT "op", "user" FROM "sync_operation" WHERE "status" = 'applied' AND "detail" LIKE ? ORDER BY "op" """
try:
    replay = importlib.import_module("sync.replay")
except ModuleNotFoundError:
    replay = None


def _draw_from(seed: int) -> None:
    """All that the server draws, from this seed, whatever it drew before."""
    sync.ids._last = (0, 0)
    sync.ids.secrets = random.Random(seed)  # type: ignore[assignment]
    sync.ids.secrets.randbits = sync.ids.secrets.getrandbits  # type: ignore[attr-defined]


class Server:
    """The application on one database, and a journal of what reached it in which order."""

    def __init__(self, url: str | None, folder: Path) -> None:
        declare_all()
        accounts.hash_password = str  # nobody signs in by a password here
        self.shelf = shelf_for(url, folder)
        self.database = self.shelf.database
        _draw_from(0)  # the town is the same in every process
        self.shelf.build()
        self.app = create_app(self.database)
        self.people = town.directory()["people"]
        self.kinds = kinds()
        self.kinds["visit"].check = _buggy(self.kinds["visit"])
        door.kinds = lambda: self.kinds  # type: ignore[assignment]
        self.cookies = {name: self._cookie(one["id"]) for name, one in self.people.items()}

    def _cookie(self, account: str) -> str:
        serializer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        session = {"_user_id": account, "_fresh": True, "_permanent": True, "device": account}
        return f"fieldapp_session={serializer.dumps(session)}"

    def begin(self, seed: int) -> dict[str, Any]:
        """A new history on a new town."""
        _draw_from(seed)
        self.shelf.begin()
        reopen(self.database)
        self.shelf.copies = 0
        for folder in ("photos", "uploads"):
            shutil.rmtree(config.data_folder() / folder, ignore_errors=True)
        # Each history has an epoch of its own, made from its seed.
        new_epoch(self.database)
        self.journal = Journal(self.database)
        self.kept: dict[int, Journal] = {}
        self.pictures: dict[int, set[str]] = {}
        return town.directory()

    def sync(self, person: str | None, body: str, fault: dict[str, Any] | None = None) -> dict[str, Any]:
        """One exchange, perhaps with something going wrong at a statement or a commit of it."""
        asked = json.loads(body)
        whole = not fault and not any(word in body for word in ODD)
        if fault:
            self.journal.disturbed |= {op["op"] for op in asked["ops"]}
        json_body = {"data": body, "content_type": "application/json"}
        answer = self._answer(person, fault, method="POST", path="/sync", **json_body)
        self.journal.arrived(asked["device"], self._channels(person), whole)
        return answer

    def upload(
        self,
        person: str | None,
        method: str,
        path: str,
        headers: dict[str, str],
        body: str,
        fault: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One request of an upload; what arrives changes the records that name it."""
        sent = {"headers": headers, "data": b64decode(body)}
        answer = self._answer(person, fault, method=method, path=path, **sent)
        self.journal.add("upload")
        return answer

    def _answer(self, person: str | None, fault: dict[str, Any] | None, **asked: Any) -> dict[str, Any]:
        """What the application answers, or that it died over it."""
        given = asked.pop("headers", {}) | ({"Cookie": self.cookies[person]} if person else {})
        try:
            with failing(self.database, fault):
                answer = self.app.test_client(use_cookies=False).open(**asked, headers=given)
        except Died:
            reopen(self.database)
            return {"died": True}
        except Exception:
            # Not even the page that says so could be made: the process in front answers for it.
            reopen(self.database)
            return {"status": 500, "headers": {"Content-Type": "text/html"}, "body": ""}
        if self.database.is_closed():
            self.database.connect()
        headers = {name: answer.headers[name] for name in TOLD if name in answer.headers}
        signs_out = answer.headers.get("Set-Cookie", "").startswith("fieldapp_session=;")
        body = answer.get_data(as_text=True)
        return {"status": answer.status_code, "headers": headers, "body": body, "signs_out": signs_out}

    def _channels(self, person: str | None) -> list[str]:
        return oracle.channels_of(self.database, self.people[person]["id"]) if person else []

    def put(self, community: str, rows: list[list[Any]]) -> dict[str, Any]:
        """The server's own word: an import, a deletion, a door that moves."""
        put(self.database, self.kinds, community, [(kind, fields) for kind, fields in rows], _moment)
        self.journal.add("put", rows=rows)
        return {}

    def grids(self, person: str, grids: list[str]) -> dict[str, Any]:
        """A worker is given other grids."""
        account = self.people[person]["id"]
        Account.update(grids=json.dumps(grids)).where(Account.id == account).execute()
        return {}

    def revoke(self, device: str) -> dict[str, Any]:
        """A supervisor signs a phone off."""
        mark = self.database.param
        sql = f'UPDATE "sync_device" SET "revoked" = {mark} WHERE "id" = {mark}'
        known = self.database.execute_sql(sql, (True, device)).rowcount
        if known:
            self.journal.add("revoke", device=device)
        return {"known": known}

    def _drawn(self, draw: int, by: str, sql: str, *given: str) -> tuple[dict[str, Any], Me, Me] | None:
        """One of the operations that are asked for, its author and who decides, where both are of one community."""
        among = oracle.rows(self.database, sql, *given)
        if not among or replay is None:
            return None
        op = among[draw % len(among)]
        author, judge = (me_of(Account.get_by_id(id)) for id in (op["user"], self.people[by]["id"]))
        return (op, author, judge) if author.community == judge.community else None

    def decide(self, by: str, draw: int, verdict: str) -> dict[str, Any]:
        """A supervisor decides about something that waits: it is applied after all, or stays out."""
        found = self._drawn(draw, by, WAITING)
        if found is None:
            return {"op": None}
        op, author, judge = found
        if verdict == "apply":
            said = replay.replay(self.database, self.kinds, author, op["op"], _moment, by=judge)
        else:
            told = ("quarantined", "rejected")
            said = replay.settle(self.database, self.kinds, author, op["op"], _moment, *told, by=judge)
        channels = sorted(author.channels | judge.channels)
        for number, one in enumerate([op["op"], *said.released]):
            self.journal.decided(one, channels, again=verdict == "apply" or number > 0)
        return {"op": op["op"], "status": said.status, "released": said.released}

    def take_back(self, by: str, draw: int) -> dict[str, Any]:
        """A supervisor undoes what a decision let through."""
        found = self._drawn(draw, by, TAKEN, '%"before"%')
        if found is None:
            return {"op": None}
        op, author, judge = found
        channels = sorted(author.channels | judge.channels)
        try:
            said = replay.take_back(self.database, self.kinds, author, op["op"], _moment, by=judge)
        except replay.Built:
            self.journal.taken_back(op["op"], channels, stays=True)
            return {"op": op["op"], "status": "stays"}
        self.journal.taken_back(op["op"], channels, stays=False)
        for one in said.released:
            self.journal.decided(one, channels, again=True)
        return {"op": op["op"], "status": said.status}

    def backup(self) -> dict[str, Any]:
        """A copy of the database, made while it serves."""
        number = self.shelf.backup()
        if self.database.is_closed():
            self.database.connect()
        self.kept[number] = self.journal.copy()
        self.pictures[number] = set(place().depot.names())
        return {"copy": number}

    def restore(self, copy: int, pictures: str) -> dict[str, Any]:
        """An older copy takes its place; the history is another one from here. The folder of `pictures` is "kept", or was
        copied with the database ("with it") or the time "before": the pictures that are gone."""
        self.shelf.put_back(str(copy))
        reopen(self.database)
        gone = set() if pictures == "kept" else set(place().depot.names())
        gone -= self.pictures.get(copy if pictures == "with it" else copy - 1, set())
        for name in gone:
            folder, _, hash = name.rpartition("/")
            (config.data_folder() / "photos" / folder / hash[:2] / hash).unlink()
        begin_again(self.database)
        self.journal = self.kept[copy].copy()
        self.journal.add("restore")
        return {"gone": sorted(name.rpartition("/")[2] for name in gone)}

    def check(self, phones: list[dict[str, Any]], saved: list[dict[str, Any]]) -> dict[str, Any]:
        """What the independent checker finds wrong."""
        return oracle.judge(self.database, self.journal, phones, saved, config.data_folder() / "photos")


def _buggy(visit: Kind) -> Any:
    """The visit's check, stricter than the phone's and with a bug, for notes that say so."""
    check = visit.check

    def checked(verb: str, patch: Any) -> Any:
        note = str(patch.get("note", ""))
        if "(bug)" in note:
            raise RuntimeError("a validator with a bug")
        if "(constraint)" in note:
            raise _error("constraint")
        return {"note": [["invalid", {}]]} if "(refused)" in note else check(verb, patch)

    return checked


def main() -> None:
    """Read commands until there are no more. What the application prints goes to standard error."""
    global _moment
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if not os.environ.get("SIM_LOUD"):
        logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    os.environ |= {"FIELDAPP_DATA": sys.argv[1], "FIELDAPP_RATE_LIMITS": "off"}
    folder, url = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    server = Server(url, folder)
    gc.freeze()  # what lives as long as the process need not be looked at again
    sync.ids.time = SimpleNamespace(time_ns=lambda: int(_moment.timestamp() * 1000) * 1_000_000)  # type: ignore[assignment]
    for line in sys.stdin:
        asked = json.loads(line)
        if "now" in asked:
            _moment = datetime.fromtimestamp(asked.pop("now") / 1000, UTC)
        answer = getattr(server, asked.pop("do"))(**asked)
        answers.write(json.dumps(answer, ensure_ascii=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
