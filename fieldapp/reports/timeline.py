"""Timeline: all that happened at one household, over all kinds, without the limits of a phone's screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import abort, g, render_template

from fieldapp.config import instant, local_day, now
from fieldapp.declare.answer import end_of_day
from fieldapp.declare.find import Missing, run_queries
from fieldapp.declare.registry import registry
from fieldapp.people.at_desk import at_desk

timeline = at_desk("timeline")
SCREEN = "places.household"


@timeline.get("/households/<household>/timeline")
def whole(household: str) -> str:
    """What the field screen's queries find, without their limits; 404 for a household of others."""
    moment = now()
    scope: dict[str, Any] = {
        "me": g.me_view,
        "now": instant(moment),
        "today": local_day(moment),
        "end_of_day": end_of_day(moment),
        "household": household,
    }
    queries = {name: replace(query, limit=None) for name, query in registry.screens[SCREEN].queries.items()}
    try:
        found = run_queries(queries, g.me, scope, moment)
    except Missing:
        abort(404)
    return render_template("reports/timeline.html", **found)
