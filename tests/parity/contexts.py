"""Random contexts for any screen, made from its declaration: whatever its queries could ever bring."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from fieldapp.declare.form import FieldForm, describe
from fieldapp.declare.query import Query
from fieldapp.declare.record import Record
from fieldapp.declare.registry import registry
from fieldapp.declare.screen import Screen

TEXTS = (
    "",
    "王建国",
    "O'Brien & Söhne <b>",
    '"quoted"',
    "𠮷田 👨‍👩‍👧",
    "a b  c",
    "3A",
    "底商2",
    "301-B",
    "{{ x }}",
    "</script>",
    "%(n)s 100%",
    "000-1388 0412",
)
DAYS = ("2026-11-23", "2026-11-22", "2026-11-24", "2026-01-02", "2025-12-31", "2024-02-29")
INSTANTS = (
    "2026-11-23T02:42:05Z",
    "2026-11-22T15:59:59Z",
    "2026-11-22T16:00:00Z",
    "2025-11-03T10:00:00Z",
    "2026-11-23T10:30:00Z",
)
PHOTOS = tuple(letter * 64 for letter in "abcdef")
STATES = ("phone", "received", "review", "quarantined", "held", "returned", "rejected")
FATES = ("phone", "received", "applied", "review", "quarantined", "held")


def row_fields(name: str) -> list[Mapping[str, Any]]:
    """The `rows` fields of this name of every form, the desk's too."""
    found = (form.specs().get(name, {}) for form in FieldForm.__subclasses__())
    return [spec for spec in found if spec.get("type") == "rows"]


class Chance:
    """One seeded source of everything random in a context."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.pool = [f"019a0000-0000-7000-8000-{number:012d}" for number in range(6)]

    def of(self, values: Any) -> Any:
        """One of them."""
        return self.random.choice(list(values))

    def id(self) -> str:
        """One of few ids, so that records refer to each other."""
        return str(self.of(self.pool))

    def number(self) -> int:
        """Small, large, sometimes negative."""
        return int(self.of((0, 1, 2, 3, 7, 21, 100, 1234567, -1)))

    def value(self, field: Any) -> Any:
        """A value that the field could hold."""
        if field.null and self.random.random() < 0.3:
            return None
        words = getattr(field, "words", None)
        if field.wire == "choice" or (field.wire == "text" and words):
            return self.of(words)
        if field.wire == "choices":
            return self.random.sample(list(words), self.random.randint(0, len(words)))
        if field.wire == "photos":
            return self.random.sample(PHOTOS, self.random.randint(0, field.max))
        if field.name.endswith("_here"):
            return self.random.sample(PHOTOS, self.random.randint(0, len(PHOTOS)))
        if field.wire == "rows":
            return self.rows(next(spec for spec in row_fields(field.name)))
        if field.wire == "list":
            return [self.of(TEXTS) for _ in range(self.random.randint(0, 3))]
        made = {
            "integer": self.number,
            "boolean": lambda: self.of((True, False)),
            "day": lambda: self.of(DAYS),
            "instant": lambda: self.of(INSTANTS),
            "ref": self.id,
            "text": lambda: self.of(TEXTS),
            "signature": lambda: self.of(("", "M12 40 13 41M300 120 300 120")),
            "digest": lambda: self.of(PHOTOS),
        }
        return made[field.wire]()

    def rows(self, spec: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows as a page could send them: some complete, some not."""
        keys = [*registry.words.get(spec.get("words", ""), ()), "own-1", "own-2"]
        chosen = self.random.sample(keys, self.random.randint(0, min(5, len(keys))))
        return [
            {"key": key} | {name: self.entry(part) for name, part in spec["fields"].items()} for key in chosen
        ]

    def entry(self, spec: Mapping[str, Any]) -> Any:
        """What could stand in a field of a form."""
        words = registry.words.get(spec.get("words", ""), {})
        options: dict[str, Any] = {
            "choice": lambda: self.of((None, *words)),
            "choices": lambda: self.random.sample(list(words), min(len(words), 2)),
            "integer": lambda: self.of((None, 0, 3, "three")),
            "boolean": lambda: self.of((True, False)),
            "day": lambda: self.of((None, *DAYS)),
            "instant": lambda: self.of((None, *INSTANTS)),
            "rows": lambda: self.rows(spec),
            "photos": lambda: self.random.sample(PHOTOS, 2),
        }
        return options.get(spec["type"], lambda: self.of(TEXTS))()

    def record(self, kind: type[Record]) -> dict[str, Any]:
        """A record of a kind, derived values left out (they are computed by the caller)."""
        made = {name: self.value(field) for name, field in kind._meta.fields.items()}
        made |= {
            "id": self.id(),
            "device_time": self.of(INSTANTS),
            "server_time": self.of(INSTANTS),
            "_kind": kind.kind,
        }
        if made.get("last_outcome"):
            made["last_outcome"] = self.of(registry.words["visit.outcome"])
        made["_state"] = {"code": self.of(STATES), "at": self.of(INSTANTS)}
        return made

    def found(self, query: Query) -> dict[str, Any]:
        """A record that the query could bring: a range never brings one without a value."""
        made = self.record(query.record)
        while query.range and made[query.range.field] is None:
            made[query.range.field] = self.value(query.record._meta.fields[query.range.field])
        return made

    def result(self, query: Query) -> Any:
        """What a query could bring."""
        if query.word == "one":
            return None if query.optional and self.random.random() < 0.3 else self.found(query)
        size = self.of((0, 1, 2, 3, 8))
        if query.word in ("many", "search"):
            return [self.found(query) for _ in range(min(size, query.limit or size))]
        if query.word == "latest":
            return {self.id(): self.found(query) for _ in range(size)}
        return {self.id(): self.number() for _ in range(size)} if query.by else self.number()


def context(screen: Screen, seed: int, locale: str, translate: Any) -> dict[str, Any]:
    """A whole random `ctx` for a screen."""
    chance = Chance(seed)
    operations = [
        {"op": chance.id(), "says": chance.of(TEXTS), "kind": chance.of(registry.records), "at": chance.of(INSTANTS),
         "verb": chance.of(("create", "patch", "retract")), "state": chance.of(("waiting", "applied", "review", "quarantined", "held")),
         "reason": chance.of((None, "invalid", "out_of_scope")), "detail": {}}
        for _ in range(chance.of((0, 1, 4)))
    ]  # fmt: skip
    own = [
        {"op": chance.id(), "says": chance.of((None, *TEXTS)), "kind": chance.of(registry.records), "record": chance.id(),
         "verb": chance.of(("create", "patch", "retract")), "at": chance.of(INSTANTS), "received": chance.of((None, *INSTANTS)),
         "state": chance.of(FATES), "reason": chance.of((None, "conflict", "invalid")), "undone": chance.of((True, False))}
        for _ in range(chance.of((0, 1, 4)))
    ]  # fmt: skip
    ctx: dict[str, Any] = {
        "me": {
            "id": chance.id(), "profile": chance.id(), "name": chance.of(TEXTS),
            "role": chance.of(screen.for_roles or ("grid_worker", "volunteer", "supervisor")),
            "community": chance.id(), "community_name": chance.of(TEXTS), "grids": [chance.id()], "channels": [],
            "locale": locale, "theme": chance.of(("auto", "light", "dark")),
        },
        "now": "2026-11-23T02:42:05Z",
        "today": "2026-11-23",
        "end_of_day": "2026-11-23T15:59:59Z",
        "locale": locale,
        "args": {name: chance.of(TEXTS) for name in screen.args},
        "url": screen.pattern.replace("<", "").replace(">", ""),
        "status": {
            "waiting": chance.of((0, 1, 3)), "oldest": chance.of(INSTANTS), "received": chance.of((None, *INSTANTS)),
            "last": chance.of((None, {"says": chance.of(TEXTS), "group": chance.id(), "at": chance.of(INSTANTS), "url": "/today"})),
            "ready": chance.of((True, False)), "signed_out": chance.of((True, False)), "others": chance.of((0, 2)),
            "problems": chance.of((0, 1, 2)), "storage": chance.of((None, {"used": 123456, "left": 987654321})),
            "operations": operations,
            "own": {"rows": own, "count": 120, "page": 2, "newer": chance.of((None, 1)), "older": chance.of((None, 3))},
            "clock": chance.of((0, 15, -90, 3000)),
            "lost": chance.of((None, {"count": chance.of((1, 4)), "at": chance.of(INSTANTS)})),
            "files": chance.of((0, 1, 200)),
        },
        "form": None,
        "fresh_id": chance.id(),
        "fragment": chance.of((True, False)),
        "tab": screen.tab,
    }  # fmt: skip
    for name, query in screen.queries.items():
        ctx[name] = chance.result(query)
    if "own" in screen.needs:
        # What the desk decided on some of these operations.
        choices = ("accept", "return", "asked", "reject", "repair")
        ctx["decisions"] = [
            {"id": chance.id(), "operation": one["op"], "choice": chance.of(choices), "comment": chance.of(TEXTS),
             "state": chance.of(("open", "done"))}
            for one in own if chance.of((True, False))
        ]  # fmt: skip
    if screen.form:
        specs = screen.form.specs()
        values = {name: chance.entry(spec) for name, spec in specs.items()}
        asked = [*specs, *(f"{name}.{row['key']}.{part}" for name, spec in specs.items() if spec["type"] == "rows"
                           for row in values[name] for part in spec["fields"])]  # fmt: skip
        wrong = [name for name in asked if chance.random.random() < 0.3]
        ctx["form"] = {
            "name": screen.form.name,
            "values": values,
            "errors": {name: [chance.of(TEXTS) or "!"] for name in wrong},
            "fields": describe(screen.form, translate),
            "draft": chance.of((True, False)),
        }
    return ctx
