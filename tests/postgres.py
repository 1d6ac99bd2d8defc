"""A private PostgreSQL for the tests: its own cluster in a folder of its own, one database for whoever asks."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest


def _program(name: str) -> str | None:
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return found[-1] if found else shutil.which(name)


def found_postgres() -> bool:
    """Whether this machine has PostgreSQL."""
    return _program("initdb") is not None


def _as_nobody(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "nobody", "--", *command] if os.geteuid() == 0 else command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A running cluster; `url()` makes a fresh database in it."""

    def __init__(self, folder: Path, durable: bool = False) -> None:
        """`durable`: what was committed outlives a kill, as it does in a town; the others are quick instead."""
        self.folder = folder
        self.log = folder / "postgres.log"
        self.durable = durable
        self.port = _free_port()
        initdb = _program("initdb")
        assert initdb
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        os.chmod(folder, 0o700)
        options = ["--auth=trust", "--username=tests", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(
            _as_nobody([initdb, "-D", str(folder / "data"), *options]), check=True, capture_output=True
        )
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        postgres = _program("postgres")
        assert postgres
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": str(self.folder),
            "max_connections": 60,
        }  # fmt: skip
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [postgres, "-D", str(self.folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.process = self._launch(command)
        deadline = time.monotonic() + 30
        pause = threading.Event()
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                self.sql("SELECT 1")
                return
            if self.process.poll() is not None:
                # Whoever was killed may hold its memory for a moment.
                self.process = self._launch(command)
            pause.wait(0.05)
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def _launch(self, command: list[str]) -> subprocess.Popen[bytes]:
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                _as_nobody(command), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def stop(self) -> None:
        """Stop the server at once; what was committed is there after the next start."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=30)

    def kill(self) -> None:
        """A power cut: SIGKILL to every process of it."""
        for one in [
            psutil.Process(self.process.pid),
            *psutil.Process(self.process.pid).children(recursive=True),
        ]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait(timeout=30)

    def sql(self, text: str) -> None:
        """Run a statement in the maintenance database."""
        import psycopg

        with psycopg.connect(
            f"postgresql://tests@127.0.0.1:{self.port}/postgres", autocommit=True
        ) as connection:
            connection.execute(text)

    def url(self) -> str:
        """The address of a new, empty database."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.sql(f"CREATE DATABASE {name}")
        return f"postgresql://tests@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The session's cluster."""
    if _program("initdb") is None:
        from tests.conftest import missing_tool

        missing_tool("PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="fieldapp-pg-"))
    cluster = Cluster(folder / "cluster") if os.geteuid() else Cluster(_outside(folder))
    yield cluster
    cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _outside(folder: Path) -> Path:
    """Root's temporary folders are closed to the user that PostgreSQL runs as."""
    os.chmod(folder, 0o755)
    return folder / "cluster"


@pytest.fixture(scope="module")
def postgres_url(postgres: Cluster) -> str:
    """A fresh database for a module."""
    return postgres.url()
