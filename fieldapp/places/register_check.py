"""Register, checking: rows of text → entries that can be written, or every bad row with its column, value and reason."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from fieldapp.declare.words import _l
from fieldapp.places.naming import Place, address, floor_number, floor_of_label, narrow, place
from fieldapp.places.register_columns import WORDS
from fieldapp.places.register_read import SheetRow

LIMITS = {"grid": 60, "building": 20, "stair_unit": 16, "label": 40, "name": 60, "phone": 30}
MOST_PEOPLE = 99
# 6 digits of a place, 8 of a birthday, 3 and a check digit. Never stored, never repeated in a message.
NATIONAL_ID = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|\d{6}[ -]?(?:19|20)\d\d[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[\dXx])(?![0-9A-Za-z])"
)
TENURE = {
    "owner": (
        "owner", "own", "owned", "owneroccupied", "selfoccupied", "自住", "自有", "自有自住", "自有住房", "业主自住", "产权自住", "本人居住",
        "自用", "自购", "户主自住", "自住房", "常住",
    ),
    "rented": (
        "rented", "rent", "rental", "tenant", "tenanted", "let", "出租", "租住", "租赁", "租房", "承租", "出租房", "租户", "租客", "公租",
        "公租房", "出租屋", "已出租", "租用", "整租", "合租",
    ),
    "vacant": (
        "vacant", "empty", "unoccupied", "空置", "空", "空房", "空户", "空置房", "无人居住", "无人", "未入住", "空关", "长期空置", "闲置",
    ),
}  # fmt: skip
CARE = {
    "living_alone": ("livingalone", "alone", "独居", "独居老人", "独居老年人"),
    "empty_nest": ("emptynest", "空巢", "空巢老人", "空巢老年人", "空巢家庭"),
    "severe_disability": ("severedisability", "disabled", "disability", "重残", "重度残疾", "重度残疾人", "残疾", "残疾人"),
    "serious_illness": ("seriousillness", "ill", "illness", "重病", "大病", "重大疾病", "重病患者", "重症"),
    "low_income": ("lowincome", "minimumallowance", "低保", "低保户", "低保家庭", "最低生活保障"),
    "job_hardship": ("jobhardship", "unemployed", "就业困难", "就业困难人员", "失业", "零就业"),
}  # fmt: skip
LEVELS = {
    "living_alone": 1, "severe_disability": 1, "serious_illness": 1, "empty_nest": 2, "low_income": 3, "job_hardship": 3,
}  # fmt: skip
NOTHING = frozenset(("", "无", "-", "--", "—", "——", "/", "none", "no", "n/a", "否", "没有", "未知"))
_TENURE_OF = {word: code for code, words in TENURE.items() for word in words}
_CARE_OF = {word: code for code, words in CARE.items() for word in words}
_HARD = re.compile(r"[、,;/，；|+\n]+")
_PHONE_BETWEEN = re.compile(r"[、,;/，；|\n]+")
_PHONE = re.compile(r"\+?\d[\d-]{1,17}\d(?:转\d{1,6})?")
_COUNTED = re.compile(r"(\d{1,6})(?:\.0+)?\s*(?:人|口|位|名|个)?")


@dataclass(frozen=True, slots=True)
class Problem:
    """A bad cell: where it stands, what it says, and why it cannot be taken (a message id and its parameters)."""

    sheet: str
    row: int
    column: str
    value: str
    reason: str
    detail: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The reason in English; pages translate `reason` and fill in `detail` themselves."""
        return self.reason % self.detail if self.detail else self.reason


@dataclass(slots=True)
class Entry:
    """A good row: where the door is, and what the sheet says of the household (only columns that it has)."""

    sheet: str
    row: int
    grid: Place
    building: Place
    unit: Place
    floor: int
    label: str
    values: dict[str, Any]
    care: list[str] | None

    @property
    def address(self) -> str:
        """`5-2-301`."""
        return address(self.building.name, self.unit.name, self.label)


class Bad(ValueError):
    """Why one cell cannot be taken."""

    def __init__(self, reason: str, **detail: Any) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Checker:
    """Checks row by row; what concerns several rows (a door twice) is the staging's."""

    def __init__(self, columns: dict[str, str], community: str) -> None:
        self.columns = columns
        self.community = _plain(community)
        named = {column: partial(_named, column) for column in ("grid", "building", "stair_unit", "label")}
        self.values = [column for column in READERS if column in columns]
        self.readers: dict[str, Callable[[str], Any]] = {"community": self._community, **named}
        self.readers |= {column: READERS[column] for column in self.values}
        if "care" in columns:
            self.readers["care"] = _care

    def header(self, column: str) -> str:
        """The column as the sheet calls it."""
        return self.columns.get(column, WORDS.get(column, column))

    def check(self, row: SheetRow) -> tuple[Entry | None, list[Problem]]:
        """The row as an entry, or what is wrong with it: everything, not only the first."""
        problems = [
            self._identity(row, row.headers.get(at, ""), text)
            for at, text in enumerate(row.texts)
            if len(text) >= 18 and holds_national_id(text)
        ]
        if problems:
            return None, problems
        found: dict[str, Any] = dict.fromkeys(("people", "over_60", "care"))
        for column, read in self.readers.items():
            text = row.cells.get(column, "")
            try:
                if column in row.dates:
                    raise Bad(
                        _l(
                            "The spreadsheet turned this into a date: format the column as text and type it again"
                        )
                    )
                found[column] = read(text)
            except Bad as bad:
                problems.append(
                    Problem(row.sheet, row.number, self.header(column), text, bad.reason, bad.detail)
                )
        try:
            found["floor"] = _floor(row.cells.get("floor", ""), row.cells.get("label", ""))
        except Bad as bad:
            text = row.cells.get("floor", "")
            problems.append(
                Problem(row.sheet, row.number, self.header("floor"), text, bad.reason, bad.detail)
            )
        problems = problems or self._together(row, found)
        return (None, problems) if problems else (self._entry(row, found), [])

    def _community(self, text: str) -> str:
        if text and _plain(text) != self.community:
            raise Bad(_l("Another community"))
        return text

    def _together(self, row: SheetRow, found: dict[str, Any]) -> list[Problem]:
        wrong: list[tuple[str, str]] = []
        if found["over_60"] and found["people"] is not None and found["over_60"] > found["people"]:
            wrong.append(("over_60", _l("More people over 60 than people")))
        if found["care"] and found["tenure"] == "vacant":
            wrong.append(("care", _l("Nobody can be in care in a vacant home")))
        return [
            Problem(row.sheet, row.number, self.header(at), row.cells.get(at, ""), why) for at, why in wrong
        ]

    def _identity(self, row: SheetRow, header: str, value: str) -> Problem:
        reason = _l("A national ID number is never stored: delete the column or the number")
        return Problem(row.sheet, row.number, header, masked(value), reason)

    def _entry(self, row: SheetRow, found: dict[str, Any]) -> Entry:
        return Entry(
            sheet=row.sheet,
            row=row.number,
            grid=place("grid", found["grid"]),
            building=place("building", found["building"]),
            unit=place("stair_unit", found["stair_unit"]),
            floor=found["floor"],
            label=found["label"],
            values={name: found[name] for name in self.values},
            care=found["care"],
        )


def holds_national_id(text: str) -> bool:
    """Whether an 18-digit national ID number stands in the text."""
    return NATIONAL_ID.search(unicodedata.normalize("NFKC", text)) is not None


def masked(text: str) -> str:
    """The text with each national ID number reduced to its first two and last two signs."""
    plain = unicodedata.normalize("NFKC", text)
    return NATIONAL_ID.sub(lambda found: f"{found.group()[:2]}…{found.group()[-2:]}", plain)


def level_of(tags: list[str]) -> int | None:
    """The care level of a household: the most urgent of its tags, or none."""
    return min((LEVELS[tag] for tag in tags), default=None)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


@lru_cache(maxsize=10_000)
def _named(column: str, text: str) -> str:
    shown = narrow(text)
    if not shown:
        raise Bad(_l("Missing"))
    return _limited(column, shown)


def _limited(column: str, text: str) -> str:
    if len(text) > LIMITS[column]:
        raise Bad(_l("Longer than %(most)s characters"), most=LIMITS[column])
    return text


@lru_cache(maxsize=10_000)
def _floor(text: str, label: str) -> int:
    floor = floor_number(text) if text else floor_of_label(label)
    if floor is None:
        raise Bad(
            _l("Not a floor") if text else _l("The floor is missing and the door label does not tell it")
        )
    return floor


@lru_cache(maxsize=1_000)
def _tenure(text: str) -> str:
    word = re.sub(r"[-_()（）]", "", _plain(text))
    if word not in _TENURE_OF:
        raise Bad(_l("Missing") if not text else _l("Not one of owner (自住), rented (出租), vacant (空置)"))
    return _TENURE_OF[word]


def _phone(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain in NOTHING:
        return ""
    pieces = [re.sub(r"[\s()]", "", piece) for piece in _PHONE_BETWEEN.split(plain)]
    if not all(_PHONE.fullmatch(piece) for piece in pieces):
        pieces = [piece for part in _PHONE_BETWEEN.split(plain) for piece in part.split()]
    if not all(_PHONE.fullmatch(piece) for piece in pieces):
        raise Bad(_l("Not a phone number"))
    return _limited("phone", "/".join(pieces))


@lru_cache(maxsize=1_000)
def _count(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain in NOTHING:
        return 0
    found = _COUNTED.fullmatch(plain)
    if found is None:
        raise Bad(_l("Not a whole number"))
    if int(found.group(1)) > MOST_PEOPLE:
        raise Bad(_l("More than %(most)s"), most=MOST_PEOPLE)
    return int(found.group(1))


def _care(text: str) -> list[str]:
    if not text:
        return []
    tags: list[str] = []
    for piece in _HARD.split(unicodedata.normalize("NFKC", text)):
        word = _care_word(piece)
        words = [word] if word in _CARE_OF or word in NOTHING else [_care_word(one) for one in piece.split()]
        for one in words:
            if one not in _CARE_OF and one not in NOTHING:
                raise Bad(_l("Unknown care tag: %(tag)s"), tag=one)
            if one in _CARE_OF and _CARE_OF[one] not in tags:
                tags.append(_CARE_OF[one])
    return [tag for tag in LEVELS if tag in tags]


def _care_word(text: str) -> str:
    return re.sub(r"[\s_]", "", text.lower())


READERS: dict[str, Callable[[str], Any]] = {
    "name": lambda text: _limited("name", " ".join(text.split())),
    "tenure": _tenure,
    "phone": _phone,
    "people": _count,
    "over_60": _count,
}
