"""Commands: what other programs and a town's clerk rely on, run as they run it, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldapp.db import open_database
from fieldapp.features import declare_all
from fieldapp.places.record import Household
from fieldapp.visits.record import Visit
from sync.ids import uuid7
from sync.store import epoch
from tests.cast import NOW, PASSWORD, Town, signed_in_database
from tests.postgres import Cluster
from tests.server import ROOT, Server


class Installation:
    """A town's own: a data folder, a database, and the people of the cast."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder = folder
        self.url = url or f"sqlite:///{folder / 'fieldapp.db'}"
        self.extra = {"DATABASE_URL": url} if url else {}
        declare_all()
        database, self.town = signed_in_database(self.url)
        database.close()

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """One command with this installation's environment."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("FIELDAPP_", "DATABASE_URL"))
        }
        return subprocess.run(
            [sys.executable, "-m", "fieldapp.cli", *words],
            cwd=ROOT,
            env={**clean, "FIELDAPP_DATA": str(self.folder), **self.extra},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def epoch(self) -> str:
        """The identity of the server's history."""
        database = open_database(self.url)
        with database.connection_context():
            return epoch(database)

    def count(self, model: Any) -> int:
        """How many rows a table has."""
        database = open_database(self.url)
        with database.connection_context():
            return int(model.select().count())


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    url = None
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.url()
    yield Installation(tmp_path, url)


def record_visit(server: Server, town: Town, device: str, seq: int) -> dict[str, Any]:
    """Li's phone, reduced to its wire: sign in and push one visit."""
    import http.cookiejar
    import re
    import urllib.parse

    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = opener.open(server.url + "/sign-in").read().decode()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    form = {"username": "li", "password": PASSWORD, "csrf_token": token[1]}
    opener.open(server.url + "/sign-in", urllib.parse.urlencode(form).encode())
    op = {
        "op": uuid7(), "seq": seq, "group": uuid7(), "after": [], "kind": "visit", "record": uuid7(), "verb": "create",
        "form": 1, "base_version": None, "base": {}, "at": "2026-11-23T02:42:05.000Z", "offset": 0, "files": [],
        "patch": {"household": town.households["3-1-601"], "outcome": "met"},
    }  # fmt: skip
    asked = {
        "protocol": 1, "app": "test", "user": town.people["li"].id, "device": device, "clock": "2026-11-23T02:42:05.000Z",
        "epoch": None, "ops": [{key: str(value) if key in ("op", "group", "record") else value for key, value in op.items()}],
        "cursors": {}, "tail": False, "report": {"waiting": 1, "oldest": None, "used": None, "left": None},
    }  # fmt: skip
    request = urllib.request.Request(
        server.url + "/sync",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json", "Origin": server.url},
    )
    answer: dict[str, Any] = json.loads(opener.open(request).read())
    return answer


def test_a_backup_taken_while_phones_sync_is_restored_under_a_new_epoch(installation: Installation) -> None:
    server = Server(installation.folder, **installation.extra).start()
    device = str(uuid7())
    file = installation.folder / "town.backup"
    try:
        assert record_visit(server, installation.town, device, 1)["results"][0]["status"] == "applied"
        done = installation.run("backup", str(file))
        assert done.returncode == 0, done.stderr
        assert record_visit(server, installation.town, device, 2)["last"] == 2
    finally:
        server.stop()
    before = installation.epoch()
    assert installation.count(Visit) == 2
    done = installation.run("restore", str(file))
    assert done.returncode == 0, done.stderr
    assert installation.count(Visit) == 1
    assert installation.epoch() != before
    server = Server(installation.folder, **installation.extra).start()
    try:
        # The phone sends again what the restored server lacks: its second visit, from last + 1.
        answer = record_visit(server, installation.town, device, 2)
        assert answer["last"] == 2
    finally:
        server.stop()
    assert installation.count(Visit) == 2


def test_a_file_that_is_no_backup_changes_nothing(installation: Installation) -> None:
    wrong = installation.folder / "holiday.jpg"
    wrong.write_bytes(b"not a database" * 100)
    before = installation.epoch()
    done = installation.run("restore", str(wrong))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert installation.epoch() == before
    assert installation.count(Household) == 72


def test_the_clerk_adds_a_grid_worker_who_may_then_sign_in(installation: Installation) -> None:
    words = ["user", "add", "qian", "--name", "钱", "--role", "grid_worker", "--community", "和平社区"]
    done = installation.run(*words, "--grid", "三网格", given="a-long-password\n")
    assert done.returncode == 0, done.stderr
    again = installation.run(*words, given="a-long-password\n")
    assert again.returncode == 1
    assert "taken" in again.stderr
    unknown = installation.run(*words[:2], "feng", *words[3:], "--grid", "九网格", given="a-long-password\n")
    assert unknown.returncode == 1
    assert "三网格" in unknown.stderr


def test_the_doctor_finds_a_healthy_installation_healthy_and_an_empty_one_not(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    healthy = installation.run("doctor")
    assert healthy.returncode == 0, healthy.stdout + healthy.stderr
    assert "WRONG" not in healthy.stdout
    installation.folder = tmp_path_factory.mktemp("empty")
    if not installation.extra:
        empty = installation.run("doctor")
        assert empty.returncode == 1
        assert "migrate" in empty.stdout


def test_migrate_says_when_there_is_nothing_to_do(installation: Installation) -> None:
    done = installation.run("migrate")
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout


def test_programs_find_the_health_and_the_description_of_the_door(installation: Installation) -> None:
    server = Server(installation.folder, **installation.extra).start()
    try:
        for path in ("/livez", "/readyz", "/version", "/api/openapi.json"):
            with urllib.request.urlopen(server.url + path) as answer:
                assert answer.status == 200
                said = json.loads(answer.read())
        assert said["openapi"].startswith("3.1")
        assert "/sync" in said["paths"]
    finally:
        server.stop()


def test_the_clock_of_a_demo_can_be_set() -> None:
    assert NOW.year == 2026
    said = subprocess.run(
        [sys.executable, "-c", "from fieldapp.config import now; print(now().isoformat()[:16])"],
        env={**os.environ, "FIELDAPP_NOW": "2031-05-01T08:00:00+08:00"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "2031-05-01T00:00"
