"""Sizes: what a phone loads, counted without a browser: seconds, and the same bytes each time.

python3 dev.py bench -- sizes
"""

from __future__ import annotations

import gzip
import json
import re
import urllib.request
from dataclasses import dataclass

from fieldapp.packing import LEVEL
from tests.bench.figures import Figure, kilobytes
from tests.server import ROOT, Server

STATIC = ROOT / "static"


@dataclass(frozen=True)
class Sizes:
    """Bytes, packed as they travel."""

    page: int
    style: int
    script: int
    worker: int
    manifest: int

    @property
    def first_paint(self) -> int:
        """Before the first screen is painted."""
        return self.page + self.style + self.script

    @property
    def offline_ready(self) -> int:
        """Until all is there that a day without a signal needs, but for the records."""
        return self.first_paint + self.worker + self.manifest


def packed(text: bytes) -> int:
    """As the server packs a page."""
    return len(gzip.compress(text, compresslevel=LEVEL, mtime=0))


def sizes(page: bytes) -> Sizes:
    """Of the phone as it is built; `page` is the HTML that a browser gets first."""
    files = json.loads((STATIC / "build" / "manifest.json").read_text())["files"]
    built = {name: (STATIC / f"{path}.gz").stat().st_size for name, path in files.items()}
    return Sizes(
        page=packed(re.sub(rb"[0-9a-f]{40,}", b"0" * 40, page)),
        style=built["app.css"],
        script=built["page.js"],
        worker=(STATIC / "build" / "sw.js.gz").stat().st_size,
        manifest=packed((STATIC / "manifest.webmanifest").read_bytes()),
    )


def size_figures(server: Server) -> list[Figure]:
    """What is loaded before the first screen is painted, and until everything but the records is there."""
    with urllib.request.urlopen(f"{server.url}/sign-in") as answer:
        found = sizes(answer.read())
    parts = f"page {found.page / 1000:.1f}, style {found.style / 1000:.1f}, script {found.script / 1000:.1f}"
    return [
        Figure("first paint, gzip", kilobytes(found.first_paint), "kB", 25, floor_is=parts),
        Figure("offline-ready without records, with all kinds, gzip", kilobytes(found.offline_ready), "kB", 72,
               floor_is=f"worker {found.worker / 1000:.1f}"),
    ]  # fmt: skip
