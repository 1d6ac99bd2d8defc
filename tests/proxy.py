"""Proxy: stands between a browser and the real server and does to their bytes what stairwells do.

Its mode may change at any moment, also for connections that are open:

    pass        as if it were not there
    refuse      nobody listens (the phone's radio is off)
    reset       connections are reset as soon as they are made
    blackhole   connections are made, then nothing comes back, ever
    portal      a captive portal answers everything itself, with 200 and a page of its own

`shape()` adds a rate and a latency to `pass`; `lose_answer()` and `cut_answer()` harm one answer and then pass again.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

Mode = Literal["pass", "refuse", "reset", "blackhole", "portal"]
REQUEST_LINE = re.compile(rb"(?:^|\r\n)((?:GET|POST|PUT|DELETE|HEAD) (\S+) HTTP/1\.1)\r\n")
PORTAL = b"<!doctype html><title>Free WiFi</title><h1>Please accept the terms of the station's WiFi</h1>"
CHUNK = 1448  # one TCP segment: what a slow link delivers at a time


class Proxy:
    """One listening port on localhost that leads to another; runs in a thread of its own."""

    def __init__(self, target_port: int, port: int = 0) -> None:
        self.target_port = target_port
        self.port = port
        self.requests: list[str] = []
        self.bytes_up = 0
        self.bytes_down = 0
        self._mode: Mode = "pass"
        self._rate: float | None = None
        self._latency = 0.0
        self._harm: _Harm | None = None
        self._free_at = {"up": 0.0, "down": 0.0}
        self._open: set[_Connection] = set()
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> Proxy:
        """Listen; the port is known afterwards."""
        self._thread.start()
        self._do(self._listen())
        return self

    def stop(self) -> None:
        """Close everything and end the thread."""
        self._do(self._hang_up(listening=False))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def __enter__(self) -> Proxy:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """What the browser opens: localhost counts as a secure context."""
        return f"http://localhost:{self.port}"

    @property
    def mode(self) -> Mode:
        """What happens now."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        if mode == "refuse":
            self._do(self._hang_up(listening=False))
        elif mode != "blackhole":
            self._do(self._hang_up(listening=True))

    def shape(self, bytes_per_second: float | None, latency: float = 0.0) -> None:
        """A link of this rate a direction and this round trip in seconds; `shape(None)` is a fast link again."""
        self._rate, self._latency = bytes_per_second, latency / 2

    def lose_answer(self, path: str = "/sync", method: str = "POST") -> _Harm:
        """The next such request reaches the server; its answer is lost and the connection with it."""
        return self._arm(_Harm(method, path, 0))

    def cut_answer(self, after: int, path: str = "/sync", method: str = "POST") -> _Harm:
        """Of the next answer to such a request only the first `after` bytes arrive."""
        return self._arm(_Harm(method, path, after))

    def seen(self, path: str) -> int:
        """How many requests for this path went through."""
        return sum(one.split(" ")[1].split("?")[0] == path for one in self.requests)

    def _arm(self, harm: _Harm) -> _Harm:
        self._harm = harm
        return harm

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", self.port))
        self.port = door.getsockname()[1]
        self._listener = await asyncio.start_server(self._accept, sock=door)

    async def _hang_up(self, listening: bool) -> None:
        for one in list(self._open):
            one.reset()
        if not listening and self._listener:
            self._listener.close()
            self._listener = None
        elif listening and self._listener is None:
            await self._listen()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, reader, writer)
        self._open.add(connection)
        try:
            await connection.run()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            connection.reset()
            self._open.discard(connection)

    def _due(self, direction: str, size: int) -> float:
        """When a piece that is sent now arrives at the other end of the shaped link."""
        now = time.monotonic()
        if self._rate is None:
            return now + self._latency
        self._free_at[direction] = max(now, self._free_at[direction]) + size / self._rate
        return self._free_at[direction] + self._latency


class _Harm:
    """One answer to be harmed; `done` is set when it was."""

    def __init__(self, method: str, path: str, keep: int) -> None:
        self.start = f"{method} {path}"
        self.keep = keep
        self.done = threading.Event()

    def meets(self, line: str) -> bool:
        """Whether this request line is the one."""
        return line.split("?")[0].split(" HTTP")[0] == self.start

    def wait(self, seconds: float = 20) -> None:
        """Until the harm is done."""
        assert self.done.wait(seconds), f"no answer to {self.start} came by to be lost"


class _Connection:
    """One connection of the browser and the one to the server that belongs to it."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.reader = reader
        self.writer = writer
        self.server: asyncio.StreamWriter | None = None
        self.harm: _Harm | None = None

    async def run(self) -> None:
        """Carry bytes both ways until one side ends."""
        if self.proxy.mode == "reset":
            return
        if self.proxy.mode == "portal":
            await self._be_the_portal()
            return
        if self.proxy.mode == "blackhole":
            await self._swallow()
            return
        from_server, self.server = await asyncio.open_connection("127.0.0.1", self.proxy.target_port)
        up = asyncio.create_task(self._carry("up", self.reader, self.server, self._note_request))
        down = asyncio.create_task(self._carry("down", from_server, self.writer, self._harm_answer))
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        for task in (up, down):
            task.cancel()

    def reset(self) -> None:
        """End both sides; the browser sees a reset, not a polite end."""
        for side in (self.writer, self.server):
            if side is None or side.is_closing():
                continue
            raw = side.get_extra_info("socket")
            if raw is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            side.transport.abort()

    async def _carry(
        self,
        direction: str,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        look: Callable[[bytes], bytes | None],
    ) -> None:
        # The queue keeps pieces in flight, so that latency delays them without slowing the rate.
        flight: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)
        landing = asyncio.create_task(self._land(flight, target))
        try:
            while piece := await source.read(CHUNK if self.proxy._rate else 65536):
                if self.proxy.mode == "blackhole":
                    continue
                kept = look(piece)
                if kept is None:
                    return
                if direction == "up":
                    self.proxy.bytes_up += len(kept)
                else:
                    self.proxy.bytes_down += len(kept)
                await flight.put((self.proxy._due(direction, len(kept)), kept))
            await flight.put((0, b""))
            await landing
        finally:
            landing.cancel()

    async def _land(self, flight: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
        while True:
            due, piece = await flight.get()
            if not piece:
                return
            wait = due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            target.write(piece)
            await target.drain()

    def _note_request(self, piece: bytes) -> bytes:
        for found in REQUEST_LINE.finditer(piece):
            line = found.group(1).decode("latin-1")
            self.proxy.requests.append(line)
            harm = self.proxy._harm
            if harm and harm.meets(line):
                self.harm, self.proxy._harm = harm, None
        return piece

    def _harm_answer(self, piece: bytes) -> bytes | None:
        if self.harm is None:
            return piece
        if len(piece) <= self.harm.keep:
            self.harm.keep -= len(piece)
            return piece
        kept = piece[: self.harm.keep]
        if kept:
            self.writer.write(kept)
        # The server has answered, so what was asked is done; only the word of it is lost.
        self.harm.done.set()
        return None

    async def _be_the_portal(self) -> None:
        await self.reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(PORTAL)}\r\nConnection: close\r\n\r\n"
        self.writer.write(head.encode() + PORTAL)
        await self.writer.drain()
        self.writer.close()
        await self.writer.wait_closed()

    async def _swallow(self) -> None:
        while await self.reader.read(65536):
            pass
