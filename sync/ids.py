"""Ids: UUID version 7, which sort by the millisecond they were made in (RFC 9562)."""

from __future__ import annotations

import secrets
import threading
import time

_lock = threading.Lock()
_last = (0, 0)


def uuid7(milliseconds: int | None = None) -> str:
    """A new id as canonical text; ids of one millisecond made by one process sort in the order they were made."""
    global _last
    moment = int(time.time() * 1000) if milliseconds is None else milliseconds
    with _lock:
        counter = (_last[1] + 1) & 0xFFF if _last[0] == moment else secrets.randbits(11)
        _last = (moment, counter)
    value = (moment & (1 << 48) - 1) << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | secrets.randbits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
