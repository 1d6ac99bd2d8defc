"""Register columns: what communities call the columns of their household register, in Chinese and in English."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from fieldapp.declare.words import _l


@dataclass(frozen=True)
class Column:
    """A column that the register may have: its name, its word for people, and the headers it is known by."""

    name: str
    word: str
    headers: tuple[str, ...]
    required: bool = True


COLUMNS = (
    Column("community", _l("community"), ("社区", "社区名称", "所属社区", "村居", "community name"), required=False),
    Column("grid", _l("grid"), ("网格", "所属网格", "网格名称", "网格号", "网格编号", "所在网格", "grid name", "grid no")),
    Column(
        "building",
        _l("building"),
        ("楼栋", "楼", "楼号", "栋", "栋号", "幢", "幢号", "楼栋号", "楼幢", "楼房号", "座", "所属楼栋", "building no", "bldg", "block"),
    ),
    Column(
        "stair_unit",
        _l("stair unit"),
        ("单元", "单元号", "门洞", "楼门", "楼门号", "所属单元", "stair unit", "unit", "unit no", "stairunit", "staircase", "entrance"),
    ),
    Column("floor", _l("floor"), ("楼层", "层", "层数", "所在楼层", "所在层", "层号", "level", "storey"), required=False),
    Column(
        "label",
        _l("door label"),
        (
            "门牌", "门牌号", "户号", "房号", "房间号", "室", "室号", "门户", "房屋号", "门牌号码", "房门号",
            "label", "door", "door no", "door number", "room", "room no", "flat", "apartment",
        ),
    ),  # fmt: skip
    Column(
        "name",
        _l("household name"),
        (
            "户主", "户主姓名", "姓名", "户名", "住户", "住户姓名", "居民姓名", "联系人", "业主", "业主姓名", "户主名",
            "household", "name", "householder", "head of household", "resident", "family name",
        ),
    ),  # fmt: skip
    Column(
        "tenure",
        _l("tenure"),
        (
            "居住情况", "居住性质", "居住状态", "居住状况", "居住类型", "房屋性质", "房屋状态", "房屋用途", "住房性质", "产权",
            "产权性质", "权属", "使用情况", "房屋使用情况", "自住出租", "住房状态", "status", "occupancy", "ownership",
        ),
    ),  # fmt: skip
    Column(
        "phone",
        _l("phone"),
        ("电话", "联系电话", "手机", "手机号", "手机号码", "电话号码", "联系方式", "联系手机", "phone number", "telephone", "tel", "mobile"),
        required=False,
    ),
    Column(
        "people",
        _l("people"),
        (
            "人数", "人口", "人口数", "家庭人数", "家庭人口", "居住人数", "常住人数", "常住人口", "实住人数", "户人数", "总人数",
            "number of people", "no of people", "persons", "number of persons", "residents", "household size",
        ),
        required=False,
    ),  # fmt: skip
    Column(
        "over_60",
        _l("people over 60"),
        (
            "60岁以上", "60岁以上人数", "60岁及以上", "60岁及以上人数", "60以上", "60周岁以上", "60周岁以上人数", "60周岁及以上人数",
            "老年人数", "老人数", "老人", "老年人", "六十岁以上", "六十岁以上人数", "60岁以上老人", "60岁以上老年人", "60岁以上老人数",
            "over 60", "over60", "people over 60", "number over 60", "aged over 60", "60+", "elderly", "seniors",
        ),
        required=False,
    ),  # fmt: skip
    Column(
        "care",
        _l("care tags"),
        (
            "关爱标签", "关爱", "关爱类型", "关爱类别", "重点关爱", "重点关爱对象", "特殊群体", "特殊人群", "人员类别", "标签", "重点人群",
            "关爱对象", "困难类型", "care tags", "care", "care tag", "tags", "care categories",
        ),
        required=False,
    ),  # fmt: skip
)  # fmt: skip

WORDS = {column.name: column.word for column in COLUMNS}
# What a new household takes where the sheet lacks the column.
DEFAULTS: dict[str, str | int] = {"name": "", "tenure": "owner", "phone": "", "people": 0, "over_60": 0}
# With what is explained in it in brackets; in a torn file a "header" may be as long as the file.
LONGEST_HEADER = 200
_ASIDE = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
_NOISE = re.compile(r"[\s*:：_./、，,#?？'\"“”-]+")


def folded(header: str) -> str:
    """A header as it is compared: width, case, spaces, stars and what stands in brackets do not matter."""
    text = unicodedata.normalize("NFKC", header).lower()
    return _NOISE.sub("", _ASIDE.sub("", text)) or _NOISE.sub("", text)


_KNOWN = {
    folded(header): column.name
    for column in COLUMNS
    for header in (column.name, column.word, *column.headers)
}


def column_of(header: str) -> str | None:
    """The column that a header stands for, or none."""
    return _KNOWN.get(folded(header)) if len(header) <= LONGEST_HEADER else None


def missing_from(found: set[str]) -> list[str]:
    """The required columns that a header row lacks."""
    return [column.name for column in COLUMNS if column.required and column.name not in found]
