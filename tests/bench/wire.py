"""Wire: a phone without a browser: signs in, exchanges and counts bytes."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import threading
import time
import urllib.parse
from typing import Any

from fieldapp.demo.sign_ins import PASSWORD
from sync.ids import uuid7
from tests.bench.figures import Figure, kilobytes, most


class Wire:
    """One signed-in connection to the server."""

    def __init__(self, port: int, username: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.origin = f"http://127.0.0.1:{port}"
        self.cookie = ""
        self.bytes = 0
        self.cursors: dict[str, Any] = {}
        self.epoch: str | None = None
        self.device = str(uuid7())
        self.user = ""
        page = self.ask("GET", "/sign-in")[1].decode()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        form = {"username": username, "password": PASSWORD, **({"csrf_token": token[1]} if token else {})}
        status, _ = self.ask(
            "POST", "/sign-in", urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
        )
        assert status == 303, status
        self.user = self.exchange(user=str(uuid7()), expect=409)["user"]

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, bytes]:
        """One request; the answer's bytes as they travelled."""
        headers = {"Origin": self.origin, "Accept-Encoding": "gzip", "Cookie": self.cookie}
        if kind:
            headers["Content-Type"] = kind
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        if set_cookie := answer.getheader("Set-Cookie"):
            self.cookie = set_cookie.split(";")[0]
        data = answer.read()
        self.bytes = len(data)
        packed = answer.getheader("Content-Encoding") == "gzip"
        return answer.status, gzip.decompress(data) if packed else data

    def exchange(
        self, ops: list[dict[str, Any]] | None = None, tail: bool = False, user: str = "", expect: int = 200
    ) -> dict[str, Any]:
        """One exchange; cursors and epoch are kept for the next."""
        clock = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        report = {"waiting": len(ops or []), "oldest": None, "used": None, "left": None}
        asked = {
            "protocol": 1, "app": "bench", "user": user or self.user, "device": self.device, "clock": clock, "epoch": self.epoch,
            "ops": ops or [], "cursors": self.cursors, "report": report, "tail": tail,
        }  # fmt: skip
        status, data = self.ask("POST", "/sync", json.dumps(asked).encode(), "application/json")
        assert status == expect, f"{status} {data[:300]!r}"
        said: dict[str, Any] = json.loads(data)
        if status == 200:
            self.cursors, self.epoch = said["cursors"], said["epoch"]
        return said

    def first_pull(self) -> tuple[int, int]:
        """Bytes and rows until the phone is ready for a day offline."""
        count = rows = 0
        while True:
            said = self.exchange()
            count += self.bytes
            rows += sum(len(page["rows"]) for page in said["pages"])
            if not said["more"]:
                return count, rows

    def older(self) -> tuple[int, int]:
        """Bytes and rows of the history that follows in the background."""
        count = rows = 0
        while any(cursor.get("tail") for cursor in self.cursors.values()):
            said = self.exchange(tail=True)
            count += self.bytes
            rows += sum(len(page["rows"]) for page in said["pages"])
        return count, rows


def pull_figures(port: int, username: str) -> list[Figure]:
    """What the records cost on the wire."""
    wire = Wire(port, username)
    first, rows = wire.first_pull()
    older, visits = wire.older()
    return [
        Figure(
            f"first pull, {rows:,} rows, gzip", kilobytes(first), "kB", 45, f"{first / rows:.0f} bytes a row"
        ),
        Figure(f"older visits, {visits:,}, each", older / max(visits, 1), "bytes", 60),
    ]


def server_figures(port: int, username: str, phones: int = 8, seconds: float = 8) -> list[Figure]:
    """Exchanges that each bring one visit, from several phones at once; reported, no bar yet."""
    household = _some_household(port, username)
    times: list[float] = []
    floor: list[float] = []
    wires = [Wire(port, username) for _ in range(phones)]

    def work(wire: Wire) -> None:
        wire.first_pull()
        until = time.monotonic() + seconds
        seq = 0
        while time.monotonic() < until:
            seq += 1
            started = time.perf_counter()
            said = wire.exchange([_visit(household, seq)])
            times.append((time.perf_counter() - started) * 1000)
            assert said["results"][0]["status"] == "applied", said["results"]
        until = time.monotonic() + 2
        while time.monotonic() < until:
            started = time.perf_counter()
            wire.ask("GET", "/livez")
            floor.append((time.perf_counter() - started) * 1000)

    threads = [threading.Thread(target=work, args=(wire,)) for wire in wires]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    note = f"/livez: {len(floor) / 2:,.0f} a second"
    return [
        Figure(
            f"server, exchanges with a visit from {phones} phones",
            len(times) / seconds,
            "a second",
            None,
            note,
        ),
        Figure("the same, p95", most(times), "ms", None, f"/livez: {most(floor):.0f} ms"),
    ]


def _some_household(port: int, username: str) -> str:
    wire = Wire(port, username)
    while True:
        said = wire.exchange()
        for page in said["pages"]:
            if page["kind"] == "household" and page["rows"]:
                return str(page["rows"][0][page["fields"].index("id")])
        assert said["more"], "this worker has no household"


def _visit(household: str, seq: int) -> dict[str, Any]:
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return {
        "op": str(uuid7()), "seq": seq, "group": str(uuid7()), "after": [], "kind": "visit", "record": str(uuid7()), "verb": "create",
        "form": 1, "base_version": None, "base": {}, "patch": {"household": household, "outcome": "no_answer", "phrases": []},
        "at": at, "offset": 0, "files": [],
    }  # fmt: skip
