"""Records of a home check (入户安全检查): the check, the hazards (隐患) it found, their rechecks (复查), the community's own list."""

from __future__ import annotations

from fieldapp.declare.record import (
    Boolean,
    Choice,
    Choices,
    Day,
    Integer,
    Photos,
    Record,
    Ref,
    Rows,
    Text,
    effect,
)
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l
from fieldapp.people.record import HOLDS

STATES = (
    ("ok", _l("In order")),
    ("hazard", _l("Hazard")),
    ("not_applicable", _l("Does not apply")),
    ("not_seen", _l("Not seen")),
)
SEVERITY = (("minor", _l("Minor")), ("serious", _l("Serious")))
PLACES = (
    ("corridor", _l("Corridor")),
    ("stairs", _l("Stairs")),
    ("lift", _l("Lift")),
    ("roof", _l("Roof")),
    ("basement", _l("Basement")),
    ("yard", _l("Yard")),
)
PHRASES = (
    ("told", _l("Told the resident")),
    ("fixed_now", _l("Fixed at once")),
    ("promised", _l("Promised to fix it")),
    ("needs_help", _l("Needs help to fix it")),
)
STAFF = ("grid_worker", "supervisor")

registry.add_words("home_check.state", dict(STATES))


class Checklist(Record):
    """A community's own list of what is looked at; each change at the desk is a new version, and the newest one counts."""

    kind = "checklist"
    noun = _l("Checklist")
    channel = "community:{community}"
    append_only = True

    scope = Choice(("home", _l("In a home")), ("shared", _l("Shared parts")))
    entries = Rows()


class HomeCheck(Record):
    """One walk through a list, in a home or through the shared parts of a staircase; it holds the very list it was made on."""

    kind = "home_check"
    noun = _l("Safety check")
    channel = "grid:{grid}"
    parent = "stair_unit"
    append_only = True
    head_by = "household"
    window_days = 365
    creates_by = STAFF

    stair_unit = Ref()
    building = Ref()
    grid = Ref()
    household = Ref(null=True)
    address = Text(max=80)
    place = Choice(*PLACES, null=True)
    checklist = Ref(null=True)
    results = Rows()
    photos = Photos(max=6)
    remark = Text(max=500)


class Hazard(Record):
    """A hazard with its fix-by day; only a recheck that finds it gone closes it."""

    kind = "hazard"
    noun = _l("Hazard")
    channel = "grid:{grid}"
    parent = "stair_unit"
    creates_by = STAFF
    patches_by = STAFF
    patchable = ("fix_by", "assigned")

    stair_unit = Ref()
    building = Ref()
    grid = Ref()
    household = Ref(null=True)
    home_check = Ref(null=True)
    address = Text(max=80)
    place = Choice(*PLACES, null=True)
    item = Text(max=40)
    text = Text(max=80)
    severity = Choice(*SEVERITY, default="minor")
    fix_by = Day()
    phrases = Choices(*PHRASES)
    note = Text(max=300)
    assigned = Ref("member", HOLDS)
    open = Boolean(default=True)
    rechecks = Integer(default=0)
    closed_on = Day(null=True)


class Recheck(Record):
    """A second look at a hazard: gone, which closes it, or still there."""

    kind = "recheck"
    noun = _l("Recheck")
    channel = "grid:{grid}"
    parent = "hazard"
    append_only = True
    creates_by = STAFF
    effects = (
        effect(
            "hazard",
            open="target.open and this.found != 'gone'",
            closed_on="(target.closed_on or this.device_time|day) if this.found == 'gone' else target.closed_on",
            rechecks="target.rechecks + 1",
        ),
    )

    hazard = Ref()
    stair_unit = Ref()
    building = Ref()
    grid = Ref()
    household = Ref(null=True)
    found = Choice(("gone", _l("Gone: closed")), ("still", _l("Still there")))
    note = Text(max=300)
