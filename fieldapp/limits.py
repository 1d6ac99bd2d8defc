"""Limits: how often an address may try passwords, how often a person's phones may ask, how many exchanges run at once.

When thousands of phones come back after an outage, a queue that all wait in answers nobody. A few run, a few wait for a
turn, the others are told when to come again, each another moment, the further away the more of them there are.  # P7
"""

from __future__ import annotations

import threading
import time
from random import Random

from flask import g
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(key_func=get_remote_address, storage_uri="memory://", headers_enabled=True)

# A first pull of 20,000 records is a dozen exchanges, a month's work waiting a few dozen.  # P21
EXCHANGES = "240 per minute"


def person() -> str:
    """Whose exchanges are counted together: a community may well share one address."""
    return f"person:{g.me.id}" if g.get("me") else get_remote_address()


AT_ONCE = 4  # exchanges of one process
WAITING = 8
PATIENCE = 1.0  # seconds that one waits for its turn
HALF_LIFE = 5.0  # seconds after which half of those sent away are forgotten
COME_BACK = 10  # of those sent away, so many are asked back each second
LONGEST = 60


class Turns:
    """Turns of one process; `later` is what those are told who got none."""

    def __init__(
        self,
        at_once: int = AT_ONCE,
        waiting: int = WAITING,
        patience: float = PATIENCE,
        random: Random | None = None,
    ) -> None:
        self.patience = patience
        self._running = threading.BoundedSemaphore(at_once)
        self._inside = threading.BoundedSemaphore(at_once + waiting)
        self._random = random or Random()
        self._lock = threading.Lock()
        self._sent_away, self._since = 0.0, time.monotonic()

    def take(self) -> bool:
        """Whether it is one's turn, at the latest after `patience`; then `give` it back."""
        if not self._inside.acquire(blocking=False):
            return False
        if self._running.acquire(timeout=self.patience):
            return True
        self._inside.release()
        return False

    def give(self) -> None:
        """Done: the next one's turn."""
        self._running.release()
        self._inside.release()

    def later(self) -> int:
        """Seconds after which one who got no turn comes again: drawn from a span that grows with their number."""
        with self._lock:
            now = time.monotonic()
            self._sent_away = self._sent_away * 0.5 ** ((now - self._since) / HALF_LIFE) + 1
            self._since = now
            return self._random.randint(1, min(LONGEST, 2 + int(self._sent_away / COME_BACK)))
