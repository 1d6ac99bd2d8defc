"""The fault proxy itself: a story told through a proxy that does nothing proves nothing."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.proxy import Proxy


class Echo(BaseHTTPRequestHandler):
    """Counts what really arrived."""

    protocol_version = "HTTP/1.1"
    posts = 0

    def do_GET(self) -> None:
        self._answer(b"x" * 20_000)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).posts += 1
        self._answer(b"received" * 100)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    Echo.posts = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made = Proxy(server.server_address[1]).start()
    yield made
    made.stop()
    server.shutdown()
    thread.join()
    server.server_close()


def ask(proxy: Proxy, method: str = "GET", path: str = "/", timeout: float = 5) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("localhost", proxy.port, timeout=timeout)
    try:
        connection.request(method, path, body=b"visit" if method == "POST" else None)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_nothing_is_changed_on_a_good_day(proxy: Proxy) -> None:
    assert ask(proxy) == (200, b"x" * 20_000)
    assert proxy.seen("/") == 1


def test_nobody_listens_in_the_basement_and_the_same_port_answers_upstairs(proxy: Proxy) -> None:
    proxy.mode = "refuse"
    with pytest.raises(ConnectionRefusedError):
        ask(proxy)
    proxy.mode = "pass"
    assert ask(proxy)[0] == 200


def test_a_reset_is_a_reset(proxy: Proxy) -> None:
    proxy.mode = "reset"
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        ask(proxy)


def test_a_black_hole_takes_everything_and_says_nothing(proxy: Proxy) -> None:
    proxy.mode = "blackhole"
    with pytest.raises(TimeoutError):
        ask(proxy, timeout=0.5)


def test_the_station_answers_for_everybody(proxy: Proxy) -> None:
    proxy.mode = "portal"
    status, body = ask(proxy, "POST", "/sync")
    assert status == 200
    assert b"WiFi" in body
    assert Echo.posts == 0


def test_a_lost_answer_was_received_all_the_same(proxy: Proxy) -> None:
    lost = proxy.lose_answer("/sync")
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        ask(proxy, "POST", "/sync")
    lost.wait()
    assert Echo.posts == 1
    assert ask(proxy, "POST", "/sync")[0] == 200


def test_a_cut_answer_arrives_in_part(proxy: Proxy) -> None:
    proxy.cut_answer(after=200, path="/sync")
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        ask(proxy, "POST", "/sync")
    assert Echo.posts == 1


def test_slow_3g_is_slow(proxy: Proxy) -> None:
    proxy.shape(bytes_per_second=50_000, latency=0.4)
    started = time.monotonic()
    assert ask(proxy)[0] == 200
    # 20,000 bytes at 50,000 a second, and one round trip.
    assert 0.75 <= time.monotonic() - started <= 3
