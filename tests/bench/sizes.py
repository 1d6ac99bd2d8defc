"""Sizes: what a phone loads, counted without a browser: seconds, and the same bytes each time.

python3 dev.py bench -- sizes
"""

from __future__ import annotations

import json
import re
import urllib.request
from dataclasses import dataclass

from fieldapp.packing import ENDINGS, packed
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


def sizes(page: bytes, packing: str = "br") -> Sizes:
    """Of the phone as it is built; `page` is the HTML that a browser gets first."""
    ending = ENDINGS[packing]
    files = json.loads((STATIC / "build" / "manifest.json").read_text())["files"]
    built = {name: (STATIC / f"{path}{ending}").stat().st_size for name, path in files.items()}
    return Sizes(
        page=len(packed(re.sub(rb"[0-9a-f]{40,}", b"0" * 40, page), packing)),
        style=built["app.css"],
        script=built["page.js"],
        worker=(STATIC / "build" / f"sw.js{ending}").stat().st_size,
        manifest=len(packed((STATIC / "manifest.webmanifest").read_bytes(), packing)),
    )


def size_figures(server: Server) -> list[Figure]:
    """What is loaded before the first screen is painted, and until everything but the records is there."""
    with urllib.request.urlopen(f"{server.url}/sign-in") as answer:
        page = answer.read()
    return [figure for packing in ENDINGS for figure in _packed_figures(sizes(page, packing), packing)]


def _packed_figures(found: Sizes, packing: str) -> list[Figure]:
    name = {"br": "brotli"}.get(packing, packing)
    parts = f"page {found.page / 1000:.1f}, style {found.style / 1000:.1f}, script {found.script / 1000:.1f}"
    return [
        Figure(f"first paint, {name}", kilobytes(found.first_paint), "kB", 25, floor_is=parts),
        Figure(f"offline-ready without records, with all kinds, {name}", kilobytes(found.offline_ready), "kB", 72,
               floor_is=f"worker {found.worker / 1000:.1f}"),
    ]  # fmt: skip
