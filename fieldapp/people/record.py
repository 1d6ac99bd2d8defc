"""Records of people who work: the staff of a community as others see them, and a person's own profile."""

from fieldapp.declare.record import Choice, ListOf, Record, Ref, Text
from fieldapp.declare.words import _l

ROLES = (
    ("grid_worker", _l("Grid worker")),
    ("volunteer", _l("Volunteer")),
    ("supervisor", _l("Supervisor")),
)


# Who is given something of a grid must hold that grid's records.
HOLDS = "target.role == 'supervisor' or this.grid in target.grids"


class Member(Record):
    """A person of the staff, by the name that stands on timelines; its id is the account's."""

    kind = "member"
    noun = _l("Staff")
    channel = "community:{community}"
    name = Text(max=60)
    role = Choice(*ROLES)
    grids = ListOf()


class Profile(Record):
    """A person's own settings, held by nobody else."""

    kind = "profile"
    noun = _l("Settings")
    channel = "user:{user}"
    patches_by = ("grid_worker", "volunteer", "supervisor")
    patchable = ("locale", "theme")

    user = Ref("member")
    locale = Choice(("zh_Hans_CN", _l("Simplified Chinese")), ("en", _l("English")), default="zh_Hans_CN")
    theme = Choice(("auto", _l("As the phone")), ("light", _l("Light")), ("dark", _l("Dark")), default="auto")
