"""Digest: a SHA-256 over fields of a record, in one canonical form that the phone writes alike (`static/phone/saves.js`).

The canonical form is a JSON array of `[field, value]` pairs in the order in which the record's `Digest` names the fields,
without spaces, in UTF-8; a field that was not given stands with the value that it starts from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from fieldapp.declare.record import Record
from sync.encode import dumps


def canonical(record: type[Record], of: tuple[str, ...], values: Mapping[str, Any]) -> str:
    """The text that is hashed."""
    return dumps([[name, _value(record, name, values)] for name in of])


def _value(record: type[Record], name: str, values: Mapping[str, Any]) -> Any:
    given, start = values.get(name), record._meta.fields[name].default
    return given if given is not None else start() if callable(start) else start


def digest(record: type[Record], of: tuple[str, ...], values: Mapping[str, Any]) -> str:
    """In hex."""
    return hashlib.sha256(canonical(record, of, values).encode()).hexdigest()


def digests(record: type[Record], values: Mapping[str, Any]) -> dict[str, str]:
    """Every digest of a record with these values."""
    return {name: digest(record, of, values) for name, of in record.digests().items()}
