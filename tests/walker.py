"""Walker: a worker's phone in a few lines of Python over real HTTP; keeps a log of what it saved and what it was told."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import threading
import time
import urllib.parse
from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any

from sync.ids import uuid7
from tests.cast import PASSWORD
from tests.pages import rows_of

BATCH = 50
FORM = "application/x-www-form-urlencoded"
# What a phone meets when a server dies, is not there yet, or closes a connection that lay idle.
NO_ANSWER = (OSError, http.client.HTTPException, EOFError)
OUTCOMES = ("no_answer", "no_answer", "refused", "met")


def sign_in(port: int, username: str, password: str = PASSWORD) -> str:
    """The cookie of a new session."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/sign-in")
    answer = connection.getresponse()
    page, cookie = answer.read().decode(), (answer.getheader("Set-Cookie") or "").split(";")[0]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token, page
    form = urllib.parse.urlencode({"username": username, "password": password, "csrf_token": token[1]})
    connection.request("POST", "/sign-in", form, {"Cookie": cookie, "Content-Type": FORM})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 303, answer.status
    return (answer.getheader("Set-Cookie") or "").split(";")[0]


def form_token(port: int, cookie: str, path: str) -> tuple[str, str]:
    """A page's form, wherever it leads: the session's cookie as it is afterwards, and the form's token."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while True:
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        page = answer.read().decode()
        cookie = (answer.getheader("Set-Cookie") or cookie).split(";")[0]
        if answer.status != 303:
            break
        path = answer.getheader("Location") or ""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, page
    return cookie, found[1]


class Walker:
    """One phone of one person. `saved` are its operations in order; `told` is what the server said of them, for good."""

    def __init__(
        self, port: int, user: str, cookie: str, households: list[str], seed: str = "", hurry: float = 1.0
    ) -> None:
        """`hurry` shortens what a phone waits between two tries: 1 is as long as a real one does."""
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.user, self.cookie, self.households = user, cookie, households
        self.device = str(uuid7())
        self.random = Random(f"{seed} {user}")
        self.hurry = hurry
        self.epoch: str | None = None
        self.cursors: dict[str, Any] = {}
        self.saved: list[dict[str, Any]] = []
        self.told: dict[str, str] = {}
        self.last = 0
        self.more = True
        self.shown: dict[str, str] = {}
        self.seen: Counter[str] = Counter()
        self.times: list[tuple[float, int]] = []
        self.asking = threading.Event()
        self.retry_in = 0.0
        self._tries = 0

    @property
    def waiting(self) -> list[dict[str, Any]]:
        """What has not been called received yet."""
        return self.saved[self.last :]

    def save(self, verb: str, kind: str, record: str, patch: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Put an operation into the outbox."""
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        op = {
            "op": str(uuid7()), "seq": len(self.saved) + 1, "group": str(uuid7()), "after": [], "kind": kind, "record": record,
            "verb": verb, "form": 1, "base_version": None, "base": {}, "patch": patch, "at": at, "offset": 0, "files": [], **more,
        }  # fmt: skip
        self.saved.append(op)
        return op

    def visit(self, household: str | None = None, outcome: str | None = None) -> dict[str, Any]:
        """A visit at a door, any door when none is named."""
        patch = {
            "household": household or self.random.choice(self.households),
            "outcome": outcome or self.random.choice(OUTCOMES),
            "phrases": [],
        }
        return self.save("create", "visit", str(uuid7()), patch)

    def edit(self) -> dict[str, Any]:
        """Another phone number for a household, over the one that is shown."""
        household = self.random.choice(self.households)
        number = f"000-{self.random.randrange(10**8):08}"
        base = {"phone": self.shown.get(household, "")}
        self.shown[household] = number
        return self.save("patch", "household", household, {"phone": number}, base=base)

    def work(self) -> None:
        """A few minutes at the doors: mostly visits, now and then an edit, an undo, or what no form lets through."""
        for _ in range(self.random.randint(1, 5)):
            dice = self.random.random()
            visits = [op for op in self.saved[-20:] if op["kind"] == "visit" and op["verb"] == "create"]
            if dice < 0.7 or not visits:
                self.visit()
            elif dice < 0.85:
                self.edit()
            elif dice < 0.95:
                undone = self.random.choice(visits)
                self.save("retract", "visit", undone["record"], {"of": undone["op"]})
            else:
                self.visit(outcome="exploded")

    def exchange(self, tail: bool = False) -> int:
        """One exchange; its status, 0 where no whole answer came."""
        began = time.perf_counter()
        self.asking.set()
        try:
            status, wait, said = self.ask("/sync", self._request(tail))
        except NO_ANSWER:
            self.connection.close()
            status, wait, said = 0, None, {}
        finally:
            self.asking.clear()
        self.times.append((time.perf_counter() - began, status))
        self.seen[str(status)] += 1
        if status == 200:
            self._tries = 0
            self._hear(said)
        elif status in (429, 503):
            assert wait, "a busy server says when to come again"
            self.retry_in = float(wait) + self.random.random() * 2
        else:
            self._tries += 1
            self.retry_in = self.random.random() * min(300, 2 * 2**self._tries)
        assert status in (0, 200, 429, 503), f"{status} {said}"
        return status

    def send(self, over: threading.Event, until_idle: bool = True) -> None:
        """Exchange until all is received and nothing more comes, or it is over."""
        while not over.is_set() and (self.waiting or (self.more and until_idle)):
            if self.exchange() != 200:
                over.wait(self.retry_in * self.hurry)

    def ask(self, path: str, said: Any) -> tuple[int, str | None, Any]:
        """A question in JSON; status, Retry-After and what the answer holds."""
        body = gzip.compress(json.dumps(said).encode(), 1)
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Accept-Encoding": "gzip",
            "Cookie": self.cookie,
        }
        self.connection.request("POST", path, body, headers)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.getheader("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        return answer.status, answer.getheader("Retry-After"), json.loads(data)

    def _request(self, tail: bool) -> dict[str, Any]:
        clock = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {
            "protocol": 1, "app": "walker", "user": self.user, "device": self.device, "clock": clock, "epoch": self.epoch,
            "ops": self.waiting[:BATCH], "cursors": self.cursors, "tail": tail,
            "report": {"waiting": len(self.waiting), "oldest": None, "used": None, "left": None},
        }  # fmt: skip

    def _hear(self, said: dict[str, Any]) -> None:
        for result in said["results"]:
            told = self.told.setdefault(result["op"], result["status"])
            assert told == result["status"], f"{result} was told as {told} before"
        assert self.last <= said["last"] <= len(self.saved), (self.last, said["last"], len(self.saved))
        self.last, self.more = said["last"], said["more"]
        self.epoch, self.cursors = said["epoch"], said["cursors"]
        for page in said["pages"]:
            if page["kind"] == "household":
                at, phone = page["fields"].index("id"), page["fields"].index("phone")
                self.shown |= {row[at]: row[phone] for row in rows_of(page)}
