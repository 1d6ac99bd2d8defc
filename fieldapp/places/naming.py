"""Naming: how grids, buildings, stair units and doors are told apart, counted, sorted and addressed by what they are called."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMBER = r"(\d{1,6}|[零〇一二两三四五六七八九十百]{1,6})"
# "5", "5号楼", "第五栋", "Building 5", "No. 5" are one and the same building.
_PATTERNS = {
    "grid": rf"(?:第|grid|no\.?)?\s*{_NUMBER}\s*(?:号)?\s*(?:网格)?",
    "building": rf"(?:第|building|bldg\.?|block|no\.?|#)?\s*{_NUMBER}\s*(?:#|号)?\s*(?:楼栋|栋|幢|座|楼)?",
    "stair_unit": rf"(?:第|stair unit|unit|entrance|no\.?|#)?\s*{_NUMBER}\s*(?:#|号)?\s*(?:单元|单元门|门洞|楼门|门)?",
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}
_WORD = {"grid": "{}网格", "building": "{}号楼", "stair_unit": "{}单元"}
_WIDE = {
    code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0).isalnum() or code == 0xFF0D
}
_PARTS = re.compile(r"(\d+)")
_FLOOR_IN_LABEL = re.compile(r"[^\d]{0,2}?(\d{1,2})(\d{2})(?!\d)")


class Place(NamedTuple):
    """A place by its name: the key it is told apart by, the name shown, its number (0 where it has none)."""

    key: str
    name: str
    number: int


@lru_cache(maxsize=10_000)
def place(kind: str, text: str) -> Place:
    """The grid, building or stair unit that `text` names; a bare number becomes "5号楼"."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    found = _COMPILED[kind].fullmatch(plain)
    number = chinese_number(found.group(1)) if found else None
    if number is None:
        return Place("".join(plain.split()), text, _any_number(plain))
    return Place(f"#{number}", _WORD[kind].format(number) if plain.isdigit() else text, number)


def narrow(text: str) -> str:
    """Full-width digits, letters and hyphens as plain ones; everything else of a label stays as it is."""
    return " ".join(text.translate(_WIDE).split())


def address(building: str, stair_unit: str, label: str) -> str:
    """`5-2-301`: number of the building and the stair unit, or their names where they have none, and the label."""
    return "-".join((_short("building", building), _short("stair_unit", stair_unit), label))


def _short(kind: str, name: str) -> str:
    found = place(kind, name)
    return found.key[1:] if found.key.startswith("#") else name


@lru_cache(maxsize=10_000)
def label_order(label: str) -> str:
    """A text that sorts door labels as people count: 302 before 1001, "3A" after "3"."""
    pieces = _PARTS.split(unicodedata.normalize("NFKC", label).lower())
    return "".join(piece.zfill(8) if piece.isdigit() else piece for piece in pieces)


def floor_number(text: str) -> int | None:
    """`3`, `3层`, `三层`, `3F`, `B1`, `地下一层`, `-1` → a floor; none where it is not one."""
    plain = "".join(unicodedata.normalize("NFKC", text).lower().split())
    plain = re.sub(r"(层|楼|f|/f)$", "", plain).removeprefix("第").removeprefix("f")
    below = re.match(r"(地下室?|负|b|-)(.*)", plain)
    number = chinese_number(below.group(2) if below else plain)
    if number is None or number > 199:
        return None
    return -number if below else number


def floor_of_label(label: str) -> int | None:
    """The floor that a label such as "301", "1102" or "301-B" tells; none for "3A" or "底商2"."""
    found = _FLOOR_IN_LABEL.match(unicodedata.normalize("NFKC", label))
    return int(found.group(1)) if found else None


def chinese_number(text: str) -> int | None:
    """`23`, `二十三`, `十` → the number; none where it is not one."""
    if text.isascii() and text.isdigit():
        return int(text)
    if not text or any(char not in _DIGITS and char not in "十百" for char in text):
        return None
    total = 0
    for mark, worth in (("百", 100), ("十", 10)):
        if mark in text:
            before, text = text.split(mark, 1)
            if len(before.strip("零〇")) > 1:
                return None
            total += (_DIGITS[before[-1]] if before.strip("零〇") else 1) * worth
    text = text.strip("零〇") or "零"
    return total + _DIGITS[text] if len(text) == 1 else None


def _any_number(plain: str) -> int:
    found = re.search(r"\d{1,6}", plain)
    return int(found.group()) if found else 0
