"""The wheel: what a town installs runs in an empty environment, in another folder, without node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.server import ROOT, Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout, with what is installed here."""
    out = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(out),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    return next(out.glob("fieldapp-*.whl"))


def test_a_wheel_holds_templates_assets_catalogs_and_the_compiled_phone(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    resources = {name.removeprefix("fieldapp/_resources/") for name in names if "/_resources/" in name}
    manifest = json.loads((ROOT / "static" / "build" / "manifest.json").read_text())
    assert {f"static/{path}" for path in manifest["files"].values()} <= resources
    assert {"static/build/sw.js", "static/build/manifest.json", "static/manifest.webmanifest"} <= resources
    assert {str(file.relative_to(ROOT)) for file in (ROOT / "templates").rglob("*.html")} <= resources
    assert {f"fieldapp/words/{one}/LC_MESSAGES/messages.mo" for one in ("en", "zh_Hans_CN")} <= names
    assert not [name for name in names if name.startswith(("tests/", "static/", "node_modules/"))]


def test_a_town_installs_the_wheel_and_serves_the_demo_without_node(wheel: Path, tmp_path: Path) -> None:
    town = tmp_path / "town"
    town.mkdir()
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel)], check=True
    )
    bare = {"PATH": f"{tmp_path / 'env' / 'bin'}", "HOME": str(town), "LANG": "C.UTF-8"}
    server = Server(
        town / "data", program=[str(tmp_path / "env" / "bin" / "fieldapp")], folder=town, only=bare
    )
    assert "sign" in server.command("demo").lower()
    server.start()
    try:
        for path, kind in (
            ("/sign-in", "text/html"),
            ("/sw.js", "text/javascript"),
            ("/manifest.webmanifest", "application/manifest"),
        ):
            with urllib.request.urlopen(server.url + path, timeout=10) as answer:
                assert answer.status == 200
                assert answer.headers["Content-Type"].startswith(kind)
        found = {line.split(" ")[0] for line in server.command("doctor").splitlines()}
        assert found == {"ok"}
    finally:
        server.stop()
    assert os.listdir(town) == ["data"]
