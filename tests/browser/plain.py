"""Plain: the phone's browser with nobody listening to it, for measuring.

A test's browser tells of every request, frame and line of the console as it happens. On a sixth of a core a third of a
tap's time went into those reports, which no phone makes. This one is only asked to go somewhere and to run a script.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.browser.phone import SCREEN, Phone

# Where a browser started with `--remote-debugging-pipe` reads what it is asked, and where it answers.
ASKED, SAID = 3, 4


class Plain:
    """A browser on the profile of a phone that was signed in and is closed."""

    def __init__(self, words: list[str], url: str) -> None:
        self.url = url
        asked_here, self._ask = os.pipe()
        self._hear, said_here = os.pipe()
        self._kept = b""
        self._count = 0
        self._session: str | None = None

        def connect() -> None:
            # First out of the way: one of them may be 3 or 4 itself.
            asked, said = (fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (asked_here, said_here))
            os.dup2(asked, ASKED)
            os.dup2(said, SAID)

        self.process = subprocess.Popen(
            words, preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(asked_here)
        os.close(said_here)
        pages = [one for one in self._do("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        target = pages[0] if pages else self._do("Target.createTarget", url="about:blank")
        self._session = self._do("Target.attachToTarget", targetId=target["targetId"], flatten=True)[
            "sessionId"
        ]
        self._do("Emulation.setDeviceMetricsOverride", **SCREEN, deviceScaleFactor=1, mobile=False)

    @property
    def main_process(self) -> int:
        """The process that started all others of this browser."""
        return self.process.pid

    def go(self, path: str) -> Plain:
        """Open an address as from the address bar."""
        self._do("Page.navigate", url=self.url + path)
        self.until(
            "(path) => location.pathname + location.search === path && document.readyState === 'complete'",
            path,
        )
        return self

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """What a script in the page answers."""
        asked = f"({script})({json.dumps(argument)})"
        said = self._do("Runtime.evaluate", expression=asked, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    def until(self, condition: str, argument: Any = None, seconds: float = 60) -> Any:
        """Wait for a script in the page to answer something true; returns it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(AssertionError):  # the page was just being replaced
                if said := self.evaluate(condition, argument):
                    return said
            threading.Event().wait(0.05)
        raise AssertionError(f"waited {seconds} s in vain for {condition}")

    def look(self, seconds: float = 0.5) -> Plain:
        """As a person does before the next tap; what a screen left to do after it was painted is done then."""
        threading.Event().wait(seconds)
        return self

    def stop_workers(self) -> None:
        """The service worker ends, as a phone ends one that rests; nothing of it is told afterwards."""
        for word in ("enable", "stopAllWorkers", "disable"):
            self._do(f"ServiceWorker.{word}")

    def _do(self, method: str, **given: Any) -> Any:
        self._count += 1
        asked = {"id": self._count, "method": method, "params": given}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._ask, json.dumps(asked).encode() + b"\0")
        while True:
            while b"\0" not in self._kept:
                more = os.read(self._hear, 1 << 20)
                assert more, "the browser hung up"
                self._kept += more
            text, _, self._kept = self._kept.partition(b"\0")
            said = json.loads(text)
            if said.get("id") == self._count:
                assert "error" not in said, said
                return said["result"]

    def stop(self) -> None:
        """End it."""
        os.close(self._ask)
        os.close(self._hear)
        self.process.kill()
        self.process.wait(timeout=15)


@contextlib.contextmanager
def plain(phone: Phone) -> Iterator[Plain]:
    """The same browser on the same profile, the one that is listened to being closed for good."""
    words = Path(f"/proc/{phone.main_process}/cmdline").read_text().split("\0")[:-1]
    phone.close()
    made = Plain(words, phone.url)
    try:
        yield made
    finally:
        made.stop()
