"""Reading the register: every shape in which a clerk may hand it in."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest

from fieldapp.places.register_read import SheetRow, Unreadable, open_register
from tests.places.registers import CHINESE, ENGLISH, csv_file, row, xlsx_file


def read(path: Path) -> list[SheetRow]:
    return list(open_register(path).rows())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_text_register_is_read_in_the_encoding_and_with_the_marks_it_came_in(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    found = read(csv_file(tmp_path / "r.csv", [CHINESE, row("底商2")], encoding, delimiter))
    assert [(one.number, one.cells["label"], one.cells["name"]) for one in found] == [(2, "底商2", "王建国")]


def test_a_rare_name_outside_gbk_is_read_from_gb18030(tmp_path: Path) -> None:
    assert (
        read(csv_file(tmp_path / "r.csv", [CHINESE, row(name="𠮷田")], "gb18030"))[0].cells["name"] == "𠮷田"
    )


def test_titles_above_the_header_are_passed_over_and_rows_keep_their_number_in_the_sheet(
    tmp_path: Path,
) -> None:
    titles = [["和平社区住户登记册"], ["制表日期：2026-11-01", "", "共 2 户"], []]
    path = xlsx_file(
        tmp_path / "r.xlsx", [*titles, CHINESE, row("301"), [], row("302")], merged=["A1:L1", "A2:B2"]
    )
    assert [(one.number, one.cells["label"]) for one in read(path)] == [(5, "301"), (7, "302")]


def test_english_headers_in_any_order_are_known(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "r.csv", [ENGLISH[::-1], row("3A")[::-1]])
    register = open_register(path)
    assert set(register.columns) == {
        "community", "grid", "building", "stair_unit", "floor", "label", "name", "tenure", "phone", "people", "over_60", "care",
    }  # fmt: skip
    assert next(register.rows()).cells["label"] == "3A"


def test_stars_brackets_spaces_and_full_width_signs_in_headers_do_not_matter(tmp_path: Path) -> None:
    headers = ["＊所属网格（必填）", "楼 号", "单元号", "房间号", "户主 姓名", "房屋状态", "６０岁以上"]
    path = xlsx_file(tmp_path / "r.xlsx", [headers, ["三网格", 5, 2, 301, "王", "自住", 1]])
    assert set(open_register(path).columns) == {
        "grid",
        "building",
        "stair_unit",
        "label",
        "name",
        "tenure",
        "over_60",
    }


def test_columns_nobody_knows_are_named_and_left_out(tmp_path: Path) -> None:
    register = open_register(csv_file(tmp_path / "r.csv", [[*CHINESE, "车牌号"], [*row(), "京A00000"]]))
    assert register.ignored == ["车牌号"]
    assert "车牌号" not in next(register.rows()).cells


def test_numbers_of_a_spreadsheet_become_labels_without_a_fraction(tmp_path: Path) -> None:
    found = read(xlsx_file(tmp_path / "r.xlsx", [CHINESE, row(101.0, phone=13800000001, people=3.0)]))[
        0
    ].cells
    assert (found["label"], found["phone"], found["people"]) == ("101", "13800000001", "3")


def test_a_building_merged_beside_its_doors_is_read_in_each_row(tmp_path: Path) -> None:
    rows = [
        CHINESE,
        row("301"),
        row("302", building=None),
        row("401", building=None),
        row("101", building="6号楼"),
    ]
    found = read(xlsx_file(tmp_path / "r.xlsx", rows, merged=["C2:C4"]))
    assert [one.cells["building"] for one in found] == ["5号楼", "5号楼", "5号楼", "6号楼"]


def test_a_label_that_the_spreadsheet_made_a_date_is_marked_as_one(tmp_path: Path) -> None:
    found = read(xlsx_file(tmp_path / "r.xlsx", [CHINESE, row(datetime.date(2026, 3, 2))]))[0]
    assert found.dates == {"label"}


def test_one_sheet_a_building_is_read_as_one_register(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    notes = book.active
    notes.append(["填表说明"])
    for name in ("5号楼", "6号楼"):
        sheet = book.create_sheet(name)
        sheet.append(CHINESE)
        sheet.append(row(building=name))
    hidden = book.create_sheet("旧数据")
    hidden.append(CHINESE)
    hidden.append(row("999"))
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "r.xlsx")
    assert [(one.sheet, one.number) for one in read(tmp_path / "r.xlsx")] == [("5号楼", 2), ("6号楼", 2)]


def test_totals_and_a_header_printed_again_are_passed_over(tmp_path: Path) -> None:
    register = open_register(
        csv_file(tmp_path / "r.csv", [CHINESE, row("301"), CHINESE, row("302"), ["合计", "2户"]])
    )
    assert [one.cells["label"] for one in register.rows()] == ["301", "302"]
    assert register.skipped == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b"PK\x03\x04 no zip",
        b"\xd0\xcf\x11\xe0 old xls",
        "就是一封信\n".encode(),
        b"\xff\xfe\xfd\xfc\xfb",
    ],
)
def test_a_file_that_is_no_register_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.csv").write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        open_register(tmp_path / "r.csv")
    assert str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        "<html xmlns:x='excel'><meta charset=utf-8><table><tr><td>网格</td></tr></table>".encode(),
        "\ufeff\r\n<TABLE border=1><tr><td>网格".encode(),
        "<!DOCTYPE html>".encode("utf-16"),
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>',
    ],
)
def test_a_web_page_that_a_system_hands_out_as_xls_is_called_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.xls").write_bytes(content)
    with pytest.raises(Unreadable, match="web page"):
        open_register(tmp_path / "r.xls")


def test_a_title_in_angle_brackets_above_the_header_is_no_web_page(tmp_path: Path) -> None:
    csv_file(tmp_path / "r.csv", [["<和平社区>"], CHINESE, row("101")])
    assert [one.cells["label"] for one in open_register(tmp_path / "r.csv").rows()] == ["101"]


@pytest.mark.parametrize(("column", "number"), [("XFD", 1_048_576), ("A", 1_048_576), ("ZZ", 20_000)])
def test_a_value_typed_at_the_far_end_of_the_sheet_is_named_and_fills_no_memory(
    tmp_path: Path, column: str, number: int
) -> None:
    path = xlsx_file(tmp_path / "r.xlsx", [CHINESE, row("301")])
    book = openpyxl.load_workbook(path)
    book.active[f"{column}{number}"] = "x"
    book.save(path)
    with pytest.raises(Unreadable) as refused:
        open_register(path)
    reaches = {"column": max(column, "L", key=lambda one: (len(one), one)), "row": number}
    assert refused.value.detail == reaches and "delete what stands" in str(refused.value)


def with_cell(folder: Path, tags: bytes) -> Path:
    """A register with one cell more, below the others, written so."""
    path = xlsx_file(folder / "r.xlsx", [CHINESE, row("301")])
    with zipfile.ZipFile(path) as parts:
        held = {name: parts.read(name) for name in parts.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    held[sheet] = held[sheet].replace(b"</sheetData>", tags + b"<v>1</v></c></row></sheetData>")
    with zipfile.ZipFile(path, "w") as packed:
        for name, part in held.items():
            packed.writestr(name, part)
    return path


@pytest.mark.parametrize(
    "tag", [b"<c s='1' r='xfd1048576' t='n'>", b'<c\n r="XFD1048576">', b'<x:c r="XFD1048576">']
)
def test_however_the_far_cell_is_written(tmp_path: Path, tag: bytes) -> None:
    path = with_cell(tmp_path, b'<row r="1048576">' + tag)
    with pytest.raises(Unreadable) as refused:
        open_register(path)
    assert refused.value.detail == {"column": "XFD", "row": 1_048_576}


def test_a_column_that_no_sheet_has_is_refused_before_it_is_counted(tmp_path: Path) -> None:
    """Found by fuzzing: the reader of sheets counted it into billions, and the whole server died of it."""
    path = with_cell(tmp_path, b'<row r="8">' + b'<c r="' + b"D" * 50 + b'8">')
    with pytest.raises(Unreadable) as refused:
        open_register(path)
    assert refused.value.detail == {"column": "DDDD", "row": 8}


def test_formats_down_to_the_far_end_of_the_sheet_do_not_matter(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path / "r.xlsx", [CHINESE, row("301")])
    book = openpyxl.load_workbook(path)
    book.active["XFD1048576"].font = openpyxl.styles.Font(bold=True)
    book.save(path)
    assert [one.cells["label"] for one in read(path)] == ["301"]


def test_a_register_without_door_labels_says_which_column_it_lacks(tmp_path: Path) -> None:
    headers = [one for one in CHINESE if one != "门牌号"]
    with pytest.raises(Unreadable) as refused:
        open_register(csv_file(tmp_path / "r.csv", [headers, row()]))
    assert refused.value.detail["columns"] == ["label"]


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        open_register(tmp_path / "nowhere.xlsx")
