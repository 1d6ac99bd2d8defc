"""Deliberate bugs: whatever goes wrong in the engine or on the phone, some test notices it.

`pytest tests/planted --planted all` plants every one of them, `--planted NAME` those whose name holds NAME; otherwise
five that the state of the sources decides. A bug that nobody notices is a test that is missing.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.planted.plant import ROOT, Bug, bugs, chosen, copy_tree, failing, noticed

PROTOCOL = (ROOT / "sync" / "PROTOCOL.md").read_text(encoding="utf-8")
RULE = re.compile(r"^\*\*(P\d+)\.\*\* (\*later\*)?", re.MULTILINE)
FAULT = re.compile(r"^\| (.+?) \| (`tests/.+|\*later\*) \|$", re.MULTILINE)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each bug that was chosen."""
    if "planted" in metafunc.fixturenames:
        names = chosen(metafunc.config.getoption("--planted"))
        metafunc.parametrize("planted", [bugs()[name] for name in names], ids=names)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy to plant bugs in."""
    return copy_tree(tmp_path_factory.mktemp("planted"))


@pytest.mark.slow
def test_a_planted_bug_is_noticed(tree: Path, planted: Bug) -> None:
    caught = noticed(tree, planted)
    assert caught, f"nobody notices: {planted.wrong}"
    print(f"{planted.name}: {caught}")


@pytest.mark.slow
def test_without_a_bug_nothing_is_noticed(tree: Path, pytestconfig: pytest.Config) -> None:
    """Or a test that always fails would notice every bug."""
    planted = [bugs()[name] for name in chosen(pytestconfig.getoption("--planted"))]
    for postgres in (False, True):
        tests = {test for bug in planted if bug.postgres is postgres for test in bug.caught_by}
        assert not tests or failing(tree, tuple(sorted(tests)), postgres) is None


@pytest.mark.parametrize("bug", bugs().values(), ids=bugs())
def test_a_bug_can_be_planted_in_the_sources_as_they_are(bug: Bug) -> None:
    """Whoever changes these lines says where the bug would be now."""
    assert (ROOT / bug.file).read_text(encoding="utf-8").count(bug.old) == 1
    assert bug.new != bug.old
    assert bug.caught_by and all((ROOT / test).is_file() for test in bug.caught_by)


def test_every_rule_has_a_bug_that_breaks_it() -> None:
    rules = dict(RULE.findall(PROTOCOL))
    broken = {rule for bug in bugs().values() for rule in bug.rules}
    assert broken <= set(rules)
    assert {rule for rule, later in rules.items() if not later} - broken == set()


def test_every_fault_has_a_bug_that_does_not_survive_it() -> None:
    faults = {fault for fault, tests in FAULT.findall(PROTOCOL) if tests != "*later*"}
    missed = {fault for bug in bugs().values() for fault in bug.faults}
    assert missed <= faults
    assert faults - missed == set()
