"""Pull: a bounded page of changes for each channel that a person holds, from text that was made when it was written.

A channel is read in three phases. Its baseline: `head` (every record, of history kinds only the newest of each key;
parents before children), then `tail` (the older history, newest first, in the background). Forward: what changed
after `at`. All that one answer says is read in one snapshot.  # P4 P10 P15
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import peewee
from pydantic_core import from_json, to_json

from sync import rows
from sync.encode import dumps
from sync.instants import instant
from sync.kinds import Kind, depth
from sync.results import RESULT
from sync.scope import Me
from sync.wire import Cursor

PAGE_ROWS = 2_000
PAGE_BYTES = 1_000_000
# A head cursor counts (level of the kind, seq) in one number that JavaScript holds exactly.
LEVEL = 1 << 44

_COLUMNS = '"channel", "kind", "record", "seq", "gone", "row"'


class Change(NamedTuple):
    """One row of the feed."""

    channel: str
    kind: str
    record: str
    seq: int
    gone: bool
    row: str | None


@dataclass
class Page:
    """Changes of one kind in one channel."""

    rows: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    forget: list[str] = field(default_factory=list)


@dataclass
class Pulled:
    """What a pull brings: the cursors of the channels held, those lost, those read anew, and the pages as JSON text."""

    cursors: dict[str, Cursor]
    forget: list[str]
    anew: list[str]
    pages: str
    more: bool


class Pull:
    """One pull within an open snapshot; `seq` is the community's last seq in it, `pruned` that of the last lost tombstone."""

    def __init__(
        self, db: peewee.Database, kinds: Mapping[str, Kind], me: Me, seq: int, now: datetime, pruned: int = 0
    ) -> None:
        self.db = db
        self.kinds = {**kinds, RESULT.name: RESULT}
        self.me = me
        self.seq = seq
        self.pruned = pruned
        self.now = now
        self.left = PAGE_ROWS
        self.bytes = PAGE_BYTES
        self.pages: dict[tuple[int, str, str], Page] = {}
        self.brought: dict[tuple[str, str], str | None] = {}
        self.levels = {name: depth(kinds, name) for name in self.kinds}

    def run(self, asked: Mapping[str, Cursor], tail: bool) -> Pulled:
        """Everything up to the limits of one answer; `more` while the head or the forward part goes on."""
        held = {channel: self._cursor(asked.get(channel)) for channel in sorted(self.me.channels)}
        anew = [channel for channel in held if channel in asked and not self._reaches(asked[channel])]
        known = [channel for channel, cursor in held.items() if cursor.head is None]
        done = self._forward(held, known)
        if done:
            done = self._heads(held)
            done = (
                self._forward(held, [one for one in held if one not in known and held[one].head is None])
                and done
            )
        if not done:
            self._bring_parents(held)
        elif tail:
            self._tails(held)
        return Pulled(held, sorted(set(asked) - set(held)), anew, self._text(), not done)

    def _cursor(self, asked: Cursor | None) -> Cursor:
        """Where a channel is read from: from its start where it is new, of another history, or too old.  # P15 P16"""
        if asked is None or not self._reaches(asked):
            return Cursor(at=self.seq, head=0)
        return asked.model_copy()

    def _reaches(self, asked: Cursor) -> bool:
        """Whether the feed still tells all that happened since."""
        return self.pruned <= asked.at <= self.seq

    def _forward(self, held: dict[str, Cursor], channels: list[str]) -> bool:
        """What changed after `at`, in the order of the feed over all channels; true when it is all there.  # P14"""
        behind = [channel for channel in channels if held[channel].at < self.seq]
        if not behind:
            return True
        limit = self.left + 1
        mark = self.db.param
        arms, parameters = [], []
        for number, channel in enumerate(behind):
            arms.append(
                f'SELECT * FROM (SELECT {_COLUMNS} FROM "sync_feed" WHERE "channel" = {mark} AND "seq" > {mark} '
                f'ORDER BY "seq" LIMIT {limit}) AS a{number}'
            )
            parameters += [channel, held[channel].at]
        found = [Change(*one) for one in self.db.execute_sql(" UNION ALL ".join(arms), parameters).fetchall()]
        found.sort(key=lambda change: change.seq)
        taken = self._take(found)
        done = len(taken) == len(found)
        for channel in behind:
            held[channel].at = self.seq if done else max(held[channel].at, taken[-1].seq if taken else 0)
        return done

    def _heads(self, held: dict[str, Cursor]) -> bool:
        """The baselines under way, level by level over all channels, so that parents are there before children."""
        for level in sorted(set(self.levels.values())):
            for channel, cursor in held.items():
                if cursor.head is None or cursor.head >= (level + 1) * LEVEL:
                    continue
                if not self._head(channel, cursor, level):
                    return False
        for channel, cursor in held.items():
            if cursor.head is not None:
                cursor.head = None
                cursor.tail = cursor.at + 1 if self._histories(channel) else None
        return True

    def _head(self, channel: str, cursor: Cursor, level: int) -> bool:
        """One level of one channel's baseline; true when it is all there."""
        assert cursor.head is not None
        here = [
            kind
            for kind in self.kinds.values()
            if self.levels[kind.name] == level and kind.lives_in(channel) and not kind.late
        ]
        after = max(cursor.head - level * LEVEL, 0)
        found = self._newest(channel, here, after, cursor.at) if here else []
        taken = self._take(found)
        done = len(taken) == len(found)
        if done:
            cursor.head = (level + 1) * LEVEL
        elif taken:
            cursor.head = level * LEVEL + taken[-1].seq
        return done

    def _newest(self, channel: str, kinds: Sequence[Kind], after: int, until: int) -> list[Change]:
        """Living records of these kinds, in the order of the feed; of a history kind only the newest of each key.

        All of them in one question: asked kind by kind, a database would read the channel anew for each.
        """
        mark = self.db.param
        of_kinds, names = rows.within(self.db, '"kind"', [kind.name for kind in kinds])
        conditions = [
            f'"channel" = {mark}',
            of_kinds,
            f'"seq" > {mark}',
            f'"seq" <= {mark}',
            '"row" IS NOT NULL',
        ]
        parameters: list[Any] = [channel, *names, after, until]
        windows, more = self._windows(kinds)
        conditions += windows
        if any(kind.head_by for kind in kinds):
            conditions.append(
                '("head_key" IS NULL OR NOT EXISTS (SELECT 1 FROM "sync_feed" AS g WHERE g."channel" = f."channel" AND '
                'g."kind" = f."kind" AND g."head_key" = f."head_key" AND g."seq" > f."seq" AND g."row" IS NOT NULL))'
            )
        sql = (
            f'SELECT "kind", "record", "seq", "row" FROM "sync_feed" AS f WHERE {" AND ".join(conditions)} '
            f'ORDER BY "seq" LIMIT {self.left + 1}'
        )
        found = self.db.execute_sql(sql, [*parameters, *more]).fetchall()
        return [Change(channel, kind, record, seq, False, row) for kind, record, seq, row in found]

    def _tails(self, held: dict[str, Cursor]) -> None:
        """Older history, newest first, within each kind's window."""
        for channel, cursor in held.items():
            if cursor.tail is None or cursor.head is not None:
                continue
            if self.left <= 0:
                return
            histories = self._histories(channel)
            found = self._older(channel, histories, cursor.tail) if histories else []
            taken = self._take(found)
            cursor.tail = None if len(taken) == len(found) else taken[-1].seq if taken else cursor.tail

    def _older(self, channel: str, kinds: Sequence[Kind], before: int) -> list[Change]:
        """Living records of history kinds but those that the head brought, newest first: a row newer in nothing, not even a
        tombstone. What is late, the head brought none of."""
        mark = self.db.param
        of_kinds, names = rows.within(self.db, '"kind"', [kind.name for kind in kinds])
        late, late_names = rows.within(self.db, '"kind"', [kind.name for kind in kinds if kind.late] or [""])
        conditions = [
            f'"channel" = {mark}',
            of_kinds,
            f'"seq" < {mark}',
            '"row" IS NOT NULL',
            f'({late} OR "head_key" IS NOT NULL AND EXISTS (SELECT 1 FROM "sync_feed" AS g WHERE g."channel" = f."channel" '
            'AND g."kind" = f."kind" AND g."head_key" = f."head_key" AND g."seq" > f."seq"))',
        ]
        parameters: list[Any] = [channel, *names, before, *late_names]
        windows, more = self._windows(kinds)
        sql = (
            f'SELECT "kind", "record", "seq", "row" FROM "sync_feed" AS f WHERE {" AND ".join([*conditions, *windows])} '
            f'ORDER BY "seq" DESC LIMIT {self.left + 1}'
        )
        found = self.db.execute_sql(sql, [*parameters, *more]).fetchall()
        return [Change(channel, kind, record, seq, False, row) for kind, record, seq, row in found]

    def _windows(self, kinds: Iterable[Kind]) -> tuple[list[str], list[str]]:
        """Conditions, with their parameters, that leave out what is older than a kind's window."""
        conditions, parameters = [], []
        for kind in kinds:
            if kind.window_days:
                conditions.append(f'("kind" <> {self.db.param} OR "time" >= {self.db.param})')
                parameters += [kind.name, self._since(kind)]
        return conditions, parameters

    def _since(self, kind: Kind) -> str:
        return instant(self.now - timedelta(days=kind.window_days or 0))

    def _histories(self, channel: str) -> list[Kind]:
        return [
            kind for kind in self.kinds.values() if (kind.head_by or kind.late) and kind.lives_in(channel)
        ]

    def _take(self, found: Iterable[Change]) -> list[Change]:
        """As many of the changes as this answer has room for, put into their pages.  # P10

        A record that moved has one number in two channels: a cut between them would lose the second one.
        """
        taken: list[Change] = []
        for change in found:
            size = len(change.row or change.record)
            full = self.left <= 0 or (self.bytes < size and self.left < PAGE_ROWS)
            if full and not (taken and taken[-1].seq == change.seq):
                break
            self.left -= 1 if self.left > 0 else 0
            self.bytes -= size
            taken.append(change)
            self._put(change)
        return taken

    def _put(self, change: Change) -> None:
        channel, kind, record, _, gone, row = change
        if kind not in self.kinds:
            return
        if row is not None or (kind, record) not in self.brought:
            self.brought[kind, record] = row  # of one that moved, its row and not its marker
        page = self.pages.get((self.levels[kind], channel, kind))
        if page is None:
            page = self.pages[self.levels[kind], channel, kind] = Page()
        if row is not None:
            page.rows.append(row)
        else:
            (page.gone if gone else page.forget).append(record)

    def _bring_parents(self, held: Mapping[str, Cursor]) -> None:
        """A page that is cut also brings the parents of its records, whose own last change may lie beyond the cut.

        They come again with the page that they belong to: the same record twice is the same record.
        """
        after = min(cursor.at for cursor in held.values())
        if after >= self.seq:
            return
        wanted = self._parents(self.brought)
        while wanted:
            for kind, ids in wanted.items():
                for change in self._now(kind, ids, after, sorted(held)):
                    self._put(change)
            wanted = self._parents(
                {(kind, id): self.brought.get((kind, id)) for kind, ids in wanted.items() for id in ids}
            )

    def _parents(self, brought: Mapping[tuple[str, str], str | None]) -> dict[str, list[str]]:
        """The parents, by kind, of these records as far as this answer does not bring them yet."""
        wanted: dict[str, set[str]] = {}
        children: dict[Kind, list[str]] = {}
        for (name, _), row in brought.items():
            if row is not None and self.kinds[name].parent and self.kinds[name].parent_kind:
                children.setdefault(self.kinds[name], []).append(row)
        for kind, texts in children.items():
            above, place = str(kind.parent_kind), kind.columns.index(str(kind.parent))
            for child in _parsed(texts):
                if self.brought.get((above, child[place])) is None:
                    wanted.setdefault(above, set()).add(child[place])
        return {kind: sorted(ids) for kind, ids in wanted.items()}

    def _now(self, kind: str, ids: list[str], after: int, channels: list[str]) -> list[Change]:
        mark = self.db.param
        in_channels, parameters = rows.within(self.db, '"channel"', channels)
        in_ids, more = rows.within(self.db, '"record"', ids)
        sql = (
            f'SELECT {_COLUMNS} FROM "sync_feed" WHERE {in_channels} AND "kind" = {mark} AND {in_ids} '
            f'AND "seq" > {mark} AND "row" IS NOT NULL'
        )
        return [
            Change(*one) for one in self.db.execute_sql(sql, [*parameters, kind, *more, after]).fetchall()
        ]

    def _text(self) -> str:
        """The pages as JSON, parents first."""
        made = []
        for (_, channel, name), page in sorted(self.pages.items(), key=lambda one: one[0]):
            fields = self.kinds[name].columns
            made.append(
                f'{{"channel":{dumps(channel)},"kind":{dumps(name)},"fields":{dumps(fields)},'
                f'"columns":{by_column(fields, page.rows)},"gone":{dumps(page.gone)},"forget":{dumps(page.forget)}}}'
            )
        return f"[{','.join(made)}]"


def by_column(fields: Sequence[str], rows: list[str]) -> str:
    """Rows as they were stored, laid out by column: like beside like packs a seventh smaller, and sooner than it costs."""
    if not rows:
        return dumps([[] for _ in fields])
    return to_json(list(zip(*_parsed(rows), strict=True))).decode()


def _parsed(rows: list[str]) -> list[list[Any]]:
    found: list[list[Any]] = from_json(f"[{','.join(rows)}]", cache_strings="none")
    return found
