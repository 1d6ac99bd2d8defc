"""Command: `fieldapp rescue FILE`, for whoever keeps the centre's computer; people of every community."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fieldapp.config import now
from fieldapp.db import default_database
from fieldapp.rescue.bring import bring
from fieldapp.rescue.file import RescueError, read
from fieldapp.rescue.models import RescueBrought
from sync.wire import Busy

GAP = "nothing was taken: earlier records of this phone are missing; let it send, bring its earlier file, or --phone-lost"


def run_rescue(file: Path, phone_lost: bool) -> int:
    """Take the file in and say what became of it, a line a person; the exit status."""
    database = default_database()
    try:
        found = read(file.read_bytes())
        with database.connection_context():
            done, unknown = bring(database, found, now(), community=None, by=None, phone_lost=phone_lost)
    except OSError as problem:
        print(f"{file}: {problem.strerror}", file=sys.stderr)
        return 1
    except RescueError as refused:
        print(f"{file}: {refused}", file=sys.stderr)
        return 1
    except Busy:
        print("the database is busy; please run this again: nothing is counted twice", file=sys.stderr)
        return 1
    for one in done:
        print(_said(one))
    if unknown:
        print(f"{unknown} in the file are not known here; nothing of theirs was taken", file=sys.stderr)
    return 1 if unknown or any(one.refused for one in done) else 0


def _said(one: RescueBrought) -> str:
    if one.refused:
        return f"{one.author_name}: {GAP}"
    outcomes = ", ".join(f"{count} {status}" for status, count in sorted(json.loads(one.outcomes).items()))
    photos = f"; {one.photos} photos, {one.photos_known} had arrived before"
    if one.photos_refused:
        photos += f", {one.photos_refused} could not be kept"
    if one.photos_left:
        photos += f"; {one.photos_left} had no room in the file and are still on the phone"
    return (
        f"{one.author_name}: {one.last - one.first + 1} records ({outcomes}); {one.known} had arrived before"
        + (photos if one.photos or one.photos_known or one.photos_refused or one.photos_left else "")
    )
