"""Records of the review: what a supervisor decided on an operation, told to its worker, and the worker's reply."""

from fieldapp.declare.record import Choice, Record, Ref, Text, effect
from fieldapp.declare.words import _l

CHOICES = (
    ("accept", _l("Accepted")),
    ("keep_first", _l("The first value stays")),
    ("take_second", _l("The second value is taken")),
    ("keep_both", _l("Both values are kept")),
    ("return", _l("Returned")),
    ("asked", _l("Asked again")),
    ("reject", _l("Not taken")),
    ("repair", _l("Put right and taken")),
    ("replay", _l("Taken at the second try")),
    ("revoke", _l("Phone signed off")),
    ("allow", _l("Phone allowed again")),
)
# What a worker is told of; what was merely accepted needs no word.
TOLD = tuple(code for code, _ in CHOICES if code != "accept")
# What is to be read at the record itself until its worker has answered.
SENT_BACK = ("return", "asked", "reject")


class Decision(Record):
    """What a supervisor decided on one operation, as one worker is told it; two are made where two are concerned."""

    kind = "decision"
    noun = _l("Decision")
    channel = "user:{worker}"
    append_only = True
    window_days = 180
    creates_by = ("supervisor",)

    worker = Ref("member")
    operation = Text(max=120, index=True)  # decided on; a phone's id where a phone was signed off
    choice = Choice(*CHOICES)
    subject = Text(max=40)  # the kind of the record
    record = Text(max=36)
    household = Ref(null=True)
    address = Text(max=80)
    field = Text(max=40)
    comment = Text(max=500)
    state = Choice(("open", _l("Open")), ("done", _l("Answered")), default="open")


class Reply(Record):
    """A worker's word on a decision: what was found at the field it was returned for, or only that it was read."""

    kind = "reply"
    noun = _l("Reply")
    channel = "user:{worker}"
    parent = "decision"
    append_only = True
    window_days = 180
    creates_by = ("grid_worker", "volunteer", "supervisor")
    effects = (effect("decision", state="'done'"),)

    decision = Ref()
    worker = Ref("member")
    note = Text(max=500)
