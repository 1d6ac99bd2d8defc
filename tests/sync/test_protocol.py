"""Protocol: every rule of PROTOCOL.md is cited by code and by a test, and every listed fault names a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "sync" / "PROTOCOL.md").read_text(encoding="utf-8")
RULES = {
    int(number): later for number, later in re.findall(r"^\*\*P(\d+)\.\*\* (\*later\*)?", TEXT, re.MULTILINE)
}
FAULTS = re.findall(r"^\| (.+?) \| `(tests/[^`]+)` (.+) \|$", TEXT, re.MULTILINE)


def cited(*folders: str) -> set[int]:
    """The numbers of the rules that files of these folders cite."""
    found: set[int] = set()
    for folder in folders:
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in (".py", ".js", ".mjs") and "build" not in file.parts and file != Path(__file__):
                found |= {
                    int(number) for number in re.findall(r"\bP(\d+)\b", file.read_text(encoding="utf-8"))
                }
    return found


def test_the_rules_are_numbered_without_a_gap() -> None:
    assert list(RULES) == list(range(1, 24))


@pytest.mark.parametrize("folders", [("sync", "fieldapp", "static"), ("tests",)], ids=["code", "tests"])
def test_every_rule_is_cited(folders: tuple[str, ...]) -> None:
    promised = {number for number, later in RULES.items() if not later}
    assert promised - cited(*folders) == set()
    assert cited(*folders) - set(RULES) == set(), "a rule that does not exist"


@pytest.mark.parametrize(("fault", "file", "name"), FAULTS, ids=[fault for fault, _, _ in FAULTS])
def test_every_fault_names_a_test_that_exists(fault: str, file: str, name: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert f"def {name}(" in text or f'test("{name}"' in text, fault


def test_the_faults_are_all_there() -> None:
    assert len(FAULTS) >= 47
