"""What every test gets: a clean environment, a built phone, and quiet where it measures time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from fieldapp.build import build
from tests.planted.plant import chosen
from tests.postgres import postgres, postgres_url  # noqa: F401  (fixtures for every test)

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")

OURS = (
    "FIELDAPP_DATA",
    "FIELDAPP_NOW",
    "FIELDAPP_SECRET_KEY",
    "FIELDAPP_PROXY",
    "FIELDAPP_RATE_LIMITS",
    "DATABASE_URL",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Several tests have a longer form that is run now and then: the same test with a bigger number."""
    group = parser.getgroup("long runs")
    group.addoption(
        "--minutes", type=float, default=0, help="simulate, or let blows fall in each test, for so long"
    )
    group.addoption("--seed", default=None, help="of the simulation (a number), or of the killed processes")
    group.addoption("--histories", type=int, default=None, help="so many simulated histories")
    group.addoption(
        "--kills", type=int, default=24, help="how many blows fall in each test of tests/processes"
    )
    group.addoption(
        "--fuzz-minutes", type=float, default=0, help="how long each door of tests/fuzz is fuzzed"
    )
    group.addoption("--fuzz-seed", default="bytes", help="the seed of what is drawn")
    group.addoption(
        "--planted", metavar="NAME", help="plant these bugs: `all`, or those whose name holds NAME"
    )
    group.addoption(
        "--machine-minutes", type=float, metavar="N", help="run the state machine of sync for N minutes"
    )
    group.addoption(
        "--slow-answers",
        type=int,
        default=0,
        metavar="MS",
        help="every tap of tests/browser waits so long for its answer",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """Which of the planted bugs this run is about."""
    return f"planted bugs: {', '.join(chosen(config.getoption('--planted')))}"


def pytest_configure(config: pytest.Config) -> None:
    """Nothing of the caller's own installation leaks into a test; the phone is built before the first test."""
    for name in OURS:
        os.environ.pop(name, None)
    if not hasattr(config, "workerinput"):
        try:
            build()
        except Exception as problem:
            # The tests of the engine need no phone; those that do will say so themselves.
            print(f"The phone is not built: {problem}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait to be alone come first, where nobody has a long test under way."""
    items.sort(key=lambda item: item.get_closest_marker("alone") is None)


def missing_tool(name: str) -> None:
    """A test cannot run without this tool: skipped on a developer's machine, failed where CI=true."""
    words = f"{name} is missing on this machine"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(autouse=True)
def _quiet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test marked `alone` waits until no other worker runs a test, and keeps the others waiting while it runs."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        yield
        return
    alone = request.node.get_closest_marker("alone") is not None
    shared = tmp_path_factory.getbasetemp().parent  # of all workers of this run
    door = os.open(shared / "door.lock", os.O_CREAT | os.O_RDWR, 0o600)
    room = os.open(shared / "room.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        # Who waits to be alone holds the door, so that the others cannot go on entering past it.
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield
    finally:
        os.close(room)
        os.close(door)
