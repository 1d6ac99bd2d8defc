"""Oracle: judges a finished history with plain SQL and the phones' own logs; none of the engine's code.

Each saved operation is in exactly one place, whole and under its author's name; records are what the book says; each
phone shows what the server holds for its person.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import peewee

from tests.sim.book import COMPUTED, FACTS, Book
from tests.sim.journal import Journal

# The channel of each kind, written here once more on purpose.
CHANNELS = {
    "community": "community:{community}", "grid": "community:{community}", "building": "community:{community}",
    "stair_unit": "community:{community}", "member": "community:{community}", "door": "grid:{grid}",
    "household": "grid:{grid}", "visit": "grid:{grid}", "care_person": "care:{grid}", "profile": "user:{user}",
}  # fmt: skip
INHERITED = ("door", "stair_unit", "building", "grid")
WHOLE = ("group", "kind", "record", "verb", "patch", "base", "at", "offset", "after", "files")


def rows(database: peewee.Database, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    """What a statement finds, by column."""
    cursor = database.execute_sql(sql.replace("?", database.param), parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def channels_of(database: peewee.Database, account: str) -> list[str]:
    """What a person may hold."""
    person = rows(database, 'SELECT * FROM "account" WHERE "id" = ?', account)[0]
    grids = []
    if person["role"] != "volunteer":
        here = rows(database, 'SELECT "id" FROM "grid" WHERE "community" = ?', person["community"])
        own = json.loads(person["grids"])
        grids = [one["id"] for one in here if person["role"] == "supervisor" or one["id"] in own]
    held = {f"user:{account}", f"community:{person['community']}"}
    for grid in grids:
        held |= {f"grid:{grid}", f"care:{grid}"}
    return sorted(held)


def judge(
    database: peewee.Database,
    journal: Journal,
    phones: list[dict[str, Any]],
    saved: list[dict[str, Any]],
    depot: Path,
) -> dict[str, Any]:
    """The problems found, and how many operations ended where."""
    arrived = {row["op"]: row for row in rows(database, 'SELECT * FROM "sync_operation"')}
    for row in arrived.values():
        row["payload"] = json.loads(row["payload"])
    problems = [*journal.problems]
    problems += places(arrived, phones, saved)
    problems += feed(database)
    problems += contents(database, journal)
    problems += photos(database, depot, phones, saved)
    for phone in phones:
        problems += receipts(arrived, phone)
        if not phone["stopped"]:
            problems += shown(database, arrived, phone)
    counts: dict[str, int] = {}
    for row in arrived.values():
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    return {"problems": problems, "ended": counts, "saved": len(saved)}


def places(arrived: dict[str, Any], phones: list[dict[str, Any]], saved: list[dict[str, Any]]) -> list[str]:
    """Each saved operation is at the server once, whole, or waits on a living phone that could not send it."""
    found = []
    waiting: dict[str, list[dict[str, Any]]] = {}
    for phone in phones:
        for op in phone["ops"]:
            if op["acked"] is None:
                waiting.setdefault(op["op"], []).append(phone)
    for op in saved:
        id = op["op"]
        name = f"{op['phone']}: {op['verb']} {op['kind']} {id}"
        row = arrived.get(id)
        if row is None and id not in waiting and not op.get("excused"):
            found.append(f"lost: {name}")
        if row is None and any(not phone["stopped"] for phone in waiting.get(id, [])):
            found.append(f"does not leave the phone: {name}")
        if row is None:
            continue
        if any(not phone["stopped"] for phone in waiting.get(id, [])):
            found.append(f"waits although received: {name}")
        if row["user"] != op["user"]:
            found.append(f"under another name: {name}")
        changed = [field for field in WHOLE if row["payload"][field] != op[field]]
        if changed:
            found.append(f"changed on the way in {changed}: {name}")
    found += [f"kept apart: {id}" for id in arrived if ":" in id]
    creations: dict[str, list[str]] = {}
    for id, row in arrived.items():
        if row["verb"] == "create":
            creations.setdefault(row["record"], []).append(id)
    return found + [f"doubled: {record} by {ops}" for record, ops in creations.items() if len(ops) > 1]


def feed(database: peewee.Database) -> list[str]:
    """Each record stands once in each of its channels, as it is now; no two changes share a number.  # P14 P15"""
    found = []
    stood = rows(
        database, 'SELECT "channel", "kind", "record", "seq", "version", "gone", "row" FROM "sync_feed"'
    )
    by_record: dict[tuple[str, str], dict[str, Any]] = {}
    for row in stood:
        by_record.setdefault((row["kind"], row["record"]), {})[row["channel"]] = row
    seqs: dict[tuple[str, int], str] = {}
    for kind, pattern in CHANNELS.items():
        for record in rows(database, f'SELECT * FROM "{kind}"'):
            channel = pattern.format(**record)
            row = by_record.get((kind, record["id"]), {}).get(channel)
            if row is None or (row["seq"], row["version"]) != (record["seq"], record["version"]):
                found.append(f"feed: {kind} {record['id']} is not as it is in {channel}: {row}")
            elif (row["row"] is None) != bool(record["gone"]) or bool(row["gone"]) != bool(record["gone"]):
                found.append(f"feed: {kind} {record['id']} is gone or not gone in {channel}")
            other = seqs.setdefault((record["community"], record["seq"]), record["id"])
            if other != record["id"]:
                found.append(f"feed: {other} and {record['id']} share number {record['seq']}")
            for left, marker in by_record.get((kind, record["id"]), {}).items():
                if left != channel and marker["row"] is not None:
                    found.append(f"feed: {kind} {record['id']} is still in {left}")
    return found


def contents(database: peewee.Database, journal: Journal) -> list[str]:
    """Facts, visits and computed fields are what the book says."""
    book = Book(journal.begun, journal.disturbed)
    book.read(journal.entries)
    found = [*book.problems]
    for kind, fields in FACTS.items():
        for row in rows(database, f'SELECT * FROM "{kind}"'):
            told = book.rows[kind][row["id"]]
            for field in (*fields, "gone", *(("grid",) if kind == "household" else ())):
                if row[field] != told[field]:
                    found.append(
                        f"{kind} {row['id']}: {field} is {row[field]!r}, the book says {told[field]!r}"
                    )
    visits = {row["id"]: row for row in rows(database, 'SELECT * FROM "visit"')}
    if visits.keys() != book.visits.keys():
        found.append(f"visits {sorted(visits.keys() ^ book.visits.keys())} are not in both")
    for id in visits.keys() & book.visits.keys():
        row, told = visits[id], book.visits[id]
        here = (bool(row["gone"]), row["author"], row["device_time"], row["household"], row["outcome"])
        if here != (told["gone"], told["user"], told["at"], told["household"], told["outcome"]):
            found.append(f"visit {id} is {here}, the book says {told}")
    for home in rows(database, 'SELECT * FROM "household" WHERE NOT "gone"'):
        told = book.computed(home["id"])
        for field in COMPUTED:
            if _plain(home[field], told[field]) != told[field]:
                found.append(
                    f"household {home['id']}: {field} is {home[field]!r}, the book says {told[field]!r}"
                )
    return found


def photos(
    database: peewee.Database, depot: Path, phones: list[dict[str, Any]], saved: list[dict[str, Any]]
) -> list[str]:
    """Each photo of a saved visit is at the server, whole and under its author's name, or lies on a phone that could not
    send it, or went with the folder when no phone had it any more; and a visit shows which of its photos are here."""
    found, told, here = [], set(), set()
    lost = {hash for op in saved for hash in op.get("lost", [])}
    for row in rows(database, 'SELECT * FROM "sync_blob"'):
        told.add((row["user"], row["hash"]))
        file = depot / row["community"] / row["user"] / row["hash"][:2] / row["hash"]
        if file.is_file() and file.read_bytes().startswith(b"\xff\xd8"):
            here.add((row["user"], row["hash"]))
        elif row["hash"] not in lost:
            found.append(f"no picture: {row['hash']} of {row['user']}")
    lying = {(phone["user"], blob["hash"]) for phone in phones for blob in phone["blobs"] if blob["whole"]}
    for op in saved:
        for hash in op["patch"].get("photos") or []:
            if (op["user"], hash) not in here | lying and hash not in lost and not op.get("excused"):
                found.append(f"lost: {op['phone']}: photo {hash} of {op['op']}")
    for phone in phones:
        for blob in phone["blobs"]:
            if (blob.get("due") or blob.get("sent")) and not phone["stopped"]:
                found.append(f"does not leave the phone: {phone['phone']}: photo {blob['hash']}")
    for visit in rows(database, 'SELECT * FROM "visit" WHERE NOT "gone"'):
        expected = [hash for hash in json.loads(visit["photos"]) if (visit["author"], hash) in told]
        if json.loads(visit["photos_here"]) != expected:
            found.append(f"visit {visit['id']} shows {visit['photos_here']} and not {expected}")
    return found


def receipts(arrived: dict[str, Any], phone: dict[str, Any]) -> list[str]:
    """What the phone tells of an operation is what became of it."""
    found = []
    for op in phone["ops"]:
        row, result = arrived.get(op["op"]), op["result"]
        if op["acked"] is None or row is None:
            continue
        told = result["status"] if result else "applied"
        if told != row["status"]:
            found.append(
                f"{phone['phone']} says {op['op']} is {told}, it is {row['status']} ({row['reason']})"
            )
    return found


def shown(database: peewee.Database, arrived: dict[str, Any], phone: dict[str, Any]) -> list[str]:
    """The phone shows every living record of its person's channels as it is, and no other but refused creations."""
    found = []
    held = {(row["kind"], row["id"]): row for row in phone["records"] if row["shown"]}
    expected: dict[tuple[str, str], dict[str, Any]] = {}
    allowed = set(channels_of(database, phone["user"]))
    for kind, pattern in CHANNELS.items():
        for record in rows(database, f'SELECT * FROM "{kind}" WHERE NOT "gone"'):
            if pattern.format(**record) in allowed:
                expected[kind, record["id"]] = record
    who = f"{phone['phone']} of {phone['person']}"
    for kind, id in expected.keys() - held.keys():
        found.append(f"{who} lacks {kind} {id}")
    created = {op["record"]: op for op in phone["ops"] if op["verb"] == "create"}
    for key in held.keys() - expected.keys():
        op = created.get(key[1])
        row = arrived.get(op["op"]) if op else None
        if key[0] in CHANNELS and not (
            row and row["status"] != "applied" and held[key].get("server") is None
        ):
            found.append(f"{who} shows {key[0]} {key[1]}, which is not theirs to see")
    for key in expected.keys() & held.keys():
        there, here = expected[key], held[key]["shown"]
        # What is inherited does not travel: without its parent a record has none of it.
        orphan = "household" in there and ("household", there["household"]) not in expected
        differ = {
            field: (here.get(field), there[field])
            for field in there
            if not (field == "gone" or (orphan and field in INHERITED))
            and _plain(there[field], here.get(field)) != here.get(field)
        }
        if differ:
            found.append(f"{who} shows {key[0]} {key[1]} otherwise: {differ}")
    return found


def _plain(stored: Any, like: Any) -> Any:
    """A stored value as JSON has it."""
    if isinstance(like, list) and isinstance(stored, str):
        return json.loads(stored)
    return bool(stored) if isinstance(like, bool) else stored
