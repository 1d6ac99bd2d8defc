"""Figures: the balance of leaflets by person, and doors by what came of them."""

from __future__ import annotations

import pytest

from fieldapp.rounds.figures import Balance, balances, progress, total


def moved(user: str, move: str, count: int) -> dict[str, object]:
    return {"user": user, "move": move, "count": count}


def used(author: str, outcome: str, count: int = 1) -> dict[str, object]:
    return {"author": author, "outcome": outcome, "count": count}


@pytest.mark.parametrize(
    ("stock", "events", "expected"),
    [
        ([], [], {}),
        ([moved("chen", "issued", 10)], [], {"chen": 10}),
        ([moved("chen", "issued", 10)], [used("chen", "handed"), used("chen", "left", 3)], {"chen": 6}),
        # Nobody took one: nothing is used up.
        ([moved("chen", "issued", 10)], [used("chen", "refused"), used("chen", "no_answer")], {"chen": 10}),
        ([moved("chen", "issued", 10), moved("chen", "returned", 6), moved("chen", "spoiled", 4)], [], {"chen": 0}),
        # What Zhou used of Chen's leaflets is short with one and over with the other.
        ([moved("chen", "issued", 2)], [used("zhou", "handed", 2)], {"chen": 2, "zhou": -2}),
    ],
)  # fmt: skip
def test_what_nothing_accounts_for_is_told_by_person(
    stock: list[dict[str, object]], events: list[dict[str, object]], expected: dict[str, int]
) -> None:
    found = balances(stock, events)
    assert {person: one.out for person, one in found.items()} == expected
    assert total(found.values()).out == sum(expected.values())


def test_all_together_is_the_sum_of_each() -> None:
    both = total([Balance(5, 1, 2, 1, 1), Balance(7, 3, 0, 2, 0)])
    assert (both.issued, both.handed, both.left, both.returned, both.spoiled, both.out) == (12, 4, 2, 3, 1, 2)


def test_a_door_counts_once_by_what_came_of_it() -> None:
    of = progress(
        {"outcome": code} for code in ("handed", "left", "left", "refused", "no_answer", None, None)
    )
    assert (of.reached, of.doors, of.open, of.refused, of.no_answer) == (3, 7, 2, 1, 1)
