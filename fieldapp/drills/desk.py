"""Desk of the drills: a supervisor prepares one, prints its badges, watches the roll call, puts times right, takes the list away."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import segno
from flask import Response, abort, current_app, g, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as Answer

from fieldapp import sheets
from fieldapp.config import now, utc_offset
from fieldapp.declare.form import parse
from fieldapp.declare.kinds import kinds
from fieldapp.declare.registry import registry
from fieldapp.declare.save import device_of_session, stamped
from fieldapp.declare.token import sign
from fieldapp.declare.words import _l
from fieldapp.drills.copies import FLAGGING
from fieldapp.drills.make import Expected, Plan, last_four, make, pasted
from fieldapp.drills.models import DrillKey
from fieldapp.drills.record import GROUPS, STATIONS, Drill, DrillPerson
from fieldapp.drills.report import Line, Report, read
from fieldapp.people.at_desk import at_desk
from fieldapp.people.record import Member
from fieldapp.places.record import Building, CarePerson, Household
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
    facts, wrong = _facts()
    people = [*_members(), *_residents(), *pasted(request.form.get("people", ""), _codes())]
    if not people:
        wrong["people"] = gettext("Nobody is expected.")
    if wrong:
        return _index(wrong), 422
    leaders = {
        id: request.form.get(f"post-{id}", "")[:60] for id in request.form.getlist("leader") if id in _staff()
    }
    drill = make(_database(), g.me.community, Plan(facts, people, leaders), now(), g.me.id)
    return redirect(f"/drills/{drill}/report", 303)


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
    times = {name: _instant(found.day, form.get(name, "")) for name in ("came_at", "left_at")}
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
    drills = Drill.select().where(Drill.community == g.me.community, Drill.gone == False)  # noqa: E712
    buildings = Building.select().where(Building.community == g.me.community).order_by(Building.number)
    return render_template(
        "drills/desk/index.html",
        drills=list(drills.order_by(Drill.starts_at.desc())),
        staff=list(_staff().values()),
        buildings=list(buildings),
        groups=GROUPS,
        stations=STATIONS,
        wrong=wrong,
        given=request.form,
    )


def _fix_page(drill: Drill, person: DrillPerson, problem: str = "") -> str:
    return render_template("drills/desk/fix.html", drill=drill, person=person, problem=problem)


def _context(found: Report) -> dict[str, Any]:
    staff = {id: one.name for id, one in _staff().items()}
    return {"report": found, "drill": found.drill, "staff": staff, "parts": PARTS}


def _facts() -> tuple[dict[str, Any], dict[str, str]]:
    """What the form says of the drill itself, and what is wrong with it."""
    form = request.form
    facts: dict[str, Any] = {
        name: form.get(name, "").strip()[:60] for name in ("title", "place", "commander")
    }
    wrong = {name: gettext("This field is required.") for name, text in facts.items() if not text}
    day = form.get("day", "")
    times = {name: _instant(day, form.get(name, "")) for name in ("starts_at", "ends_at")}
    if not all(times.values()) or str(times["ends_at"]) <= str(times["starts_at"]):
        wrong["day"] = gettext("Enter a day, a beginning and a later end.")
    known = dict(STATIONS)
    stations = [one for one in form.getlist("stations") if one in known]
    return {**facts, "day": day, **times, "stations": stations}, wrong


def _instant(day: str, clock: str) -> str | None:
    """A local time of the day as an instant; None where it is none."""
    read = parse("instant", [f"{day}T{clock}"])
    return read if isinstance(read, str) and read.endswith("Z") else None


def _members() -> list[Expected]:
    """The staff and volunteers with an account that were given a group."""
    codes = dict(GROUPS)
    chosen = ((one, request.form.get(f"group-{one.id}", "")) for one in _staff().values())
    return [
        Expected(one.name, code, "volunteer" if one.role == "volunteer" else "staff", user=one.id)
        for one, code in chosen
        if code in codes
    ]


def _residents() -> list[Expected]:
    """Of each building that was chosen, one person a home: by the register."""
    found = Building.select().where(
        Building.community == g.me.community, Building.id.in_(request.form.getlist("building"))
    )
    names = {one.id: one.name for one in found}
    homes = Household.select().where(Household.building.in_(list(names)), Household.gone == False)  # noqa: E712
    care = {one.household for one in CarePerson.select().where(CarePerson.building.in_(list(names)))}
    return [
        Expected(
            one.name,
            names[one.building],
            "resident",
            last_four(one.phone),
            one.address,
            one.floor,
            one.id in care,
        )
        for one in homes.order_by(Household.address)
        if one.name and one.tenure != "vacant"
    ]


def _codes() -> dict[str, str]:
    """Names of the usual groups in the reader's language, and as codes."""
    return {gettext(text): code for code, text in GROUPS} | {code: code for code, _ in GROUPS}


def _staff() -> dict[str, Member]:
    found = Member.select().where(Member.community == g.me.community, Member.gone == False)  # noqa: E712
    return {one.id: one for one in found.order_by(Member.name)}


def _mine(drill: str) -> Drill:
    found = Drill.get_or_none(Drill.id == drill, Drill.community == g.me.community, Drill.gone == False)  # noqa: E712
    return found or abort(404)


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
