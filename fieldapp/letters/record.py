"""Records of a letter (承诺书): its template with every version, and the letter as it was signed."""

from __future__ import annotations

from typing import Any

from fieldapp.declare.record import Choice, Digest, Integer, Photos, Record, Ref, Signature, Text
from fieldapp.declare.words import _l
from fieldapp.letters.texts import beginning

TOPICS = (
    ("fire", _l("Fire and e-bike safety letter")),
    ("dog", _l("Letter on keeping a dog")),
    ("rental", _l("Letter on letting a home")),
    ("epidemic", _l("Letter on the epidemic")),  # historic: signed once, not offered any more
)
OFFERED = ("fire", "dog", "rental")
STAFF = ("grid_worker", "supervisor")


class LetterTemplate(Record):
    """A community's own text of a letter; each change is a new version, and the newest one counts."""

    kind = "letter_template"
    noun = _l("Text of a letter")
    channel = "community:{community}"
    append_only = True
    creates_by = ("supervisor",)

    topic = Text(max=20)
    number = Integer(default=1)
    title = Text(max=60)
    text = Text(max=3000)

    @staticmethod
    def beginning() -> dict[str, dict[str, Any]]:
        """The texts of all communities before they have their own."""
        return beginning(dict(TOPICS))


class Letter(Record):
    """A letter that was signed: its exact text, by whom, before whom and where; nothing of it ever changes."""

    kind = "letter"
    noun = _l("Letter")
    channel = "grid:{grid}"
    parent = "household"
    append_only = True
    head_by = "household"
    creates_by = STAFF

    household = Ref()
    door = Ref()
    stair_unit = Ref()
    building = Ref()
    grid = Ref()
    topic = Text(max=20)
    letter_template = Ref()
    number = Integer(default=1)
    title = Text(max=60)
    text = Text(max=3000)
    address = Text(max=80)
    signer = Text(max=60)
    way = Choice(("screen", _l("On this screen")), ("paper", _l("On paper instead")))
    signature = Signature()
    photos = Photos(max=4)
    witness = Text(max=60)
    hash = Digest(
        *("title", "text", "address", "signer", "signature", "photos", "witness"), label=_l("Fingerprint")
    )
