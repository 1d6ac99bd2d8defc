"""Server: the real program in a process of its own, that a test may kill at any moment and start again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOST = os.environ.get("FIELDAPP_TEST_HOST") or "127.0.0.1"
READY_SECONDS = 60


def free_port(first: int = 0) -> int:
    """A port that nobody listens on; from `first` or FIELDAPP_TEST_PORT upwards when one is given."""
    first = first or int(os.environ.get("FIELDAPP_TEST_PORT") or 0)
    if not first:
        with socket.socket() as door:
            door.bind((HOST, 0))
            return int(door.getsockname()[1])
    for port in range(first, first + 500):
        with socket.socket() as door, contextlib.suppress(OSError):
            door.bind((HOST, port))
            return port
    raise RuntimeError(f"no free port from {first} upwards")


class Server:
    """`fieldapp serve` on its own data folder; the same port and data after a restart."""

    def __init__(
        self,
        data: Path,
        port: int | None = None,
        program: list[str] | None = None,
        folder: Path = ROOT,
        only: dict[str, str] | None = None,
        **environment: str,
    ) -> None:
        """`program`: another installation's command, run in `folder` with `only` this environment beside ours."""
        self.data = data
        self.program = program or [sys.executable, "-m", "fieldapp.cli"]
        self.folder = folder
        self.only = only
        self.port = port or free_port()
        self.environment = environment
        self.log = data / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._first_start = time.time()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{'localhost' if HOST == '127.0.0.1' else HOST}:{self.port}"

    def command(self, *words: str, stdin: str | None = None) -> str:
        """Run another `fieldapp` command on the same data; its output."""
        done = subprocess.run(
            [*self.program, *words],
            cwd=self.folder,
            env=self._environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"fieldapp {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, until: str = "/readyz") -> Server:
        """Start, and wait until it is ready; or, with `/livez`, until it answers at all."""
        assert self.process is None, "already started"
        self.data.mkdir(parents=True, exist_ok=True)
        serve = ["serve", "--host", HOST, "--port", str(self.port), "--workers", "2"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.program, *serve],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready(until)
        return self

    def kill(self) -> None:
        """A power cut: SIGKILL to every process of it, at once."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """A polite stop, as a service manager does it."""
        if self.process is None:
            return
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=15)
        self._end(signal.SIGKILL)

    def restart(self) -> Server:
        """Killed and started again on the same port and data."""
        if self.process is not None:
            self.kill()
        return self.start()

    def _end(self, with_signal: signal.Signals) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, with_signal)
        self.process.wait(timeout=15)
        self.process = None

    def _environment(self) -> dict[str, str]:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("FIELDAPP_", "DATABASE_URL"))
        }
        given = {"FIELDAPP_DATA": str(self.data), "FIELDAPP_RATE_LIMITS": "off", "PYTHONUNBUFFERED": "1"}
        made = {**clean, **given, **self.environment}
        if start := made.get("FIELDAPP_NOW"):
            # The set clock goes on while the server is down, as a real one does.
            made["FIELDAPP_NOW"] = (
                datetime.fromisoformat(start) + timedelta(seconds=time.time() - self._first_start)
            ).isoformat()
        return made

    def _wait_until_ready(self, path: str) -> None:
        assert self.process is not None
        pause = threading.Event()
        for _ in range(READY_SECONDS * 20):
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"http://{HOST}:{self.port}{path}", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                pass
            pause.wait(0.05)
        raise AssertionError(f"the server did not get ready:\n{self.log.read_text(errors='replace')[-4000:]}")
