"""Desk of the drills: a supervisor prepares one, puts it right, prints its badges, watches the roll call, puts times right, takes the list away."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import segno
from flask import Response, abort, current_app, g, redirect, render_template, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from fieldapp import sheets
from fieldapp.config import now, utc_offset
from fieldapp.declare.kinds import kinds
from fieldapp.declare.registry import registry
from fieldapp.declare.save import device_of_session, stamped
from fieldapp.declare.token import sign
from fieldapp.declare.words import _l
from fieldapp.drills.change import call_off, change, living
from fieldapp.drills.copies import FLAGGING
from fieldapp.drills.entered import facts, group_names, instant_of, leaders, people, staff
from fieldapp.drills.make import Plan, make
from fieldapp.drills.models import DrillKey
from fieldapp.drills.record import GROUPS, STATIONS, Drill, DrillGroup, DrillLeader, DrillPerson
from fieldapp.drills.report import Line, Report, read
from fieldapp.people.at_desk import at_desk
from fieldapp.places.record import Building
from sync.ids import uuid7
from sync.push import push_page

desk = at_desk("drills_desk", "/drills")
registry.add_desk_page("/drills", _l("Fire drills"), 40)
registry.add_flagging(FLAGGING)

# Badges hold until the end of the drill and some time for those who come late.
HOLDS_AFTER = timedelta(hours=2)
PARTS = {"staff": _l("Staff"), "volunteer": _l("Volunteer"), "resident": _l("Resident")}
COLUMNS = (
    _l("Name"), _l("Part"), _l("Group"), _l("Date"), _l("In"), _l("Out"), _l("Minutes"), _l("Stations"), _l("Remarks"),
)  # fmt: skip


@desk.get("")
def index() -> str:
    """All drills, and the form for another one."""
    return _index({})


@desk.post("")
def create() -> Answer | tuple[str, int]:
    """Another drill."""
    plan, wrong = _plan()
    if not plan.people:
        wrong["people"] = gettext("Nobody is expected.")
    if wrong:
        return _index(wrong), 422
    drill = make(_database(), g.me.community, plan, now(), g.me.id)
    return redirect(f"/drills/{drill}/report", 303)


@desk.get("/<drill>/change")
def change_page(drill: str) -> str:
    """What was entered of a drill, to be put right."""
    found = _mine(drill)
    return _form("drills/desk/change.html", _given(found), {}, found)


@desk.post("/<drill>/change")
def change_drill(drill: str) -> Answer | tuple[str, int]:
    """A drill put right: its facts, leaders and groups' names; more people are expected, and nobody less."""
    found = _mine(drill)
    plan, wrong = _plan()
    if wrong:
        return _form("drills/desk/change.html", request.form, wrong, found), 422
    change(_database(), found, plan, group_names(living(DrillGroup, found)), now(), g.me.id)
    return redirect(f"/drills/{drill}/report", 303)


@desk.post("/<drill>/off")
def cancel(drill: str) -> Answer:
    """Cancel a drill, or hold it after all."""
    found = _mine(drill, off=True)
    call_off(_database(), found, not found.gone, now())
    return redirect("/drills", 303)


@desk.get("/<drill>/report")
def report(drill: str) -> str:
    """The roll call as it stands, then the report; htmx asks for the figures again while leaders sync."""
    part = request.headers.get("HX-Request") == "true"
    return render_template(
        "drills/desk/_lines.html" if part else "drills/desk/report.html", **_context(_report(drill))
    )


@desk.get("/<drill>/hours/<form>")
def hours(drill: str, form: str) -> Response:
    """Who served how long, for the city's own register of volunteers."""
    found = _report(drill)
    rows = [_row(found, one) for one in found.lines if one.person.part != "resident"]
    return sheets.answer(form, f"drill-{found.drill.day}", [gettext(one) for one in COLUMNS], rows)


@desk.get("/<drill>/badges")
def badges(drill: str) -> str:
    """A sheet of badges to print and cut: one code for each who is expected."""
    found = _report(drill)
    codes = [(one, _picture(_signed(found.drill, one.person.id))) for one in found.lines]
    return render_template("drills/desk/badges.html", drill=found.drill, codes=codes)


@desk.get("/<drill>/poster")
def poster(drill: str) -> str:
    """The code at the place, by which who has an account signs in."""
    found = _mine(drill)
    return render_template("drills/desk/poster.html", drill=found, code=_picture(_signed(found, None), 8))


@desk.get("/<drill>/fix/<person>")
def fix_page(drill: str, person: str) -> str:
    """The times of one person, to be put right."""
    return _fix_page(_mine(drill), _person(drill, person))


@desk.post("/<drill>/fix/<person>")
def fix(drill: str, person: str) -> Answer | tuple[str, int]:
    """Times put right, with the reason: an operation of its own beside what was recorded."""
    found, who = _mine(drill), _person(drill, person)
    form, reason = request.form, request.form.get("reason", "").strip()[:200]
    times = {name: instant_of(found.day, form.get(name, "")) for name in ("came_at", "left_at")}
    absent = form.get("absent") == "1"
    if not reason or not (absent or any(times.values())):
        return _fix_page(found, who, gettext("Say what is right, and why.")), 422
    patch = {"drill": drill, "drill_person": person, "absent": absent, "reason": reason}
    patch |= {name: time for name, time in times.items() if time and not absent}
    made = {
        "verb": "create",
        "kind": "drill_fix",
        "record": str(uuid7()),
        "patch": patch,
        "base": {},
        "base_version": None,
    }
    me = replace(g.me, channels=g.me.channels | {f"drill:{drill}"})
    operations = stamped([made], now(), str(uuid7()))
    (result,) = push_page(_database(), kinds(), me, device_of_session(), operations, now())
    if result["status"] != "applied":
        abort(400)
    return redirect(f"/drills/{drill}/report", 303)


def _index(wrong: dict[str, str]) -> str:
    drills = Drill.select().where(Drill.community == g.me.community).order_by(Drill.starts_at.desc())
    return _form("drills/desk/index.html", request.form, wrong, drills=list(drills))


def _form(
    template: str, given: MultiDict[str, str], wrong: dict[str, str], drill: Drill | None = None, **more: Any
) -> str:
    """A page with the form of a drill."""
    buildings = Building.select().where(Building.community == g.me.community).order_by(Building.number)
    return render_template(
        template,
        drill=drill,
        drill_groups=living(DrillGroup, drill) if drill else [],
        staff=list(staff().values()),
        buildings=list(buildings),
        groups=GROUPS,
        stations=STATIONS,
        wrong=wrong,
        given=given,
        **more,
    )


def _plan() -> tuple[Plan, dict[str, str]]:
    """What the form says, and what is wrong with it."""
    given, wrong = facts()
    return Plan(given, people(), leaders()), wrong


def _given(drill: Drill) -> MultiDict[str, str]:
    """What the form would have said of a drill as it stands."""
    codes = {one.id: one.code for one in living(DrillGroup, drill)}
    leading = living(DrillLeader, drill)
    given = [(name, getattr(drill, name)) for name in ("title", "place", "commander", "day")]
    given += [(name, _clock(getattr(drill, name))) for name in ("starts_at", "ends_at")]
    given += [("stations", one) for one in drill.stations]
    given += [("leader", one.user) for one in leading] + [(f"post-{one.user}", one.post) for one in leading]
    given += [
        (f"group-{one.user}", codes.get(one.drill_group) or "")
        for one in living(DrillPerson, drill)
        if one.user
    ]
    return MultiDict(given)


def _fix_page(drill: Drill, person: DrillPerson, problem: str = "") -> str:
    return render_template("drills/desk/fix.html", drill=drill, person=person, problem=problem)


def _context(found: Report) -> dict[str, Any]:
    names = {id: one.name for id, one in staff().items()}
    return {"report": found, "drill": found.drill, "staff": names, "parts": PARTS}


def _mine(drill: str, off: bool = False) -> Drill:
    """A drill of the supervisor's community; with `off` also a cancelled one."""
    found = Drill.get_or_none(Drill.id == drill, Drill.community == g.me.community)
    return found if found and (off or not found.gone) else abort(404)


def _person(drill: str, person: str) -> DrillPerson:
    _mine(drill)
    found = DrillPerson.get_or_none(DrillPerson.id == person, DrillPerson.drill == drill)
    return found or abort(404)


def _report(drill: str) -> Report:
    return read(_mine(drill))


def _row(found: Report, one: Line) -> list[sheets.Cell]:
    person = one.person
    group = gettext(dict(GROUPS)[one.group.code]) if one.group.code else one.group.name
    words = dict(STATIONS)
    remarks = [gettext("not signed out")] if one.unfinished else []
    remarks += [gettext("badge at two places")] if one.copied else []
    times = [_clock(person.first_in), _clock(person.last_out), one.minutes]
    passed = "、".join(gettext(words[code]) for code in person.stations)
    return [
        person.name,
        gettext(PARTS[person.part]),
        group,
        found.drill.day,
        *times,
        passed,
        "、".join(remarks),
    ]


def _clock(instant: str | None) -> str:
    if not instant:
        return ""
    return (datetime.fromisoformat(instant) + timedelta(minutes=utc_offset())).strftime("%H:%M")


def _signed(drill: Drill, about: str | None) -> str:
    key = DrillKey.get_or_none(DrillKey.drill == drill.id) or abort(404)
    return sign(key.private, drill.id, about, datetime.fromisoformat(drill.ends_at) + HOLDS_AFTER)


def _picture(text: str, scale: int = 3) -> str:
    """The code as SVG, without a style of its own."""
    return segno.make(text, error="m", micro=False).svg_inline(scale=scale, omitsize=True, border=2)


def _database() -> Any:
    return current_app.extensions["database"]
