"""Record: what a kind of thing looks like, who may hold it and who may write it, declared once for both sides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import peewee

from fieldapp.declare.registry import registry
from fieldapp.declare.signature import LONGEST
from sync.encode import dumps

Json = Any


class Text(peewee.TextField):
    """Text of at most `max` characters; `both`: what stands between two values where a supervisor keeps both."""

    wire = "text"

    def __init__(self, max: int = 200, default: str = "", both: str = "", **options: Any) -> None:
        self.max = max
        self.both = both
        super().__init__(default=None if options.get("null") else default, **options)


class Integer(peewee.IntegerField):
    """A whole number, or nothing where `null`."""

    wire = "integer"


class Boolean(peewee.BooleanField):
    """Yes or no."""

    wire = "boolean"


class Day(Text):
    """A local day as `2026-11-23`."""

    wire = "day"

    def __init__(self, **options: Any) -> None:
        super().__init__(max=10, **options)


class Instant(Text):
    """A moment as UTC text `2026-11-23T02:42:05Z`."""

    wire = "instant"

    def __init__(self, **options: Any) -> None:
        super().__init__(max=24, **options)


class Ref(Text):
    """The id of another record, whose kind has the field's name unless `kind` says otherwise.

    `fits`: a Jinja expression over `this` and `target`, whether what is written may name that record ("-" names nobody).
    """

    wire = "ref"

    def __init__(self, kind: str | None = None, fits: str = "", **options: Any) -> None:
        self.kind, self.fits = kind, fits
        options.setdefault("index", True)
        super().__init__(max=36, **options)


class Choice(Text):
    """One code of a declared list of words."""

    wire = "choice"

    def __init__(self, *choices: tuple[str, str], **options: Any) -> None:
        self.words = dict(choices)
        super().__init__(max=40, **options)


class Signature(Text):
    """A signature drawn by finger, as the path of its strokes (fieldapp/declare/signature.py)."""

    wire = "signature"

    def __init__(self, **options: Any) -> None:
        super().__init__(max=LONGEST, **options)


class Digest(Text):
    """The SHA-256 of other fields of the record, made where it is saved and checked where it arrives (digest.py)."""

    wire = "digest"

    def __init__(self, *of: str, label: str = "", **options: Any) -> None:
        self.of, self.label = of, label
        super().__init__(max=64, **options)


class ListOf(peewee.TextField):
    """A list of plain values, kept as JSON text."""

    wire = "list"

    def __init__(self, **options: Any) -> None:
        super().__init__(default=list, **options)

    def db_value(self, value: Any) -> str:
        """The JSON text that is stored."""
        return value if isinstance(value, str) else dumps(value) if value else "[]"

    def python_value(self, value: Any) -> list[Json]:
        """The list that the text stands for."""
        if value == "[]":  # as most are: reading it costs as much as the rest of a record
            return []
        return json.loads(value) if isinstance(value, str) else list(value or [])


class Choices(ListOf):
    """Several codes of a declared list of words."""

    wire = "choices"

    def __init__(self, *choices: tuple[str, str], **options: Any) -> None:
        self.words = dict(choices)
        super().__init__(**options)


class Photos(ListOf):
    """At most `max` photos, by the SHA-256 of what was sent; `<name>_here` lists those that have arrived.  # P23"""

    wire = "photos"

    def __init__(self, max: int = 4, **options: Any) -> None:
        self.max = max
        super().__init__(**options)

    def bind(self, model: Any, name: str, set_attribute: bool = True) -> None:
        """Bring along the field in which the server lists what has arrived."""
        super().bind(model, name, set_attribute)
        model._meta.add_field(f"{name}{HERE}", ListOf())


class Token(Text):
    """A signed text (declare/token.py): by the key in the field `key` of the record that this one hangs under, for that
    record, about the one that the field `about` names, or nobody; held to it again when it arrives. `required_if`: field → values."""

    def __init__(
        self,
        key: str,
        about: str | None = None,
        required_if: Mapping[str, tuple[str, ...]] | None = None,
        **options: Any,
    ) -> None:
        self.key, self.about, self.required_if = key, about, required_if
        super().__init__(**options)


HERE = "_here"


class Rows(ListOf):
    """What a `rows` field of a form sent: a list of `{"key": …, part: value}`, kept as JSON text."""

    wire = "rows"


@dataclass(frozen=True)
class Effect:
    """What creating a record changes in its parent: field → Jinja expression over `this` and `target`."""

    target: str
    fields: Mapping[str, str]


def effect(target: str, **fields: str) -> Effect:
    """Declare an effect on the record that the Ref field `target` names."""
    return Effect(target, fields)


COMMON = ("id", "community", "version", "seq", "author", "device_time", "server_time", "gone")


class Record(peewee.Model):
    """The columns every kind has; a kind adds its fields and says who may hold and write it."""

    kind: ClassVar[str] = ""
    noun: ClassVar[str] = ""
    channel: ClassVar[str | tuple[str, ...]] = ""
    parent: ClassVar[str | None] = None
    # What is taken over from the parent travels along, for phones that hold the record without its parent.
    carries: ClassVar[bool] = False
    append_only: ClassVar[bool] = False
    head_by: ClassVar[str | None] = None
    window_days: ClassVar[int | None] = None
    # All of it is history, which a phone reads in the background, after what the day's work needs.
    late: ClassVar[bool] = False
    creates_by: ClassVar[tuple[str, ...]] = ()
    patches_by: ClassVar[tuple[str, ...]] = ()
    patchable: ClassVar[tuple[str, ...]] = ()
    effects: ClassVar[tuple[Effect, ...]] = ()
    derived: ClassVar[Mapping[str, str]] = {}
    search: ClassVar[tuple[str, ...]] = ()
    # What every community starts with: key → fields (fieldapp/declare/beginning.py).
    beginning: ClassVar[Callable[[], dict[str, dict[str, Any]]] | None] = None
    # `("user", "round:{round}")`: while such a record lives, the person in its field `user` holds that channel.
    grants: ClassVar[tuple[str, str] | None] = None
    # Counted up when a field is renamed or means something else; `upgrades` then says how values of version n become
    # those of n + 1, since phones send what was saved under an older one for months.
    form_version: ClassVar[int] = 1
    upgrades: ClassVar[Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {}

    id = Text(max=36, primary_key=True)
    community = Text(max=36, index=True)
    version = Integer(default=1)
    seq = Integer(default=0)
    author = Text(max=36)
    device_time = Instant()
    server_time = Instant()
    gone = Boolean(default=False)

    class Meta:
        legacy_table_names = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        assert set(cls.upgrades) == set(range(1, cls.form_version)), f"{cls.__name__}: an upgrade is missing"
        assert not cls.late or cls.window_days, f"{cls.__name__}: history has a window"
        if cls.kind:
            registry.add_record(cls)

    @classmethod
    def granting(cls, values: Mapping[str, Any]) -> bool:
        """Whether a living record that `grants` does so still, by the value that its channel names; asked at every answer."""
        return True

    @classmethod
    def validate_model(cls) -> None:
        """Called by peewee once the fields are there. What has effects is folded by device time: by this index."""
        super().validate_model()
        for made in cls.effects:
            target = cls._meta.fields[made.target]
            target.index = False
            cls.add_index(target, cls._meta.fields["device_time"])

    @classmethod
    def channels(cls) -> tuple[str, ...]:
        """The channel patterns as a tuple, e.g. `("grid:{grid}",)`; a kind without any never leaves the server."""
        return ((cls.channel,) if cls.channel else ()) if isinstance(cls.channel, str) else cls.channel

    @classmethod
    def own_fields(cls) -> dict[str, Any]:
        """The kind's own fields in the order declared, without the common and the inherited ones."""
        inherited = cls.inherits()
        return {
            name: field
            for name, field in cls._meta.fields.items()
            if name not in COMMON and name not in inherited
        }

    @classmethod
    def inherits(cls) -> tuple[str, ...]:
        """The Ref fields that are filled from the parent record, e.g. a visit's grid, building and door."""
        if cls.parent is None:
            return ()
        parent = registry.records[cls.parent_kind()]
        mine = cls._meta.fields
        return tuple(
            name
            for name, field in mine.items()
            if isinstance(field, Ref) and name != cls.parent and name in parent._meta.fields
        )

    @classmethod
    def parent_kind(cls) -> str:
        """The kind of the parent record."""
        field = cls._meta.fields[cls.parent]
        return field.kind or field.name

    @classmethod
    def photo_fields(cls) -> dict[str, str]:
        """The fields that list photos, each with the field that lists those of them that have arrived."""
        return {
            name: f"{name}{HERE}" for name, field in cls._meta.fields.items() if isinstance(field, Photos)
        }

    @classmethod
    def digests(cls) -> dict[str, tuple[str, ...]]:
        """The fields that hold a digest, each with the fields that it is made of."""
        return {name: field.of for name, field in cls._meta.fields.items() if isinstance(field, Digest)}

    @classmethod
    def computed(cls) -> tuple[str, ...]:
        """Fields that effects of other kinds write; no client may patch them."""
        return tuple(
            name
            for other in registry.records.values()
            for made in other.effects
            if (other._meta.fields[made.target].kind or made.target) == cls.kind
            for name in made.fields
        )
