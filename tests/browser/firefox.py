"""Firefox: the browser of the distribution, driven over Marionette; its profile survives a SIGKILL."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from marionette_driver.by import By
from marionette_driver.errors import MarionetteException
from marionette_driver.marionette import Marionette

from tests.cast import PASSWORD
from tests.server import free_port

FIREFOX = os.environ.get("FIELDAPP_FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")
# Nothing of the outside is asked for, nothing of a first start shown.
QUIET = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutConfig.showWarning": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "captivedetect.canonicalURL": "",
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "intl.accept_languages": "en-US",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}
PATIENCE = 40.0


class Firefox:
    """One profile on disk; the browser that uses it comes and goes."""

    def __init__(self, profile: Path, url: str) -> None:
        self.profile = profile
        self.url = url
        self.process: subprocess.Popen[bytes] | None = None
        self.session: Marionette | None = None

    def open(self) -> Firefox:
        """Start the browser and take hold of it."""
        assert FIREFOX and self.process is None
        self.profile.mkdir(exist_ok=True)
        port = free_port()
        given = {**QUIET, "marionette.port": port}
        texts = {
            name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()
        }
        lines = [
            f'user_pref("{name}", {value if value in ("true", "false") or isinstance(value, int) else chr(34) + value + chr(34)});'
            for name, value in texts.items()
        ]
        (self.profile / "user.js").write_text("\n".join(lines))
        with open(self.profile.with_suffix(".log"), "ab") as log:
            self.process = subprocess.Popen(
                [FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", str(self.profile)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "HOME": str(self.profile), "MOZ_CRASHREPORTER_DISABLE": "1"},
            )
        self.session = Marionette(host="127.0.0.1", port=port, socket_timeout=90)
        self.session.raise_for_port(timeout=90)
        self.session.start_session()
        return self

    def kill(self) -> None:
        """The battery is dead: SIGKILL to every process of the browser."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=20)
            self.process = self.session = None

    def close(self) -> None:
        """Leave politely: what is written late, such as cookies, is written now."""
        if self.session is not None:
            with contextlib.suppress(MarionetteException, OSError):
                # Its own `quit` is for browsers that it has started itself.
                self.session._send_message("Marionette:Quit", {"flags": ["eForceQuit"]})
            if self.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(timeout=20)
        self.kill()

    @property
    def page(self) -> Marionette:
        """The open browser."""
        assert self.session is not None, "not open"
        return self.session

    def go(self, path: str) -> Firefox:
        """Open an address as from the address bar."""
        self.page.navigate(self.url + path)
        return self

    def find(self, selector: str) -> Any:
        """The first element of this selector, as soon as it is there."""
        return self.until(lambda: self.page.find_element(By.CSS_SELECTOR, selector))

    def text(self, selector: str) -> str:
        """What is written there."""
        return str(self.find(selector).text)

    def evaluate(self, script: str, *given: Any) -> Any:
        """What an async script in the page answers; it ends with `done(value)`."""
        return self.page.execute_async_script(
            "const done = arguments[arguments.length - 1];" + script, script_args=list(given), sandbox=None
        )

    def until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Wait until this is something true; returns it."""
        pause = threading.Event()
        deadline = time.monotonic() + seconds
        said: Any = None
        while time.monotonic() < deadline:
            try:
                said = condition()
            except MarionetteException as passing:
                said = None
                last = passing
            else:
                last = None
                if said:
                    return said
            pause.wait(0.1)
        raise AssertionError(f"waited {seconds} s in vain; the last answer was {said!r} {last!r}")

    def sign_in(self, username: str) -> Firefox:
        """At the sign-in page, as a person does it."""
        self.go("/sign-in")
        self.find("#username").send_keys(username)
        self.find("#password").send_keys(PASSWORD)
        self.find("form button").click()
        self.until(lambda: "/sign-in" not in self.page.get_url())
        return self
