"""Screens that belong to the person: today, the guide, what waits on this phone, the own profile."""

from fieldapp.declare.query import count, lit, many, one
from fieldapp.declare.registry import registry
from fieldapp.declare.screen import patch, record_screen, screen
from fieldapp.declare.task import task
from fieldapp.declare.words import _l
from fieldapp.errors import REASONS
from fieldapp.people.form import AssignForm, ProfileForm
from fieldapp.people.record import Member, Profile
from fieldapp.places.record import Building, CarePerson, Grid, Household
from fieldapp.review.record import SENT_BACK, TOLD, Decision

SETTINGS_SAVED = _l("Settings saved")

screen(
    "/today",
    "today/today.html",
    tab="today",
    decided=many(
        Decision, worker="me.id", choice=lit(list(TOLD)), state=lit("open"), newest_first=True, limit=20
    ),
    grids=many(Grid, id="me.grids", order=("number",)),
    in_care=many(
        Household,
        grid="me.grids",
        care_level=lit([1, 2, 3]),
        due_on__lte="today",
        order=("due_on",),
        limit=20,
    ),
    due=many(Household, grid="me.grids", care_level=lit(0), due_on__lte="today", order=("due_on",), limit=15),
    due_count=count(Household, grid="me.grids", due_on__lte="today"),
    come_back=many(Household, grid="me.grids", come_back__lte="end_of_day", order=("come_back",), limit=10),
    cared_for=many(CarePerson, household="in_care"),
    buildings=many(Building, grid="me.grids", order=("number", "name")),
    members=many(Member),
)

screen(
    "/tasks",
    "today/tasks.html",
    tab="today",
    args=("grid", "building"),
    grids=many(Grid, id="me.grids", order=("number",)),
    buildings=many(Building, grid="me.grids", order=("number", "name")),
    members=many(Member),
)

task(
    "returned",
    _l("Returned to you"),
    many(Decision, worker="me.id", choice=lit(list(SENT_BACK)), state=lit("open"), newest_first=True),
    due="device_time",
    says="entry.subject|choice('record.noun') ~ ' ' ~ entry.comment",
    url="/decisions/{id}",
    desk="/review",
    order=10,
)
task(
    "second_knocks",
    _l("Second knock"),
    many(Household, grid="me.grids", come_back__lte="end_of_day", order=("come_back",)),
    due="come_back",
    says="entry.name",
    url="/households/{id}/visit",
    order=30,
)
task(
    "due_visits",
    _l("Due and overdue"),
    many(Household, grid="me.grids", due_on__lte="today", order=("due_on",), limit=500),
    due="due_on",
    says="entry.name",
    url="/households/{id}/visit",
    order=90,
)

record_screen(
    "/households/<household>/assign",
    "today/assign.html",
    AssignForm,
    tab="today",
    for_roles=("grid_worker", "supervisor"),
    household=one(Household, "household"),
    members=many(Member),
    saves=(patch(Household, "household", fields=("assigned",)),),
    then="/households/{household}",
    says="household.address ~ ' ' ~ _('Assigned')",
)

registry.add_words("sync.reason", REASONS)

screen("/guide", "today/guide.html", tab="today")

screen("/sync", "today/sync.html", tab="sync", needs=("outbox",), members=many(Member))

screen(
    "/mine",
    "today/mine.html",
    tab="sync",
    needs=("own",),
    args=("page",),
    decisions=many(Decision, worker="me.id", newest_first=True, limit=200),
)

screen("/leave", "today/leave.html", tab="sync")

record_screen(
    "/profile",
    "today/profile.html",
    ProfileForm,
    tab="sync",
    profile=one(Profile, "me.profile"),
    saves=(patch(Profile, "profile", fields=("locale", "theme")),),
    then="/profile",
    says=f"_('{SETTINGS_SAVED}')",
)
