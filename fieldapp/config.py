"""Configuration: where things are, which database, which clock. Everything comes from the environment."""

from __future__ import annotations

import os
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

PACKAGE = Path(__file__).parent
_started = time.time()


def resources() -> Path:
    """The folder that holds `templates/` and `static/`: inside the wheel, or the checkout's root."""
    packaged = PACKAGE / "_resources"
    return packaged if packaged.is_dir() else PACKAGE.parent


def data_folder() -> Path:
    """`FIELDAPP_DATA`, default `fieldapp-data` in the current folder; made on first use, for the owner only."""
    folder = Path(os.environ.get("FIELDAPP_DATA") or "fieldapp-data").expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def database_url() -> str:
    """`DATABASE_URL` (postgresql://…, sqlite:///…), default a SQLite file in the data folder."""
    return os.environ.get("DATABASE_URL") or f"sqlite:///{data_folder() / 'fieldapp.db'}"


def secret_key() -> str:
    """`FIELDAPP_SECRET_KEY`, default a random key kept in the data folder."""
    given = os.environ.get("FIELDAPP_SECRET_KEY")
    if given:
        return given
    file = data_folder() / "secret_key"
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return file.read_text().strip()


def utc_offset() -> int:
    """Minutes east of UTC of the town's clock: `FIELDAPP_UTC_OFFSET`, default 480 (Asia/Shanghai, no summer time)."""
    return int(os.environ.get("FIELDAPP_UTC_OFFSET") or 480)


def visit_hours() -> tuple[str, str]:
    """Between which local times doors are knocked at: `FIELDAPP_VISIT_HOURS`, default `08:00-21:00`."""
    start, _, end = (os.environ.get("FIELDAPP_VISIT_HOURS") or "08:00-21:00").partition("-")
    return start.strip(), end.strip()


def now() -> datetime:
    """The server's time in UTC; with `FIELDAPP_NOW` (ISO 8601) the clock starts there and ticks on."""
    start = os.environ.get("FIELDAPP_NOW")
    if not start:
        return datetime.now(UTC)
    moment = datetime.fromisoformat(start)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC) - timedelta(minutes=utc_offset())
    return moment.astimezone(UTC) + timedelta(seconds=time.time() - _started)


def instant(moment: datetime) -> str:
    """A moment as the text that records keep: `2026-11-23T02:42:05Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_day(moment: datetime) -> str:
    """The town's day of a moment: `2026-11-23`."""
    return (moment.astimezone(UTC) + timedelta(minutes=utc_offset())).strftime("%Y-%m-%d")


def rate_limits() -> bool:
    """Whether sign-in attempts are limited; `FIELDAPP_RATE_LIMITS=off` is for load tests only."""
    return os.environ.get("FIELDAPP_RATE_LIMITS", "on") != "off"


def behind_proxy() -> bool:
    """Whether one trusted proxy in front sets X-Forwarded-*: `FIELDAPP_PROXY=1`."""
    return os.environ.get("FIELDAPP_PROXY") == "1"
