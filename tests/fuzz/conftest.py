"""Fixtures of the fuzzing: how long it goes on, and the real server that it goes on against."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.cast import signed_in_database
from tests.fuzz.target import Target
from tests.server import Server

SECONDS = 4


class Budget:
    """Time that a test may spend; a round at least."""

    def __init__(self, seconds: float, seed: str) -> None:
        self.seconds, self.seed = seconds, seed
        self._until = 0.0

    def rounds(self) -> Iterator[str]:
        """A seed for each round, until the time is over."""
        self._until = time.monotonic() + self.seconds
        number = 0
        while number == 0 or time.monotonic() < self._until:
            number += 1
            yield f"{self.seed} {number}"


@pytest.fixture
def budget(request: pytest.FixtureRequest) -> Budget:
    """A few seconds in the usual run."""
    minutes = float(request.config.getoption("--fuzz-minutes"))
    return Budget(minutes * 60 or SECONDS, str(request.config.getoption("--fuzz-seed")))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The real server on the small town; Li and Zhang are signed in."""
    folder = tmp_path_factory.mktemp("fuzz")
    database, town = signed_in_database(f"sqlite:///{folder / 'fieldapp.db'}")
    database.close()
    server = Server(folder).start()
    made = Target(server, town)
    yield made
    server.stop()


@pytest.fixture(autouse=True)
def sound(target: Target) -> Iterator[None]:
    """After each test: the server is the same process as before and holds no more memory than it needs."""
    yield
    target.check()
