"""Sheets: what Zhang takes away opens in a spreadsheet, and no cell of it computes."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from fieldapp.sheets import FORMULA, LONGEST, answer, safe, to_csv, to_xlsx

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
NASTY = st.builds("{}{}".format, st.sampled_from([*"=+-@\t\r\n＝＋－＠"]), TEXT)
CELL = st.one_of(TEXT, NASTY, st.integers(-(10**9), 10**9), st.none())
ROWS = st.lists(st.tuples(CELL, CELL), max_size=5)


def read_csv(made: bytes) -> list[list[str]]:
    assert made.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline="")))


def read_xlsx(made: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(made)).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


@given(ROWS, TEXT | NASTY)
def test_whatever_a_resident_is_called_no_cell_begins_with_a_sign_of_a_formula(
    rows: list[tuple[str | int | None, ...]], label: str
) -> None:
    found = read_csv(to_csv([label, "二"], rows))
    assert len(found) == len(rows) + 1
    for sent, kept in zip([(label, "二"), *rows], found, strict=True):
        for cell, text in zip(sent, kept, strict=True):
            if isinstance(cell, int):
                assert text == str(cell)
            else:
                assert not text.startswith(FORMULA) and text.removeprefix("'") == (cell or "").removeprefix(
                    "'"
                )


@given(ROWS, TEXT | NASTY)
def test_in_a_workbook_text_stays_text_and_numbers_stay_numbers(
    rows: list[tuple[str | int | None, ...]], label: str
) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx([label, "二"], rows))).worksheets[0]
    for at, row in enumerate([(label, "二"), *rows], start=1):
        for place, cell in enumerate(row, start=1):
            kept = sheet.cell(at, place)
            assert kept.data_type != "f" and kept.hyperlink is None
            if isinstance(cell, int):
                assert kept.value == cell
            else:
                assert not str(kept.value or "").startswith(FORMULA)


def test_a_long_note_is_cut_and_not_lost() -> None:
    assert read_xlsx(to_xlsx(["备注"], [["长" * 40_000]])) == [["备注"], ["长" * LONGEST]]
    assert safe(True) == 1 and safe(None) == "" and safe("张三") == "张三"


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_the_answer_is_a_file_with_a_harmless_name_that_no_cache_keeps(form: str) -> None:
    app = Flask(__name__)
    with app.test_request_context():
        made = answer(form, '../隐患 "2026"\r\nX: y', ["地址"], [["5-2-301"]])
    said = made.headers["Content-Disposition"]
    assert said.startswith("attachment;") and not set(said) & set("\r\n/\\") and f".{form}" in said
    assert "%E9%9A%90%E6%82%A3-2026" in said
    assert made.headers["Cache-Control"] == "no-store"


def test_a_form_that_does_not_exist_is_not_found() -> None:
    app = Flask(__name__)
    app.add_url_rule("/", "list", lambda: answer("exe", "list", ["a"], []))
    assert app.test_client().get("/").status_code == 404
