"""Form of a person's own settings."""

from fieldapp.declare.form import FieldForm, field
from fieldapp.declare.words import _l


class ProfileForm(FieldForm):
    """Language and theme."""

    name = "profile"

    locale = field("choice", _l("Language"), words="profile.locale", required=True)
    theme = field("choice", _l("Theme"), words="profile.theme", required=True)
