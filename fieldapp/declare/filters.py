"""The filters of templates that both evaluators have: ours, and the ones of Jinja2 that the phone knows too.

Context names that filters read: `today` (day), `now` (instant), and through gettext the language of the answer.
An absent value (None, undefined, "") passes through every time filter: text filters give "", counting ones None.
static/phone/filters.js is the other half; tests/parity/filter_vectors.json holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jinja2 import Environment, Undefined, pass_context, pass_environment
from jinja2.filters import FILTERS
from jinja2.runtime import Context

from fieldapp.declare.template_python import whole

_DAY = 10  # a day is 10 characters, an instant more
_MINUTE = timedelta(minutes=1)


def _absent(value: Any) -> bool:
    return value is None or isinstance(value, Undefined) or value == ""


def _offset(env: Environment) -> timedelta:
    return timedelta(minutes=env.globals["__utc_offset__"])  # type: ignore[arg-type]


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _text(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _local(env: Environment, value: str) -> datetime:
    """The instant on the installation's wall clock (a fixed offset from UTC)."""
    return _instant(value).astimezone(UTC) + _offset(env)


def _day_of(env: Environment, value: str) -> str:
    return value if len(value) == _DAY else _local(env, value).strftime("%Y-%m-%d")


def _named(context: Context, name: str) -> str:
    return str(context.resolve(name))


def _gettext(context: Context) -> Callable[..., str]:
    """gettext for filters: plain text, `%(name)s` filled in."""
    found = context.resolve_or_missing("gettext")
    if not callable(found):
        return lambda msgid, **names: msgid % names if names else msgid
    return lambda msgid, **names: str(context.call(found, msgid, **names))


@pass_context
def choice(context: Context, value: Any, name: str) -> Any:
    """The translated word of a code in the list `name` ("visit.outcome"); of a list of codes, a list of words."""
    if isinstance(value, list):
        return [choice(context, code, name) for code in value]
    if _absent(value):
        return ""
    registered: Any = context.environment.globals["__words__"]
    words = registered() if callable(registered) else registered
    msgid = words.get(name, {}).get(value)
    return str(value) if msgid is None else _gettext(context)(msgid)


@pass_environment
def day(env: Environment, value: Any) -> str:
    """The local day of an instant; a day stays itself."""
    return "" if _absent(value) else _day_of(env, value)


@pass_environment
def clock(env: Environment, value: Any) -> str:
    """The local clock of an instant: `10:42`."""
    return "" if _absent(value) else _local(env, value).strftime("%H:%M")


def _short(day_text: str, today: str) -> str:
    return day_text[5:] if day_text[:4] == today[:4] else day_text


@pass_context
def date_(context: Context, value: Any) -> str:
    """A day or instant as `11-03`, in another year than today's `2025-11-03`."""
    if _absent(value):
        return ""
    return _short(_day_of(context.environment, value), _named(context, "today"))


@pass_context
def when(context: Context, value: Any) -> str:
    """A day or instant beside today, in words: `today 10:42`, `yesterday`, `tomorrow 18:30`, `11-03`.

    The clock stands where it helps: today and later, for instants.
    """
    if _absent(value):
        return ""
    _ = _gettext(context)
    at = _day_of(context.environment, value)
    today = _named(context, "today")
    at_clock_ = None if len(value) == _DAY else _local(context.environment, value).strftime("%H:%M")
    ahead = _days_between(today, at)
    if ahead == 0:
        return _("today") if at_clock_ is None else _("today %(clock)s", clock=at_clock_)
    if ahead == -1:
        return _("yesterday")
    if ahead == 1:
        return _("tomorrow") if at_clock_ is None else _("tomorrow %(clock)s", clock=at_clock_)
    written = _short(at, today)
    return f"{written} {at_clock_}" if ahead > 0 and at_clock_ else written


def _days_between(start: str, end: str) -> int:
    return (date.fromisoformat(end) - date.fromisoformat(start)).days


@pass_context
def days_until(context: Context, value: Any) -> int | None:
    """Days from today to a day or instant; negative when it is past."""
    if _absent(value):
        return None
    return _days_between(_named(context, "today"), _day_of(context.environment, value))


@pass_context
def days_since(context: Context, value: Any) -> int | None:
    """Days from a day or instant to today."""
    until = days_until(context, value)
    return None if until is None else -until


def plus_days(value: Any, days: int) -> str:
    """The day (or instant) `days` later; days may be negative."""
    if _absent(value):
        return ""
    if len(value) == _DAY:
        return (date.fromisoformat(value) + timedelta(days=days)).isoformat()
    return _text(_instant(value) + timedelta(days=days))


def plus_minutes(value: Any, minutes: int) -> str:
    """The instant `minutes` later."""
    return "" if _absent(value) else _text(_instant(value) + minutes * _MINUTE)


@pass_environment
def at_clock(env: Environment, value: Any, clock_text: str) -> str:
    """The instant at which the local clock shows `clock_text` ("18:30") on a day (or on an instant's day)."""
    if _absent(value):
        return ""
    hours, minutes = clock_text.split(":")
    start = datetime.fromisoformat(_day_of(env, value)).replace(tzinfo=UTC)
    return _text(start + timedelta(hours=int(hours), minutes=int(minutes)) - _offset(env))


@pass_context
def minutes_since(context: Context, value: Any) -> int | None:
    """Whole minutes from an instant to now, rounded down."""
    if _absent(value):
        return None
    return (_instant(_named(context, "now")) - _instant(value)) // _MINUTE


def bytes_(value: Any) -> str:
    """A size for people, in decimal units: `512 B`, `1.2 kB`, `34 MB`."""
    if _absent(value):
        return ""
    size, unit = value, 1
    names = ["B", "kB", "MB", "GB"]
    while len(names) > 1 and size >= 1000 * unit:
        unit *= 1000
        names.pop(0)
    tenths = size * 10 // unit
    if unit == 1 or tenths >= 100:
        return f"{tenths // 10} {names[0]}"
    return f"{tenths // 10}.{tenths % 10} {names[0]}"


def by(records: Iterable[Mapping[str, Any]], field: str) -> dict[Any, Any]:
    """Records keyed by a field; the last of equal ones stays. Here and below an absent field is None."""
    return {record.get(field): record for record in records}


def groups(records: Iterable[Mapping[str, Any]], field: str) -> dict[Any, list[Any]]:
    """Records in lists by a field, in the order in which the values were met."""
    found: dict[Any, list[Any]] = {}
    for record in records:
        found.setdefault(record.get(field), []).append(record)
    return found


def after(records: Iterable[Mapping[str, Any]], item_id: str) -> list[Any]:
    """The records after the one with that id, then the ones before it: where to go next."""
    listed = list(records)
    for place, record in enumerate(listed):
        if record.get("id") == item_id:
            return listed[place + 1 :] + listed[:place]
    return listed


def where(records: Iterable[Mapping[str, Any]], field: str, value: Any) -> list[Any]:
    """The records whose field equals `value`."""
    return [record for record in records if record.get(field) == value]


def without(records: Iterable[Mapping[str, Any]], field: str, value: Any) -> list[Any]:
    """The records whose field does not equal `value`."""
    return [record for record in records if record.get(field) != value]


def phone_masked(value: Any) -> str:
    """A phone number as it may be shown: the first three and last four characters, else stars only."""
    if _absent(value):
        return ""
    digits = re.sub(r"[ -]", "", value)
    return digits[:3] + "****" + digits[-4:] if len(digits) > 7 else "*" * len(digits)


OURS: dict[str, Callable[..., Any]] = {
    "after": after,
    "at_clock": at_clock,
    "by": by,
    "bytes": bytes_,
    "choice": choice,
    "clock": clock,
    "date": date_,
    "day": day,
    "days_since": days_since,
    "days_until": days_until,
    "groups": groups,
    "minutes_since": minutes_since,
    "phone_masked": phone_masked,
    "plus_days": plus_days,
    "plus_minutes": plus_minutes,
    "when": when,
    "where": where,
    "without": without,
}

# Jinja2's own filters that the phone has too, with the parameters that it takes, in order.
JINJA: dict[str, tuple[str, ...]] = {
    "abs": (),
    "batch": ("linecount", "fill_with"),
    "capitalize": (),
    "default": ("default_value", "boolean"),
    "dictsort": ("case_sensitive", "by", "reverse"),
    "escape": (),
    "first": (),
    "float": ("default",),
    "groupby": ("attribute", "default", "case_sensitive"),
    "int": ("default",),
    "items": (),
    "join": ("d", "attribute"),
    "last": (),
    "length": (),
    "list": (),
    "lower": (),
    "max": ("case_sensitive", "attribute"),
    "min": ("case_sensitive", "attribute"),
    "replace": ("old", "new", "count"),
    "reverse": (),
    "round": ("precision", "method"),
    "safe": (),
    "sort": ("reverse", "case_sensitive", "attribute"),
    "string": (),
    "sum": ("attribute", "start"),
    "tojson": (),
    "trim": (),
    "truncate": ("length", "killwords", "end"),
    "unique": ("case_sensitive", "attribute"),
    "upper": (),
    "urlencode": (),
}
ALIASES = {"d": "default", "count": "length", "e": "escape"}
# Compiled specially: their arguments name other filters and tests, or are free.
HIGHER = frozenset({"map", "select", "reject", "selectattr", "rejectattr", "format"})
_LISTED = ("batch", "map", "select", "reject", "selectattr", "rejectattr", "unique", "reverse", "items")
_WHOLE = ("float", "round", "sum")


def _over(name: str, finish: Callable[[Any], Any]) -> Callable[..., Any]:
    """Jinja2's filter `name` with its answer finished; it keeps asking for the context as the original does."""
    original = FILTERS[name]

    def filter_(*args: Any, **kwargs: Any) -> Any:
        return finish(original(*args, **kwargs))

    mark = getattr(original, "jinja_pass_arg", None)
    if mark is not None:
        filter_.jinja_pass_arg = mark  # type: ignore[attr-defined]
    return filter_


def _listed(value: Any) -> Any:
    """Lists instead of generators: `items|select` is false when nothing was selected."""
    return value if isinstance(value, str | Undefined) else list(value)


def install(env: Environment) -> None:
    """Register the shared filters on `env`."""
    env.filters.update(OURS)
    env.filters.update({name: _over(name, _listed) for name in _LISTED})
    env.filters.update({name: _over(name, whole) for name in _WHOLE})
    env.filters["_whole"] = whole
