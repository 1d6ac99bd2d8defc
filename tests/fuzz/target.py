"""Target: a real server under fuzzing; every answer is judged by its status and by the processor time that it took."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from typing import Any

import psutil

from tests.cast import Town
from tests.server import Server
from tests.walker import sign_in

KEPT_SECONDS = 5.0  # without a word over a connection
MOST_SECONDS = 1.0
# What a worker may still grow by after its first hundreds of answers: each of its sixteen threads keeps a connection, with
# 4 MB of pages and its statements. Whoever asks for half an hour has had a hundred times as many answers.
MOST_GROWTH = 16 * 6 * 1024 * 1024
WARM = 300


class Target:
    """The server, its people's cookies, and what was seen of its answers."""

    def __init__(self, server: Server, town: Town) -> None:
        self.server, self.town = server, town
        self.cookies = {name: sign_in(server.port, name) for name in ("li", "zhang")}
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        assert server.process
        self.workers = psutil.Process(server.process.pid).children()
        self.statuses: Counter[int] = Counter()
        self.slowest = self.asked = 0.0
        self.warm: int | None = None

    def post(self, path: str, body: bytes, headers: dict[str, str], person: str = "li") -> tuple[int, bytes]:
        """Status and body of the answer, which is honest and quick. Raises where it is not."""
        status, data, _ = self.ask("POST", path, body, headers, person)
        return status, data

    def ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str], person: str = "li"
    ) -> tuple[int, bytes, dict[str, str]]:
        """The same for any method, with the answer's headers."""
        began, used = time.perf_counter(), self.processor()
        if began - self.asked > KEPT_SECONDS:
            self.connection.close()  # the server is about to close it as well
        self.asked = began
        kept = self.connection.sock is not None
        try:
            self.connection.request(method, path, body, {"Cookie": self.cookies[person], **headers})
            answer = self.connection.getresponse()
            data = answer.read()
        except (http.client.HTTPException, OSError) as broken:
            # A body that is refused before it was read to its end: the connection is closed, the server goes on.
            self.connection.close()
            assert self.alive(), broken
            if kept and isinstance(broken, ConnectionError):
                # The answer before was its last; a browser asks again on a new one as well.
                return self.ask(method, path, body, headers, person)
            return 0, b"", {}
        self.judge(answer.status, time.perf_counter() - began, self.processor() - used, data)
        if answer.status == 503:
            assert answer.getheader("Retry-After")
        return answer.status, data, dict(answer.getheaders())

    def judge(self, status: int, seconds: float, processor: float, data: bytes = b"") -> None:
        """No failure but an honest 503, none that keeps a processor for a second.

        A wall clock would measure the neighbours; the clock counts only where the server itself was at work.
        """
        self.statuses[status] += 1
        self.slowest = max(self.slowest, min(seconds, processor))
        assert status < 500 or status == 503, f"{status} {data[:2000]!r}\n{self.tail()}"
        assert min(seconds, processor) < MOST_SECONDS, f"{seconds:.1f} s, {processor:.1f} s of a processor"
        if self.warm is None and self.statuses.total() >= WARM:
            self.warm = self.memory()

    def sync(self, asked: Any) -> tuple[int, Any]:
        """A question to `/sync` as any JSON; status and what was said."""
        status, data = self.post("/sync", json.dumps(asked).encode(), {"Content-Type": "application/json"})
        return status, json.loads(data or b"null")

    def processor(self) -> float:
        """Seconds that the workers have used so far."""
        return sum(one.cpu_times().user + one.cpu_times().system for one in self.workers)

    def memory(self) -> int:
        """Bytes that the workers hold."""
        return sum(one.memory_info().rss for one in self.workers)

    def alive(self) -> bool:
        """No worker died and was replaced."""
        return all(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in self.workers)

    def check(self) -> None:
        """The same workers, and their memory is flat."""
        assert self.alive(), self.tail()
        assert "Traceback" not in self.tail(100_000), self.tail()
        grown = self.memory() - (self.warm or self.memory())
        print(
            f"\n{self.statuses.total()} answers {dict(self.statuses)}, slowest {self.slowest:.2f} s, grown {grown >> 20} MiB"
        )
        assert grown < MOST_GROWTH, f"{grown >> 20} MiB after {self.statuses.total()} answers"

    def tail(self, characters: int = 4000) -> str:
        """The end of the server's log."""
        return self.server.log.read_text(errors="replace")[-characters:]
