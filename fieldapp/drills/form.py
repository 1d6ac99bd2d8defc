"""Forms of a drill: somebody on the list, a badge, the poster."""

from fieldapp.declare.form import FieldForm, field
from fieldapp.declare.words import _l

AT_A_STATION = {"what": ("station",)}


class CheckForm(FieldForm):
    """A sign of somebody who was found on the list."""

    name = "drill_check"

    what = field("choice", _l("What"), words="drill_check.what", required=True)
    station = field(
        "choice",
        _l("Station"),
        words="drill_check.station",
        shown_if=AT_A_STATION,
        required_if=AT_A_STATION,
    )
    how = field("hidden", _l("What"), max=10)


class ScanForm(CheckForm):
    """The same by a badge."""

    name = "drill_scan"

    token = field("token", _l("Code"), key="drill.key", of="drill", about="drill_person", required=True)


class PosterForm(FieldForm):
    """The poster's code, by somebody for themselves."""

    name = "drill_poster"

    what = field("choice", _l("What"), words="drill_self.what")
    token = field("token", _l("Code"), key="drill.key", of="drill", required=True)
