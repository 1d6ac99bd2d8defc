"""Runs the tests of the phone's modules, which are written in JavaScript beside this file, one file a case."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = sorted([*HERE.rglob("*.test.js"), *HERE.rglob("*.test.mjs")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_phones_modules_keep_their_word(path: Path) -> None:
    ran = subprocess.run(
        ["node", "--test", "--test-reporter=tap", str(path)],
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = ran.stdout + ran.stderr
    failed = re.findall(r"^\s*not ok .*?^\s*\.\.\.$", said, re.MULTILINE | re.DOTALL)
    assert ran.returncode == 0, "\n".join(failed) or said
    assert re.search(r"^# pass [1-9]", said, re.MULTILINE), said
