"""Forms of a leaflet round on the phone: what came of a knock, what was asked for, and the answer to that."""

from fieldapp.declare.form import FieldForm, field
from fieldapp.declare.words import _l


class LeafletForm(FieldForm):
    """What came of a knock; one tap."""

    name = "leaflet"

    outcome = field("choice", _l("What came of it"), words="leaflet_event.outcome", required=True)
    count = field("integer", _l("Leaflets"), min=1, max=99)


class DoorRequestForm(FieldForm):
    """What somebody at the door asks for."""

    name = "door_request"

    text = field("textarea", _l("What do they ask for?"), max=300, required=True)
    please_come = field("boolean", _l("Please come"))


class RequestAnswerForm(FieldForm):
    """What was answered."""

    name = "request_answer"

    how = field("choice", _l("What came of it"), words="request_answer.how", required=True)
    note = field("textarea", _l("Add a sentence"), max=300)
