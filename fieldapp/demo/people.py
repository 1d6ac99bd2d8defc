"""Invented people: names that nobody has to recognise, phone numbers that ring nowhere."""

from __future__ import annotations

from random import Random

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤单"
COMPOUND = ("欧阳", "上官", "尉迟", "令狐", "司马")
FIRST = "建国志文明德玉秀淑桂春秋海永长金春晓小雪子雨思嘉宇浩俊晨佳丽美兰凤英彩"
LAST = "华明强军平英芳兰珍霞敏静丽娟艳萍红梅玲燕伟勇杰涛超斌辉鹏宁洁琳欣怡涵轩然晨阳"


def name(random: Random) -> str:
    """A household's name, such as 王建华; now and then a surname of two characters."""
    surname = random.choice(COMPOUND) if random.random() < 0.004 else _weighted(random)
    given = random.choice(FIRST) if random.random() < 0.75 else ""
    return surname + given + random.choice(LAST)


def _weighted(random: Random) -> str:
    # The first ten surnames are those of two people in five.
    return random.choice(SURNAMES[:10] if random.random() < 0.4 else SURNAMES)


def phone(random: Random) -> str:
    """`000-13880412`: no network has the prefix 000."""
    return f"000-{random.randrange(10_000_000, 100_000_000)}"
