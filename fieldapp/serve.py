"""Serve: gunicorn with threads, inside the command, so that one program is all a town runs."""

from __future__ import annotations

from typing import Any

from gunicorn.app.base import BaseApplication


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
        if not database.is_closed():
            database.close()
        return app


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
    Server(options).run()
    return 0
