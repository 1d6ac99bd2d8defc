"""The two commands: what a person meets first."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import ROOT, free_port

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def running(data: Path) -> Iterator[tuple[float, str]]:
    """`python3 dev.py run` until it answers: the seconds that took, and all that it printed."""
    port = free_port()
    log = data.with_suffix(".log")
    command = ["python3", "dev.py", "run", "--port", str(port), "--data", str(data)]
    started = time.monotonic()
    with open(log, "w") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        while True:
            with (
                contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
                urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=5) as answer,
            ):
                assert answer.status == 200
                break
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - started < 300, log.read_text()
        yield time.monotonic() - started, log.read_text()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


@pytest.mark.alone
def test_run_prints_the_address_and_the_sign_ins_and_starts_at_once_the_second_time(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    with running(data) as (_, first):
        assert re.search(r"http://localhost:\d+", first)
        for role in ("grid worker", "volunteer", "supervisor"):
            assert role in first
    with running(data) as (took, second):
        assert "grid worker" in second
        assert "==" not in second, "nothing is left to be set up"
        # About a second on an idle machine; this one may be busy.
        assert took < 5


def test_ci_calls_the_test_command_without_a_terminal() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "CI=true" in script
    assert re.search(r"python3 dev\.py test .*< ?/dev/null", script)
