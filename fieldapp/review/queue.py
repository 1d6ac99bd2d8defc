"""Queue: everything that waits for a supervisor, each cause one row; what is open is read from what stands, never kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import peewee
from flask_babel import gettext, ngettext

from fieldapp.config import utc_offset, visit_hours
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l
from fieldapp.places.record import Household
from fieldapp.review.arrived import Arrived, arrived, candidates, in_building, undecided, whole
from fieldapp.review.operations import label, names, noun, patch_of, phone_name, places
from fieldapp.review.record import Decision, Reply
from fieldapp.review.rules import Fact, flags, local_clock
from sync.scope import Me
from sync.store import Counter, Device, Operation

BULK = 200  # so many of what nothing flags are shown, and accepted by one tap
# Why a row waits, in the order of the queue.
CAUSES = {
    "conflict": _l("Conflict"),
    "answered": _l("Answered"),
    "changed": _l("Changed meanwhile"),
    "area": _l("Out of the area"),
    "quarantined": _l("In quarantine"),
    "hazard": _l("Hazard without a note"),
    "doors": _l("Several doors at once"),
    "clock": _l("Phone clock"),
    "hours": _l("Outside the hours"),
    "returned": _l("Returned"),
}
AREA = ("out_of_scope", "left_scope")


def causes() -> dict[str, str]:
    """The same with those of the kinds."""
    return CAUSES | {one.reason: one.cause for one in registry.flaggings.values()}


@dataclass
class Item:
    """One row: a reason and the operations that it folds."""

    reason: str
    ops: list[Operation]
    decision: Decision | None = None
    homes: list[Household] = field(default_factory=list)
    home_of: dict[str, Household] = field(default_factory=dict)  # by operation
    title: str = ""
    line: str = ""

    @property
    def key(self) -> str:
        """Where the row is opened."""
        return f"{self.reason}/{self.ops[0].op}"

    @property
    def at(self) -> str:
        """When it came in."""
        return max(one.server_time for one in self.ops)

    def first(self, most: int) -> list[Operation]:
        """What came in first: some `most`, and all that came with the last of them; in the order of the row."""
        times = sorted(one.server_time for one in self.ops)
        return self.until(times[:most][-1])

    def until(self, instant: str) -> list[Operation]:
        """What had come in by then."""
        return [one for one in self.ops if one.server_time <= instant]


@dataclass
class Queue:
    """The rows that wait for the supervisor, those returned to workers, and the operations that nothing flags."""

    open: list[Item]
    returned: list[Item]
    plain: list[Operation]  # the first `BULK` of those that nothing flags
    plain_count: int
    kinds: set[str]  # of everything in it
    homes: dict[str, Household]  # by operation

    def find(self, reason: str, op: str) -> Item | None:
        """The row of this reason that folds the operation."""
        for one in [*self.open, *self.returned]:
            if one.reason == reason and any(op == each.op for each in one.ops):
                return one
        return None


@dataclass(frozen=True)
class Narrowed:
    """What the queue is narrowed to; empty means all."""

    worker: str = ""
    building: str = ""
    kind: str = ""
    reason: str = ""

    def holds(self, ops: Iterable[Operation], homes: Iterable[Household], reason: str) -> bool:
        """Whether a row is within it."""
        ops = list(ops)
        return (
            (not self.worker or any(one.user == self.worker for one in ops))
            and (not self.building or any(one.building == self.building for one in homes))
            and (not self.kind or any(one.kind == self.kind for one in ops))
            and (not self.reason or reason == self.reason)
        )


def standing(me: Me) -> str:
    """Changes whenever anything came in or was decided: what every device and the feed have come to."""
    seq = Counter.select(Counter.seq).where(Counter.community == me.community).scalar() or 0
    taken = (
        Device.select(peewee.fn.SUM(Device.last), peewee.fn.COUNT(Device.id))
        .where(Device.community == me.community)
        .tuples()
        .first()
    )
    return f"{seq}-{taken[0] or 0}-{taken[1]}"


def read(me: Me, moment: datetime, narrowed: Narrowed | None = None) -> Queue:
    """The queue of the person's community as it stands."""
    wanted = narrowed or Narrowed()
    stuck, taken, replies = _stuck(me), arrived(me, moment), _replies(me)
    back = _returned(me)
    looked_at = whole(candidates(taken))
    homes = places([*stuck, *looked_at, *back.values()], me)
    rows = [*_rows_of_stuck(stuck), *_answered(replies, back), *_flagged(looked_at, homes)]
    returned = [
        Item("returned", [back[one.operation]], one) for one in _open_returns(me) if one.operation in back
    ]
    flagged = {one.op for row in rows for one in row.ops}
    staff = names(me)
    for row in [*rows, *returned]:
        row.home_of = {one.op: homes[one.op] for one in row.ops if one.op in homes}
        row.homes = list(row.home_of.values())
        if not row.homes and row.decision and row.decision.operation in homes:
            row.homes = [homes[row.decision.operation]]
        row.title, row.line = _title(row), _line(row, staff)
    ranks = list(causes())
    rows.sort(key=lambda row: row.at, reverse=True)
    rows.sort(key=lambda row: ranks.index(row.reason))
    keep, kept_back = (
        [row for row in some if wanted.holds(row.ops, row.homes, row.reason)] for some in (rows, returned)
    )
    plain = _plain(taken, flagged, wanted, me)
    shown = whole(plain[:BULK])
    kinds = {one.kind for row in [*keep, *kept_back] for one in row.ops} | {one.kind for one in plain}
    return Queue(keep, kept_back, shown, len(plain), kinds, homes | places(shown, me))


def _plain(taken: list[Arrived], flagged: set[str], wanted: Narrowed, me: Me) -> list[Arrived]:
    """What nothing flags, as narrowed down."""
    if wanted.reason:
        return []
    plain = [
        one
        for one in taken
        if one.op not in flagged
        and (not wanted.worker or one.user == wanted.worker)
        and (not wanted.kind or one.kind == wanted.kind)
    ]
    return in_building(plain, wanted.building, me) if wanted.building else plain


def decided_fields(op: str) -> set[str]:
    """The fields of a conflict that somebody decided already; an empty name stands for the whole of it."""
    found = Decision.select().where(Decision.operation == op, Decision.gone == False)  # noqa: E712
    return {one.field for one in found}


def _is_open(one: Operation) -> bool:
    """Whether a conflict still has a field that nobody decided."""
    decided = decided_fields(one.op)
    return "" not in decided and not decided >= (one.detail or {}).get("fields", {}).keys()


def _stuck(me: Me) -> list[Operation]:
    """In review, in quarantine or held, and nobody decided yet; a conflict is decided field by field."""
    found = (
        Operation.select()
        .where(
            Operation.community == me.community,
            peewee.SQL("\"status\" <> 'applied'"),
            (Operation.reason.is_null()) | (Operation.reason != "rejected"),
            (Operation.reason == "conflict") | undecided(me),
        )
        .order_by(Operation.server_time, Operation.device, Operation.seq)
    )
    return [one for one in found if _reason(one) != "conflict" or _is_open(one)]


def _replies(me: Me) -> list[Operation]:
    """Replies to what was returned, that nobody has looked at."""
    returned = Reply.select(Reply.id).join(
        Decision,
        on=(Decision.id == Reply.decision) & (Decision.choice == "return") & (Decision.gone == False),  # noqa: E712
    )
    of_community = returned.where(Reply.community == me.community, Reply.gone == False)  # noqa: E712
    return list(
        Operation.select().where(
            Operation.community == me.community,
            Operation.kind == "reply",
            Operation.verb == "create",
            Operation.record.in_(of_community),
            undecided(me),
        )
    )


def _returned(me: Me) -> dict[str, Operation]:
    """Operations that were returned to their workers, by id."""
    ops = Decision.select(Decision.operation).where(
        Decision.community == me.community,
        Decision.choice == "return",
        Decision.gone == False,  # noqa: E712
    )
    return {
        one.op: one
        for one in Operation.select().where(Operation.community == me.community, Operation.op.in_(ops))
    }


def _open_returns(me: Me) -> list[Decision]:
    return list(
        Decision.select()
        .where(
            Decision.community == me.community,
            Decision.choice == "return",
            Decision.state == "open",
            Decision.gone == False,  # noqa: E712
        )
        .order_by(Decision.seq.desc())
    )


def _rows_of_stuck(stuck: list[Operation]) -> Iterator[Item]:
    """A conflict is a row of its own; what one exchange brought out of one reason is one row, with what waits for it."""
    folded: dict[tuple[str, ...], list[Operation]] = {}
    row_of: dict[str, tuple[str, ...]] = {}
    for one in stuck:
        needed = (one.detail or {}).get("after", []) if one.status == "held" else []
        known = next((row_of[op] for op in needed if op in row_of), None)
        cause = known or (_reason(one), one.device, str(one.reason), one.server_time)
        if _reason(one) == "conflict":
            cause = ("conflict", one.op)
        row_of[one.op] = cause
        folded.setdefault(cause, []).append(one)
    return (Item(cause[0], ops) for cause, ops in folded.items())


def _reason(one: Operation) -> str:
    if one.status == "review" and one.reason == "conflict":
        return "conflict"
    if one.reason in AREA:
        return "area"
    return "changed" if one.status == "review" else "quarantined"


def _answered(replies: list[Operation], back: dict[str, Operation]) -> Iterator[Item]:
    for one in replies:
        decision = Decision.get_or_none(Decision.id == patch_of(one).get("decision"))
        if decision is not None:
            yield Item(
                "answered",
                [one, *([back[decision.operation]] if decision.operation in back else [])],
                decision,
            )


def _flagged(received: list[Operation], homes: dict[str, Household]) -> Iterator[Item]:
    by_id = {one.op: one for one in received}
    facts = [
        Fact(
            one.op,
            one.user,
            one.device,
            one.kind,
            one.verb,
            # A knock is what names its household itself; leaflets are left at many doors in a minute.
            str(patch_of(one).get("household") or "") if one.op in homes else "",
            one.device_time,
            (one.detail or {}).get("clock_off_ms", one.offset_ms),
            patch_of(one),
        )
        for one in received
    ]
    for flag in flags(facts, visit_hours(), utc_offset()):
        yield Item(flag.reason, [by_id[op] for op in flag.ops])
    for one in registry.flaggings.values():
        for ops in one.find([each for each in received if each.kind == one.kind]):
            yield Item(one.reason, ops)


def _span(minutes: int) -> str:
    """As `span` in parts.html says it."""
    if minutes < 60:
        return gettext("%(minutes)s min", minutes=minutes)
    if minutes < 2880:
        return gettext("%(hours)s h", hours=minutes // 60)
    return gettext("%(days)s days", days=minutes // 1440)


def _title(row: Item) -> str:
    first, count = row.ops[0], len(row.ops)
    if row.reason in registry.flaggings:
        return registry.flaggings[row.reason].title(row.ops)
    where = row.homes[0].address if row.homes else noun(first.kind)
    if row.reason == "conflict":
        fields = ", ".join(label(first.kind, name) for name in first.detail.get("fields", {}))
        return gettext("%(address)s %(field)s: two values", address=where, field=fields)
    if row.reason == "clock":
        off = max(abs((one.detail or {}).get("clock_off_ms", one.offset_ms)) for one in row.ops) // 60_000
        return gettext("Phone clock %(time)s off", time=_span(off))
    if row.reason == "doors":
        doors = len({home.id for home in row.homes})
        return gettext("%(count)d doors in one minute", count=doors)
    if row.reason == "hazard":
        return gettext("%(address)s hazard without a note", address=where)
    if row.reason == "hours":
        return ngettext("%(num)d visit outside the hours", "%(num)d visits outside the hours", count)
    if row.reason == "area":
        return ngettext("%(num)d record outside the area", "%(num)d records outside the area", count)
    if row.reason == "answered":
        return gettext("%(address)s: answered", address=row.decision.address if row.decision else where)
    if count > 1:
        return ngettext("%(num)d record held back", "%(num)d records held back", count)
    return f"{where} {noun(first.kind)}"


def _line(row: Item, staff: dict[str, str]) -> str:
    first = row.ops[0]
    who = staff.get(first.user, "")
    when = local_clock(first.device_time, utc_offset())
    said: list[str] = [f"{who} {when}"]
    if row.reason == "conflict":
        for both in first.detail.get("fields", {}).values():
            kept = both["kept"]
            if kept["user"]:
                said.insert(0, f"{staff.get(kept['user'], '')} {local_clock(kept['at'], utc_offset())}")
            break
    if row.reason == "clock":
        said = [who, phone_name(first.device), ngettext("%(num)d record", "%(num)d records", len(row.ops))]
    if row.reason == "doors":
        said = [gettext("%(first)s to %(last)s", first=row.homes[0].address, last=row.homes[-1].address), who]
    if row.reason in ("returned", "answered") and row.decision:
        said.append(row.decision.comment)
    return " · ".join([*said, gettext(causes()[row.reason])])
