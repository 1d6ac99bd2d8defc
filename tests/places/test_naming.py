"""Naming: how the community's places and people are told apart, sorted and found."""

from __future__ import annotations

import pytest

from fieldapp.places.naming import chinese_number, label_order, place
from fieldapp.places.pinyin import pinyin


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("二十三", 23),
        ("一百零五", 105),
        ("百", 100),
        ("甲", None),
        ("", None),
        ("二三", None),
    ],
)
def test_a_number_is_read_in_digits_and_in_characters(text: str, number: int | None) -> None:
    assert chinese_number(text) == number


@pytest.mark.parametrize(
    "same", [("5", "5号楼", "五栋", "Building 5", "5#"), ("12", "十二号楼", "第12幢", "12座")]
)
def test_one_building_has_many_ways_to_be_written(same: tuple[str, ...]) -> None:
    assert len({place("building", text).key for text in same}) == 1


def test_buildings_with_a_letter_are_buildings_of_their_own() -> None:
    assert len({place("building", text).key for text in ("5号楼", "5甲楼", "A5", "A座")}) == 4


def test_labels_sort_as_people_count() -> None:
    labels = ["1001", "302", "3B", "底商10", "3A", "301-B", "底商2", "301"]
    assert sorted(labels, key=label_order) == ["3A", "3B", "301", "301-B", "302", "1001", "底商2", "底商10"]


@pytest.mark.parametrize(
    ("name", "full", "initials"),
    [
        ("重庆火锅店", "chongqinghuoguodian", "cqhgd"), ("王建国", "wangjianguo jianguo", "wjg"), ("李明", "liming ming", "lm"),
        ("单英", "shanying danying ying", "sy dy"), ("欧阳锋", "ouyangfeng yangfeng", "oyf"), ("尉迟恭", "yuchigong gong", "ycg"),
        ("吕布", "lvbu bu", "lb"), ("John Smith", "", ""), ("", "", ""),
    ],
)  # fmt: skip
def test_a_name_is_found_by_its_pinyin_and_its_initials(name: str, full: str, initials: str) -> None:
    assert pinyin(name)[0].split()[: len(full.split())] == full.split()
    assert pinyin(name)[1].split()[: len(initials.split())] == initials.split()


def test_chongqing_is_not_zhongqing() -> None:
    assert pinyin("重庆")[0].split()[0] == "chongqing"
