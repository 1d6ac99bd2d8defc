"""Killed: the server and its database die in the middle of taking work in, dozens of times; all arrives, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import signed_in_database
from tests.ledger import Ledger
from tests.postgres import Cluster
from tests.processes.round import Round, kill_a_worker
from tests.server import Server


def served(url: str, folder: Path, seed: str) -> tuple[Server, Round]:
    """The real server on the small town at `url`, and four phones of two workers."""
    database, town = signed_in_database(url)
    database.close()
    server = Server(folder / "data", DATABASE_URL=url).start()
    return server, Round(server, Ledger(url), town, seed)


@pytest.fixture
def running() -> Iterator[list[Server]]:
    """Servers that a test started."""
    started: list[Server] = []
    yield started
    for one in started:
        one.stop()


@pytest.mark.slow
@pytest.mark.parametrize("make", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_the_server_is_killed_in_mid_push_again_and_again(
    make: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    running: list[Server],
    kills: int,
    minutes: float,
    seed: str,
) -> None:  # P12
    url = (
        f"sqlite:///{tmp_path / 'fieldapp.db'}"
        if make == "sqlite"
        else request.getfixturevalue("postgres").url()
    )
    server, around = served(url, tmp_path, seed)
    running.append(server)

    def power_cut() -> None:
        server.kill()
        around.check()
        server.start()

    def worker() -> None:
        kill_a_worker(server, around.random)
        around.check()

    with around:
        around.fall([("power cut", power_cut), ("worker killed", worker)], kills, minutes)
    assert sum(one.seen["0"] for one in around.walkers) > 0, "no blow fell while a phone was sending"


@pytest.mark.slow
@pytest.mark.postgres
def test_postgres_is_restarted_and_killed_under_load(
    tmp_path: Path, durable_postgres: Cluster, running: list[Server], kills: int, minutes: float, seed: str
) -> None:  # P13
    cluster = durable_postgres
    server, around = served(cluster.url(), tmp_path, seed)
    running.append(server)

    def restarted() -> None:
        cluster.stop()
        cluster.start()
        around.check()

    def killed() -> None:
        cluster.kill()
        cluster.start()
        around.check()

    with around:
        around.fall([("restart", restarted), ("kill -9", killed)], kills, minutes)
    assert sum(one.seen["503"] for one in around.walkers) > 0, "no phone noticed"
