"""Pages of the desk over all kinds of work: progress, and the log's own; answered by the server only."""

from __future__ import annotations

from flask import Response, g, render_template, request
from flask_babel import gettext

from fieldapp import sheets
from fieldapp.config import local_day, now
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l
from fieldapp.people.at_desk import at_desk
from fieldapp.reports import progress as numbers
from fieldapp.reports.log_page import log
from fieldapp.reports.records import records
from fieldapp.reports.tasks_page import tasks_page
from fieldapp.reports.timeline import timeline

desk = at_desk("reports_desk")
for pages in (log, records, tasks_page, timeline):
    desk.register_blueprint(pages)

registry.add_desk_page("/progress", _l("Progress"), 10)
PART_WORDS = {
    "met": _l("Met"),
    "no_answer": _l("No answer"),
    "refused": _l("Refused"),
    "left": _l("Left"),
    "other": _l("Other outcome"),
}


@desk.get("/progress")
def progress() -> str | Response:
    """Grid by grid and building by building; htmx asks again, and is answered only when something changed."""
    token = numbers.standing(g.me)
    part = request.headers.get("HX-Request") == "true"
    if part and request.args.get("seen") == token:
        return Response(status=204)
    moment, wanted = now(), request.args.get("grid", "")
    known = numbers.grids(g.me, local_day(moment))
    shown = [grid for grid in known if wanted in ("", grid["id"])]
    if "as" in request.args:
        return _sheet(shown, local_day(moment))
    return render_template(
        "reports/_progress.html" if part else "reports/progress.html",
        grids=shown,
        known=known,
        wanted=wanted,
        count=numbers.total(grid["count"] for grid in shown),
        month=numbers.month(g.me, moment, wanted),
        words={code: gettext(text) for code, text in PART_WORDS.items()},
        parts=[(one.template, one.context(g.me, moment, wanted)) for one in registry.parts_of("/progress")],
        token=token,
    )


def _sheet(shown: list[dict[str, object]], today: str) -> Response:
    labels = [gettext("Grid"), gettext("Building"), *(gettext(PART_WORDS[part]) for part in numbers.PARTS)]
    rows = [
        (grid["name"], house["name"], *house["count"].values())
        for grid in shown
        for house in grid["buildings"]  # type: ignore[attr-defined]
    ]
    return sheets.answer(request.args["as"], f"{gettext('Progress')} {today}", labels, rows)
