"""Desk: a supervisor makes a leaflet round, sees how far it is and what is missing, changes who helps, and closes it."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, g, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from fieldapp.config import now
from fieldapp.declare.answer import form_in_words
from fieldapp.declare.check import Errors
from fieldapp.declare.form import FieldForm
from fieldapp.declare.kinds import kinds
from fieldapp.declare.words import _l
from fieldapp.people.at_desk import at_desk
from fieldapp.people.record import Member
from fieldapp.places.record import Building, Grid
from fieldapp.rounds import plan, sheet
from fieldapp.rounds.figures import Balance, balances, progress, total
from fieldapp.rounds.form import RoundForm, StockForm
from fieldapp.rounds.record import LeafletEvent, LeafletRound, RoundDoor, RoundHelper, RoundStock
from sync.write import put

desk = at_desk("rounds_desk", "/rounds")
NO_DOORS = _l("No door fits. Choose a grid or a building.")
ENDS_FIRST = _l("The last day comes before the first.")
Rows = list[dict[str, Any]]


@desk.get("")
def rounds() -> str:
    """All rounds, the newest first, each with its progress; and the form of a new one."""
    return _list({"tenure": "lived_in"}, {})


@desk.post("")
def create() -> Answer | tuple[str, int]:
    """Make a round with its doors and helpers; the form again where something is missing."""
    sent = RoundForm(formdata=request.form)
    values, errors = sent.check()
    chosen = plan.doors(g.me.community, _known(Grid, "grid"), _known(Building, "building"), values)
    if not errors and values["last_day"] < values["first_day"]:
        errors["last_day"] = [(ENDS_FIRST, {})]
    if not chosen:
        errors["_"] = [(NO_DOORS, {})]
    if errors:
        return _list(sent.data, errors), 422
    facts = {name: values[name] for name in ("topic", "first_day", "last_day")}
    facts |= {"slogan": values.get("slogan") or "", "points": _lines(values.get("points"))}
    people = _known(Member, "helper")
    id = plan.begin(_database(), g.me.community, facts, chosen, people, g.me.id, now())
    return redirect(f"/rounds/{id}", 303)


@desk.get("/<round>")
def show(round: str) -> str | Answer:
    """One round: progress by building and staircase, the balance, who helps; doors and balance to take away, too."""
    of = _round(round)
    if "as" not in request.args:
        return _page(of)
    if request.args.get("of") == "balance":
        names = {one["id"]: one["name"] for one in _all(Member)}
        return sheet.balance(request.args["as"], of["topic"], _balances(of), names)
    return sheet.doors(request.args["as"], of["topic"], _of(RoundDoor, of))


@desk.post("/<round>/helpers")
def add_helpers(round: str) -> Answer:
    """More people help."""
    of = _round(round)
    there = {one["user"] for one in _of(RoundHelper, of)}
    people = [one for one in _known(Member, "helper") if one not in there]
    return _put(of, [("round_helper", {"round": of["id"], "user": one}) for one in people])


@desk.post("/<round>/helpers/<helper>")
def take_off(round: str, helper: str) -> Answer:
    """A person no longer helps: their phone forgets the round, and what waits on it arrives at the review."""
    of = _round(round)
    known = [one for one in _of(RoundHelper, of) if one["id"] == helper] or abort(404)
    return _put(of, [("round_helper", {"id": one["id"], "gone": True}) for one in known])


@desk.post("/<round>/stock")
def stock(round: str) -> Answer | tuple[str, int]:
    """Leaflets are issued, come back or are spoiled."""
    of = _round(round)
    sent = StockForm(formdata=request.form)
    values, errors = sent.check()
    (person,) = [one for one in _known(Member, "user") if one in _people(of)][:1] or abort(404)
    if errors:
        return _page(of, sent, errors), 422
    return _put(of, [("round_stock", {"round": of["id"], "user": person, **values})])


@desk.post("/<round>/state")
def close(round: str) -> Answer:
    """Close a round, or open it again; what waits on phones still arrives."""
    of = _round(round)
    state = "open" if of["state"] == "closed" else "closed"
    return _put(of, [("leaflet_round", {"id": of["id"], "state": state})])


def _page(of: dict[str, Any], sent: FieldForm | None = None, errors: Errors | None = None) -> str:
    staff = {one["id"]: one for one in _all(Member)}
    helpers = _of(RoundHelper, of)
    doors = _of(RoundDoor, of)
    found = _balances(of)
    people = sorted((one for one in _people(of) if one in staff), key=lambda one: (staff[one]["name"], one))
    names = {one["id"]: one["name"] for one in _all(Building)}
    return render_template(
        "rounds/desk_round.html",
        round=of,
        staff=staff,
        people=people,
        helpers=helpers,
        others=[one for one in _helpful() if one["id"] not in {helper["user"] for helper in helpers}],
        whole=progress(doors),
        parts=[
            (names.get(building, ""), unit, progress(part)) for building, unit, part in _by_unit(of, doors)
        ],
        found=found,
        total=total(found.values()),
        form=form_in_words(StockForm, sent.data if sent else {}, errors or {}),
    )


def _balances(of: dict[str, Any]) -> dict[str, Balance]:
    return balances(_of(RoundStock, of), _of(LeafletEvent, of))


def _people(of: dict[str, Any]) -> set[str]:
    """Who helps, and who has had leaflets or given some out."""
    by = [(RoundHelper, "user"), (RoundStock, "user"), (LeafletEvent, "author")]
    return {one[name] for kind, name in by for one in _of(kind, of)}


def _by_unit(of: dict[str, Any], doors: Rows) -> list[tuple[str, str, Rows]]:
    """The doors by (building, staircase), in the order of the round's buildings."""
    parts: dict[tuple[int, str, str], Rows] = {}
    for door in doors:
        at = of["buildings"].index(door["building"]) if door["building"] in of["buildings"] else -1
        parts.setdefault((at, door["building"], door["unit"]), []).append(door)
    return [(building, unit, part) for (_, building, unit), part in sorted(parts.items())]


def _list(values: dict[str, Any], errors: Errors) -> str:
    doors: dict[str, Rows] = {}
    for door in _all(RoundDoor):
        doors.setdefault(door["round"], []).append(door)
    return render_template(
        "rounds/desk_list.html",
        rounds=[(one, progress(doors.get(one["id"], []))) for one in reversed(_all(LeafletRound))],
        form=form_in_words(RoundForm, values, errors),
        grids=sorted(_all(Grid), key=lambda one: one["number"]),
        buildings=sorted(_all(Building), key=lambda one: (one["number"], one["name"])),
        people=_helpful(),
        chosen={name: request.form.getlist(name) for name in ("grid", "building", "helper")},
    )


def _helpful() -> Rows:
    """Who can help: everyone of the staff who goes to doors."""
    found = [one for one in _all(Member) if one["role"] != "supervisor"]
    return sorted(found, key=lambda one: (one["role"] != "volunteer", one["name"]))


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _database() -> Any:
    return current_app.extensions["database"]


def _all(kind: Any) -> Rows:
    """The living records of the supervisor's own community."""
    return list(
        kind.select().where(kind.community == g.me.community, kind.gone == False).order_by(kind.seq).dicts()  # noqa: E712
    )


def _of(kind: Any, of: dict[str, Any]) -> Rows:
    found = kind.select().where(
        kind.round == of["id"],
        kind.community == g.me.community,
        kind.gone == False,  # noqa: E712
    )
    return list(found.order_by(kind.seq).dicts())


def _round(id: str) -> dict[str, Any]:
    return next((one for one in _all(LeafletRound) if one["id"] == id), None) or abort(404)


def _known(kind: Any, name: str) -> list[str]:
    """The ids that the form gives under this name, as far as the community has them."""
    known = {one["id"] for one in _all(kind)}
    return [id for id in request.form.getlist(name) if id in known]


def _put(of: dict[str, Any], records: list[tuple[str, dict[str, Any]]]) -> Answer:
    by = [(kind, record if "id" in record else {**record, "author": g.me.id}) for kind, record in records]
    put(_database(), kinds(), g.me.community, by, now())
    return redirect(f"/rounds/{of['id']}", 303)
