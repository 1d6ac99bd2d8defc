"""Round: several phones at work against a real server while blows fall on it at random moments, from one seed."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import psutil

from tests.cast import Town
from tests.ledger import Ledger
from tests.server import Server
from tests.walker import Walker, sign_in

HURRY = 0.03
# How long after a push began a blow falls: from before it is read until after it was answered.
WITHIN_SECONDS = 0.12

Blow = Callable[[], None]


class Round:
    """Phones that work without end; `fall` lets one blow after another come down on them and counts what it met."""

    def __init__(self, server: Server, ledger: Ledger, town: Town, seed: str) -> None:
        self.server, self.ledger, self.seed = server, ledger, seed
        self.random = Random(seed)
        self.over = threading.Event()
        self.problems: list[BaseException] = []
        self.blows: Counter[str] = Counter()
        doors = {
            name: [id for at, id in town.households.items() if at.startswith(f"{grid}-")]
            for name, grid in (("li", 3), ("wang", 4))
        }
        self.walkers = []
        for name, homes in doors.items():
            cookie = sign_in(server.port, name)
            for phone in (1, 2):
                user = town.people[name].id
                self.walkers.append(Walker(server.port, user, cookie, homes, f"{seed} {phone}", HURRY))
        self.threads = [threading.Thread(target=self._walk, args=(one,)) for one in self.walkers]

    def __enter__(self) -> Round:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=60)

    def _walk(self, walker: Walker) -> None:
        try:
            while not self.over.is_set():
                walker.work()
                walker.send(self.over, until_idle=False)
        except BaseException as problem:
            self.problems.append(problem)

    def fall(self, blows: Sequence[tuple[str, Blow]], times: int, minutes: float = 0) -> None:
        """So many blows, each drawn from the list, or for so long; what is kept is checked after every one."""
        pause, began = threading.Event(), time.monotonic()
        done = 0
        while (time.monotonic() - began < minutes * 60) if minutes else done < times:
            name, blow = self.random.choice(blows)
            walker = self.random.choice(self.walkers)
            before = walker.last
            self._until(lambda at=before, one=walker: one.last > at and one.asking.is_set())  # type: ignore[misc]
            pause.wait(self.random.random() * WITHIN_SECONDS)
            blow()
            done += 1
            self.blows[name] += 1
            if minutes and done % 20 == 0:
                print(
                    f"\r{self.told()} after {(time.monotonic() - began) / 60:.1f} min",
                    file=sys.stderr,
                    flush=True,
                )
        self.settle()

    def settle(self) -> None:
        """The phones stop recording, send what they hold, and everything is there once."""
        self.__exit__()
        assert self.problems == [], f"seed {self.seed}: {self.problems!r}"
        drain(self.walkers)
        self.check(drained=True)
        print(f"\nseed {self.seed}: {self.told()}")

    def check(self, drained: bool = False) -> None:
        """What the database holds against what the phones were told so far."""
        self.ledger.check(self.walkers, drained)

    def told(self) -> str:
        """Counts in words."""
        seen = sum((one.seen for one in self.walkers), Counter())
        saved = sum(len(one.saved) for one in self.walkers)
        blows = ", ".join(f"{count} × {name}" for name, count in sorted(self.blows.items()))
        return (
            f"{blows}; {saved} operations, {seen['200']} exchanges answered, {seen['0']} broken off, "
            f"{seen['503']} told to wait"
        )

    def _until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        pause, deadline = threading.Event(), time.monotonic() + seconds
        while not condition():
            assert self.problems == [], f"seed {self.seed}: {self.problems!r}"
            assert time.monotonic() < deadline, f"seed {self.seed}: the phones came no further: {self.told()}"
            pause.wait(0.002)


def drain(walkers: Sequence[Walker], seconds: float = 120) -> None:
    """All phones send until nothing waits and nothing more comes."""
    over = threading.Event()
    threads = [threading.Thread(target=one.send, args=(over,)) for one in walkers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(timeout=max(0, deadline - time.monotonic()))
    over.set()
    for thread in threads:
        thread.join()


def kill_a_worker(server: Server, random: Random) -> None:
    """As the kernel does when memory runs out: SIGKILL to one of the processes that answer; the others go on."""
    assert server.process
    workers = psutil.Process(server.process.pid).children()
    if workers:
        os.kill(random.choice(workers).pid, signal.SIGKILL)
