"""A year of visits: who knocked where and when, and what came of it, as such work really goes.

Most first knocks stay unanswered (11–30 % of doors open); the second knock comes in the evening or at the weekend;
after some tries the home waits a while. Only "met" sets the next due day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

FIRST = {"met": 21, "no_answer": 66, "phone_only": 4, "refused": 3, "told_by_neighbour": 3, "appointment": 3}
EVENING = {
    "met": 50,
    "no_answer": 36,
    "phone_only": 5,
    "refused": 3,
    "told_by_neighbour": 2,
    "appointment": 4,
}
# People in care are expected, often known to be at home.
EXPECTED = {"met": 78, "no_answer": 15, "phone_only": 5, "told_by_neighbour": 1, "appointment": 1}
ENDED = {"refused", "moved", "vacant"}  # the home is left alone for a while
TRIES = 4
# Slots of a working day: minutes after midnight, local.
MORNING, AFTERNOON, SECOND, WEEKEND = (540, 690), (840, 1020), (1080, 1230), (570, 720)
MET_PHRASES = (
    (["as_last_time"], 34),
    (["well"], 40),
    (["as_last_time", "well"], 14),
    (["request"], 7),
    (["hazard"], 5),
)
MET_NOTES = (
    "身体都好，女儿周末回来。", "说楼道灯不亮，已报物业。", "换了手机，号码已更正。", "提醒电动车不要进楼充电。", "想办老年卡，告知带身份证到服务站。",
    "家里老人刚出院，下周再来看看。", "反映楼上漏水，已记下。", "孩子上小学了，平时晚上在家。", "阳台杂物已答应清理。", "问了供暖时间，已告知。",
)  # fmt: skip
CARE_NOTES = (
    "精神不错，血压药够吃。", "帮忙换了灯泡。", "送了社区的春联。", "说膝盖疼，陪着约了社区医院。", "邻居每天来看一眼，放心。", "低保年审材料已收齐。",
)  # fmt: skip
OTHER_NOTES = {
    "no_answer": ("门上留了条。", "听见电视声，没有开门。", "邻居说上班去了。"),
    "refused": ("说在忙，不方便。", "不愿意登记电话。"),
    "phone_only": ("电话里说一切都好。", "在外地，月底回来。"),
    "told_by_neighbour": ("对门说去儿子家住了。", "邻居说一家出去旅游了。"),
    "appointment": ("约了晚上再来。", "约周六上午。"),
}
WEEKEND_DAYS = (5, 6)


@dataclass(slots=True)
class Home:
    """A household that may be visited, and in which order its staircase is walked."""

    id: str
    walk: tuple[Any, ...]  # building, stair unit, floor from the top, position
    interval: int | None
    due: date | None
    care: bool


@dataclass(slots=True)
class Knock:
    """One visit before it has its minute: the day, the slot, and what came of it."""

    home: Home
    day: date
    slot: tuple[int, int]
    outcome: str
    fields: dict[str, Any] = field(default_factory=dict)
    minute: int = 0


def year(homes: list[Home], first: date, last: date, random: Random) -> list[Knock]:
    """The visits of one grid from `first` to `last`, in the order in which they happened."""
    knocks = [knock for home in homes for knock in _of_home(home, first, last, random)]
    by_walk: dict[tuple[date, tuple[int, int]], list[Knock]] = defaultdict(list)
    for knock in knocks:
        by_walk[knock.day, knock.slot].append(knock)
    walked: list[Knock] = []
    for (_, (start, end)), walk in sorted(by_walk.items(), key=lambda one: one[0]):
        walk.sort(key=lambda knock: knock.home.walk)
        step = min(6.0, (end - start) / len(walk))
        for at, knock in enumerate(walk):
            knock.minute = int(start + at * step + random.random() * min(step, 3))
        walked += walk
    return walked


def _of_home(home: Home, first: date, last: date, random: Random) -> Iterator[Knock]:
    if home.interval is None or home.due is None:
        yield from _empty(home, first, last, random)
        return
    due = max(home.due, first)
    while True:
        due = _worked(due + timedelta(days=_lag(home, random)))
        met: date | None = None
        for knock in _round(home, due, random):
            if knock.day > last:
                return
            yield knock
            due = knock.day
            if knock.outcome == "met":
                met = knock.day
            elif knock.outcome in ENDED:
                due += timedelta(days=random.randint(25, 50))
        if met:
            due = met + timedelta(days=home.interval)
        else:
            due += timedelta(days=3 if home.care else random.randint(20, 45))


def _lag(home: Home, random: Random) -> int:
    """Days between the due day and the first knock: the worker takes a staircase at a time."""
    return random.randint(0, 1) if home.care else random.randint(0, 9)


def _round(home: Home, day: date, random: Random) -> Iterator[Knock]:
    """The knocks until the door opens, somebody refuses, or the worker lets it be."""
    for number in range(TRIES):
        weekend = day.weekday() in WEEKEND_DAYS
        slot = WEEKEND if weekend else SECOND if number else AFTERNOON if home.care else MORNING
        chances = EXPECTED if home.care else EVENING if number or weekend else FIRST
        outcome = random.choices(list(chances), list(chances.values()))[0]
        back = day + timedelta(days=random.randint(1, 4))
        knock = Knock(home, day, slot, outcome, _said(home, outcome, back, random))
        yield knock
        if outcome == "met" or outcome in ENDED or (number and random.random() < 0.12):
            return
        day = back


def _said(home: Home, outcome: str, back: date, random: Random) -> dict[str, Any]:
    """Phrases, a note now and then, and when to come back."""
    fields: dict[str, Any] = {"phrases": [], "note": ""}
    if outcome == "met":
        fields["phrases"] = list(
            random.choices([one for one, _ in MET_PHRASES], [weight for _, weight in MET_PHRASES])[0]
        )
        notes = CARE_NOTES if home.care and random.random() < 0.6 else MET_NOTES
        fields["note"] = random.choice(notes) if random.random() < 0.12 else ""
    else:
        if outcome == "no_answer":
            fields["phrases"] = random.choices(([], ["come_again"], ["left_note"]), (70, 18, 12))[0]
        if random.random() < 0.1:
            fields["note"] = random.choice(OTHER_NOTES[outcome])
        if outcome in ("no_answer", "appointment"):
            fields["come_back"] = back
    return fields


def _empty(home: Home, first: date, last: date, random: Random) -> Iterator[Knock]:
    """A vacant home is looked at once or twice a year."""
    for _ in range(random.randint(0, 2)):
        day = _worked(first + timedelta(days=random.randrange((last - first).days)))
        if day <= last:
            yield Knock(home, day, MORNING, "vacant", {"phrases": [], "note": ""})


def _worked(day: date) -> date:
    """The day, or the Monday after where it is a Sunday: first knocks are made from Monday to Saturday."""
    return day + timedelta(days=1) if day.weekday() == 6 else day


def moment(day: date, minute: int, offset: int) -> datetime:
    """The UTC moment of a local day and minute, `offset` minutes east."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute - offset)
