"""Serve: gunicorn with threads, inside the command, so that one program is all a town runs."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import threading
from typing import Any

import peewee
from flask import request
from gunicorn.app.base import BaseApplication

from fieldapp.config import now
from fieldapp.db import upgrade
from fieldapp.housekeeping import make_ready, tidy
from sync import faults

M_MMAP_THRESHOLD = -3  # malloc.h


class Server(BaseApplication):
    """gunicorn configured by us instead of by a file."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        """Take over the options."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application, made once before the workers fork; each then opens its own database connections."""
        from fieldapp import create_app

        app = create_app()
        database = app.extensions["database"]
        prepared = _Prepared(database)
        try:
            prepared()
        except peewee.OperationalError as problem:
            if faults.sort(problem) != "temporary":
                raise
            print(f"the database cannot be used yet ({problem}); every request tries again", file=sys.stderr)
        app.before_request_funcs.setdefault(None, []).insert(0, prepared)
        if not database.is_closed():
            database.close()
        _spare_the_collector()
        return app


class _Prepared:
    """Brings the schema up once: at the start, or, where the database is away or full then, as soon as it answers."""

    def __init__(self, database: peewee.Database) -> None:
        self.database = database
        self.done = False
        self.one = threading.Lock()

    def __call__(self) -> None:
        if self.done or request and request.path == "/livez":
            return
        with self.one:
            if not self.done:
                self.database.connect(reuse_if_open=True)
                upgrade(self.database)
                make_ready(self.database, now())
                self.done = True
                tidy(self.database, now())


def _spare_the_collector() -> None:
    """What was made to start with lives as long as the process: looking through it for garbage, a sixth of the time of a
    push, finds nothing. Frozen before the fork its pages also stay shared."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _give_memory_back() -> None:
    """glibc keeps what large requests freed, for each thread anew; blocks of a MiB and more go back at once instead."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(M_MMAP_THRESHOLD, 1 << 20)


def serve(host: str, port: int, workers: int, threads: int) -> int:
    """Answer until stopped."""
    options = {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": workers,
        "preload_app": True,
        "threads": threads,
        "worker_class": "gthread",
        "timeout": 60,
        "graceful_timeout": 10,
        "keepalive": 15,
        "control_socket_disable": True,
        "proc_name": "fieldapp",
    }
    _give_memory_back()
    Server(options).run()
    return 0
