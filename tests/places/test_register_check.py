"""Checking the register: what is taken, what is refused, and how every bad row is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fieldapp.places.register_check import Checker, Entry, Problem
from fieldapp.places.register_read import open_register
from fieldapp.places.register_staging import Staging
from tests.places.registers import CHINESE, HEPING, csv_file, row, xlsx_file


def checked(
    path: Path, rows: Sequence[Sequence[Any]], headers: Sequence[str] = CHINESE
) -> tuple[list[Entry], list[Problem]]:
    register = open_register(csv_file(path / "r.csv", [headers, *rows]))
    with Staging() as staging:
        staging.fill(register, Checker(register.columns, HEPING))
        entries = [
            entry for building, unit in staging.unit_sizes() for entry in staging.entries(building, unit)
        ]
        return entries, list(staging.problems())


def entry(path: Path, **facts: Any) -> Entry:
    entries, problems = checked(path, [row(**facts)])
    assert problems == []
    return entries[0]


def refusal(path: Path, **facts: Any) -> tuple[str, str, str]:
    _, problems = checked(path, [row(**facts)])
    assert len(problems) == 1, problems
    return problems[0].column, problems[0].value, problems[0].text()


@pytest.mark.parametrize("label", ["3A", "底商2", "301-B", "0301", "甲①", "地下室-1", "Shop 7"])
def test_a_label_survives_as_it_is_written(tmp_path: Path, label: str) -> None:
    assert entry(tmp_path, label=f" {label} ").label == label


def test_full_width_digits_become_plain_ones(tmp_path: Path) -> None:
    found = entry(
        tmp_path,
        label="３０１－Ｂ",
        building="５号楼",
        unit="２单元",
        floor="３",
        phone="０００１３８８０４１２",
        people="３",
        over_60="１",
    )
    assert (found.address, found.floor) == ("5-2-301-B", 3)
    assert (found.values["phone"], found.values["people"], found.values["over_60"]) == ("00013880412", 3, 1)


@pytest.mark.parametrize(
    ("building", "unit", "address"),
    [
        ("5号楼", "2单元", "5-2-301"), ("5", "2", "5-2-301"), ("五栋", "二单元", "5-2-301"), ("Building 5", "Unit 2", "5-2-301"),
        ("第十二幢", "3门", "12-3-301"), ("甲楼", "1单元", "甲楼-1-301"), ("5甲楼", "东单元", "5甲楼-东单元-301"),
    ],
)  # fmt: skip
def test_an_address_is_made_of_numbers_or_of_the_name_where_there_is_none(
    tmp_path: Path, building: str, unit: str, address: str
) -> None:
    assert entry(tmp_path, building=building, unit=unit).address == address


@pytest.mark.parametrize(
    ("said", "tenure"),
    [
        ("自住", "owner"), ("自有", "owner"), ("Owner", "owner"), ("owner-occupied", "owner"), ("出租", "rented"), ("租住", "rented"),
        (" RENTED ", "rented"), ("空置", "vacant"), ("空置房", "vacant"), ("Vacant", "vacant"),
    ],
)  # fmt: skip
def test_tenure_is_known_by_its_usual_words(tmp_path: Path, said: str, tenure: str) -> None:
    assert entry(tmp_path, tenure=said).values["tenure"] == tenure


@pytest.mark.parametrize(
    ("said", "tags"),
    [
        ("", []), ("无", []), ("独居", ["living_alone"]), ("独居、重残", ["living_alone", "severe_disability"]),
        ("低保 独居", ["living_alone", "low_income"]), ("空巢,重病;低保/就业困难", ["empty_nest", "serious_illness", "low_income", "job_hardship"]),
        ("Living alone; serious illness", ["living_alone", "serious_illness"]), ("living_alone empty_nest", ["living_alone", "empty_nest"]),
        ("独居，独居老人", ["living_alone"]),
    ],
)  # fmt: skip
def test_several_care_tags_stand_in_one_cell(tmp_path: Path, said: str, tags: list[str]) -> None:
    assert sorted(entry(tmp_path, care=said).care or []) == sorted(tags)


@pytest.mark.parametrize(
    ("said", "phone"),
    [
        ("000 1388 0412", "00013880412"), ("000-13880412", "000-13880412"), ("（000）1388", "0001388"), ("-", ""), ("无", ""),
        ("00013880412、00013667790", "00013880412/00013667790"), ("00013880412 00013667790", "00013880412/00013667790"),
        ("000-8888转12", "000-8888转12"),
    ],
)  # fmt: skip
def test_phones_are_taken_as_people_write_them(tmp_path: Path, said: str, phone: str) -> None:
    assert entry(tmp_path, phone=said).values["phone"] == phone


@pytest.mark.parametrize(
    ("floor", "label", "number"),
    [
        ("3层", "x", 3),
        ("十一", "x", 11),
        ("B1", "x", -1),
        ("地下一层", "x", -1),
        ("-2", "x", -2),
        ("", "1102", 11),
        ("", "301-B", 3),
    ],
)
def test_a_floor_is_read_from_its_cell_or_from_the_label(
    tmp_path: Path, floor: str, label: str, number: int
) -> None:
    assert entry(tmp_path, floor=floor, label=label).floor == number


@pytest.mark.parametrize(
    ("facts", "column"),
    [
        ({"community": "幸福社区"}, "社区"), ({"grid": ""}, "网格"), ({"building": ""}, "楼栋"), ({"unit": " "}, "单元"),
        ({"label": ""}, "门牌号"), ({"label": "x" * 41}, "门牌号"), ({"floor": "顶楼"}, "楼层"), ({"floor": "", "label": "3A"}, "楼层"),
        ({"tenure": "借住"}, "居住情况"), ({"tenure": ""}, "居住情况"), ({"phone": "问邻居"}, "联系电话"), ({"phone": "12"}, "联系电话"),
        ({"people": "三四个"}, "人口数"), ({"people": "-1"}, "人口数"), ({"people": "2.5"}, "人口数"), ({"people": "300"}, "人口数"),
        ({"over_60": "x"}, "60岁以上"), ({"over_60": "4"}, "60岁以上"), ({"care": "富裕"}, "关爱标签"),
        ({"care": "独居", "tenure": "空置"}, "关爱标签"), ({"name": "王" * 61}, "户主姓名"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named_with_its_column_its_value_and_a_reason(
    tmp_path: Path, facts: dict[str, str], column: str
) -> None:
    found, _, reason = refusal(tmp_path, **facts)
    assert (found, bool(reason)) == (column, True)


def test_every_bad_row_is_listed_and_every_bad_cell_of_it(tmp_path: Path) -> None:
    rows = [row("301"), row("302", tenure="?", people="many"), row("401"), row("402", grid="")]
    entries, problems = checked(tmp_path, rows)
    assert [(one.row, one.column, one.value) for one in problems] == [
        (3, "居住情况", "?"),
        (3, "人口数", "many"),
        (5, "网格", ""),
    ]
    assert len(entries) == 2


def test_the_same_door_twice_names_the_row_where_it_stood_first(tmp_path: Path) -> None:
    _, problems = checked(
        tmp_path, [row("301"), row("302"), row("301", building="5", unit="二单元", name="李")]
    )
    assert [(one.row, one.text()) for one in problems] == [(4, "The same door stands in row 2")]


def test_a_building_in_two_grids_is_refused(tmp_path: Path) -> None:
    _, problems = checked(tmp_path, [row("301"), row("302", grid="四网格")])
    assert [(one.row, one.column, one.value) for one in problems] == [(3, "网格", "四网格")]


@pytest.mark.parametrize(
    "said",
    [
        "11010119491231002X",
        "１１０１０１１９４９１２３１００２１",
        "身份证110101194912310021",
        "110101 19491231 0021",
        "110101-19491231-0021",
    ],
)
@pytest.mark.parametrize("column", ["name", "phone", "label", "extra"])
def test_a_national_id_number_anywhere_is_refused_and_not_repeated(
    tmp_path: Path, column: str, said: str
) -> None:
    cells = [*row(**({column: said} if column != "extra" else {})), said if column == "extra" else ""]
    entries, problems = checked(tmp_path, [cells], [*CHINESE, "身份证号"])
    assert (len(entries), len(problems)) == (0, 1)
    assert "19491231" not in problems[0].value.replace(" ", "").replace("-", "")
    assert "never stored" in problems[0].text()


def test_an_id_number_kept_as_a_spreadsheet_number_is_found_too(tmp_path: Path) -> None:
    register = open_register(
        xlsx_file(tmp_path / "r.xlsx", [[*CHINESE, "备注号"], [*row(), 110101194912310016]])
    )
    with Staging() as staging:
        staging.fill(register, Checker(register.columns, HEPING))
        assert [one.column for one in staging.problems()] == ["备注号"]


def test_a_long_meter_number_is_no_id_number(tmp_path: Path) -> None:
    entries, problems = checked(tmp_path, [[*row(), "62220200000000000001"]], [*CHINESE, "电表号"])
    assert (len(entries), problems) == (1, [])


def test_a_household_without_a_name_is_taken(tmp_path: Path) -> None:
    assert entry(tmp_path, name="").values["name"] == ""


def test_columns_that_the_sheet_lacks_are_not_said(tmp_path: Path) -> None:
    headers = [one for one in CHINESE if one not in ("联系电话", "人口数", "60岁以上", "关爱标签", "社区")]
    entries, problems = checked(tmp_path, [["三网格", "5号楼", "2单元", "3", "301", "王", "自住"]], headers)
    assert problems == []
    assert (entries[0].values, entries[0].care) == ({"name": "王", "tenure": "owner"}, None)
