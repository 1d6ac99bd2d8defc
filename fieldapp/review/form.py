"""Form of a reply: the field that was returned, put right in place, and a sentence."""

from fieldapp.declare.form import FieldForm, field
from fieldapp.declare.words import _l


def _returned(name: str) -> dict[str, tuple[str, ...]]:
    return {"returned": (name,)}


class ReplyForm(FieldForm):
    """What a worker answers; `returned` says which field was returned ("read": none), the others have no value."""

    name = "reply"

    returned = field("hidden", _l("Field"), required=True, pattern=r"phone|tenure|people|read")
    phone = field("text", _l("Phone"), max=64, pattern=r"[0-9+() /-]*", shown_if=_returned("phone"))
    tenure = field("choice", _l("Tenure"), words="household.tenure", shown_if=_returned("tenure"))
    people = field("integer", _l("Number of people"), min=0, max=60, shown_if=_returned("people"))
    note = field("textarea", _l("What you found"), max=500)
