"""Screens of the place: buildings, the door board, a household, search."""

from fieldapp.declare.query import count, lit, many, one, search
from fieldapp.declare.screen import screen
from fieldapp.people.record import Member
from fieldapp.places.record import Building, CarePerson, Door, Grid, Household, StairUnit
from fieldapp.review.record import SENT_BACK, Decision

STAFF = ("grid_worker", "supervisor")
# What came back to this person, or was not taken, and is not answered yet.
TOLD = many(
    Decision, worker="me.id", choice=lit(list(SENT_BACK)), state=lit("open"), newest_first=True, limit=100
)

screen(
    "/buildings",
    "places/buildings.html",
    tab="buildings",
    for_roles=STAFF,
    grids=many(Grid, id="me.grids", order=("number",)),
    buildings=many(Building, grid="me.grids", order=("number", "name")),
    units=many(StairUnit, grid="me.grids", order=("number",)),
    due=count(Household, grid="me.grids", due_on__lte="today", by="building"),
)

screen(
    "/units/<unit>",
    "places/board.html",
    tab="buildings",
    for_roles=STAFF,
    unit=one(StairUnit, "unit"),
    building=one(Building, "unit.building"),
    units=many(StairUnit, building="unit.building", order=("number",)),
    doors=many(Door, stair_unit="unit", order=("-floor", "position")),
    households=many(Household, stair_unit="unit"),
    care=many(CarePerson, stair_unit="unit"),
    told=TOLD,
)

screen(
    "/households/<household>",
    "places/household.html",
    tab="buildings",
    for_roles=STAFF,
    household=one(Household, "household"),
    door=one(Door, "household.door"),
    unit=one(StairUnit, "household.stair_unit"),
    building=one(Building, "household.building"),
    care=many(CarePerson, household="household"),
    members=many(Member),
    told=TOLD,
)

screen(
    "/search",
    "places/search.html",
    tab="buildings",
    for_roles=STAFF,
    args=("q",),
    households=search(Household, "args.q", limit=30),
)
