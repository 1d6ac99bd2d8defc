"""The demo town: one community with exactly the counts of the design, two small sisters beside it, as registers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from fieldapp.demo import people

TOWN = "安宁街道"
HEADERS = (
    "社区", "网格", "楼栋", "单元", "楼层", "门牌号", "户主姓名", "居住情况", "联系电话", "人口数", "60岁以上", "关爱标签",
)  # fmt: skip
# Households by their tags: 84 homes, 96 tags; 72 with one, 12 with two.
CARE = (
    (("独居",), 26), (("空巢",), 17), (("重残",), 8), (("重病",), 6), (("低保",), 9), (("就业困难",), 6),
    (("独居", "重残"), 3), (("独居", "低保"), 4), (("重病", "低保"), 2), (("空巢", "重病"), 2), (("低保", "就业困难"), 1),
)  # fmt: skip
# Labels that are no numbers: ground-floor shops, a split rental, a house that skips the number four.
LABELS = {
    (12, 5, 1, 1): "底商1",
    (12, 5, 1, 2): "底商2",
    (7, 3, 3, 2): "301-B",
    (18, 2, 4, 1): "3A",
    (18, 2, 4, 2): "3B",
}


@dataclass(frozen=True)
class Plan:
    """A community to be invented: its grids with their buildings, and how many homes are rented, vacant, in care."""

    name: str
    grids: dict[str, tuple[int, ...]]
    low: tuple[int, int, int]  # floors, stair units, doors a floor
    high: tuple[int, int, int]
    high_from: int  # the first building of the high kind
    rented: int
    vacant: int
    care: tuple[tuple[tuple[str, ...], int], ...]


MAIN = Plan(
    "和平社区",
    {"一网格": (1, 2, 3, 4, 9, 10), "二网格": (11, 12, 13, 14, 15, 16), "三网格": (5, 6, 7, 8, 17, 18), "四网格": tuple(range(19, 25))},
    (6, 5, 2), (11, 4, 2), 17, 417, 166, CARE,
)  # fmt: skip
SISTERS = (
    Plan(
        "幸福社区",
        {"一网格": (1, 2)},
        (4, 2, 2),
        (4, 2, 2),
        99,
        8,
        3,
        ((("独居",), 1), (("空巢", "低保"), 1)),
    ),
    Plan("新苑社区", {"一网格": (1, 2, 3)}, (3, 2, 2), (3, 2, 2), 99, 9, 4, ((("重残",), 1), (("独居",), 1))),
)


def register(plan: Plan) -> Iterator[tuple[str, ...]]:
    """The community's household register as its clerk would keep it: a header, then a row a door."""
    yield HEADERS
    random = Random(f"register of {plan.name}")
    doors = [
        (grid, *door)
        for grid, buildings in plan.grids.items()
        for one in buildings
        for door in _doors(plan, one)
    ]
    tenures = _tenures(plan, len(doors), random)
    care = _care(plan, tenures, random)
    for at, (grid, building, unit, floor, label) in enumerate(doors):
        facts = _facts(tenures[at], care.get(at, ()), label, random)
        yield plan.name, grid, f"{building}号楼", f"{unit}单元", str(floor), label, *facts


def _doors(plan: Plan, building: int) -> Iterator[tuple[int, int, int, str]]:
    floors, units, across = plan.high if building >= plan.high_from else plan.low
    for unit in range(1, units + 1):
        for floor in range(1, floors + 1):
            for number in range(1, across + 1):
                usual = f"{floor}{number:02}"
                label = LABELS.get((building, unit, floor, number), usual) if plan is MAIN else usual
                yield building, unit, floor, label


def _tenures(plan: Plan, doors: int, random: Random) -> list[str]:
    tenures = ["空置"] * plan.vacant + ["出租"] * plan.rented + ["自住"] * (doors - plan.vacant - plan.rented)
    random.shuffle(tenures)
    return tenures


def _care(plan: Plan, tenures: list[str], random: Random) -> dict[int, tuple[str, ...]]:
    # People in care mostly own the home they grew old in.
    owned = [at for at, tenure in enumerate(tenures) if tenure == "自住"]
    chosen = random.sample(owned, sum(homes for _, homes in plan.care))
    tags = [one for one, homes in plan.care for _ in range(homes)]
    return dict(zip(chosen, tags, strict=True))


def _facts(tenure: str, care: tuple[str, ...], label: str, random: Random) -> tuple[str, ...]:
    if tenure == "空置":
        owner = random.random() < 0.5
        name, phone = (people.name(random), people.phone(random)) if owner else ("", "")
        return name, tenure, phone, "0", "0", ""
    alone, couple = "独居" in care, "空巢" in care
    count = 1 if alone else 2 if couple else random.choices((1, 2, 3, 4, 5, 6), (14, 26, 32, 17, 8, 3))[0]
    old = (
        count
        if alone or couple
        else min(count, random.choices((0, 1, 2), (62, 20, 18) if tenure == "自住" else (90, 7, 3))[0])
    )
    shop = label.startswith("底商")
    name = f"{people.name(random)[0]}记便民店" if shop else people.name(random)
    phone = people.phone(random) if random.random() < 0.93 else ""
    return name, tenure, phone, str(count), str(old), "、".join(care)
