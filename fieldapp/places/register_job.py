"""Register, job: an import in the browser, run beside the requests; its state is in the database for every process."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import peewee

from fieldapp import config
from fieldapp.declare.words import _l
from fieldapp.places.record import Community
from fieldapp.places.register import Refused, import_register
from fieldapp.places.register_models import RegisterImport
from fieldapp.places.register_read import Unreadable
from fieldapp.places.register_write import Outcome
from sync.ids import uuid7

AT_WORK = ("checking", "writing")
# After so many seconds without a sign the process that ran it is gone, and the import may be taken up again.
SILENT = 45
KEPT = 24 * 3600  # seconds that a finished or forgotten import can still be looked at
HEARTBEAT = 0.5
_log = logging.getLogger(__name__)


def upload(job_id: str) -> Path:
    """Where the file of a pending import is kept."""
    folder = config.data_folder() / "imports"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder / f"{job_id}.upload"


def begin(community: str, account: str, file_name: str, save: Callable[[Path], object]) -> RegisterImport:
    """Keep an uploaded file and start checking it; what the community uploaded before and left is forgotten."""
    forget_old(community)
    job_id = str(uuid7())
    save(upload(job_id))
    started = config.instant(config.now())
    fields = {"community": community, "account": account, "file_name": file_name[:200], "started": started}
    job = RegisterImport.create(
        id=job_id, state="checking", step=_l("Checking"), touched=time.time(), **fields
    )
    start(job)
    return job


def current(community: str) -> RegisterImport | None:
    """The community's import that is at work or waits for a decision."""
    open_ = RegisterImport.state.in_([*AT_WORK, "ready"])
    newest = RegisterImport.select().where(RegisterImport.community == community, open_)
    return newest.order_by(RegisterImport.touched.desc()).first()


def forget_old(community: str) -> None:
    """Drop imports that are decided or whose day has passed, with their files."""
    old = RegisterImport.touched < time.time() - KEPT
    decided = (RegisterImport.community == community) & RegisterImport.state.not_in(AT_WORK)
    for job in RegisterImport.select().where(old | decided):
        upload(job.id).unlink(missing_ok=True)
        job.delete_instance()


def silent(job: RegisterImport) -> bool:
    """Whether the process that ran it is gone."""
    return job.state in AT_WORK and job.touched < time.time() - SILENT


def go(job: RegisterImport) -> bool:
    """Confirm a checked import, or take up one that fell silent; false where another request was faster."""
    now = time.time()
    here = RegisterImport.id == job.id
    if job.state == "ready":
        taken = RegisterImport.update(state="writing", step=_l("Writing"), done=0, total=0, touched=now)
        won = taken.where(here, RegisterImport.state == "ready").execute()
    else:
        taken = RegisterImport.update(touched=now)
        won = silent(job) and taken.where(here, RegisterImport.touched == job.touched).execute()
    if won:
        start(RegisterImport.get_by_id(job.id))
    return bool(won)


def start(job: RegisterImport) -> threading.Thread:
    """Run it in a thread with a connection of its own."""
    thread = threading.Thread(target=run, args=(job,), name=f"register {job.id}", daemon=True)
    thread.start()
    return thread


def run(job: RegisterImport) -> None:
    """Check and compare, or write; whatever happens ends in a state that the page can tell."""
    database: peewee.Database = RegisterImport._meta.database
    with database.connection_context():
        writing = job.state == "writing"
        try:
            community = Community.get_by_id(job.community)
            outcome = import_register(
                upload(job.id), community.name, _Heartbeat(job), database=database, dry=not writing
            )
        except Unreadable as unreadable:
            _end(job, "refused", {"unreadable": unreadable.reason, "detail": unreadable.detail})
        except Refused as refused:
            problems = [asdict(problem) for problem in refused.problems]
            _end(job, "refused", {"rows": refused.rows, "bad_rows": refused.bad_rows, "problems": problems})
        except Exception:
            _log.exception("register import %s failed", job.id)
            _end(job, "failed", {})
        else:
            _end(job, "done" if writing else "ready", told(outcome))


def told(outcome: Outcome) -> dict[str, Any]:
    """The outcome as it is kept for the page."""
    return {
        "rows": outcome.rows,
        "counts": outcome.counts,
        "updated": [{"address": one.address, "fields": one.fields} for one in outcome.updated],
        "kept": [{"address": one.address, "fields": one.kept} for one in outcome.kept],
        "vanished": outcome.vanished,
        "new_places": outcome.new_places,
        "ignored": outcome.ignored,
        "skipped": outcome.skipped,
    }


def _end(job: RegisterImport, state: str, summary: dict[str, Any]) -> None:
    if state != "ready":
        upload(job.id).unlink(missing_ok=True)
    kept = json.dumps(summary, ensure_ascii=False)
    ended = RegisterImport.update(state=state, summary=kept, touched=time.time())
    ended.where(RegisterImport.id == job.id).execute()


class _Heartbeat:
    """Progress, written to the job's row twice a second at most."""

    def __init__(self, job: RegisterImport) -> None:
        self.job, self.last = job, 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.time()
        if now - self.last >= HEARTBEAT:
            self.last = now
            beat = RegisterImport.update(step=step, done=done, total=total, touched=now)
            beat.where(RegisterImport.id == self.job.id).execute()
