"""Screens of a drill: the roll call, one group, one person, badges, and the poster."""

from fieldapp.declare.addition import add
from fieldapp.declare.query import many, one, search
from fieldapp.declare.screen import create, record_screen, screen
from fieldapp.declare.task import task
from fieldapp.declare.words import _l
from fieldapp.drills.form import CheckForm, PosterForm, ScanForm
from fieldapp.drills.record import Drill, DrillCheck, DrillGroup, DrillLeader, DrillPerson, DrillSelf

SAID = _l("%(name)s: %(what)s already at %(time)s.")
# What this phone knows already is not said twice.
SINCE = "({'in': drill_person.first_in, 'out': drill_person.last_out}[form['values'].what])"
ALREADY = f"_('{SAID}', name=drill_person.name, what=form['values'].what|choice('drill_check.what'), time={SINCE}|clock) if {SINCE} else ''"
SAYS = (
    "drill_person.name ~ ' · ' ~ (form['values'].station|choice('drill_check.station')"
    " or form['values'].what|choice('drill_check.what'))"
)
LEADERS = many(DrillLeader, drill="drill")
ORDER = ("-floor", "address", "name")

screen(
    "/drills/<drill>",
    "drills/roll.html",
    tab="today",
    args=("q",),
    drill=one(Drill, "drill"),
    leaders=LEADERS,
    groups=many(DrillGroup, drill="drill", order=("position",)),
    people=many(DrillPerson, drill="drill", order=ORDER),
    found=search(DrillPerson, "args.q", drill="drill"),
)

screen(
    "/drills/<drill>/groups/<drill_group>",
    "drills/roll.html",
    name="drills.group",
    tab="today",
    drill=one(Drill, "drill"),
    drill_group=one(DrillGroup, "drill_group"),
    leaders=LEADERS,
    people=many(DrillPerson, drill_group="drill_group", order=ORDER),
)

record_screen(
    "/drills/<drill>/people/<drill_person>",
    "drills/person.html",
    CheckForm,
    tab="today",
    drill=one(Drill, "drill"),
    drill_person=one(DrillPerson, "drill_person"),
    drill_group=one(DrillGroup, "drill_person.drill_group"),
    saves=(create(DrillCheck, sets={"drill_person": "drill_person"}),),
    then="/drills/{drill}/groups/{drill_person.drill_group}",
    says=SAYS,
    refuses={"what": ALREADY},
)

record_screen(
    "/drills/<drill>/scan",
    "drills/scan.html",
    ScanForm,
    tab="today",
    drill=one(Drill, "drill"),
    saves=(create(DrillCheck),),
    then="/drills/{drill}/scan",
    says=SAYS,
    refuses={"token": ALREADY},
)

record_screen(
    "/drills/<drill>/self/<drill_person>",
    "drills/scan.html",
    PosterForm,
    name="drills.self",
    tab="today",
    drill=one(Drill, "drill"),
    drill_person=one(DrillPerson, "drill_person"),
    saves=(create(DrillSelf, sets={"drill_person": "drill_person", "user": "me.id"}),),
    then="/drills/{drill}/self/{drill_person}",
    says=SAYS,
    refuses={"token": ALREADY},
)

add(
    "/today",
    "first",
    "drills/_today.html",
    order=10,
    drills=many(Drill, day="today", order=("starts_at",)),
    drill_leads=many(DrillLeader, user="me.id"),
    drill_me=many(DrillPerson, user="me.id"),
)

task(
    "drills_today",
    Drill.noun,
    many(Drill, day="today", order=("starts_at",)),
    due="starts_at",
    says="entry.title ~ ' ' ~ entry.place",
    url="/drills/{id}",
    order=5,
)
