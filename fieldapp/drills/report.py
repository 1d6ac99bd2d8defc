"""Report of a drill: who came when, left when, passed what, who is missing or never signed out, and badges seen twice at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fieldapp.drills.copies import scanned_at_once
from fieldapp.drills.record import Drill, DrillFix, DrillGroup, DrillLeader, DrillPerson


@dataclass(frozen=True)
class Line:
    """One person of the report; `minutes` from first in to last out, none where either is missing."""

    person: DrillPerson
    group: DrillGroup
    minutes: int | None
    copied: bool

    @property
    def unfinished(self) -> bool:
        """Came, and never signed out."""
        return bool(self.person.first_in) and self.minutes is None


@dataclass
class Report:
    """A drill as it stands."""

    drill: Drill
    groups: list[DrillGroup]
    leaders: list[DrillLeader]
    lines: list[Line]
    fixes: list[DrillFix]
    stations: dict[str, int] = field(default_factory=dict)

    @property
    def here(self) -> list[Line]:
        """Who came."""
        return [one for one in self.lines if one.person.first_in]

    @property
    def missing(self) -> list[Line]:
        """Who did not, floor by floor from the top."""
        return [one for one in self.lines if not one.person.first_in]

    @property
    def unfinished(self) -> list[Line]:
        """Who never signed out."""
        return [one for one in self.lines if one.unfinished]

    @property
    def copied(self) -> list[Line]:
        """Whose badge was at two places at once."""
        return [one for one in self.lines if one.copied]

    def of(self, group: DrillGroup) -> list[Line]:
        """The people of a group."""
        return [one for one in self.lines if one.group.id == group.id]


def read(drill: Drill) -> Report:
    """Everything that is known of a drill."""
    groups = _of(DrillGroup, drill, DrillGroup.position)
    people = _of(DrillPerson, drill, DrillPerson.address, DrillPerson.name)
    leaders = _of(DrillLeader, drill, DrillLeader.id)
    twice = scanned_at_once(drill.id)
    by_id = {one.id: one for one in groups}
    lines = [
        Line(one, by_id[one.drill_group], minutes(one.first_in, one.last_out), one.id in twice)
        for one in sorted(people, key=lambda one: (by_id[one.drill_group].position, -(one.floor or 0)))
    ]
    stations = {code: sum(code in one.stations for one in people) for code in drill.stations}
    return Report(drill, groups, leaders, lines, _of(DrillFix, drill, DrillFix.seq), stations)


def _of(kind: Any, drill: Drill, *order: Any) -> list[Any]:
    return list(kind.select().where(kind.drill == drill.id, kind.gone == False).order_by(*order))  # noqa: E712


def minutes(came: str | None, left: str | None) -> int | None:
    """Whole minutes from first in to last out."""
    if not came or not left:
        return None
    return max(0, int((datetime.fromisoformat(left) - datetime.fromisoformat(came)).total_seconds()) // 60)
