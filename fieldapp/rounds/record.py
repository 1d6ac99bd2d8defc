"""Records of a leaflet round (宣传单发放): the round, its helpers, doors and stock, what came of each knock, and what was asked for."""

from __future__ import annotations

from fieldapp.declare.record import Boolean, Choice, Day, Instant, Integer, ListOf, Record, Ref, Text, effect
from fieldapp.declare.words import _l

OUTCOMES = (
    ("handed", _l("Handed")),
    ("left", _l("Left there")),
    ("refused", _l("Not wanted")),
    ("no_answer", _l("No answer")),
)
STATES = (("open", _l("Under way")), ("closed", _l("Closed")))
MOVES = (
    ("issued", _l("Issued to")),
    ("returned", _l("Returned by")),
    ("spoiled", _l("Spoiled with")),
)
ANSWERS = (("answered", _l("Answered")), ("passed_on", _l("Passed on")))
STAFF = ("grid_worker", "supervisor")
EVERYBODY = ("volunteer", *STAFF)
ROUND = ("round:{round}", "desk:{community}")

# Several helpers may reach one door offline: the best of their outcomes stands (handed, left, refused, no answer),
# whichever arrives first, so it is one household reached; each event stays and counts its leaflets.
BEST = (
    "this.outcome if target.outcome in (none, 'no_answer') or this.outcome == 'handed'"
    " or (this.outcome == 'left' and target.outcome == 'refused') else target.outcome"
)


class LeafletRound(Record):
    """A round: what it is about, what to say at a door, when, and in which buildings."""

    kind = "leaflet_round"
    noun = _l("Leaflet round")
    channel = ("round:{id}", "desk:{community}")

    topic = Text(max=60)
    slogan = Text(max=120)
    points = ListOf()
    first_day = Day()
    last_day = Day()
    state = Choice(*STATES, default="open")
    buildings = ListOf()


class RoundHelper(Record):
    """A person who helps with a round; while this lives, their phone holds the round and its doors. No phone needs to know who."""

    kind = "round_helper"
    noun = _l("Helper")
    grants = ("user", "round:{round}")

    round = Ref("leaflet_round")
    user = Ref("member")


class RoundDoor(Record):
    """A door of a round, as it is written on the door: nothing of who lives behind it.

    `household` is an id and nothing else: a helper's phone holds no record of that id. The centre needs it, to bring a
    request to the grid worker who knows the home.
    """

    kind = "round_door"
    noun = _l("Door")
    channel = ROUND
    parent = "round"

    round = Ref("leaflet_round")
    stair_unit = Ref()
    building = Ref()
    grid = Ref(index=False)
    household = Ref(null=True, index=False)
    label = Text(max=40)
    address = Text(max=80)
    unit = Text(max=60)
    floor = Integer(default=0)
    position = Integer(default=0)
    outcome = Choice(*OUTCOMES, null=True)
    done = Boolean(default=False)
    marks = Integer(default=0)
    marked_at = Instant(null=True)


class LeafletEvent(Record):
    """What came of one knock, and how many leaflets it took; also on the household's timeline, for its grid worker."""

    kind = "leaflet_event"
    noun = _l("Leaflets")
    channel = (*ROUND, "grid:{grid}")
    parent = "round_door"
    carries = True
    append_only = True
    window_days = 365
    late = True
    creates_by = EVERYBODY
    effects = (
        effect(
            "round_door",
            outcome=BEST,
            done="target.done or this.outcome != 'no_answer'",
            marks="target.marks + 1",
            marked_at="[this.device_time, target.marked_at or '']|max",
        ),
    )

    round_door = Ref()
    round = Ref("leaflet_round")
    household = Ref(null=True)
    grid = Ref(index=False)
    outcome = Choice(*OUTCOMES)
    count = Integer(default=1)


class DoorRequest(Record):
    """What somebody at a door of a round asks for; the household has an open request until it is answered.

    No other helper reads it: it goes to the grid worker of that door and to the desk, and stays with who wrote it down.
    """

    kind = "door_request"
    noun = _l("Request")
    channel = ("grid:{grid}", "desk:{community}", "user:{author}")
    parent = "round_door"
    carries = True
    append_only = True
    window_days = 365
    creates_by = EVERYBODY
    effects = (
        effect(
            "household",
            request="(target.request ~ ' / ' if target.request else '') ~ this.text",
            request_on="target.request_on or this.device_time|day",
        ),
    )

    round_door = Ref()
    household = Ref(null=True)
    grid = Ref(index=False)
    text = Text(max=300)
    please_come = Boolean(default=False)


class RequestAnswer(Record):
    """A household's open requests are answered or passed on, without a visit: by one tap, or with a sentence."""

    kind = "request_answer"
    noun = _l("Request answered")
    channel = "grid:{grid}"
    parent = "household"
    append_only = True
    window_days = 365
    late = True
    creates_by = STAFF
    effects = (effect("household", request="none", request_on="none"),)

    household = Ref()
    grid = Ref(index=False)
    how = Choice(*ANSWERS)
    note = Text(max=300)


class RoundStock(Record):
    """Leaflets given out, brought back or spoiled, with whom; what was used is counted from the events and never asked for.

    The desk writes it; whoever has the leaflets reads on the phone how many are left.
    """

    kind = "round_stock"
    noun = _l("Stock")
    channel = "user:{user}"
    append_only = True

    round = Ref("leaflet_round")
    user = Ref("member")
    move = Choice(*MOVES)
    count = Integer(default=0)
