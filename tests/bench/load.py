"""Load: several connections that ask at once as fast as they are answered, with as little work of their own as can be."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from sync.ids import uuid7
from tests.bench.wire import Wire, visit

CONNECTIONS = 8


class Line:
    """One kept connection that speaks as much HTTP as a bench needs; its bytes are counted, headers and all."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port = port
        self.connect()
        self.common = f"Host: 127.0.0.1:{port}\r\nCookie: {cookie}\r\nAccept-Encoding: gzip\r\n"
        self.sent = self.received = 0

    def connect(self) -> None:
        """Anew: a server hangs up where nothing comes for long."""
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The answer's body, unpacked; anything but 200 is an error."""
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        asked = f"{method} {path} HTTP/1.1\r\n{self.common}{kind}\r\n".encode() + body
        self.socket.sendall(asked)
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._more()
        head = got[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        parts, here = [got[end + 4 :]], len(got) - end - 4
        while here < length:
            parts.append(self._more())
            here += len(parts[-1])
        self.sent, self.received = len(asked), end + 4 + length
        answer = b"".join(parts)
        if b" 200 " not in head[:20]:
            raise AssertionError(f"{head.decode()}\n{answer[:300]!r}")
        return gzip.decompress(answer) if b"content-encoding: gzip" in head else answer

    def _more(self) -> bytes:
        more = self.socket.recv(1 << 20)
        if not more:
            raise ConnectionError("the server hung up")
        return more


class Ours:
    """A signed-in phone that has pulled all it may hold and pushes visits."""

    def __init__(self, port: int, username: str) -> None:
        wire = Wire(port, username)
        self.homes = wire.first_pull()[2]
        self.line = Line(port, wire.cookie)
        self.epoch, self.cursors = wire.epoch, json.dumps(wire.cursors).encode()
        self.user, self.device, self.seq = wire.user, wire.device, 0

    def batches(self, count: int, size: int) -> list[bytes]:
        """The ready text of the next so many batches: visits to one home after the other."""
        made, seq = [], self.seq
        for _ in range(count):
            ops = [visit(self.homes[at % len(self.homes)], at) for at in range(seq + 1, seq + size + 1)]
            made.append(json.dumps(ops).encode())
            seq += size
        return made

    def push(self, ops: bytes) -> None:
        """One exchange; checked only as far as it costs nothing: all that was sent was applied."""
        clock = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        head = {
            "protocol": 1,
            "app": "bench",
            "user": self.user,
            "device": self.device,
            "clock": clock,
            "epoch": self.epoch,
        }
        body = json.dumps(head).encode()[:-1] + b', "cursors": ' + self.cursors + b', "ops": ' + ops + b"}"
        answer = self.line.ask("POST", "/sync", body)
        at = answer.rindex(b'"cursors":') + 10
        self.cursors = answer[at : answer.index(b"}}", at) + 2]
        sent = ops.count(b'"op"')
        assert answer.count(b'"status":"applied"') == sent, answer[:2000]
        self.seq += sent


class Floor:
    """The same for the floor: pushes the same visits."""

    def __init__(self, port: int) -> None:
        self.line = Line(port)
        self.user = str(uuid7())
        self.head = json.dumps({"user": self.user}).encode()[:-1]
        self.last = 0

    def push(self, ops: bytes) -> None:
        """One request."""
        answer = self.line.ask("POST", "/push", self.head + b', "ops": ' + ops + b"}")
        self.last = json.loads(answer)["last"]

    def push_and_pull(self, ops: bytes) -> None:
        """Two requests: bring, then fetch what is new since before it."""
        before = self.last
        self.push(ops)
        self.line.ask("GET", f"/pull/{self.user}/{before}")


def rate(seconds: float, works: Sequence[tuple[Callable[[bytes], None], Iterator[bytes]]]) -> float:
    """How often a second these are done, side by side, each over its own ready bodies; less where they run out."""
    done = [0] * len(works)
    start = threading.Barrier(len(works) + 1)
    wrong: list[BaseException] = []

    def run(number: int) -> None:
        work, bodies = works[number]
        start.wait()
        until = time.perf_counter() + seconds
        try:
            for body in bodies:
                work(body)
                done[number] += 1
                if time.perf_counter() >= until:
                    break
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if wrong:
        raise wrong[0]
    return sum(done) / took
