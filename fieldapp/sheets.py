"""Sheets: any list as .xlsx or .csv to take away; a cell is never a formula, whoever wrote its text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence

import xlsxwriter
from flask import Response, abort, send_file

Cell = str | int | float | None
Rows = Iterable[Sequence[Cell]]

# What makes a spreadsheet compute instead of show, in half and in full width.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
LONGEST = 32_767  # characters that a cell of .xlsx holds
STRANGE = re.compile(r"[^\w.-]+")


def safe(cell: Cell) -> str | int | float:
    """The cell as it is written: numbers as they are, nothing as an empty text, text that might compute behind an apostrophe."""
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return int(cell) if isinstance(cell, bool) else cell
    return f"'{cell}"[:LONGEST] if cell.startswith(FORMULA) else cell[:LONGEST]


def to_csv(columns: Sequence[str], rows: Rows) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheets read Chinese."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([safe(cell) for cell in row] for row in (columns, *rows))
    return text.getvalue().encode("utf-8-sig")


def to_xlsx(columns: Sequence[str], rows: Rows) -> bytes:
    """One sheet with a bold first line that stays in sight; text stays text: no formula, no link, no number is made of it."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        widths = [len(column) for column in columns]
        for at, row in enumerate((columns, *rows)):
            for place, cell in enumerate(map(safe, row)):
                if isinstance(cell, str):
                    sheet.write_string(at, place, cell, None if at else bold)
                    widths[place] = max(widths[place], len(cell))
                else:
                    sheet.write_number(at, place, cell)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, min(2 * width + 2, 50))
        sheet.freeze_panes(1, 0)
    return file.getvalue()


FORMS: dict[str, tuple[Callable[[Sequence[str], Rows], bytes], str]] = {
    "xlsx": (to_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": (to_csv, "text/csv; charset=utf-8"),
}


def answer(form: str, name: str, columns: Sequence[str], rows: Rows) -> Response:
    """The list as a file to keep, called `name` (no resident's data: it stays in a folder of downloads); 404 for another form."""
    if form not in FORMS:
        abort(404)
    make, mimetype = FORMS[form]
    title = STRANGE.sub("-", name).strip("-.")[:80] or "list"
    file = io.BytesIO(make(columns, rows))
    made = send_file(file, mimetype, as_attachment=True, download_name=f"{title}.{form}", max_age=0)
    made.headers["Cache-Control"] = "no-store"
    return made
