"""World: what the tests of the engine tell of: doors (places), homes (facts), knocks (events), and who works there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import peewee
from playhouse.db_url import connect

from sync import digest, store
from sync.exchange import exchange
from sync.ids import uuid7
from sync.kinds import Kind
from sync.scope import Me
from sync.write import put
from tests.pages import rows_of

NOW = datetime(2026, 11, 23, 2, 42, 5, tzinfo=UTC)
SQLITE = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 10_000}


class ListField(peewee.TextField):
    """A list kept as JSON text."""

    def db_value(self, value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value or [])

    def python_value(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value


class Common(peewee.Model):
    """The columns that every kind has."""

    id = store.Text(primary_key=True)
    community = store.Text()
    version = peewee.BigIntegerField(default=1)
    seq = peewee.BigIntegerField(default=0)
    author = store.Text()
    device_time = store.Text()
    server_time = store.Text()
    gone = peewee.BooleanField(default=False)


class Door(Common):
    """A place: a door of a grid."""

    grid = store.Text()
    label = store.Text(default="")


class Home(Common):
    """Facts behind a door, patchable field by field; `last`, `misses` and `plan` are computed from knocks."""

    door = store.Text(index=True)
    grid = store.Text()
    phone = peewee.CharField(max_length=30, default="")
    people = peewee.IntegerField(default=0)
    tags = ListField(default=list)
    last = store.Text(null=True)
    misses = peewee.IntegerField(default=0)
    plan = store.Text(null=True)


class Knock(Common):
    """An event that only ever is added."""

    home = store.Text(index=True)
    door = store.Text()
    grid = store.Text()
    outcome = store.Text()
    note = store.Text(default="")


class Notice(Common):
    """What concerns one person alone."""

    user = store.Text()
    words = store.Text(default="")


def _outcome_fits(verb: str, patch: Mapping[str, Any]) -> dict[str, Any]:
    if verb == "create" and patch.get("outcome") == "explode":
        raise RuntimeError("a validator with a bug")
    if verb == "create" and patch.get("outcome") == "jam":
        raise peewee.IntegrityError("a value that only the database refuses")
    if patch.get("outcome") not in ("met", "no_answer"):
        return {"outcome": [["choice", {}]]}
    return {}


def _misses(this: Mapping[str, Any], target: Mapping[str, Any]) -> int:
    return int(target["misses"]) + 1 if this["outcome"] == "no_answer" else 0


def _of_knock(this: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "last": this["outcome"],
        "misses": _misses(this, target),
        "plan": this["device_time"] if this["outcome"] == "met" else target["plan"],
    }


def kinds() -> dict[str, Kind]:
    """The declarations, made anew as an application may."""
    workers = ("worker", "supervisor")
    made = [
        Kind("door", Door, ("grid", "label"), ("grid:{grid}",), may=lambda verb, me: me.role == "supervisor"),
        Kind(
            "home",
            Home,
            ("door", "phone", "people", "tags", "last", "misses", "plan"),
            ("grid:{grid}",),
            parent="door",
            parent_kind="door",
            inherits=("grid",),
            patchable=("phone", "people", "tags"),
            may=lambda verb, me: me.role in workers,
            effect_defaults={"last": None, "misses": 0, "plan": None},
        ),
        Kind(
            "knock",
            Knock,
            ("home", "outcome", "note"),
            ("grid:{grid}",),
            parent="home",
            parent_kind="home",
            inherits=("door", "grid"),
            append_only=True,
            head_by="home",
            window_days=365,
            may=lambda verb, me: me.role in workers,
            check=_outcome_fits,
            effects=[("home", _of_knock)],
        ),
        Kind(
            "notice",
            Notice,
            ("user", "words"),
            ("user:{user}",),
            patchable=("words",),
            may=lambda verb, me: verb == "patch",
        ),
    ]
    return {kind.name: kind for kind in made}


def open_database(url: str) -> peewee.Database:
    """The database at `url` with every table bound to it."""
    database = connect(url, pragmas=SQLITE, timeout=10) if url.startswith("sqlite") else connect(url)
    store.bind(database, kinds())
    return database


def person(name: str, community: str, role: str, *grids: str) -> Me:
    """Someone who works in these grids."""
    channels = {f"user:{name}", *(f"grid:{grid}" for grid in grids)}
    return Me(name, community, role, frozenset(channels), grids)


@dataclass
class World:
    """The database, the people by name, the ids of doors and homes by label, and a clock."""

    database: peewee.Database
    ids: dict[str, str] = field(default_factory=dict)
    now: datetime = NOW
    kinds: dict[str, Kind] = field(default_factory=kinds)

    def build(self, homes: int = 4) -> World:
        """Write the doors and homes of grids three and four of Heping, and of grid one of Xinfu."""
        self.li = person("li", "heping", "worker", "three")
        self.wang = person("wang", "heping", "worker", "three", "four")
        self.chen = person("chen", "heping", "volunteer")
        self.zhang = person("zhang", "heping", "supervisor", "three", "four")
        self.zhao = person("zhao", "xinfu", "worker", "one")
        for community, grid in (("heping", "three"), ("heping", "four"), ("xinfu", "one")):
            for number in range(1, homes + 1):
                self.furnish(community, grid, f"{grid}-{number}")
        return self

    def furnish(self, community: str, grid: str, label: str, **facts: Any) -> str:
        """A door with a home behind it; the home's id."""
        door = self.ids[f"door {label}"] = str(uuid7())
        home = self.ids[label] = str(uuid7())
        rows = [
            ("door", {"id": door, "grid": grid, "label": label}),
            ("home", {"id": home, "door": door, "phone": "", "people": 2, "plan": "2026-12-01", **facts}),
        ]
        put(self.database, self.kinds, community, rows, self.now)
        return home

    def __getitem__(self, label: str) -> str:
        return self.ids[label]

    def home(self, label: str) -> dict[str, Any]:
        """The home's row as it stands."""
        return dict(Home.get_by_id(self.ids[label]).__data__)

    def phone(self, me: Me) -> Phone:
        """A new phone of this person."""
        return Phone(self, me)

    def pass_time(self, **much: float) -> None:
        """Let the clock go on."""
        self.now += timedelta(**much)


@dataclass
class Phone:
    """What a phone does, as little as the tests of the server need: an outbox, cursors, and what it was told."""

    world: World
    me: Me
    device: str = field(default_factory=lambda: str(uuid7()))
    epoch: str | None = None
    outbox: list[dict[str, Any]] = field(default_factory=list)
    acknowledged: int = 0
    cursors: dict[str, Any] = field(default_factory=dict)
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    clock_off: timedelta = timedelta(0)
    offset: int = 0

    def save(
        self, verb: str, kind: str, record: str, patch: Mapping[str, Any], **more: Any
    ) -> dict[str, Any]:
        """Put an operation into the outbox."""
        at = self.world.now + self.clock_off
        op = {
            "op": str(uuid7()),
            "seq": len(self.outbox) + 1,
            "group": str(uuid7()),
            "after": [],
            "kind": kind,
            "record": record,
            "verb": verb,
            "form": 1,
            "base_version": None,
            "base": {},
            "patch": dict(patch),
            "at": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
            "offset": self.offset,
            "files": [],
            **more,
        }
        self.outbox.append(op)
        return op

    def knock(self, label: str, outcome: str = "met", **more: Any) -> dict[str, Any]:
        """Record a knock at the home of this label."""
        home = self.world.ids.get(label, label)
        return self.save("create", "knock", str(uuid7()), {"home": home, "outcome": outcome}, **more)

    def edit(self, label: str, base: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
        """Patch facts of the home of this label; `base` holds the values that the person saw."""
        return self.save("patch", "home", self.world[label], facts, base=dict(base))

    def undo(self, op: Mapping[str, Any]) -> dict[str, Any]:
        """Take an operation back."""
        return self.save("retract", op["kind"], op["record"], {"of": op["op"]})

    def request(self, ops: list[dict[str, Any]] | None = None, tail: bool = False) -> dict[str, Any]:
        """What would be asked now."""
        clock = self.world.now + self.clock_off
        return {
            "protocol": 1,
            "app": "test",
            "user": self.me.id,
            "device": self.device,
            "clock": f"{clock:%Y-%m-%dT%H:%M:%S}.000Z",
            "epoch": self.epoch,
            "ops": self.outbox[self.acknowledged :] if ops is None else ops,
            "cursors": self.cursors,
            "report": {"waiting": 0, "oldest": None, "used": None, "left": None},
            "tail": tail,
        }

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The server's answer, as JSON."""
        world = self.world
        answer: dict[str, Any] = json.loads(
            exchange(world.database, world.kinds, self.me, request, world.now)
        )
        return answer

    def apply(self, answer: Mapping[str, Any]) -> None:
        """Take an answer over, as a phone does; of a channel that is read anew nothing is kept."""
        lost = {*answer["anew"], *answer["forget"]}
        self.records = {key: held for key, held in self.records.items() if held["_channel"] not in lost}
        for page in answer["pages"]:
            for row in rows_of(page):
                record = dict(zip(page["fields"], row, strict=True))
                self.records[page["kind"], record["id"]] = {**record, "_channel": page["channel"]}
            for id in (*page["gone"], *page["forget"]):
                held = self.records.get((page["kind"], id))
                if held and (id in page["gone"] or held["_channel"] == page["channel"]):
                    del self.records[page["kind"], id]
        for result in answer["results"]:
            self.results[result["op"]] = result
        self.cursors = answer["cursors"]
        self.epoch = answer["epoch"]

    def sync(self, tail: bool = False) -> dict[str, Any]:
        """Exchange until there is no more; the last answer."""
        for _ in range(200):
            answer = self.ask(self.request(tail=tail))
            self.apply(answer)
            self.acknowledged = max(self.acknowledged, answer["last"])
            if not answer["more"] and self.acknowledged >= len(self.outbox):
                break
        self.compare(answer)
        while tail and any(cursor["tail"] is not None for cursor in self.cursors.values()):
            answer = self.ask(self.request(tail=True))
            self.apply(answer)
        return answer

    def compare(self, answer: Mapping[str, Any]) -> None:
        """What is held is what the server's digest says.  # P16"""
        held = {channel: [0, 0] for channel in self.me.channels}
        for (kind, id), record in self.records.items():
            known = self.world.kinds.get(kind)  # later results are the engine's own kind
            if known and known.counted:  # of history a phone may not hold all
                one = held[record["_channel"]]
                one[:] = [one[0] + 1, (one[1] + digest.mark(id, record["version"])) % 2**32]
        if not answer["more"]:
            assert held == {channel: list(one) for channel, one in answer["digests"].items()}

    def result(self, op: Mapping[str, Any]) -> dict[str, Any]:
        """What became of an operation."""
        return self.results[op["op"]]

    def held(self, kind: str) -> set[str]:
        """The ids of the records of a kind that the phone holds."""
        return {id for name, id in self.records if name == kind}
