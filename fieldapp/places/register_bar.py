"""Register, bar: the progress of an import on a terminal; where stderr is a file, a line for each tenth."""

from __future__ import annotations

import time
from typing import TextIO

WIDTH = 30
EVERY = 0.1  # seconds between drawings


class Bar:
    """Callable with (step, done, total); `total` 0 means that nobody knows yet."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.live = out.isatty()
        self.step, self.drawn, self.began, self.tenth = "", 0.0, time.monotonic(), 0

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if step != self.step:
            self.end()
            self.step, self.began, self.drawn, self.tenth = step, now, 0.0, 0
        if not self.live:
            self._line_by_line(done, total)
        if self.live and (now - self.drawn >= EVERY or done == total):
            self.drawn = now
            self.out.write("\r" + self._line(done, total, now - self.began) + "\x1b[K")
            self.out.flush()

    def _line_by_line(self, done: int, total: int) -> None:
        tenth = 10 * done // total if total else 0
        if tenth > self.tenth:
            self.tenth = tenth
            self.out.write(f"{self.step} {10 * tenth} %: {done:,} of {total:,}\n")
            self.out.flush()

    def _line(self, done: int, total: int, seconds: float) -> str:
        if not total:
            return f"{self.step:<10} {done:,} rows"
        full = WIDTH * done // total
        left = (
            f", {seconds * (total - done) / done:.0f} s left" if done and seconds > 1 and done < total else ""
        )
        return f"{self.step:<10} [{'█' * full}{'·' * (WIDTH - full)}] {done:,} of {total:,}{left}"

    def end(self) -> None:
        """Finish the line."""
        if self.step and self.live:
            self.out.write("\n")
        self.step = ""
