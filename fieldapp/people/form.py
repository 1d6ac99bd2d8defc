"""Forms of people: a person's own settings, and whose a task is."""

from fieldapp.declare.form import FieldForm, field
from fieldapp.declare.words import _l


class ProfileForm(FieldForm):
    """Language and theme."""

    name = "profile"

    locale = field("choice", _l("Language"), words="profile.locale", required=True)
    theme = field("choice", _l("Theme"), words="profile.theme", required=True)


class AssignForm(FieldForm):
    """Whose a task is: a person's by id, or "-", of whoever works the grid."""

    name = "assign"

    assigned = field("hidden", _l("Assigned"), max=36, required=True, pattern=r"-|[0-9a-f-]{36}")
