"""Registers as communities keep them, written as real files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl

CHINESE = (
    "社区", "网格", "楼栋", "单元", "楼层", "门牌号", "户主姓名", "居住情况", "联系电话", "人口数", "60岁以上", "关爱标签",
)  # fmt: skip
ENGLISH = (
    "community", "grid", "building", "stair unit", "floor", "door label", "household name", "tenure", "phone",
    "number of people", "people over 60", "care tags",
)  # fmt: skip
HEPING = "和平社区"


def row(label: str = "301", **other: Any) -> list[Any]:
    """A household of Heping in building 5, stair unit 2, in the order of the headers above."""
    facts: dict[str, Any] = {
        "community": HEPING, "grid": "三网格", "building": "5号楼", "unit": "2单元", "floor": "3", "label": label, "name": "王建国",
        "tenure": "自住", "phone": "000-13880412", "people": "3", "over_60": "1", "care": "",
    }  # fmt: skip
    facts |= other
    return list(facts.values())


def csv_file(
    path: Path, rows: Iterable[Sequence[Any]], encoding: str = "utf-8", delimiter: str = ","
) -> Path:
    """A .csv in an encoding, with a mark between cells."""
    with open(path, "w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def xlsx_file(path: Path, rows: Iterable[Sequence[Any]], merged: Sequence[str] = ()) -> Path:
    """An .xlsx with one sheet and merged cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    for cells in rows:
        sheet.append(list(cells))
    for area in merged:
        sheet.merge_cells(area)
    book.save(path)
    return path
