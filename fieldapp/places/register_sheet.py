"""Register, sheet: an empty register to fill in, with an example row, lists to choose from and notes."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import xlsxwriter

# Header, width, example, note. The headers are those that the import knows.
COLUMNS = (
    ("社区", 14, "和平社区", "社区名称 · The community's name; may be left out."),
    ("网格", 12, "三网格", "所属网格 · The grid. A building belongs to one grid."),
    ("楼栋", 10, "5号楼", "楼栋名称 · The building, by name or number."),
    ("单元", 10, "2单元", "单元 · The stair unit, by name or number."),
    ("楼层", 8, "3", "楼层，可写 3、三层、B1 · The floor; may be empty where the door label tells it."),
    ("门牌号", 12, "301", "门牌按原样填写，如 3A、底商2、301-B · The door label as it is written; the column is text."),
    ("户主姓名", 14, "示例（请删除本行）", "户名，可不填 · The household's name; may be empty."),
    ("居住情况", 12, "自住", "自住、出租、空置 · owner, rented or vacant."),
    ("联系电话", 18, "000-13880412", "可写多个，用顿号分开 · Several are separated by commas."),
    ("人口数", 9, "3", "居住人数 · Number of people who live there."),
    ("60岁以上", 10, "1", "其中 60 岁以上人数 · How many of them are over 60."),
    (
        "关爱标签", 24, "独居、低保",
        "独居、空巢、重残、重病、低保、就业困难，可多个 · living alone, empty nest, severe disability, serious illness, "
        "minimum allowance, job hardship; several are allowed.",
    ),
)  # fmt: skip
NOTES = (
    "不要填写身份证号：含有身份证号的文件会被整份退回。",
    "Never enter national ID numbers: a file that holds one is refused whole.",
    "同一门牌只能出现一次。有一行不合格，整份都不导入，并逐行说明原因。",
    "A door may stand in one row only. One bad row refuses the whole file; every bad row is listed with its reason.",
    "导入新的登记册只会新增和更新，不会删除住户。",
    "A newer register adds and updates; it never deletes a household.",
)
ROWS = 5_000  # rows with lists and text format


def write_template(target: str | Path | IO[bytes]) -> None:
    """Write an empty register as .xlsx to a path or a file object."""
    with xlsxwriter.Workbook(
        str(target) if isinstance(target, Path) else target, {"in_memory": True}
    ) as book:
        header = book.add_format({"bold": True, "bg_color": "#dcefe9", "bottom": 1})
        example = book.add_format({"italic": True, "font_color": "#5d6a6b", "num_format": "@"})
        text = book.add_format({"num_format": "@"})
        _register(book.add_worksheet("登记册 Register"), header, example, text)
        _notes(book.add_worksheet("说明 Notes"), header)


def _register(sheet: Any, header: Any, example: Any, text: Any) -> None:
    for at, (name, width, shown, _) in enumerate(COLUMNS):
        sheet.set_column(at, at, width, text)
        sheet.write_string(0, at, name, header)
        sheet.write_string(1, at, shown, example)
    sheet.freeze_panes(1, 0)
    column = {one[0]: at for at, one in enumerate(COLUMNS)}
    tenure = {"validate": "list", "source": ["自住", "出租", "空置"], "ignore_blank": False}
    sheet.data_validation(1, column["居住情况"], ROWS, column["居住情况"], tenure)
    # Several tags are allowed, so the list only proposes.
    care = {
        "validate": "list",
        "source": ["独居", "空巢", "重残", "重病", "低保", "就业困难"],
        "error_type": "information",
    }
    sheet.data_validation(1, column["关爱标签"], ROWS, column["关爱标签"], care)


def _notes(sheet: Any, header: Any) -> None:
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 110)
    for row, (name, _, _, note) in enumerate(COLUMNS):
        sheet.write_string(row, 0, name, header)
        sheet.write_string(row, 1, note)
    for row, note in enumerate(NOTES, start=len(COLUMNS) + 1):
        sheet.write_string(row, 1, note)
