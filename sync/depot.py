"""Depot: where blobs lie: files below one folder; an object store can stand in with the same four functions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sync.ids import uuid7


class Depot(Protocol):
    """Content by name, written once and never changed; a name is parts of letters, digits and `-` between slashes."""

    def put(self, name: str, content: bytes) -> None:
        """Keep the content; it outlives a power cut once this returns."""

    def get(self, name: str) -> bytes | None:
        """The content, or none."""

    def has(self, name: str) -> bool:
        """Whether it is there and not empty."""

    def names(self) -> Iterator[str]:
        """The name of everything that is kept."""


class Folder:
    """A depot of files: `<folder>/<community>/<user>/<two letters>/<hash>`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, content: bytes) -> None:
        """Written beside its place, synced, then moved there: nobody ever sees half of it."""
        file = self._file(name)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = file.with_name(f".{uuid7()}")
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        partial.replace(file)
        sync_folder(file.parent)

    def get(self, name: str) -> bytes | None:
        """The content, or none."""
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError:
            return None

    def has(self, name: str) -> bool:
        """Whether it is there and not empty."""
        file = self._file(name)
        return file.is_file() and file.stat().st_size > 0

    def names(self) -> Iterator[str]:
        """The name of everything that is kept."""
        for file in sorted(self.folder.glob("*/*/*/*")):
            if file.is_file() and not file.name.startswith("."):
                yield "/".join((*file.parts[-4:-2], file.name))

    def _file(self, name: str) -> Path:
        place, _, last = name.rpartition("/")
        return self.folder / place / last[:2] / last


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, not only what is behind them."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
