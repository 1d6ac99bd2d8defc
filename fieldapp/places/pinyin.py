"""Pinyin: a household's name as it is typed on a phone in a stairwell, in full and by initials."""

from __future__ import annotations

from functools import lru_cache

# Surnames that are read otherwise than the same character in a word.
SURNAMES = {
    "单": "shan", "解": "xie", "仇": "qiu", "曾": "zeng", "查": "zha", "区": "ou", "朴": "piao", "盖": "ge", "缪": "miao",
    "覃": "qin", "翟": "zhai", "纪": "ji", "员": "yun", "召": "shao", "乜": "nie", "繁": "po", "秘": "bi", "折": "she",
    "重": "chong", "乐": "yue", "逄": "pang", "种": "chong", "燕": "yan", "应": "ying", "尉迟": "yu chi", "万俟": "mo qi",
    "长孙": "zhang sun", "令狐": "ling hu", "澹台": "tan tai", "呼延": "hu yan", "宿": "su", "洗": "xian", "冼": "xian",
    "祭": "zhai", "佴": "nai", "黑": "he", "过": "guo", "那": "na", "车": "che", "卜": "bu", "谌": "chen", "褚": "chu",
}  # fmt: skip
_NAME_LENGTH = 4  # longer texts are shops and offices, not persons


@lru_cache(maxsize=20_000)
def pinyin(name: str) -> tuple[str, str]:
    """`王建国` → (`wangjianguo jianguo`, `wjg`): the whole, and the given name for who types a space between.

    A surname with its own reading brings both: `单英` → (`shanying danying ying`, `sy dy`).
    A name without Chinese characters is found by itself: both are empty.
    """
    if name.isascii():
        return "", ""
    usual = _syllables(name)
    readings, given = [usual], 1
    for length in (2, 1):
        surname = SURNAMES.get(name[:length])
        if surname and length < len(name) <= _NAME_LENGTH:
            own = [*surname.split(), *_syllables(name[length:])]
            given = len(surname.split())
            readings = [own] if "".join(own) == "".join(usual) else [own, usual]
            break
    full = ["".join(syllables) for syllables in readings]
    if 1 < len(name) <= _NAME_LENGTH:
        full.append("".join(readings[0][given:]))
    initials = list(dict.fromkeys("".join(one[0] for one in syllables) for syllables in readings))
    return " ".join(dict.fromkeys(one for one in full if one))[:200], " ".join(initials)[:60]


def _syllables(text: str) -> list[str]:
    # Its dictionaries take a quarter of the program's start, and few starts come to names.
    from pypinyin import Style, lazy_pinyin

    found = lazy_pinyin(text, style=Style.NORMAL, v_to_u=False)
    return [one for piece in found for one in piece.lower().split()]
