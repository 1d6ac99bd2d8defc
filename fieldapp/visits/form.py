"""Form of a door visit: one tap for the outcome, everything else optional; changed facts are edited in place."""

from fieldapp.declare.form import FieldForm, field
from fieldapp.declare.words import _l

SPOKE = ("met", "phone_only", "told_by_neighbour")


class VisitForm(FieldForm):
    """What a worker records at a door."""

    name = "visit"

    outcome = field("choice", _l("What came of it"), words="visit.outcome", required=True)
    phrases = field("choices", _l("Situation"), words="visit.phrases")
    note = field("textarea", _l("Add a sentence"), max=500)
    photos = field("photos", _l("Photos of the object, never of the living space"), max=4)
    come_back = field("instant", _l("Come back at"), required_if={"outcome": ("appointment",)})
    phone = field("text", _l("Phone"), max=64, pattern=r"[0-9+() /-]*", shown_if={"outcome": SPOKE})
    tenure = field(
        "choice", _l("Tenure"), words="household.tenure", shown_if={"outcome": (*SPOKE, "moved", "vacant")}
    )
    people = field("integer", _l("Number of people"), min=0, max=60, shown_if={"outcome": SPOKE})
