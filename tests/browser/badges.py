"""Badges: codes of the cast's drill as the desk prints them, and what no desk would print; and pictures of them."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

import segno
from playwright.sync_api import expect

from fieldapp.declare.token import new_key, sign
from tests.browser.phone import Phone
from tests.cast import DRILL_SECRET, NOW, named

DRILL = named("drill 0")
ROLL = f"/drills/{DRILL}"
SCAN = f"{ROLL}/scan"


def person(at: int) -> str:
    """The id of the cast's drill's nth person: 0 Li, 1 He Xiaoyu, 2 Wu Xiulan, 3 Sun Guoqiang."""
    return named(f"drill {6 + at}")


def badge(
    about: str | None,
    drill: str = DRILL,
    until: datetime = NOW + timedelta(hours=12),
    secret: int = DRILL_SECRET,
) -> str:
    """The text of a badge, or of a poster where it is about nobody."""
    return sign(new_key(secret)[0], drill, about, until)


def picture(text: str) -> dict[str, object]:
    """A photo of a printed code, as a file input takes it."""
    made = io.BytesIO()
    segno.make(text, error="m").save(made, kind="png", scale=6, border=6)
    return {"name": "badge.png", "mimeType": "image/png", "buffer": made.getvalue()}


def film(text: str, file: Path) -> Path:
    """What a camera sees that is held before a printed code, as Chromium's own stand-in for a camera plays it."""
    wide, high, scale = 640, 480, 7
    rows = [bytes(row) for row in segno.make(text, error="m").matrix_iter(scale=scale, border=4)]
    left, top = (wide - len(rows[0])) // 2, (high - len(rows)) // 2
    page = [b"\xeb" * wide for _ in range(high)]
    for at, row in enumerate(rows):
        dark = row.translate(bytes([0xEB, 0x10]) + bytes(254))
        page[top + at] = b"\xeb" * left + dark + b"\xeb" * (wide - left - len(dark))
    frame = b"FRAME\n" + b"".join(page) + b"\x80" * (wide * high // 2)
    file.write_bytes(f"YUV4MPEG2 W{wide} H{high} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 10)
    return file


def show(phone: Phone, text: str) -> None:
    """On the screen of the scanner: the picture of a code."""
    expect(phone.page.locator("[data-script] .pair")).to_be_visible()
    phone.page.locator("[data-scan-file]").set_input_files(picture(text))


def has_scanner(phone: Phone) -> Phone:
    """Wait until all that reading a code takes is kept on the phone."""
    phone.until(
        r"""async () => {
          const lists = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
          // They are fetched side by side: the largest of them is not always the last.
          const parts = [/\/scan-\w+\.js$/, /\/decoder-\w+\.js$/, /\/decoder-\w+\.wasm$/];
          return parts.every((part) => lists.flat().some((one) => part.test(one.url)));
        }""",
        seconds=60,
    )
    return phone
