"""Pages: an answer's changes as rows; on the wire they lie by column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def rows_of(page: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The records of a page, each in the order of its fields."""
    assert len(page["columns"]) == len(page["fields"])
    return list(zip(*page["columns"], strict=True))
