"""Flood: many phones come back in the same second; the server lets in few at a time, and all of it arrives once."""

from __future__ import annotations

import threading
from pathlib import Path
from random import Random

import pytest

from fieldapp.limits import COME_BACK, LONGEST, Turns
from tests.bench.flood import Flood, build_town
from tests.ledger import Ledger
from tests.server import Server


@pytest.mark.slow
@pytest.mark.parametrize("make", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_thirty_phones_with_forty_operations_each_come_back_at_once(
    make: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:  # P7
    url = (
        f"sqlite:///{tmp_path / 'fieldapp.db'}"
        if make == "sqlite"
        else request.getfixturevalue("postgres").url()
    )
    people = build_town(url, 15)
    server = Server(tmp_path / "data", DATABASE_URL=url).start()
    try:
        flood = Flood(server, people, phones=30, operations=40, hurry=0.1)
        flood.come_back()
        print("\n" + "\n".join(one.row() for one in flood.figures()))
        Ledger(url).check(flood.walkers, drained=True)
    finally:
        server.stop()


def test_few_run_few_wait_and_the_others_are_sent_away_at_once() -> None:  # P7
    turns = Turns(at_once=2, waiting=1, patience=30)
    assert turns.take()
    assert turns.take()
    got: list[bool] = []
    third = threading.Thread(target=lambda: got.append(turns.take()))
    third.start()
    # The third waits inside: from then on there is no room for a fourth.
    pause = threading.Event()
    while turns._inside._value:
        pause.wait(0.001)
    assert not turns.take()
    assert got == []
    turns.give()
    third.join(timeout=30)
    assert got == [True]
    turns.give()
    turns.give()
    assert turns.take()


def test_who_waits_longer_than_is_patient_is_sent_away() -> None:  # P7
    turns = Turns(at_once=1, waiting=1, patience=0.01)
    assert turns.take()
    assert not turns.take()
    turns.give()
    assert turns.take()


def test_the_more_are_sent_away_the_wider_they_are_spread() -> None:  # P7
    turns = Turns(random=Random("spread"))
    few = [turns.later() for _ in range(COME_BACK)]
    assert set(few) <= {1, 2, 3}
    many = [turns.later() for _ in range(2000)]
    assert max(many) == LONGEST
    assert min(many[-200:]) < 10
    assert len(set(many[-200:])) > 30
