"""The desk's pages of home checks: every open hazard by how late and how bad it is, and the checks that were made."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Response, g, render_template, request
from flask_babel import gettext

from fieldapp import sheets
from fieldapp.config import local_day, now
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l
from fieldapp.home_checks.lists import lists
from fieldapp.home_checks.record import SEVERITY, Hazard
from fieldapp.people.at_desk import at_desk
from fieldapp.people.record import Member
from fieldapp.places.record import Building, Grid, StairUnit
from sync.scope import Me, visible

desk = at_desk("home_checks_desk")
desk.register_blueprint(lists)
registry.add_desk_page("/hazards-report", _l("Hazards"), 12)
IN_WORDS = "this.text or this.item|choice('home_check.item')"
registry.add_log_line("hazard", _l("Hazards found"), by="severity", says=IN_WORDS)
registry.add_log_line("hazard", _l("Hazards closed"), on="closed_on", by="severity", says=IN_WORDS)

# From so many days after its day on, a hazard stands in this line; the worst first.
AGES = (
    (31, _l("More than 30 days over")),
    (8, _l("8 to 30 days over")),
    (1, _l("1 to 7 days over")),
    (0, _l("Due today")),
    (-7, _l("Due within a week")),
    (-100_000, _l("Due later")),
)


def over(fix_by: str, today: str) -> int:
    """How many days after its day a hazard still stands; negative before it."""
    return (date.fromisoformat(today) - date.fromisoformat(fix_by)).days


def by_age(found: list[dict[str, Any]]) -> list[tuple[str, dict[str, int]]]:
    """For each age its label and how many hazards of each severity."""
    lines = [(start, label, dict.fromkeys(dict(SEVERITY), 0)) for start, label in AGES]
    for one in found:
        next(count for start, _, count in lines if one["over"] >= start)[one["severity"]] += 1
    return [(gettext(label), count) for _, label, count in lines]


def open_hazards(me: Me, moment: datetime, grid: str = "", building: str = "") -> list[dict[str, Any]]:
    """Every open hazard, the longest overdue first: its fields, and `over`, `place`, `what`, `building_name`, `who`."""
    today = local_day(moment)
    found = Hazard.select().where(
        Hazard.gone == False,  # noqa: E712
        Hazard.open == True,  # noqa: E712
        visible(Hazard, Hazard.channels(), me),
    )
    found = found.where(Hazard.grid == grid) if grid else found
    found = found.where(Hazard.building == building) if building else found
    houses = {one.id: one for one in Building.select().where(Building.community == me.community)}
    units = {one.id: one.name for one in StairUnit.select().where(StairUnit.community == me.community)}
    rows = [
        {
            **one.__data__,
            "over": over(one.fix_by, today),
            "what": what(one),
            "building_name": houses[one.building].name,
            "order": houses[one.building].number,
            "place_name": one.address or f"{houses[one.building].name} {units[one.stair_unit]}",
        }
        for one in found
    ]
    return sorted(rows, key=lambda one: (-one["over"], one["severity"] != "serious", one["order"], one["id"]))


def what(hazard: Hazard) -> str:
    """A hazard in words: the community's own item by its text, a default one by its word."""
    known = registry.words["home_check.item"].get(hazard.item, hazard.item)
    return hazard.text or gettext(known)


def severities() -> dict[str, str]:
    """Severity → its word."""
    return {code: gettext(text) for code, text in SEVERITY}


def shown_on_progress(me: Me, moment: datetime, grid: str) -> dict[str, Any]:
    """The picture of open hazards for the page of progress."""
    return {"ages": by_age(open_hazards(me, moment, grid)), "severities": severities()}


registry.add_desk_part("/progress", "home_checks/_ages.html", shown_on_progress)


@desk.get("/hazards-report")
def hazards_report() -> str | Response:
    """Every open hazard by age and severity, overdue ones first; narrowed to a grid or a building."""
    grid, building = request.args.get("grid", ""), request.args.get("building", "")
    found = open_hazards(g.me, now(), grid, building)
    if "as" in request.args:
        return sheet(found)
    houses: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(found, key=lambda one: one["order"]):
        houses.setdefault(one["building_name"], []).append(one)
    return render_template(
        "home_checks/report.html",
        hazards=found,
        part={"ages": by_age(found), "severities": severities()},
        houses=[(name, sum(one["over"] > 0 for one in rows), len(rows)) for name, rows in houses.items()],
        grids=Grid.select().where(Grid.community == g.me.community).order_by(Grid.number),
        buildings=Building.select().where(Building.community == g.me.community).order_by(Building.number),
        names=staff(g.me),
        grid=grid,
        building=building,
    )


def staff(me: Me) -> dict[str, str]:
    """Account id → name, of the community's staff."""
    return {one.id: one.name for one in Member.select().where(Member.community == me.community)}


def sheet(found: list[dict[str, Any]]) -> Response:
    """The hazards as a file."""
    columns = (
        _l("Fix by"), _l("Days over"), _l("Severity"), _l("Address"), _l("Hazard"), _l("Found"), _l("Rechecks"), _l("Note"), _l("Assigned"),
    )  # fmt: skip
    words, names = severities(), staff(g.me)
    rows = [
        (
            one["fix_by"], one["over"], words[one["severity"]], one["place_name"], one["what"],
            local_day(datetime.fromisoformat(one["device_time"])), one["rechecks"], one["note"], names.get(one["assigned"], ""),
        )
        for one in found
    ]  # fmt: skip
    return sheets.answer(request.args["as"], gettext("Open hazards"), [gettext(one) for one in columns], rows)
