"""Screens of a door visit: the form, opened from the board or a household."""

from fieldapp.declare.addition import add
from fieldapp.declare.query import latest, many, one
from fieldapp.declare.screen import create, patch, record_screen
from fieldapp.places.record import Building, CarePerson, Door, Household, StairUnit
from fieldapp.visits.form import VisitForm
from fieldapp.visits.record import Visit

record_screen(
    "/households/<household>/visit",
    "visits/new.html",
    VisitForm,
    tab="buildings",
    for_roles=("grid_worker", "supervisor"),
    household=one(Household, "household"),
    unit=one(StairUnit, "household.stair_unit"),
    building=one(Building, "household.building"),
    doors=many(Door, stair_unit="household.stair_unit", order=("-floor", "position")),
    households=many(Household, stair_unit="household.stair_unit"),
    care=many(CarePerson, household="household"),
    last=latest(Visit, by="household", household="household"),
    saves=(create(Visit), patch(Household, "household", fields=("phone", "tenure", "people"))),
    then="/units/{household.stair_unit}",
    says="household.address ~ ' ' ~ (form['values'].outcome|choice('visit.outcome'))",
)

add(
    "/households/<household>",
    "timeline",
    "visits/_entry.html",
    visits=many(Visit, household="household", newest_first=True, limit=20),
)
add("/households/<household>", "actions", "visits/_action.html", order=90)
