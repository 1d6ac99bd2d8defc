"""Wire: a phone without a browser: signs in, exchanges and counts bytes."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

import brotli

from fieldapp.demo.sign_ins import PASSWORD
from sync.ids import uuid7
from tests.bench.figures import Figure, kilobytes

UNPACK: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
}


class Wire:
    """One signed-in connection to the server."""

    def __init__(self, port: int, username: str, packing: str = "gzip") -> None:
        self.packing = packing
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
        headers = {"Origin": self.origin, "Accept-Encoding": self.packing, "Cookie": self.cookie}
        if kind:
            headers["Content-Type"] = kind
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        if set_cookie := answer.getheader("Set-Cookie"):
            self.cookie = set_cookie.split(";")[0]
        data = answer.read()
        self.bytes = len(data)
        return answer.status, UNPACK[answer.getheader("Content-Encoding")](data)

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

    def first_pull(self) -> tuple[int, int, list[str]]:
        """Bytes and rows until the phone is ready for a day offline, and the ids of its households."""
        count = rows = 0
        homes: list[str] = []
        while True:
            said = self.exchange()
            count += self.bytes
            for page in said["pages"]:
                ids = page["columns"][0]
                rows += len(ids)
                if page["kind"] == "household":
                    homes += ids
            if not said["more"]:
                return count, rows, homes

    def older(self) -> tuple[int, int]:
        """Bytes and rows of the history that follows in the background."""
        count = rows = 0
        while any(cursor.get("tail") for cursor in self.cursors.values()):
            said = self.exchange(tail=True)
            count += self.bytes
            rows += sum(len(page["columns"][0]) for page in said["pages"])
        return count, rows


def pull_figures(port: int, username: str) -> list[Figure]:
    """What the records cost on the wire."""
    found = []
    for packing, name in (("br", "brotli"), ("gzip", "gzip")):
        wire = Wire(port, username, packing)
        first, rows, _ = wire.first_pull()
        each = f"{first / rows:.0f} bytes a row"
        found.append(Figure(f"first pull, {rows:,} rows, {name}", kilobytes(first), "kB", 45, floor_is=each))
    older, visits = wire.older()
    return [*found, Figure(f"older visits, {visits:,}, each, gzip", older / max(visits, 1), "bytes", 60)]


def visit(household: str, seq: int) -> dict[str, Any]:
    """An operation as a phone makes it: nobody opened."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return {
        "op": str(uuid7()), "seq": seq, "group": str(uuid7()), "after": [], "kind": "visit", "record": str(uuid7()), "verb": "create",
        "form": 1, "base_version": None, "base": {}, "patch": {"household": household, "outcome": "no_answer", "phrases": []},
        "at": at, "offset": 0, "files": [],
    }  # fmt: skip
