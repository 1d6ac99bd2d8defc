"""Tasks, page: one list over all kinds at the desk, narrowed as wished, from which tasks are given to people."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, abort, g, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as Answer

from fieldapp import sheets
from fieldapp.config import local_day, now
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l
from fieldapp.people.at_desk import at_desk
from fieldapp.people.record import Member
from fieldapp.places.record import Building, Grid
from fieldapp.reports.progress import held
from fieldapp.reports.tasks import assign, narrowed, tasks

tasks_page = at_desk("tasks_page", "/tasks/all")
registry.add_desk_page("/tasks/all", _l("Tasks"), 11)
NARROWED = ("grid", "building", "label", "whose")
SHOWN = 400


@tasks_page.get("")
def every_task() -> str | Response:
    """What waits, the earliest due first."""
    wanted = {name: request.args.get(name, "") for name in NARROWED}
    found = tasks(now())
    shown = narrowed(found, wanted)
    staff = list(Member.select().where(held(Member, g.me)).order_by(Member.name))
    names = {one.id: one.name for one in staff}
    if "as" in request.args:
        columns = [gettext(one) for one in (_l("Due"), _l("Kind"), _l("Address"), _l("What"), _l("Assigned"))]
        rows = [
            (one["due"][:10], one["label"], one["where"], one["says"], names.get(one["whose"], ""))
            for one in shown
        ]
        return sheets.answer(request.args["as"], f"{gettext('Tasks')} {local_day(now())}", columns, rows)
    return render_template(
        "reports/tasks.html",
        tasks=shown[:SHOWN],
        count=len(shown),
        labels=list(dict.fromkeys(gettext(one.label) for one in registry.tasks.values())),
        staff=[one for one in staff if one.role != "volunteer"],
        names=names,
        grids=Grid.select().where(held(Grid, g.me)).order_by(Grid.number),
        buildings=Building.select().where(held(Building, g.me)).order_by(Building.number),
        wanted=wanted,
        query=urlencode(wanted),
        given=request.args.get("given", type=int),
        left=request.args.get("left", type=int),
    )


@tasks_page.post("")
def give() -> Answer:
    """Give the ticked tasks to somebody; 400 where nobody is named."""
    to = request.form.get("member", "") or abort(400)
    given, left = assign(request.form.getlist("task"), to, now())
    wanted = {name: request.args.get(name, "") for name in NARROWED}
    return redirect(f"/tasks/all?{urlencode({**wanted, 'given': given, 'left': left})}", 303)
