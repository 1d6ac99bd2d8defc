"""Screens of a leaflet round: the round with its talking points, the board of a staircase, a door, a request and its answer."""

from fieldapp.declare.addition import add
from fieldapp.declare.query import count, lit, many, one
from fieldapp.declare.registry import registry
from fieldapp.declare.screen import create, record_screen, screen
from fieldapp.declare.task import task
from fieldapp.declare.words import _l
from fieldapp.places.record import Building, Household, StairUnit
from fieldapp.rounds.form import DoorRequestForm, LeafletForm, RequestAnswerForm
from fieldapp.rounds.record import (
    STAFF,
    DoorRequest,
    LeafletEvent,
    LeafletRound,
    RequestAnswer,
    RoundDoor,
    RoundStock,
)

TO_GO = _l("%(count)s doors to go")

registry.add_desk_page("/rounds", _l("Leaflet rounds"), 30)

# What this person had and used: how many leaflets are left is their difference.
STOCK = many(RoundStock, round="round", user="me.id")
USED = many(LeafletEvent, round="round", author="me.id", outcome=lit(["handed", "left"]))

screen(
    "/leaflets/<round>",
    "rounds/round.html",
    tab="today",
    round=one(LeafletRound, "round"),
    buildings=many(Building, id="round.buildings", order=("number", "name")),
    units=many(StairUnit, building="round.buildings", order=("number",)),
    doors=count(RoundDoor, round="round", by="stair_unit"),
    done=count(RoundDoor, round="round", done=lit(True), by="stair_unit"),
    stock=STOCK,
    used=USED,
)

screen(
    "/leaflets/<round>/<unit>",
    "rounds/board.html",
    tab="today",
    round=one(LeafletRound, "round"),
    unit=one(StairUnit, "unit"),
    building=one(Building, "unit.building"),
    units=many(StairUnit, building="unit.building", order=("number",)),
    doors=many(RoundDoor, round="round", stair_unit="unit", order=("-floor", "position")),
    all=count(RoundDoor, round="round", by="stair_unit"),
    left=count(RoundDoor, round="round", done=lit(False), by="stair_unit"),
    stock=STOCK,
    used=USED,
)

record_screen(
    "/leaflet-doors/<round_door>",
    "rounds/form.html",
    LeafletForm,
    name="rounds.door",
    tab="today",
    round_door=one(RoundDoor, "round_door"),
    saves=(create(LeafletEvent),),
    then="/leaflets/{round_door.round}/{round_door.stair_unit}",
    says="round_door.address ~ ' ' ~ (form['values'].outcome|choice('leaflet_event.outcome'))",
)

record_screen(
    "/leaflet-doors/<round_door>/request",
    "rounds/form.html",
    DoorRequestForm,
    name="rounds.request",
    tab="today",
    round_door=one(RoundDoor, "round_door"),
    saves=(create(DoorRequest),),
    then="/leaflets/{round_door.round}/{round_door.stair_unit}",
    says="round_door.address ~ ' ' ~ _('Request')",
)

record_screen(
    "/households/<household>/answer",
    "rounds/form.html",
    RequestAnswerForm,
    name="rounds.answer",
    tab="buildings",
    for_roles=STAFF,
    household=one(Household, "household"),
    saves=(create(RequestAnswer),),
    then="/households/{household}",
    says="household.address ~ ' ' ~ _('Request answered')",
)

task(
    "requests",
    _l("Request"),
    many(Household, grid="me.grids", request_on__gte=lit("2"), order=("request_on",)),
    due="request_on",
    says="entry.request or ('request'|choice('visit.phrases'))",
    url="/households/{id}",
    order=15,
    today=41,
)
task(
    "round_doors",
    _l("Leaflet round"),
    many(LeafletRound, state=lit("open"), order=("last_day",)),
    due="last_day",
    says=f"entry.topic ~ ' ' ~ _('{TO_GO}', count=to_go[entry.id])",
    url="/leaflets/{id}",
    desk="/rounds/{id}",
    order=40,
    today=40,
    only="to_go[entry.id]",
    to_go=count(RoundDoor, round="round_doors", done=lit(False), by="round"),
)

add("/households/<household>", "facts", "rounds/_household.html")
add(
    "/households/<household>",
    "timeline",
    "rounds/_entry.html",
    leaflets=many(LeafletEvent, household="household", newest_first=True, limit=10),
)
add(
    "/households/<household>",
    "timeline",
    "rounds/_entry.html",
    requests=many(DoorRequest, household="household", newest_first=True, limit=10),
)
add(
    "/households/<household>",
    "timeline",
    "rounds/_entry.html",
    answers=many(RequestAnswer, household="household", newest_first=True, limit=10),
)
