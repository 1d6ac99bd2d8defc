"""Slow: gives a browser a share of one core, as an old phone has it; every process of it, the worker included."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

GROUPS_2 = Path("/sys/fs/cgroup")
GROUPS_1 = Path("/sys/fs/cgroup/cpu")
# Short periods: a long one would let a tap run at full speed and then stand still.
PERIOD_US = 20_000


def family(root: int) -> list[psutil.Process]:
    """A process and all it started."""
    try:
        first = psutil.Process(root)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@contextlib.contextmanager
def share_of_a_core(root: int, share: float = 1 / 6) -> Iterator[str]:
    """While inside, the processes below `root` get `share` of one core; says how that was done."""
    group = _make_group(share)
    if group is not None:
        for one in family(root):
            with contextlib.suppress(OSError):
                (group / "cgroup.procs").write_text(str(one.pid))
        try:
            yield f"cgroup {group}"
        finally:
            for one in family(root):
                with contextlib.suppress(OSError):
                    (group.parent / "cgroup.procs").write_text(str(one.pid))
            with contextlib.suppress(OSError):
                group.rmdir()
        return
    over = threading.Event()
    thread = threading.Thread(target=_stop_and_go, args=(root, share, over), daemon=True)
    thread.start()
    try:
        yield "stop and continue"
    finally:
        over.set()
        thread.join()


def _make_group(share: float) -> Path | None:
    quota = int(PERIOD_US * share)
    name = f"fieldapp-{os.getpid()}-{threading.get_ident()}"
    try:
        if "cpu" in (GROUPS_2 / "cgroup.subtree_control").read_text().split():
            group = GROUPS_2 / name
            group.mkdir()
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
            return group
    except OSError:
        pass
    try:
        group = GROUPS_1 / name
        group.mkdir()
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota))
    except OSError:
        return None
    return group


def _stop_and_go(root: int, share: float, over: threading.Event) -> None:
    period = PERIOD_US / 1_000_000
    cycles = 0
    held: list[psutil.Process] = []
    while not over.is_set():
        if cycles % 25 == 0:
            held = family(root)
        cycles += 1
        _tell(held, signal.SIGSTOP)
        over.wait(period * (1 - share))
        _tell(held, signal.SIGCONT)
        over.wait(period * share)
    _tell(family(root), signal.SIGCONT)


def _tell(processes: list[psutil.Process], what: signal.Signals) -> None:
    for one in processes:
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            os.kill(one.pid, what)
