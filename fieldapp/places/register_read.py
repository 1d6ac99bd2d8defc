"""Register, reading: a sheet (.xlsx or .csv) as communities keep it → rows of text under known columns."""

from __future__ import annotations

import codecs
import csv
import datetime
import functools
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from fieldapp.declare.words import _l
from fieldapp.places.register_columns import WORDS, column_of, missing_from

HEADER_WITHIN = 40  # rows; titles, dates and notes stand above the header
LARGEST_UNPACKED = 400_000_000  # bytes; a sheet of 100,000 rows unpacks to about 60 million
MOST_CELLS = 10_000_000  # from the first to the last one, filled or not: what reads sheets holds them all
FOOTERS = (
    "合计",
    "总计",
    "小计",
    "共计",
    "填表",
    "制表",
    "审核",
    "备注",
    "说明",
    "注:",
    "注：",
    "total",
    "note",
    "prepared by",
)


class Unreadable(ValueError):
    """The file is no register; `reason` is a message id, `detail` its parameters."""

    def __init__(self, reason: str, **detail: Any) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        columns = self.detail.get("columns", ())
        return self.reason % {**self.detail, "columns": ", ".join(WORDS[column] for column in columns)}


@dataclass(slots=True)
class SheetRow:
    """One row: where it stands, its known columns as text, and every filled cell of it (for what must not be there)."""

    sheet: str
    number: int
    cells: dict[str, str]
    texts: list[str]  # of every column, known or not
    headers: dict[int, str]  # position → header
    dates: frozenset[str] = frozenset()  # columns whose cell is a date: a spreadsheet made "3-2" into 2 March


@dataclass
class Register:
    """An opened register: which columns it has, and its rows, once."""

    columns: dict[str, str] = field(default_factory=dict)  # column → header as it is written
    ignored: list[str] = field(default_factory=list)  # headers nobody knows
    skipped: int = 0  # footers and repeated headers
    unread: list[tuple[_Header, _Lines]] = field(default_factory=list)  # each sheet, below its header

    def rows(self) -> Iterator[SheetRow]:
        """Every row with content, sheet by sheet, in the order of the file; what was read leaves the memory."""
        while self.unread:
            header, lines = self.unread.pop(0)
            for number, cells in lines:
                row = header.read(number, cells)
                if row is not None:
                    yield row
                elif any(cells):
                    self.skipped += 1


def open_register(path: str | Path) -> Register:
    """Find the sheets that hold a register and their columns. Raises Unreadable."""
    register = Register()
    nearest: list[str] | None = None
    for name, lines in _sheets(Path(path)):
        header = _header(name, lines)
        if header is None:
            continue
        lacking = missing_from(set(header.known.values()))
        if lacking:
            nearest = lacking if nearest is None or len(lacking) < len(nearest) else nearest
            continue
        register.unread.append((header, lines))
        register.columns = {
            column: header.headers[at] for at, column in header.known.items()
        } | register.columns
        register.ignored += [one for one in header.unknown() if one not in register.ignored]
    if not register.unread:
        if nearest:
            raise Unreadable(_l("The sheet lacks these columns: %(columns)s"), columns=nearest)
        raise Unreadable(
            _l("No header row was found: the columns grid, building, stair unit and door label are needed")
        )
    return register


@dataclass
class _Header:
    sheet: str
    headers: dict[int, str]
    known: dict[int, str]

    def unknown(self) -> list[str]:
        return [text for at, text in self.headers.items() if at not in self.known]

    def read(self, number: int, cells: list[Any]) -> SheetRow | None:
        """The row, or none where it is empty, a footer, or the header once more (sheets made for printing repeat it)."""
        texts = [value.strip(_BLANKS) if type(value) is str else as_text(value) for value in cells]
        if not any(texts):
            return None
        known = {column: texts[at] for at, column in self.known.items() if at < len(texts)}
        if known.get("label") == self.label and self._repeated(texts):
            return None
        if not known.get("label") and _footer(texts):
            return None
        dates = _NO_DATES
        if any(isinstance(value, _DATES) for value in cells):
            at_dates = {at for at, value in enumerate(cells) if isinstance(value, _DATES)}
            dates = frozenset(column for at, column in self.known.items() if at in at_dates)
        return SheetRow(self.sheet, number, known, texts, self.headers, dates)

    @cached_property
    def label(self) -> str | None:
        """What the column of door labels is called."""
        return next((self.headers[at] for at, column in self.known.items() if column == "label"), None)

    def _repeated(self, texts: list[str]) -> bool:
        return sum(at < len(texts) and texts[at] == self.headers[at] for at in self.known) >= 3


def _footer(texts: list[str]) -> bool:
    filled = [text for text in texts if text]
    return len(filled) <= 4 and filled[0].lower().startswith(FOOTERS)


_NO_DATES: frozenset[str] = frozenset()
_BLANKS = " \t\r\n\u00a0\u3000\u200b\ufeff"
# What Python's own reader of packages says of a broken one.
_BROKEN_PACKAGES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
# What many systems hand out as .xls.
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*<(?:!--|(?:!doctype|\?xml|html|head|meta|style|table)\b)", re.I
)
_DATES = (datetime.date, datetime.time, datetime.timedelta)


def as_text(value: Any) -> str:
    """A cell's text: 101.0 is "101", a long number keeps its digits, spaces around are dropped."""
    if isinstance(value, str):
        return value.strip(_BLANKS)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else str(value)


def _header(sheet: str, lines: Iterator[tuple[int, list[Any]]]) -> _Header | None:
    """The row among the first ones with the most known names; `lines` then goes on right below it."""
    seen = list(islice(lines, HEADER_WITHIN))
    best: _Header | None = None
    at_row = 0
    for position, (_, cells) in enumerate(seen):
        headers = {at: text for at, value in enumerate(cells) if (text := as_text(value)).strip()}
        known: dict[int, str] = {}
        for at, text in headers.items():
            column = column_of(text)
            if column and column not in known.values():
                known[at] = column
        if len(known) >= 3 and (best is None or len(known) > len(best.known)):
            best, at_row = _Header(sheet, headers, known), position
    if best is not None:
        _put_back(lines, seen[at_row + 1 :])
    return best


class _Lines(Iterator[tuple[int, list[Any]]]):
    """Numbered rows that can be put back."""

    def __init__(self, rows: Iterable[list[Any]]) -> None:
        self.source = enumerate(rows, start=1)
        self.back: list[tuple[int, list[Any]]] = []

    def __next__(self) -> tuple[int, list[Any]]:
        return self.back.pop() if self.back else next(self.source)


def _put_back(lines: Iterator[tuple[int, list[Any]]], rows: list[tuple[int, list[Any]]]) -> None:
    assert isinstance(lines, _Lines)
    lines.back = rows[::-1]


def _sheets(path: Path) -> Iterator[tuple[str, _Lines]]:
    """Each sheet's name and numbered rows. Raises Unreadable."""
    try:
        with open(path, "rb") as file:
            start = file.read(100)
    except OSError as error:
        raise Unreadable(_l("The file cannot be opened: %(error)s"), error=error.strerror) from error
    if start.startswith(b"PK\x03\x04"):
        yield from _workbook(path)
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            _l("This is an old .xls file or one with a password: save it as .xlsx without a password")
        )
    elif _PAGE.match(start.replace(b"\0", b"")):
        raise Unreadable(
            _l(
                "This is a web page, whatever its name says: open it in a spreadsheet program and save it as .xlsx"
            )
        )
    else:
        yield "", _Lines(_csv(path))


def _workbook(path: Path) -> Iterator[tuple[str, _Lines]]:
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > LARGEST_UNPACKED:
                raise Unreadable(_l("The file is too large"))
            _refuse_far_cells(packed)
        book = CalamineWorkbook.from_path(path)
        for meta in book.sheets_metadata:
            if meta.visible == SheetVisibleEnum.Visible:
                yield meta.name, _Lines(_merged(book.get_sheet_by_name(meta.name)))
    except (CalamineError, RuntimeError, UnicodeDecodeError, *_BROKEN_PACKAGES) as error:
        raise Unreadable(_l("The file is not a readable .xlsx: %(error)s"), error=str(error)) from error


_CELL = re.compile(
    rb"""c\s[^>]{0,60}?\br=["']([A-Za-z]+)(\d+)["'][^>]{0,60}(?<!/)>"""
)  # that holds something
_LONGEST_COLUMN = 3  # letters: XFD is the last
_LONGEST_CELL = 200  # bytes of its opening tag


def _refuse_far_cells(packed: zipfile.ZipFile) -> None:
    """Raises Unreadable for a value typed by mistake at the far end of a sheet: all the nothing before it would fill the memory."""
    cells = 0
    for part in packed.infolist():
        if not part.filename.startswith("xl/worksheets/"):
            continue
        column, last, rest = b"A", 0, b""
        with packed.open(part) as sheet:
            while piece := sheet.read(1 << 20):
                found = _CELL.findall(rest + piece)
                column = max(
                    (column, *{letters[:4].upper() for letters, _ in found}), key=lambda one: (len(one), one)
                )
                last = max((last, *(int(row[:8]) for row in {row for _, row in found})))
                rest = piece[-_LONGEST_CELL:]
        cells += functools.reduce(lambda before, letter: before * 26 + letter - 64, column, 0) * last
        # There is no column of four letters; the reader would count it into billions.
        if cells > MOST_CELLS or len(column) > _LONGEST_COLUMN:
            reason = _l(
                "The sheet reaches to column %(column)s and row %(row)s: delete what stands beside or below the register"
            )
            raise Unreadable(reason, column=column.decode(), row=last)


def _merged(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """Rows of a sheet; cells merged downwards (one building beside its doors) are filled in each row."""
    left = sheet.start[1] if sheet.start else 0
    opening: dict[int, list[tuple[int, int]]] = {}
    for (top, column), (bottom, _) in sheet.merged_cell_ranges or ():
        if bottom > top:
            opening.setdefault(top, []).append((column - left, bottom))
    holding: dict[int, tuple[Any, int]] = {}
    for at, cells in enumerate(sheet.iter_rows()):
        for column, (value, bottom) in list(holding.items()):
            if at > bottom:
                del holding[column]
            elif column < len(cells):
                cells[column] = value
        for column, bottom in opening.get(at, ()):
            if 0 <= column < len(cells):
                holding[column] = (cells[column], bottom)
        yield cells


def _csv(path: Path) -> Iterator[list[str]]:
    encoding = _encoding(path)
    with open(path, encoding=encoding, newline="") as file:
        opening = [line for line, _ in zip(file, range(HEADER_WITHIN), strict=False)]
        delimiter = max(",\t;，|", key=lambda mark: max((_score(line, mark) for line in opening), default=0))
        file.seek(0)
        try:
            yield from csv.reader(file, delimiter=delimiter)
        except csv.Error as error:
            raise Unreadable(_l("The file is not a readable .csv: %(error)s"), error=str(error)) from error


def _score(line: str, mark: str) -> int:
    """How many known headers a line holds when it is cut at `mark`."""
    return sum(column_of(piece.strip().strip('"')) is not None for piece in line.split(mark))


def _encoding(path: Path) -> str:
    """UTF-8 with or without BOM, UTF-16 with BOM, else GB18030 (which holds GBK); read through once, in pieces."""
    with open(path, "rb") as file:
        start = file.read(4)
    marked = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with open(path, "rb") as file:
                while piece := file.read(1 << 16):
                    if "\x00" in decoder.decode(piece):
                        raise Unreadable(_l("The file is neither .xlsx nor .csv text"))
                decoder.decode(b"", final=True)
            return encoding
        except UnicodeDecodeError:
            continue
    raise Unreadable(_l("The text is neither UTF-8 nor GBK"))
