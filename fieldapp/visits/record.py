"""Record of a door visit (入户走访): append-only; only "met" counts as met and resets the interval."""

from __future__ import annotations

from fieldapp.declare.record import Choice, Choices, Instant, Photos, Record, Ref, Text, effect
from fieldapp.declare.words import _l

OUTCOMES = (
    ("met", _l("Met")),
    ("no_answer", _l("No answer")),
    ("refused", _l("Refused")),
    ("phone_only", _l("By phone only")),
    ("appointment", _l("Appointment")),
    ("told_by_neighbour", _l("Told by neighbour")),
    ("moved", _l("Moved away")),
    ("vacant", _l("Vacant home")),
)
PHRASES = (
    ("as_last_time", _l("Same as last time")),
    ("well", _l("All well")),
    ("request", _l("Has a request")),
    ("hazard", _l("Hazard seen")),
    ("come_again", _l("Come again")),
    ("left_note", _l("Left a note")),
)
# A visit at which somebody was spoken to answers what the household had asked for; what is asked for then stays open.
ASKED = "none if this.outcome in ('met', 'phone_only') else target.{}"
STILL = f"({ASKED.format('request')})"
NOW_ASKED = f"({STILL} ~ ' / ' if {STILL} else '') ~ this.note if 'request' in this.phrases else {STILL}"


class Visit(Record):
    """One knock at one door: what came of it, in one tap or with a few words."""

    kind = "visit"
    noun = _l("Door visit")
    channel = "grid:{grid}"
    parent = "household"
    append_only = True
    head_by = "household"
    window_days = 365
    creates_by = ("grid_worker", "supervisor")
    effects = (
        effect(
            "household",
            last_outcome="this.outcome",
            last_visit="this.device_time",
            last_note="this.note",
            last_phrases="this.phrases",
            met_on="this.device_time|day if this.outcome == 'met' else target.met_on",
            due_on=(
                "this.device_time|day|plus_days(target.visit_days)"
                " if this.outcome == 'met' and target.visit_days else target.due_on"
            ),
            no_answers=(
                "target.no_answers + 1 if this.outcome == 'no_answer'"
                " else (0 if this.outcome == 'met' else target.no_answers)"
            ),
            come_back="this.come_back",
            request=NOW_ASKED,
            request_on=f"({ASKED.format('request_on')}) or (this.device_time|day if 'request' in this.phrases else none)",
        ),
    )

    household = Ref()
    # Visits are many and found by their household: an index over each place above it would only cost.
    door = Ref(index=False)
    stair_unit = Ref(index=False)
    building = Ref(index=False)
    grid = Ref()
    outcome = Choice(*OUTCOMES)
    phrases = Choices(*PHRASES)
    note = Text(max=500)
    come_back = Instant(null=True)
    photos = Photos(max=4)
