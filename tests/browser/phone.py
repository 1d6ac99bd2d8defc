"""Phone: a Chromium with a profile of its own that a test drives, kills and starts again, as a person does a phone."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Playwright
from playwright.sync_api import Error as PlaywrightError

from tests.cast import PASSWORD

CHROMIUM = os.environ.get("FIELDAPP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
]
SCREEN = {"width": 390, "height": 844}
PATIENCE = 20.0
# What the phone's own stores say of their first pull, and of the history that follows it.
IS_READY = """async (quiet) => {
  if (!navigator.serviceWorker?.controller) return false;
  const names = (await indexedDB.databases()).map((one) => one.name).filter((name) => name.startsWith("fieldapp:"));
  for (const name of names) {
    const db = await new Promise((resolve, reject) => {
      const asked = indexedDB.open(name);
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
    try {
      const sync = await new Promise((resolve, reject) => {
        const asked = db.transaction("meta").objectStore("meta").get("sync");
        asked.onsuccess = () => resolve(asked.result?.value ?? asked.result);
        asked.onerror = () => reject(asked.error);
      });
      if (!sync?.ready) return false;
      const older = Object.values(sync.cursors ?? {}).some((cursor) => cursor.tail !== null);
      if (quiet && older) return false;
    } finally {
      db.close();
    }
  }
  const lists = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
  const kept = lists.flat().map((one) => one.url);
  if (quiet && !kept.some((url) => url.includes("/en-"))) return false;
  return names.length > 0;
}"""


# A phone that takes its time: each request of a page leaves it later.
SLOWLY = """const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) { setTimeout(() => send.call(this, body), %d); };"""


class Phone:
    """One profile on disk; the browser that uses it comes and goes."""

    slow_answers = 0  # milliseconds

    def __init__(self, playwright: Playwright, profile: Path, url: str, **options: Any) -> None:
        self.playwright = playwright
        self.profile = profile
        self.url = url
        self.options = options
        self.problems: list[str] = []
        self._context: BrowserContext | None = None

    def open(self, path: str | None = None) -> Phone:
        """Start the browser; with a path, go there."""
        assert self._context is None, "already open"
        given: dict[str, Any] = {"viewport": SCREEN, "has_touch": True, "locale": "en-US", "args": QUIET}
        self._context = self.playwright.chromium.launch_persistent_context(
            self.profile, executable_path=CHROMIUM, **{**given, **self.options}
        )
        if self.slow_answers:
            self.slow_down(self.slow_answers)
        self._context.on("weberror", lambda error: self.problems.append(str(error.error)))
        self._context.on("console", self._listen)
        if path is not None:
            self.go(path)
        return self

    def close(self) -> None:
        """Leave politely."""
        if self._context is not None:
            with contextlib.suppress(PlaywrightError):
                self._context.close()
            self._context = None

    def __enter__(self) -> Phone:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def kill(self) -> None:
        """The battery is dead: SIGKILL to every process of the browser."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        psutil.wait_procs(self.processes(), timeout=10)
        self.close()
        for left in ("SingletonLock", "SingletonSocket", "SingletonCookie"):
            (self.profile / left).unlink(missing_ok=True)

    @property
    def context(self) -> BrowserContext:
        """The open browser."""
        assert self._context is not None, "not open"
        return self._context

    @property
    def page(self) -> Page:
        """The first tab."""
        return self.context.pages[0] if self.context.pages else self.context.new_page()

    def processes(self) -> list[psutil.Process]:
        """Every process of this browser."""
        mark = f"--user-data-dir={self.profile}"
        found = []
        for process in psutil.process_iter(["cmdline"]):
            if mark in (process.info["cmdline"] or []):
                with contextlib.suppress(psutil.NoSuchProcess):  # one of them ends by itself meanwhile
                    found += [process, *process.children(recursive=True)]
        return list({process.pid: process for process in found}.values())

    @property
    def main_process(self) -> int:
        """The process that started all others of this browser."""
        return min(self.processes(), key=lambda process: (process.create_time(), process.pid)).pid

    def go(self, path: str) -> Phone:
        """Open an address as from the address bar."""
        self.page.goto(self.url + path)
        return self

    def slow_down(self, milliseconds: int) -> Phone:
        """Every page opened from now on waits so long for each answer."""
        self.context.add_init_script(SLOWLY % milliseconds)
        return self

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """What a script in the page answers."""
        return self.page.evaluate(script, argument)

    def until(
        self, condition: str | Callable[[], Any], argument: Any = None, seconds: float = PATIENCE
    ) -> Any:
        """Wait for a script in the page (or a function here) to answer something true; returns it.

        Asked again and again from outside: `wait_for_function` is code from text, which the page's policy forbids.
        """
        deadline = time.monotonic() + seconds
        said: Any = None
        while time.monotonic() < deadline:
            try:
                said = condition() if callable(condition) else self.page.evaluate(condition, argument)
            except PlaywrightError as passing:
                # The page was just being replaced, or a tab closed.
                said = f"({passing.message.splitlines()[0]})"
            else:
                if said:
                    return said
            self.page.wait_for_load_state()
            self.evaluate_quietly("() => new Promise((resolve) => requestAnimationFrame(resolve))")
        raise AssertionError(f"waited {seconds} s in vain at {self.page.url}; the last answer was {said!r}")

    def evaluate_quietly(self, script: str) -> None:
        """Give the page a turn; a page that is just being replaced needs none."""
        with contextlib.suppress(PlaywrightError):
            self.page.evaluate(script)

    def sign_in(self, username: str, password: str = PASSWORD) -> Phone:
        """At the sign-in page, as a person does it."""
        return self.go("/sign-in").sign_in_here(username, password)

    def sign_in_here(self, username: str, password: str = PASSWORD) -> Phone:
        """The same, the page being open."""
        self.page.locator("#username").fill(username)
        self.page.locator("#password").fill(password)
        self.page.locator("#password").press("Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)
        return self

    def until_ready(self, seconds: float = PATIENCE) -> Phone:
        """Until the worker answers and everything for an offline day is on the phone, for each who signed in on it."""
        self.until(IS_READY, False, seconds)
        return self

    def until_quiet(self, seconds: float = 120) -> Phone:
        """Until the older history has come as well, and the other language."""
        self.until(IS_READY, True, seconds)
        return self

    def see(self, words: str) -> Locator:
        """Wait until these words are on the page."""
        found = self.page.get_by_text(words).first
        found.wait_for()
        return found

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            self.problems.append(message.text)
