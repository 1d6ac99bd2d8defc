"""Verify: proves a letter untouched, or says what of it is not as it was signed; pure comparisons of what is kept twice.

A letter carries a fingerprint of what was signed; the ledger keeps the operation in which it arrived, whole, with a hash of
its own. Whoever changes the letter alone is found by both; to deceive both, letter and ledger must be rewritten together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from fieldapp.declare.digest import digests
from fieldapp.declare.words import _l
from fieldapp.letters.record import Letter, LetterTemplate
from sync.encode import dumps_sorted
from sync.store import Operation

UNTOUCHED, CHANGED, UNKNOWN = "untouched", "changed", "unknown"
SAYS = {
    ("hash", UNTOUCHED): _l(
        "The fingerprint, computed anew from title, text, address, signer, signature, photos and witness, is the one in the letter."
    ),
    ("hash", CHANGED): _l(
        "The fingerprint, computed anew from title, text, address, signer, signature, photos and witness, is not the one in the letter."
    ),
    ("received", UNTOUCHED): _l("Every field is as it was received, by the ledger of operations."),
    ("received", CHANGED): _l("Not as it was received, by the ledger of operations: %(fields)s."),
    ("received", UNKNOWN): _l(
        "The ledger knows no operation of this letter: it was put in by the server itself, as a demo or an import does."
    ),
    ("ledger", UNTOUCHED): _l("The ledger's entry fits the hash that was taken when it came in."),
    ("ledger", CHANGED): _l("The ledger's entry does not fit the hash that was taken when it came in."),
    ("version", UNTOUCHED): _l("The text is that of version %(number)s as the community keeps it."),
    ("version", CHANGED): _l("The text is not that of version %(number)s as the community keeps it."),
    ("missing", CHANGED): _l("The ledger knows this letter, but it is not kept any more."),
    ("taken_back", UNKNOWN): _l("It was taken back by who recorded it."),
}


@dataclass(frozen=True)
class Finding:
    """One comparison: of what, what came of it, and the fields or the number that it names."""

    of: str
    state: str
    fields: tuple[str, ...] = ()
    number: int = 0

    def message(self) -> str:
        """The message id, for words."""
        return SAYS[self.of, self.state]

    def words(self, labels: dict[str, str] | None = None) -> str:
        """In the reader's language."""
        named = [(labels or {}).get(name, name) for name in self.fields]
        return gettext(self.message()) % {"fields": ", ".join(named), "number": self.number}


def is_untouched(findings: list[Finding]) -> bool:
    """Whether nothing speaks against the letter."""
    return all(one.state != CHANGED for one in findings)


def verify(letter: Letter | None, operation: Operation | None) -> list[Finding]:
    """All that can be said of a letter, and of the operation that brought it, where there is one."""
    if letter is None:
        return [Finding("missing", CHANGED)]
    return [*_hash(letter), *_received(letter, operation), *_version(letter), *_taken_back(letter)]


def find(id: str, community: str | None = None) -> tuple[Letter | None, Operation | None]:
    """A letter and the operation that brought it, both or either."""
    letters = Letter.select().where(Letter.id == id)
    operations = Operation.select().where(
        Operation.record == id, Operation.kind == Letter.kind, Operation.verb == "create", Operation.status == "applied"
    )  # fmt: skip
    if community is not None:
        letters = letters.where(Letter.community == community)
        operations = operations.where(Operation.community == community)
    return letters.first(), operations.first()


def _hash(letter: Letter) -> Iterator[Finding]:
    fits = digests(Letter, letter.__data__) == {"hash": letter.hash}
    yield Finding("hash", UNTOUCHED if fits else CHANGED)


def _received(letter: Letter, operation: Operation | None) -> Iterator[Finding]:
    if operation is None:
        yield Finding("received", UNKNOWN)
        return
    changed = tuple(name for name, value in _as_received(operation).items() if getattr(letter, name) != value)
    yield Finding("received", CHANGED if changed else UNTOUCHED, changed)
    taken = hashlib.sha256(dumps_sorted(operation.payload).encode()).hexdigest()
    yield Finding("ledger", UNTOUCHED if taken == operation.hash else CHANGED)


def _as_received(operation: Operation) -> dict[str, Any]:
    """What the letter's fields must be: as sent, or as a supervisor put them right; the rest as they start."""
    detail: dict[str, Any] = operation.detail or {}
    sent = detail.get("repaired", {}).get("patch") or operation.payload["patch"]
    found: dict[str, Any] = {"author": operation.user, "device_time": operation.device_time}
    for name, field in Letter.own_fields().items():
        if name.endswith("_here"):
            continue
        start = field.default() if callable(field.default) else field.default
        found[name] = sent.get(name, start)
    return found


def _version(letter: Letter) -> Iterator[Finding]:
    own = LetterTemplate.get_or_none(LetterTemplate.id == letter.letter_template)
    same = own is not None and (own.title, own.text) == (letter.title, letter.text)
    yield Finding("version", UNTOUCHED if same else CHANGED, number=letter.number)


def _taken_back(letter: Letter) -> Iterator[Finding]:
    if letter.gone:
        yield Finding("taken_back", UNKNOWN)
