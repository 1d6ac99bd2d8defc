"""Records of the place: community, grid, building, stair unit, door, household and the people in care."""

from __future__ import annotations

from fieldapp.declare.record import Choice, Choices, Day, Instant, Integer, ListOf, Record, Ref, Text
from fieldapp.declare.words import _l
from fieldapp.people.record import HOLDS

# Days between visits by care level 1, 2, 3 and without care; a community can change its own.
VISIT_DAYS = (7, 30, 90, 180)

TENURE = (("owner", _l("Owner-occupied")), ("rented", _l("Rented")), ("vacant", _l("Vacant")))
CARE_TAGS = (
    ("living_alone", _l("Living alone")),
    ("empty_nest", _l("Empty nest")),
    ("severe_disability", _l("Severe disability")),
    ("serious_illness", _l("Serious illness")),
    ("low_income", _l("Minimum allowance")),
    ("job_hardship", _l("Job hardship")),
)


class Community(Record):
    """A community (社区) of the town."""

    kind = "community"
    noun = _l("Community")
    channel = "community:{community}"
    name = Text(max=60)
    town = Text(max=60)
    visit_days = ListOf()


class Grid(Record):
    """A grid (网格): 300 to 500 households and the one or two workers who know them."""

    kind = "grid"
    noun = _l("Grid")
    channel = "community:{community}"
    name = Text(max=60)
    number = Integer(default=0)
    door_count = Integer(default=0)


class Building(Record):
    """A building (楼) of a grid."""

    kind = "building"
    noun = _l("Building")
    channel = "community:{community}"
    grid = Ref()
    name = Text(max=60)
    number = Integer(default=0)
    floors = Integer(default=0)
    unit_count = Integer(default=0)


class StairUnit(Record):
    """A stair unit (单元): the doors that share one staircase."""

    kind = "stair_unit"
    noun = _l("Stair unit")
    channel = "community:{community}"
    parent = "building"
    building = Ref()
    grid = Ref()
    name = Text(max=60)
    number = Integer(default=0)


class Door(Record):
    """A door (户): its label is text, never a number and never a key."""

    kind = "door"
    noun = _l("Door")
    channel = "grid:{grid}"
    parent = "stair_unit"
    stair_unit = Ref()
    building = Ref()
    grid = Ref()
    label = Text(max=40)
    floor = Integer(default=0)
    position = Integer(default=0)
    address = Text(max=80)


class Household(Record):
    """A household (一户一档) behind a door: facts merged field by field, and what its visits made of it."""

    kind = "household"
    noun = _l("Household")
    channel = "grid:{grid}"
    parent = "door"
    patches_by = ("grid_worker", "supervisor")
    patchable = ("phone", "tenure", "people", "assigned")
    search = ("label", "address", "name", "pinyin", "initials")

    door = Ref()
    stair_unit = Ref()
    building = Ref()
    grid = Ref()
    label = Text(max=40)
    address = Text(max=80)
    floor = Integer(default=0)
    name = Text(max=60)
    tenure = Choice(*TENURE, default="owner")
    phone = Text(max=64, both=" / ")
    people = Integer(default=0)
    over_60 = Integer(default=0)
    care_level = Integer(default=0)
    visit_days = Integer(null=True)
    pinyin = Text(max=200)
    initials = Text(max=60)
    last_outcome = Text(max=40, null=True)
    last_visit = Instant(null=True)
    last_note = Text(max=500, null=True)
    last_phrases = ListOf(null=True)
    met_on = Day(null=True)
    due_on = Day(null=True)
    no_answers = Integer(default=0)
    come_back = Instant(null=True)
    # What somebody there asked for and since when, until a visit met them or it was answered.
    request = Text(max=500, null=True)
    request_on = Day(null=True)
    # Whose the home is in the list of tasks; nobody's is of whoever works the grid.
    assigned = Ref("member", HOLDS, index=False)


class CarePerson(Record):
    """A person in care (重点关爱对象) and why; held by the care channel only."""

    kind = "care_person"
    noun = _l("Person in care")
    channel = "care:{grid}"
    parent = "household"
    household = Ref()
    door = Ref()
    stair_unit = Ref()
    building = Ref()
    grid = Ref()
    name = Text(max=60)
    level = Integer(default=1)
    tags = Choices(*CARE_TAGS)
