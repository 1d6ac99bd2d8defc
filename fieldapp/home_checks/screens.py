"""Screens of a home check: at a door, in a staircase's shared parts, the finished check, hazards and rechecks, the lists."""

import fieldapp.home_checks.items  # noqa: F401  the words of the lists
from fieldapp.declare.addition import add
from fieldapp.declare.query import count, latest, lit, many, one
from fieldapp.declare.screen import create, patch, record_screen, screen
from fieldapp.declare.task import task
from fieldapp.declare.words import _l
from fieldapp.home_checks.form import HomeCheckForm, RecheckForm, SharedCheckForm
from fieldapp.home_checks.record import STAFF, Checklist, Hazard, HomeCheck, Recheck
from fieldapp.people.form import AssignForm
from fieldapp.people.record import Member
from fieldapp.places.record import Building, Household, StairUnit

HAZARD = {"state": ("hazard",)}

record_screen(
    "/households/<household>/check",
    "home_checks/check.html",
    HomeCheckForm,
    tab="buildings",
    for_roles=STAFF,
    args=("as",),
    household=one(Household, "household"),
    unit=one(StairUnit, "household.stair_unit"),
    building=one(Building, "household.building"),
    checklists=many(Checklist, scope=lit("home"), newest_first=True, limit=1),
    last=latest(HomeCheck, by="household", household="household"),
    saves=(
        create(HomeCheck, under="unit", sets={"household": "household", "address": "household.address"}),
        create(
            Hazard,
            under="unit",
            sets={"household": "household", "address": "household.address", "home_check": "home_check"},
            each="results",
            key="item",
            when=HAZARD,
        ),
    ),
    then="/households/{household}",
    says="household.address ~ ' ' ~ _('Safety check')",
)

record_screen(
    "/units/<unit>/check",
    "home_checks/check.html",
    SharedCheckForm,
    name="home_checks.shared",
    tab="buildings",
    for_roles=STAFF,
    unit=one(StairUnit, "unit"),
    building=one(Building, "unit.building"),
    checklists=many(Checklist, scope=lit("shared"), newest_first=True, limit=1),
    saves=(
        create(HomeCheck, under="unit"),
        create(
            Hazard,
            under="unit",
            sets={"home_check": "home_check"},
            each="results",
            key="item",
            when=HAZARD,
        ),
    ),
    then="/units/{unit}",
    says="building.name ~ ' ' ~ unit.name ~ ' ' ~ _('Safety check')",
)

screen(
    "/checks/<check>",
    "home_checks/show.html",
    tab="buildings",
    for_roles=STAFF,
    check=one(HomeCheck, "check"),
    unit=one(StairUnit, "check.stair_unit"),
    building=one(Building, "check.building"),
    hazards=many(Hazard, home_check="check"),
    members=many(Member),
)

screen(
    "/hazards",
    "home_checks/hazards.html",
    tab="today",
    for_roles=STAFF,
    hazards=many(Hazard, grid="me.grids", open=lit(True), order=("fix_by",), limit=200),
    buildings=many(Building, grid="me.grids"),
    members=many(Member),
)

record_screen(
    "/hazards/<hazard>",
    "home_checks/hazard.html",
    RecheckForm,
    tab="today",
    for_roles=STAFF,
    hazard=one(Hazard, "hazard"),
    building=one(Building, "hazard.building"),
    unit=one(StairUnit, "hazard.stair_unit"),
    rechecks=many(Recheck, hazard="hazard", newest_first=True),
    members=many(Member),
    saves=(create(Recheck), patch(Hazard, "hazard", fields=("fix_by",))),
    then="/hazards",
    says="_('Recheck') ~ ' · ' ~ (form['values'].found|choice('recheck.found'))",
)

record_screen(
    "/hazards/<hazard>/assign",
    "today/assign.html",
    AssignForm,
    name="home_checks.assign",
    tab="today",
    for_roles=STAFF,
    hazard=one(Hazard, "hazard"),
    building=one(Building, "hazard.building"),
    members=many(Member),
    saves=(patch(Hazard, "hazard", fields=("assigned",)),),
    then="/hazards/{hazard}",
    says="(hazard.address or building.name) ~ ' ' ~ _('Assigned')",
)

task(
    "hazards_to_recheck",
    _l("Hazards to recheck"),
    many(Hazard, grid="me.grids", open=lit(True), order=("fix_by",)),
    due="fix_by",
    says="entry.text or entry.item|choice('home_check.item')",
    url="/hazards/{id}",
    order=20,
)

add(
    "/today",
    "first",
    "home_checks/_today.html",
    hazards=many(Hazard, grid="me.grids", open=lit(True), order=("fix_by",), limit=5),
    hazard_count=count(Hazard, grid="me.grids", open=lit(True)),
)
add(
    "/units/<unit>",
    "below",
    "home_checks/_unit.html",
    hazards=many(Hazard, stair_unit="unit", open=lit(True)),
)
add(
    "/households/<household>",
    "facts",
    "home_checks/_household.html",
    hazards=many(Hazard, household="household", open=lit(True), order=("fix_by",)),
)
add(
    "/households/<household>",
    "timeline",
    "home_checks/_entry.html",
    checks=many(HomeCheck, household="household", newest_first=True, limit=10),
)
add(
    "/households/<household>",
    "timeline",
    "home_checks/_recheck.html",
    rechecks=many(Recheck, household="household", newest_first=True, limit=10),
)
add("/households/<household>", "actions", "home_checks/_action.html", order=40)
