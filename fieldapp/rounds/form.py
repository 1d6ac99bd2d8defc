"""Forms of a leaflet round: a knock, a request and its answer on the phone; the plan and the stock at the desk."""

from fieldapp.declare.form import FieldForm, field
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l


class LeafletForm(FieldForm):
    """What came of a knock; one tap."""

    name = "leaflet"

    outcome = field("choice", _l("What came of it"), words="leaflet_event.outcome", required=True)
    count = field("integer", _l("Leaflets"), min=1, max=99)


class DoorRequestForm(FieldForm):
    """What somebody at the door asks for."""

    name = "door_request"

    text = field("textarea", _l("Request"), max=300, required=True)
    please_come = field("boolean", _l("Please come"))


class RequestAnswerForm(FieldForm):
    """What was answered."""

    name = "request_answer"

    how = field("choice", _l("What came of it"), words="request_answer.how", required=True)
    note = field("textarea", _l("Add a sentence"), max=300)


TENURE = {
    "lived_in": _l("Where somebody lives"),
    "owner": _l("Owner-occupied"),
    "rented": _l("Rented"),
    "all": _l("All doors"),
}
registry.add_words("rounds.tenure", TENURE)


class RoundForm(FieldForm):
    """What the desk says of a new round; a page of the server only, so it has no name that phones know."""

    topic = field("text", _l("Topic"), max=60, required=True)
    slogan = field("text", _l("Slogan"), max=120)
    points = field("textarea", _l("What to say at a door, a line each"), max=1000)
    first_day = field("day", _l("First day"), required=True)
    last_day = field("day", _l("Last day"), required=True)
    tenure = field("choice", _l("Doors"), words="rounds.tenure", required=True)
    floor_max = field("integer", _l("Up to which floor"), min=1, max=99)


class StockForm(FieldForm):
    """Leaflets that change hands at the desk."""

    move = field("choice", _l("What happened"), words="round_stock.move", required=True)
    count = field("integer", _l("How many"), min=1, max=99999, required=True)
