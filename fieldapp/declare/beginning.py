"""Beginning: the records that every community starts with, such as texts that it may change later; written once."""

from __future__ import annotations

import hashlib
from datetime import datetime

import peewee
from babel.support import Translations

from fieldapp.config import PACKAGE
from fieldapp.declare.kinds import kinds
from fieldapp.declare.registry import registry
from fieldapp.declare.words import DEFAULT_LOCALE
from sync import rows
from sync.write import put


def begin(database: peewee.Database, community: str, now: datetime) -> None:
    """Write what the community lacks: the beginning of each kind of which it holds no record."""
    made = []
    for kind, record in registry.records.items():
        if record.beginning and not rows.select(database, record, "community", [community]):
            made += [
                (kind, {"id": _id(community, kind, key), **fields})
                for key, fields in record.beginning().items()
            ]
    if made:
        put(database, kinds(), community, made, now)


def in_first_language(msgid: str) -> str:
    """A text in the language that the first of all phones speaks, for what is kept as data."""
    return str(Translations.load(str(PACKAGE / "words"), [DEFAULT_LOCALE]).gettext(msgid))


def _id(community: str, kind: str, key: str) -> str:
    """The same id each time, of version 7 in form, as old as the community's own."""
    digits = [
        *community.replace("-", "")[:12],
        *hashlib.sha256(f"{community} {kind} {key}".encode()).hexdigest()[:20],
    ]
    digits[12], digits[16] = "7", "8"
    text = "".join(digits)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
