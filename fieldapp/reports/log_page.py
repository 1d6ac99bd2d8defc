"""Daily log, pages: a day, a week as its sum, and the remarks, which alone can be written."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Response, abort, g, redirect, render_template, request
from flask_babel import format_date, gettext
from werkzeug.wrappers import Response as Answer

from fieldapp import sheets
from fieldapp.config import local_day, now
from fieldapp.declare.check import DAY
from fieldapp.declare.registry import registry
from fieldapp.declare.save import save, stamped
from fieldapp.declare.words import _l
from fieldapp.people.at_desk import at_desk
from fieldapp.people.record import Member
from fieldapp.reports.log import entries, totals, week_of
from fieldapp.reports.progress import held
from fieldapp.reports.record import LogRemark
from sync.ids import uuid7
from sync.store import Operation

log = at_desk("log", "/log")
registry.add_desk_page("/log", _l("Daily log"), 13)
LONGEST = LogRemark.text.max


@log.get("")
def daily() -> str | Response:
    """One day: what was done in numbers, then one by one, and the remarks."""
    day = _day()
    found = entries(g.me, [day])
    if "as" in request.args:
        columns = [gettext(one) for one in (_l("Time"), _l("Kind"), _l("Address"), _l("What"))]
        rows: list[Any] = [(_clock(one.at), one.label, one.address, one.says) for one in found]
        rows += [("", gettext("Remark"), "", one["text"]) for one in remarks([day])]
        return sheets.answer(request.args["as"], f"{gettext('Daily log')} {day}", columns, rows)
    return _page("reports/log.html", day, [day], 1, entries=found, totals=totals(found, [day]))


@log.get("/week")
def weekly() -> str | Response:
    """The week of a day as the sum of its days."""
    day = _day()
    days = week_of(day)
    rows = totals(entries(g.me, days), days)
    if "as" in request.args:
        columns = [gettext("What"), gettext("Of these"), *days, gettext("Together")]
        sheet = [(one["label"], one["part"], *one["counts"], one["total"]) for one in rows]
        return sheets.answer(request.args["as"], f"{gettext('Weekly log')} {days[0]}", columns, sheet)
    return _page("reports/week.html", day, days, 7, totals=rows)


@log.post("")
def remark() -> Answer:
    """Write a remark on a day, or change one; 400 for an empty one."""
    day, text = _day(), request.form.get("text", "").strip().replace("\r\n", "\n")
    if not 0 < len(text) <= LONGEST:
        abort(400)
    moment, id = now(), request.form.get("remark", "")
    new: dict[str, Any] = {"verb": "create", "kind": "log_remark", "base": {}, "base_version": None}
    made = new | {"record": str(uuid7()), "patch": {"day": day, "text": text}}
    if id:
        LogRemark.get_or_none(held(LogRemark, g.me), LogRemark.id == id) or abort(404)
        seen = request.form.get("seen", "").replace("\r\n", "\n")
        made = new | {"verb": "patch", "record": id, "patch": {"text": text}, "base": {"text": seen}}
    save(g.me, stamped([made], moment, str(uuid7(int(moment.timestamp() * 1000)))), moment)
    return redirect(f"/log?day={day}#remarks", 303)


def remarks(days: list[str]) -> list[dict[str, Any]]:
    """The remarks on these days, oldest first: `id`, `day`, `text`, `who`, and `changes` of `at`, `who`, `text`."""
    names = {one.id: one.name for one in Member.select().where(Member.community == g.me.community)}
    found = list(
        LogRemark.select()
        .where(held(LogRemark, g.me), LogRemark.day.in_(days))
        .order_by(LogRemark.day, LogRemark.device_time)
    )
    changes: dict[str, list[dict[str, Any]]] = {}
    written = Operation.select().where(
        Operation.record.in_([one.id for one in found]), Operation.status == "applied"
    )
    for op in written.order_by(Operation.server_time, Operation.seq):
        said = {
            "at": op.device_time,
            "who": names.get(op.user, ""),
            "text": op.payload["patch"].get("text", ""),
        }
        changes.setdefault(op.record, []).append(said)
    return [
        {
            "id": one.id,
            "day": one.day,
            "text": one.text,
            "at": one.device_time,
            "who": names.get(one.author, ""),
            "changes": changes.get(one.id, []),
        }
        for one in found
    ]


def _day() -> str:
    """The day asked for, default today; 404 for what is none."""
    given = request.values.get("day") or local_day(now())
    try:
        return date.fromisoformat(given).isoformat() if DAY.fullmatch(given) else str(abort(404))
    except ValueError:
        abort(404)


def _clock(at: str) -> str:
    from fieldapp.declare.expressions import expression

    return str(expression("at|clock")(at=at)) if at else ""


def _page(template: str, day: str, days: list[str], step: int, **more: Any) -> str:
    at = date.fromisoformat(day)
    return render_template(
        template,
        day=day,
        days=days,
        title=format_date(at, "full")
        if step == 1
        else f"{format_date(date.fromisoformat(days[0]))} – {format_date(date.fromisoformat(days[-1]))}",
        before=(at - timedelta(days=step)).isoformat(),
        after=(at + timedelta(days=step)).isoformat(),
        remarks=remarks(days),
        longest=LONGEST,
        **more,
    )
