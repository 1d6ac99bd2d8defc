"""Records of a fire drill (消防演习): the drill, its groups, leaders and expected people, and what happened to whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fieldapp.config import instant, now
from fieldapp.declare.record import (
    Boolean,
    Choice,
    Choices,
    Day,
    Instant,
    Integer,
    Record,
    Ref,
    Text,
    Token,
    effect,
)
from fieldapp.declare.words import _l

GROUPS = (
    ("evacuation", _l("Evacuation")),
    ("firefighting", _l("Firefighting")),
    ("communication", _l("Communication")),
    ("first_aid", _l("First aid")),
    ("cordon", _l("Cordon")),
    ("logistics", _l("Logistics")),
)
STATIONS = (
    ("extinguisher", _l("Extinguisher and hose")),
    ("first_fire", _l("Tackling a first fire")),
    ("hose", _l("Hose connection")),
    ("escape", _l("Evacuation practice")),
    ("self_rescue", _l("Self-rescue")),
    ("leaflets", _l("Leaflets")),
)
WHAT = (("in", _l("In")), ("out", _l("Out")), ("station", _l("Station")))
# How long after its end leaders' phones hold the list of a drill.
HELD_AFTER = timedelta(days=3)
EVERYBODY = ("grid_worker", "volunteer", "supervisor")


class Drill(Record):
    """A drill: where, when, who commands it, and the public key by which its badges are known."""

    kind = "drill"
    noun = _l("Fire drill")
    channel = "community:{community}"

    title = Text(max=60)
    place = Text(max=80)
    day = Day()
    starts_at = Instant()
    ends_at = Instant()
    commander = Text(max=60)
    stations = Choices(*STATIONS)
    key = Text(max=130)


class DrillGroup(Record):
    """A group of a drill: one of the usual six, or the residents of a building."""

    kind = "drill_group"
    noun = Drill.noun
    channel = "drill:{drill}"
    parent = "drill"

    drill = Ref()
    code = Choice(*GROUPS, null=True)
    name = Text(max=60)
    position = Integer(default=0)


class DrillLeader(Record):
    """Somebody who takes the roll call, and where they stand; it gives them the drill's list, until some days after."""

    kind = "drill_leader"
    noun = Drill.noun
    channel = "drill:{drill}"
    parent = "drill"
    grants = ("user", "drill:{drill}")

    drill = Ref()
    user = Ref("member")
    post = Text(max=60)

    @classmethod
    def granting(cls, values: Mapping[str, Any]) -> bool:
        """Names are held for a purpose: what a phone brings later than this the supervisor looks at."""
        ends = Drill.select(Drill.ends_at).where(Drill.id == values["drill"], Drill.gone == False)  # noqa: E712
        return instant(now() - HELD_AFTER) < (ends.scalar() or "")


class DrillPerson(Record):
    """Somebody who is expected; held by the leaders, and the own line by who has an account."""

    kind = "drill_person"
    noun = Drill.noun
    channel = ("drill:{drill}", "user:{user}")
    parent = "drill"
    search = ("address", "name", "pinyin", "initials", "digits")

    drill = Ref()
    drill_group = Ref()
    user = Ref("member", null=True)
    part = Text(max=10)  # staff, volunteer or resident
    name = Text(max=60)
    pinyin = Text()
    initials = Text(max=60)
    digits = Text(max=4)
    address = Text(max=80)
    floor = Integer(null=True)
    needs_help = Boolean(default=False)
    first_in = Instant(null=True)
    last_out = Instant(null=True)
    stations = Choices(*STATIONS)


# Who is seen at a station is there; the earliest sign of somebody stays, in whatever order signs arrive.
TIMES = {
    "first_in": "this.device_time if this.what != 'out' and (not target.first_in or this.device_time < target.first_in)"
    " else target.first_in",
    "last_out": "this.device_time if this.what == 'out' and (not target.last_out or this.device_time > target.last_out)"
    " else target.last_out",
}


class DrillCheck(Record):
    """One sign of somebody: in, out, or a station passed; all are kept, also those of several leaders."""

    kind = "drill_check"
    noun = _l("Check-in")
    channel = "drill:{drill}"
    parent = "drill"
    append_only = True
    creates_by = EVERYBODY
    effects = (
        effect(
            "drill_person",
            **TIMES,
            stations="target.stations + [this.station] if this.station and this.station not in target.stations"
            " else target.stations",
        ),
    )

    drill = Ref()
    drill_person = Ref()
    what = Choice(*WHAT)
    station = Choice(*STATIONS, null=True)
    how = Text(max=10, default="tick")  # by tick, name or scan
    token = Token("key", "drill_person", {"how": ("scan",)})


class DrillSelf(Record):
    """Somebody with an account signs in or out by the poster."""

    kind = "drill_self"
    noun = DrillCheck.noun
    channel = "user:{user}"
    parent = "drill"
    append_only = True
    creates_by = EVERYBODY
    effects = (effect("drill_person", **TIMES),)

    drill = Ref()
    drill_person = Ref()
    user = Ref("member")
    what = Choice(*WHAT[:2], default="in")
    token = Token("key", required_if={})


class DrillFix(Record):
    """A supervisor puts times right and says why; it stands beside what was recorded, which stays."""

    kind = "drill_fix"
    noun = DrillCheck.noun
    channel = "drill:{drill}"
    parent = "drill"
    append_only = True
    creates_by = ("supervisor",)
    effects = (
        effect(
            "drill_person",
            first_in="none if this.absent else this.came_at or target.first_in",
            last_out="none if this.absent else this.left_at or target.last_out",
        ),
    )

    drill = Ref()
    drill_person = Ref()
    came_at = Instant(null=True)
    left_at = Instant(null=True)
    absent = Boolean(default=False)
    reason = Text(max=200)
