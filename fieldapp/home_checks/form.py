"""Forms of a home check: the walk through the list, the recheck of a hazard, and the list itself."""

from fieldapp.declare.form import FieldForm, field, part
from fieldapp.declare.words import _l

AT_A_HAZARD = {"state": ("hazard",)}
RESULT = {
    "state": part("choice", _l("State"), words="home_check.state", required=True),
    "text": part("hidden", _l("Item"), max=80),
    "severity": part(
        "choice", _l("Severity"), words="hazard.severity", shown_if=AT_A_HAZARD, required_if=AT_A_HAZARD
    ),
    "fix_by": part("day", _l("Fix by"), shown_if=AT_A_HAZARD, required_if=AT_A_HAZARD),
    "phrases": part("choices", _l("Situation"), words="hazard.phrases", shown_if=AT_A_HAZARD),
    "note": part("text", _l("Note"), max=300, shown_if=AT_A_HAZARD),
}


class HomeCheckForm(FieldForm):
    """What a worker finds in a home."""

    name = "home_check"

    checklist = field("hidden", _l("Checklist"), max=36)
    results = field("rows", _l("Items"), words="home_check.home_item", fields=RESULT, required=True)
    photos = field("photos", _l("Photos of the object, never of the living space"), max=6)
    remark = field("textarea", _l("Add a sentence"), max=500)


class SharedCheckForm(FieldForm):
    """What a worker finds in the shared parts of a staircase."""

    name = "shared_check"

    place = field("choice", _l("Where"), words="home_check.place", required=True)
    checklist = field("hidden", _l("Checklist"), max=36)
    results = field("rows", _l("Items"), words="home_check.shared_item", fields=RESULT, required=True)
    photos = field("photos", _l("Photos of the object, never of the living space"), max=6)
    remark = field("textarea", _l("Add a sentence"), max=500)


class RecheckForm(FieldForm):
    """What a second look at a hazard finds."""

    name = "recheck"

    found = field("choice", _l("What was found"), words="recheck.found", required=True)
    fix_by = field(
        "day", _l("New fix-by date"), shown_if={"found": ("still",)}, required_if={"found": ("still",)}
    )
    note = field("textarea", _l("Add a sentence"), max=300)


ENTRY = {"keep": part("boolean", _l("Keep")), "text": part("text", _l("Item"), max=80)}


class ChecklistForm(FieldForm):
    """A community's own list for homes: default items that stay, and items of its own; at the desk alone, so no phone knows it."""

    entries = field("rows", _l("Items"), words="home_check.home_item", fields=ENTRY, required=True)


class SharedChecklistForm(FieldForm):
    """A community's own list for shared parts."""

    entries = field("rows", _l("Items"), words="home_check.shared_item", fields=ENTRY, required=True)
