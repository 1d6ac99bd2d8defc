"""Small disk: a file system of 8 MiB that a test fills up, empties, and turns read-only."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import missing_tool

SIZE = "8m"


class SmallDisk:
    """A tmpfs; `folder` is where it is mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ballast = folder / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Until nothing more goes in, but for so many bytes."""
        with open(self.ballast, "ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        if leave:
            os.truncate(self.ballast, max(0, self.ballast.stat().st_size - leave))

    def free(self) -> None:
        """Somebody made room."""
        self.ballast.unlink(missing_ok=True)

    def read_only(self, yes: bool) -> None:
        """As a kernel does after a disk's error, as soon as nobody who was killed holds a file open for writing."""
        command = ["mount", "-o", f"remount,{'ro' if yes else 'rw'}", str(self.folder)]
        pause, said = threading.Event(), None
        for _ in range(200):
            said = subprocess.run(command, capture_output=True, text=True)
            if said.returncode == 0:
                return
            pause.wait(0.05)
        raise AssertionError(f"{' '.join(command)}: {said and said.stderr}")


@contextmanager
def small_disk(folder: Path, size: str = SIZE) -> Iterator[SmallDisk]:
    """Mounted while inside."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(folder)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        missing_tool(f"permission to mount a file system ({mounted.stderr.strip()})")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
