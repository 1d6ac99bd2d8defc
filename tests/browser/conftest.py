"""Fixtures of the browser's stories: a real server, a bad network, and phones whose profile survives their browser."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.browser.phone import CHROMIUM, Phone
from tests.cast import NOW
from tests.conftest import missing_tool
from tests.proxy import Proxy
from tests.server import ROOT, Server, free_port

SET_CLOCK = {"FIELDAPP_NOW": NOW.isoformat()}
TOWN = "import sys; from tests.cast import signed_in_database; signed_in_database(sys.argv[1])[0].close()"

Phones = Callable[..., Phone]
expect.set_options(timeout=15_000)  # the machine of the tests may be busy; what must be quick is measured


def _need_chromium(playwright: Playwright) -> None:
    if CHROMIUM is None and not Path(playwright.chromium.executable_path).exists():
        missing_tool("chromium")


def pytest_configure(config: pytest.Config) -> None:
    """A test that does not wait for what it did shows on a phone that takes its time."""
    Phone.slow_answers = config.getoption("slow_answers")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


def _made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """A data folder that one worker makes and all copy."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            make(partial)
            partial.rename(folder)
    return folder


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared"


@pytest.fixture(scope="session")
def town_data(shared: Path) -> Path:
    """The small town of the cast, never served: copy it."""

    def make(folder: Path) -> None:
        url = f"sqlite:///{folder / 'fieldapp.db'}"
        given = {**os.environ, "FIELDAPP_DATA": str(folder), **SET_CLOCK}
        subprocess.run([sys.executable, "-c", TOWN, url], cwd=ROOT, env=given, check=True)

    return _made_once(shared / "town", make)


@pytest.fixture(scope="session")
def demo_data(shared: Path) -> Path:
    """The demo community with a year of visits, never served: copy it. Its sign-ins stand in `sign-ins.txt`."""

    def make(folder: Path) -> None:
        (folder / "sign-ins.txt").write_text(Server(folder, **SET_CLOCK).command("demo"))

    return _made_once(shared / "demo", make)


@pytest.fixture(scope="session")
def road(worker_id: str) -> int:
    """The port of the network between phones and server: a browser keeps what it keeps for one address. Not one of those
    that are given out to whoever asks for any."""
    number = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    return free_port(18_000 + 500 * number)


@pytest.fixture(scope="session")
def first_day(
    playwright: Playwright, town_data: Path, road: int, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The `server` and Li's `phone` after she has signed in and her phone has fetched all: copied for each story."""
    folder = tmp_path_factory.mktemp("first-day")
    _need_chromium(playwright)
    server = Server(Path(shutil.copytree(town_data, folder / "server")), **SET_CLOCK).start()
    try:
        with (
            Proxy(server.port, road) as proxy,
            Phone(playwright, folder / "phone", proxy.url).open() as phone,
        ):
            phone.sign_in("li").until_ready().until_quiet()
    finally:
        server.stop()
    return folder


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """The real server on its own copy of the small town; Li has been there where the story is hers."""
    town = request.getfixturevalue("town_data")
    data = request.getfixturevalue("first_day") / "server" if "li" in request.fixturenames else town
    made = Server(Path(shutil.copytree(data, tmp_path / "server")), **SET_CLOCK).start()
    yield made
    made.kill()  # a polite stop takes seconds, and nothing is asked of it any more


@pytest.fixture
def demo_server(demo_data: Path, tmp_path: Path) -> Iterator[Server]:
    """The real server on its own copy of the demo community."""
    made = Server(Path(shutil.copytree(demo_data, tmp_path / "demo-server")), **SET_CLOCK).start()
    yield made
    made.kill()  # a polite stop takes seconds, and nothing is asked of it any more


@pytest.fixture
def proxy(server: Server, road: int) -> Iterator[Proxy]:
    """The network between the phones and the server."""
    with Proxy(server.port, road) as made:
        yield made


@pytest.fixture
def other_proxy(server: Server) -> Iterator[Proxy]:
    """Another road to the same server, for a story in which one phone has a signal and the next has none."""
    with Proxy(server.port) as made:
        yield made


@pytest.fixture
def phones(playwright: Playwright, proxy: Proxy, tmp_path: Path) -> Iterator[Phones]:
    """Make phones by name: `phones("li")`; options as for a Playwright context. What they saw go wrong fails the test."""
    _need_chromium(playwright)
    made: list[Phone] = []

    def make(name: str, url: str | None = None, **options: object) -> Phone:
        made.append(Phone(playwright, tmp_path / f"phone-{name}", url or proxy.url, **options))
        return made[-1]

    yield make
    problems = [problem for one in made for problem in one.problems]
    for one in made:
        one.kill()  # a browser whose last request hangs takes half a minute to leave politely
    assert problems == []


@pytest.fixture
def phone(phones: Phones) -> Phone:
    """One phone, open, at no address yet."""
    return phones("phone").open()


@pytest.fixture
def li(phones: Phones, first_day: Path, tmp_path: Path) -> Phone:
    """Li's phone: signed in through the network, everything for an offline day on it, the app open."""
    shutil.copytree(first_day / "phone", tmp_path / "phone-li")
    return phones("li").open("/today").until_quiet()
