"""Command: `fieldapp verify-letter ID`, for whoever must know whether a letter is as it was signed."""

from __future__ import annotations

import sys

from fieldapp.db import default_database
from fieldapp.letters.verify import find, is_untouched, verify


def run_verify(id: str) -> int:
    """Say what was compared and what came of it; the exit status is 0 only for an untouched letter."""
    with default_database().connection_context():
        letter, operation = find(id)
        if letter is None and operation is None:
            print(f"no letter has the id {id}", file=sys.stderr)
            return 2
        findings = verify(letter, operation)
    for one in findings:
        words = one.message() % {"fields": ", ".join(one.fields), "number": one.number}
        print(f"{one.state:10}{words}")
    if letter is not None:
        print(f"{'hash':10}{letter.hash}")
    return 0 if is_untouched(findings) else 1
