"""Layout: the import rules and habits of ARCHITECTURE.md and CONTRIBUTING.md, checked on every file that is tracked."""

from __future__ import annotations

import ast
import fnmatch
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldapp.declare.registry import registry
from fieldapp.features import declare_all

ROOT = Path(__file__).parent.parent
ENGINE_MAY_USE = {"peewee", "playhouse", "pydantic", "pydantic_core"}
# Rooms that every feature stands on; a feature is any other folder of fieldapp/.
FOUNDATIONS = {"declare", "people", "places"}
READS_ALL = {"review", "demo"}
# Single files at the top of fieldapp/ that know nothing of the domain, so that anyone may use them.
LEAVES = {"config", "errors", "limits", "sheets"}
# Who may name `fetch`: the door to the server, and those who pass a request through when the phone has no answer.
FETCHERS = {"exchange.js", "blobs.js", "assets.js", "phone.js", "identity.js", "sw.js"}
# The engine knows that people are members of a community and have a profile; nothing else of the work.
KNOWN_TO_THE_ENGINE = {"community", "member", "profile"}
MADE = {
    ".git",
    ".venv",
    "node_modules",
    "build",
    "dist",
    "data",
    ".hypothesis",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
}
OPENINGS = {
    ".py": re.compile(r'^(#!.*\n)?(# .*\n)*"""[^\n]*[.:;]'),
    ".js": re.compile(r"^(// [A-Z]|/\*\*? )"),
    ".mjs": re.compile(r"^(// [A-Z]|/\*\*? )"),
    ".css": re.compile(r"^/\* "),
    ".html": re.compile(r"^\{#-? [A-Z]"),
}
# Written in two halves, or this file would be its own finding.
REGISTRIES = [
    "registry." + "npmjs",
    "py" + "pi.org",
    "python" + "hosted",
    "yarn" + "pkg",
    "js" + "delivr",
    "un" + "pkg",
    "deb." + "debian",
]
SPOKEN_OF_NOWHERE = ["T" + "ODO", "FIX" + "ME", "NotImplemented" + "Error", ".." + "/shared"]


def listed() -> list[str]:
    """Every file of the project: what git knows, or, in a copy without git, all that nothing made."""
    if shutil.which("git") and (ROOT / ".git").exists():
        said = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        return [name for name in said.decode().split("\0") if name and (ROOT / name).is_file()]
    files = (file.relative_to(ROOT) for file in ROOT.rglob("*") if file.is_file())
    return sorted(
        str(file) for file in files if not MADE & set(file.parts) and file.suffix not in (".mo", ".pyc")
    )


def tracked(pattern: str = "*") -> list[Path]:
    """The files that match; `*` crosses folders."""
    return [ROOT / name for name in listed() if fnmatch.fnmatch(name, pattern)]


def text_files() -> Iterator[tuple[Path, str]]:
    """Every tracked file that is text."""
    for file in tracked():
        try:
            yield file.relative_to(ROOT), file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def imports(file: Path) -> set[str]:
    """The modules that a file imports, at its top or inside a function; submodules named by `from x import y` too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            for one in node.names:
                path = ROOT / node.module.replace(".", "/") / one.name
                if path.with_suffix(".py").is_file() or path.is_dir():
                    found.add(f"{node.module}.{one.name}")
    return found


def room(module: str) -> str:
    """`fieldapp.visits.record` → `visits`; a file at the top of fieldapp/ is a room of its own."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def module_of(file: Path) -> str:
    """`fieldapp/visits/record.py` → `fieldapp.visits.record`."""
    return str(file.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__")


def features() -> set[str]:
    """The folders of fieldapp/ that hold field work."""
    folders = {file.relative_to(ROOT).parts[1] for file in tracked("fieldapp/*/*.py")}
    return folders - FOUNDATIONS - READS_ALL - {"words"}


def test_the_engine_knows_neither_flask_nor_the_application() -> None:
    stray = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in tracked("sync/*.py")
        for name in imports(file)
        if name.split(".")[0] not in sys.stdlib_module_names | ENGINE_MAY_USE | {"sync"}
    }
    assert stray == set()


def test_declarations_stand_on_the_engine_alone() -> None:
    stray = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in tracked("fieldapp/declare/*.py")
        for name in imports(file)
        if name.startswith("fieldapp.") and room(name) not in LEAVES | {"declare"}
    }
    assert stray == set()


def test_a_feature_reads_other_features_only_by_their_records() -> None:
    stray = set()
    for feature in features() | {"people", "places"}:
        for file in tracked(f"fieldapp/{feature}/*.py"):
            for name in imports(file):
                if not name.startswith("fieldapp.") or room(name) in LEAVES | FOUNDATIONS | {feature}:
                    continue
                if not (name.endswith(".record") or name == f"fieldapp.{room(name)}"):
                    stray.add(f"{file.relative_to(ROOT)} imports {name}")
    assert stray == set()


def test_records_read_each_other_only_downhill() -> None:
    uses = {
        module_of(file): {
            name for name in imports(file) if name.endswith(".record") and name != "fieldapp.declare.record"
        }
        for file in tracked("fieldapp/*/record.py")
    }
    while leaves := [module for module, names in uses.items() if not names & uses.keys()]:
        for module in leaves:
            del uses[module]
    assert uses == {}, "these import each other in a circle"


def test_nobody_imports_screens_or_views_but_the_wiring() -> None:
    stray = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in tracked("fieldapp/*.py")
        for name in imports(file)
        if name.startswith("fieldapp.")
        and name.split(".")[-1] in ("screens", "views")
        and file != ROOT / "fieldapp" / "__init__.py"
    }
    assert stray == set()


def test_only_the_store_knows_indexeddb() -> None:
    knowing = {
        file.name
        for file in tracked("static/*.js")
        if re.search(r"\bindexedDB\b|from \"idb\"", file.read_text())
    }
    assert knowing == {"store.js"}


def test_only_the_doors_to_the_network_fetch() -> None:
    fetching = {
        file.name for file in tracked("static/phone/*.js") if re.search(r"\bfetch\(", file.read_text())
    }
    assert fetching <= FETCHERS


def test_the_engine_on_the_phone_has_no_word_of_the_work() -> None:
    declare_all()
    words = {kind.replace("_", "[_ ]?") for kind in registry.records if kind not in KNOWN_TO_THE_ENGINE}
    pattern = re.compile(rf"\b({'|'.join(sorted(words))})s?\b", re.IGNORECASE)
    said = {
        f"{file.name}: {found.group()}"
        for file in tracked("static/phone/*.js")
        for found in pattern.finditer(file.read_text())
    }
    assert said == set()


def test_every_file_opens_with_a_sentence_that_says_what_it_is_for() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for file in tracked()
        if (opening := OPENINGS.get(file.suffix)) and not opening.match(file.read_text(encoding="utf-8"))
    ]
    assert silent == []


def test_no_address_of_a_registry_is_in_the_repository() -> None:
    found = [f"{file}: {host}" for file, text in text_files() for host in REGISTRIES if host in text]
    assert found == []


def test_no_path_of_a_machine_and_nothing_left_open_is_in_the_repository() -> None:
    wanted = [str(ROOT), *SPOKEN_OF_NOWHERE]
    found = [f"{file}: {words}" for file, text in text_files() for words in wanted if words in text]
    assert found == []


def test_other_peoples_code_comes_by_the_package_manager() -> None:
    found = [
        str(file.relative_to(ROOT))
        for file in tracked()
        if re.search(r"\.min\.(js|css)$|/vendor/|node_modules", str(file))
    ]
    assert found == []
    long_lines = [
        str(file.relative_to(ROOT))
        for file in tracked("static/*.js")
        if max(map(len, file.read_text().split("\n"))) > 400
    ]
    assert long_lines == []


def test_the_lock_names_versions_and_hashes_but_no_place() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert '"resolved"' not in lock


@pytest.mark.parametrize("kind", ["*.py", "*.js", "*.mjs"])
def test_tests_wait_for_a_condition_and_never_sleep(kind: str) -> None:
    pattern = re.compile(r"\btime\.sleep\(|\bwait_for_timeout\(")
    assert [
        str(file.relative_to(ROOT)) for file in tracked(f"tests/{kind}") if pattern.search(file.read_text())
    ] == []


def rules() -> set[int]:
    """The numbers of the rules in the protocol."""
    text = (ROOT / "sync" / "PROTOCOL.md").read_text(encoding="utf-8")
    return {int(number) for number in re.findall(r"^(?:#+ |[-*] )?\**P?(\d+)\b", text, re.MULTILINE)}


def test_every_rule_that_is_cited_exists() -> None:
    cited = {
        (str(file), int(number))
        for file, text in text_files()
        if file.suffix in (".py", ".js", ".mjs")
        for number in re.findall(r"\bP(\d+)\b", text)
    }
    assert {(file, number) for file, number in cited if number not in rules()} == set()


def documents() -> list[tuple[str, str]]:
    """Every document a person reads."""
    return [(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")) for file in tracked("*.md")]


def test_every_command_in_the_documents_exists() -> None:
    cli = (ROOT / "fieldapp" / "cli.py").read_text()
    dev = (ROOT / "dev.py").read_text()
    for name, text in documents():
        for command in re.findall(r"^\s*(?:sudo -u \w+ |\S*/)?fieldapp ([a-z][a-z-]+)", text, re.MULTILINE):
            assert f'"{command}"' in cli, f"{name}: fieldapp {command}"
        for command in re.findall(r"python3 dev\.py ([a-z]+)", text):
            assert f'"{command}"' in dev, f"{name}: dev.py {command}"


def test_every_link_between_documents_leads_somewhere() -> None:
    lost = [
        f"{name}: {target}"
        for name, text in documents()
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text)
        if not re.match(r"[a-z]+:", target) and not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert lost == []


def test_the_tree_in_the_architecture_is_the_tree() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    drawn = re.search(r"```\n(README\.md.*?)```", text, re.DOTALL)
    assert drawn, "ARCHITECTURE.md shows the annotated tree"
    folders = {
        f"{file.relative_to(ROOT).parts[0]}/" for file in tracked() if len(file.relative_to(ROOT).parts) > 1
    }
    rooms = {f"{file.relative_to(ROOT).parts[1]}/" for file in tracked("fieldapp/*/*.py")}
    assert {one for one in folders | rooms if one not in drawn.group(1)} == set()


def test_every_setting_is_documented() -> None:
    settings = set(
        re.findall(r'"((?:FIELDAPP_[A-Z_]+)|DATABASE_URL)"', (ROOT / "fieldapp" / "config.py").read_text())
    )
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert {name for name in settings if f"`{name}`" not in text} == set()
