"""Rules: what a supervisor is shown, as a table; pure functions on plain facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldapp.review.rules import Fact, crowded, flags, is_outside, local_clock, several_doors

MORNING = "2026-11-23T02:40:"
LATER = "2026-11-23T02:45:00Z"


def fact(op: str, at: str = MORNING + "00Z", **given: Any) -> Fact:
    usual = {"user": "li", "device": "phone", "kind": "visit", "verb": "create", "place": op}
    return Fact(op=op, device_time=at, **{**usual, **given})


def found(*facts: Fact) -> list[tuple[str, tuple[str, ...]]]:
    return [(flag.reason, flag.ops) for flag in flags(facts, ("08:00", "21:00"), 480)]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], []),
        ([fact("a")], []),
        # The clock: more than ten minutes, in either direction; all of one phone are one row.
        ([fact("a", offset_ms=600_000)], []),
        ([fact("a", offset_ms=600_001)], [("clock", ("a",))]),
        ([fact("a", offset_ms=-1_560_000), fact("b", LATER, offset_ms=-1_560_000)], [("clock", ("a", "b"))]),
        ([fact("a", offset_ms=900_000), fact("b", LATER, offset_ms=900_000, device="other")], [("clock", ("a",)), ("clock", ("b",))]),
        # Doors: three different ones by one person within a minute.
        ([fact("a", MORNING + "00Z"), fact("b", MORNING + "20Z"), fact("c", MORNING + "59Z")], [("doors", ("a", "b", "c"))]),
        ([fact("a", MORNING + "00Z"), fact("b", MORNING + "20Z"), fact("c", "2026-11-23T02:41:00Z")], []),
        ([fact("a", MORNING + "00Z"), fact("b", MORNING + "20Z")], []),
        ([fact("a"), fact("b", place="a"), fact("c", place="a")], []),
        ([fact("a"), fact("b"), fact("c", user="wang")], []),
        ([fact("a"), fact("b"), fact("c", verb="patch")], []),
        # A hazard that nobody described.
        ([fact("a", patch={"phrases": ["hazard"], "note": ""})], [("hazard", ("a",))]),
        ([fact("a", patch={"phrases": ["hazard"], "note": " \n"})], [("hazard", ("a",))]),
        ([fact("a", patch={"phrases": ["hazard"], "note": "楼道堆物"})], []),
        ([fact("a", patch={"phrases": ["well"]})], []),
        ([fact("a", patch={"phrases": "hazard"})], []),
        # Hours: by the town's clock, a person's day is one row.
        ([fact("a", "2026-11-22T23:59:59Z")], [("hours", ("a",))]),
        ([fact("a", "2026-11-23T00:00:00Z")], []),
        ([fact("a", "2026-11-23T12:59:59Z")], []),
        ([fact("a", "2026-11-23T13:00:00Z"), fact("b", "2026-11-23T13:05:00Z")], [("hours", ("a", "b"))]),
        ([fact("a", "2026-11-23T13:00:00Z", place="")], []),
    ],
)  # fmt: skip
def test_each_cause_is_one_row(facts: list[Fact], expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert found(*facts) == expected


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from("abcd"), st.sampled_from(["li", "wang"])), max_size=12
    )
)
def test_several_doors_are_found_as_somebody_would_who_tries_every_minute(
    knocks: list[tuple[int, str, str]],
) -> None:
    start = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)
    made = [
        fact(str(at), (start + timedelta(seconds=second)).isoformat(), place=door, user=user)
        for at, (second, door, user) in enumerate(knocks)
    ]
    crowds = {
        user
        for _, _, user in knocks
        for first, _, by in knocks
        if by == user and len({door for at, door, who in knocks if who == user and 0 <= at - first < 60}) >= 3
    }
    assert {run[0].user for run in several_doors(made)} == crowds
    ops = {one.op for run in crowded(made) for one in run}
    assert all(one.op in ops for run in several_doors(made) for one in run), (
        "what the rule needs is looked at"
    )


def test_a_span_over_midnight_is_understood() -> None:
    night = ("20:00", "06:00")
    assert [is_outside(at, night) for at in ("19:59", "20:00", "23:59", "05:59", "06:00")] == [
        True,
        False,
        False,
        False,
        True,
    ]
    assert local_clock("2026-11-22T16:00:00Z", 480) == "00:00"
