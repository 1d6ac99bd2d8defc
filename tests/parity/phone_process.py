"""The phone in Node as the parity tests hold it: commands in, answers out, its fetches answered by a Flask client."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient

ROOT = Path(__file__).parents[2]


class PhoneProcess:
    """One Node process with the shipping modules and the exported data."""

    def __init__(self, data: Path, server: FlaskClient | None = None) -> None:
        self.server = server
        self.process = subprocess.Popen(
            ["node", str(Path(__file__).parent / "phone.mjs"), str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
            encoding="utf-8",
        )

    def tell(self, what: str, **rest: Any) -> dict[str, Any]:
        """One command and its answer; the phone's fetches on the way go to the server."""
        self._write({"do": what, **rest})
        while True:
            said = self._read()
            if "fetch" in said:
                self._write(self._answer(said["fetch"]))
            elif "error" in said:
                raise AssertionError(said["error"])
            else:
                return said

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=10)

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self.server is not None, "this phone has no server"
        parts = urlsplit(asked["url"])
        answer = self.server.open(
            parts.path + ("?" + parts.query if parts.query else ""),
            method=asked["method"],
            headers={name: value for name, value in asked["headers"].items() if name != "content-length"},
            data=base64.b64decode(asked["body"]),
        )
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name not in ("Content-Encoding", "Content-Length")
        }
        body = answer.data
        if answer.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        return {"status": answer.status_code, "headers": headers, "body": base64.b64encode(body).decode()}

    def _write(self, value: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(value, ensure_ascii=False) + "\n")
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the phone's process ended")
        found: dict[str, Any] = json.loads(line)
        return found
