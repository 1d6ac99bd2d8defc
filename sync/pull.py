"""Pull: a bounded page of changes for each channel that a person holds, from text that was made when it was written.

A channel is read in three phases. Its baseline: `head` (every record, of history kinds only the newest of each key;
parents before children), then `tail` (the older history, newest first, in the background). Forward: what changed
after `at`. All that one answer says is read in one snapshot.  # P4 P10 P15
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, chain
from operator import itemgetter
from typing import Any, Final

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


# One row of the feed, in the order of the columns; `record` is left empty where `row` begins with it.
Change = tuple[str, str, str, int, bool, str | None]
SEQ: Final = 3


@dataclass
class Page:
    """Changes of one kind in one channel."""

    rows: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    forget: list[str] = field(default_factory=list)
    read: list[list[Any]] = field(default_factory=list)

    def cells(self) -> list[list[Any]]:
        """The values of its rows; each row is read once."""
        if len(self.read) < len(self.rows):
            self.read += from_json(f"[{','.join(self.rows[len(self.read) :])}]", cache_strings="none")
        return self.read


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
        found: list[Change] = self.db.execute_sql(" UNION ALL ".join(arms), parameters).fetchall()
        found.sort(key=itemgetter(SEQ))
        taken = self._take(found)
        done = len(taken) == len(found)
        for channel in behind:
            held[channel].at = self.seq if done else max(held[channel].at, taken[-1][SEQ] if taken else 0)
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
            cursor.head = level * LEVEL + taken[-1][SEQ]
        return done

    def _newest(self, channel: str, kinds: Sequence[Kind], after: int, until: int) -> list[Change]:
        """Living records of these kinds, in the order of the feed; of a history kind only the newest of each key.

        All of them in one question: asked kind by kind, a database would read the channel anew for each.
        """
        mark = self.db.param
        of_kinds, names = rows.within(self.db, '"kind"', [kind.name for kind in kinds])
        conditions = [
            # Where there is none of them, a look at the key spares the way through the whole channel.
            f'EXISTS (SELECT 1 FROM "sync_feed" WHERE "channel" = {mark} AND {of_kinds})',
            f'"channel" = {mark}',
            of_kinds,
            f'"seq" > {mark}',
            f'"seq" <= {mark}',
            '"row" IS NOT NULL',
        ]
        parameters: list[Any] = [channel, *names, channel, *names, after, until]
        windows, more = self._windows(kinds)
        conditions += windows
        if any(kind.head_by for kind in kinds):
            conditions.append(
                '("head_key" IS NULL OR NOT EXISTS (SELECT 1 FROM "sync_feed" AS g WHERE g."channel" = f."channel" AND '
                'g."kind" = f."kind" AND g."head_key" = f."head_key" AND g."seq" > f."seq" AND g."row" IS NOT NULL))'
            )
        sql = (
            f'SELECT "kind", "seq", "row" FROM "sync_feed" AS f WHERE {" AND ".join(conditions)} '
            f'ORDER BY "seq" LIMIT {self.left + 1}'
        )
        found = self.db.execute_sql(sql, [*parameters, *more]).fetchall()
        return [(channel, kind, "", seq, False, row) for kind, seq, row in found]

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
            cursor.tail = None if len(taken) == len(found) else taken[-1][SEQ] if taken else cursor.tail

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
            f'SELECT "kind", "seq", "row" FROM "sync_feed" AS f WHERE {" AND ".join([*conditions, *windows])} '
            f'ORDER BY "seq" DESC LIMIT {self.left + 1}'
        )
        found = self.db.execute_sql(sql, [*parameters, *more]).fetchall()
        return [(channel, kind, "", seq, False, row) for kind, seq, row in found]

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

    def _take(self, found: list[Change]) -> list[Change]:
        """As many of the changes as this answer has room for, put into their pages.  # P10

        A record that moved has one number in two channels: a cut between them would lose the second one.
        """
        sizes = list(accumulate(len(change[-1] or change[2]) for change in found))
        room = min(self.left, bisect_right(sizes, self.bytes))
        if not room and found and self.left == PAGE_ROWS:
            room = 1  # one that is larger than an answer travels alone
        while 0 < room < len(found) and found[room][SEQ] == found[room - 1][SEQ]:
            room += 1
        self.left = max(0, self.left - room)
        self.bytes -= sizes[room - 1] if room else 0
        self._put(found[:room])
        return found[:room]

    def _put(self, changes: Iterable[Change]) -> None:
        """Into their pages."""
        pages: dict[tuple[str, str], Page] = {}
        for channel, kind, record, _, gone, row in changes:
            if kind not in self.kinds:
                continue
            page = pages.get((channel, kind))
            if page is None:
                key = self.levels[kind], channel, kind
                page = pages[channel, kind] = self.pages.setdefault(key, Page())
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
        asked: set[tuple[str, str]] = set()
        looked: Counter[tuple[int, str, str]] = Counter()
        while wanted := self._parents(looked) - asked:
            asked |= wanted
            for kind in {kind for kind, _ in wanted}:
                ids = sorted(id for of, id in wanted if of == kind)
                self._put(self._now(kind, ids, after, sorted(held)))

    def _parents(self, looked: Counter[tuple[int, str, str]]) -> set[tuple[str, str]]:
        """The parents, kind and id, of rows that were not `looked` at before, as far as this answer does not bring them."""
        wanted: set[tuple[str, str]] = set()
        for key, page in self.pages.items():
            kind = self.kinds[key[2]]
            if not (kind.parent and kind.parent_kind):
                continue
            above, place = kind.parent_kind, kind.columns.index(kind.parent)
            wanted |= {(above, child[place]) for child in page.cells()[looked[key] :]}
            looked[key] = len(page.rows)
        above_any = {above for above, _ in wanted}
        # Rows only: what moved is not here because a marker says that it went.
        brought = ((name, page.cells()) for (_, _, name), page in self.pages.items() if name in above_any)
        return wanted - {(name, row[0]) for name, found in brought for row in found}

    def _now(self, kind: str, ids: list[str], after: int, channels: list[str]) -> list[Change]:
        mark = self.db.param
        in_channels, parameters = rows.within(self.db, '"channel"', channels)
        in_ids, more = rows.within(self.db, '"record"', ids)
        sql = (
            f'SELECT {_COLUMNS} FROM "sync_feed" WHERE {in_channels} AND "kind" = {mark} AND {in_ids} '
            f'AND "seq" > {mark} AND "row" IS NOT NULL'
        )
        found: list[Change] = self.db.execute_sql(sql, [*parameters, kind, *more, after]).fetchall()
        return found

    def _text(self) -> str:
        """The pages as JSON, parents first."""
        made = []
        for (_, channel, name), page in sorted(self.pages.items(), key=lambda one: one[0]):
            fields = self.kinds[name].columns
            made.append(
                f'{{"channel":{dumps(channel)},"kind":{dumps(name)},"fields":{dumps(fields)},'
                f'"columns":{by_column(fields, page.cells())},"gone":{dumps(page.gone)},"forget":{dumps(page.forget)}}}'
            )
        return f"[{','.join(made)}]"


def by_column(fields: Sequence[str], cells: list[list[Any]]) -> str:
    """Rows laid out by column: like beside like packs a seventh smaller, and sooner than it costs."""
    flat, width = list(chain.from_iterable(cells)), len(fields)
    if len(flat) != width * len(cells):
        raise ValueError("a row has other fields than its kind")
    return to_json([flat[at::width] for at in range(width)]).decode()
