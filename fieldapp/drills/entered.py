"""Entered: what the desk's form says of a drill: its facts, who takes the roll call, who is expected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import g, request
from flask_babel import gettext

from fieldapp.declare.form import parse
from fieldapp.drills.make import Expected, last_four, pasted
from fieldapp.drills.record import GROUPS, STATIONS, DrillGroup
from fieldapp.people.record import Member
from fieldapp.places.record import Building, CarePerson, Household


def facts() -> tuple[dict[str, Any], dict[str, str]]:
    """What the form says of the drill itself, and what is wrong with it."""
    form = request.form
    facts: dict[str, Any] = {
        name: form.get(name, "").strip()[:60] for name in ("title", "place", "commander")
    }
    wrong = {name: gettext("This field is required.") for name, text in facts.items() if not text}
    day = form.get("day", "")
    times = {name: instant_of(day, form.get(name, "")) for name in ("starts_at", "ends_at")}
    if not all(times.values()) or str(times["ends_at"]) <= str(times["starts_at"]):
        wrong["day"] = gettext("Enter a day, a beginning and a later end.")
    known = dict(STATIONS)
    stations = [one for one in form.getlist("stations") if one in known]
    return {**facts, "day": day, **times, "stations": stations}, wrong


def instant_of(day: str, clock: str) -> str | None:
    """A local time of the day as an instant; None where it is none."""
    read = parse("instant", [f"{day}T{clock}"])
    return read if isinstance(read, str) and read.endswith("Z") else None


def people() -> list[Expected]:
    """Everybody whom the form expects."""
    return [*_members(), *_residents(), *pasted(request.form.get("people", ""), _codes())]


def leaders() -> dict[str, str]:
    """Who takes the roll call: account → where they stand."""
    known = staff()
    return {
        id: request.form.get(f"post-{id}", "")[:60] for id in request.form.getlist("leader") if id in known
    }


def group_names(groups: Iterable[DrillGroup]) -> dict[str, str]:
    """What the groups are to be called: id → name, or the code of a usual one."""
    codes = _codes()
    given = {one.id: request.form.get(f"name-{one.id}", "").strip()[:60] for one in groups}
    return {id: codes.get(name, name) for id, name in given.items()}


def _members() -> list[Expected]:
    """The staff and volunteers with an account that were given a group."""
    codes = dict(GROUPS)
    chosen = ((one, request.form.get(f"group-{one.id}", "")) for one in staff().values())
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


def staff() -> dict[str, Member]:
    found = Member.select().where(Member.community == g.me.community, Member.gone == False)  # noqa: E712
    return {one.id: one for one in found.order_by(Member.name)}
