"""Tutorial: its own code blocks, followed word for word in a copy of the checkout, make a kind that works offline."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SET_CLOCK, Phones
from tests.browser.doors import words
from tests.browser.office import Office
from tests.cast import named
from tests.proxy import Proxy
from tests.server import ROOT, Server

BLOCK = re.compile(r"^`([\w/.]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BEFORE = "import sys; from tests.cast import signed_in_database; signed_in_database(sys.argv[1])[0].close()"


def copy_of_checkout(folder: Path) -> Path:
    """Every tracked file, and the installed libraries beside it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder


def python(folder: Path, *words: str, **environment: str) -> None:
    """Run Python in the copy, on the copy's own packages."""
    given = {**os.environ, "PYTHONPATH": str(folder), **environment}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def follow(folder: Path) -> list[str]:
    """Write each block of the tutorial to the file that it names; the names."""
    blocks = BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
    for name, text in blocks:
        assert not (folder / name).exists(), f"{name} is there already"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return [name for name, _ in blocks]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the tutorial was followed; its engine before is kept as `engine-before.js`."""
    folder = copy_of_checkout(tmp_path_factory.mktemp("tutorial"))
    python(folder, "-m", "fieldapp.build")
    shutil.copyfile(folder / "static/build/engine.js", folder / "engine-before.js")
    written = follow(folder)
    assert {Path(name).parts[:2] for name in written} == {("fieldapp", "dogs"), ("templates", "dogs")}
    assert not any(name.endswith(".js") for name in written)
    python(folder, "-m", "fieldapp.build")
    return folder


def test_a_new_kind_leaves_the_engine_byte_identical(checkout: Path) -> None:
    before = (checkout / "engine-before.js").read_bytes()
    assert before == (checkout / "static/build/engine.js").read_bytes()
    assert b"dog" not in before
    assert b"dogs/dogs.html" in (checkout / "static/build/data.js").read_bytes()


def test_li_records_a_dog_without_signal_and_the_centre_receives_it_once(
    checkout: Path, phones: Phones, tmp_path: Path
) -> None:
    data = tmp_path / "kennel"
    data.mkdir()
    python(checkout, "-c", BEFORE, f"sqlite:///{data / 'fieldapp.db'}", FIELDAPP_DATA=str(data), **SET_CLOCK)
    server = Server(data, folder=checkout, PYTHONPATH=str(checkout), **SET_CLOCK).start()
    road = Proxy(server.port).start()
    try:
        li = phones("li-with-dogs", road.url).open().sign_in("li").until_ready()
        road.mode = "refuse"
        li.go(f"/households/{named('household 3-1-601')}")
        li.page.get_by_role("link", name="Dogs").click()
        li.page.locator("button.btn").click()
        expect(li.page.locator("main [role=alert]")).to_be_visible()
        li.page.locator("#call_name").fill("旺财 & Co")
        li.page.locator("input[name=size][value=large]").check(force=True)
        li.page.locator("button.btn").click()
        expect(li.page.locator("ul.list li").first).to_contain_text("旺财 & Co")
        expect(li.page.locator("ul.list .state").first).to_have_text(words("On this phone"))
        road.mode = "pass"
        li.go("/sync")
        li.page.locator("[data-run]").click()
        office = Office(server)
        office.until(
            lambda: office.rows("SELECT * FROM dog WHERE call_name = '旺财 & Co' AND size = 'large'")
        )
        assert len(office.rows("SELECT * FROM dog")) == 1
    finally:
        road.stop()
        server.stop()
