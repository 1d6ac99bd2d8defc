"""Floor of the server: the least that takes and hands out records: parse, insert all, commit; select, gzip. Holds ids apart."""

import gzip
import json
import os
import threading

import psycopg
from flask import Flask, Response, request
from pysqlite3 import dbapi2 as sqlite3

app, own, URL = Flask(__name__), threading.local(), os.environ["FLOOR_DATABASE"]
M = "%s" if URL.startswith("postgresql") else "?"


def run(sql: str, values: list[str | int], commit: bool) -> list[tuple[int, str]]:
    if not hasattr(own, "db"):
        own.db = psycopg.connect(URL) if M == "%s" else sqlite3.connect(URL, timeout=5)
        own.db.execute("PRAGMA synchronous = FULL" if M == "?" else "SELECT 1")
    found: list[tuple[int, str]] = own.db.execute(sql, values).fetchall()
    (own.db.commit if commit else own.db.rollback)()
    return found


@app.post("/push")
def push() -> dict[str, int]:
    said = json.loads(request.get_data())
    values = [one for op in said["ops"] for one in (said["user"], op["record"], json.dumps(op["patch"]))]
    rows = ", ".join([f"({M}, {M}, {M})"] * len(said["ops"]))
    sql = f"INSERT INTO record (channel, id, body) VALUES {rows} ON CONFLICT (id) DO NOTHING RETURNING seq"
    return {"last": run(sql, values, True)[-1][0]}


@app.get("/pull/<channel>/<int:after>")
def pull(channel: str, after: int) -> Response:
    sql = f"SELECT seq, body FROM record WHERE channel = {M} AND seq > {M} ORDER BY seq"
    found = run(sql, [channel, after], False)
    text = f'{{"last": {found[-1][0]}, "rows": [{",".join([body for _, body in found])}]}}'
    return Response(gzip.compress(text.encode(), 6), headers={"Content-Encoding": "gzip"})
