"""Registry: everything declared so far, in the order of declaration; read by Flask, by sync and by the export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fieldapp.declare.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fieldapp.declare.addition import Addition
    from fieldapp.declare.form import FieldForm
    from fieldapp.declare.record import Record
    from fieldapp.declare.screen import Screen
    from fieldapp.declare.task import Task


@dataclass(frozen=True)
class DeskPart:
    """What a kind shows on a page of the desk that is another folder's: a template and what it is shown with."""

    url: str
    template: str
    context: Callable[..., dict[str, Any]]
    order: int


@dataclass(frozen=True)
class LogLine:
    """How records of a kind stand in the daily log.

    `label`: what is counted · `on`: the field that says on which day, an instant or a day · `by`: a choice counted apart ·
    `says`: a Jinja expression over `this`, what stands beside the address.
    """

    kind: str
    label: str
    on: str = "device_time"
    by: str | None = None
    says: str = ""


@dataclass(frozen=True)
class Flagging:
    """What of the records that were taken a supervisor should look at all the same.

    `cause`, `why`: a word and a sentence for it · `kind`: of the records · `find`: of the operations on them that nobody
    decided on, those of each case · `title`: what a case is called, in the reader's language.
    """

    reason: str
    cause: str
    why: str
    kind: str
    find: Callable[[Sequence[Any]], Iterable[list[Any]]]
    title: Callable[[Sequence[Any]], str]


class Registry:
    """Records, forms, screens and words by name, and what is added to screens."""

    def __init__(self) -> None:
        self.records: dict[str, type[Record]] = {}
        self.forms: dict[str, type[FieldForm]] = {}
        self.screens: dict[str, Screen] = {}
        self.additions: list[Addition] = []
        self.desk_pages: list[tuple[int, str, str]] = []
        self.desk_parts: dict[tuple[str, str], DeskPart] = {}
        self.tasks: dict[str, Task] = {}
        self.made_templates: dict[str, str] = {}
        self.log_lines: list[LogLine] = []
        self.flaggings: dict[str, Flagging] = {}
        self.lists: dict[str, Mapping[str, str]] = {}
        self._words: Words | None = None  # as they were gathered last; none since something was declared

    def add_words(self, name: str, words: Mapping[str, str]) -> None:
        """Register a list of words that is no record's field: code → message id."""
        self.lists[name] = words
        self._words = None

    def add_record(self, record: type[Record]) -> None:
        """Register a kind; it is declared once."""
        known = self.records.get(record.kind)
        if known is not None and known.__qualname__ != record.__qualname__:
            raise ValueError(f"kind {record.kind} is declared twice")
        self.records[record.kind] = record
        self._words = None

    @property
    def words(self) -> Words:
        """All lists of words: `visit.outcome` → code → message id."""
        if self._words is None:
            self._words = self._gathered()
        return self._words

    def _gathered(self) -> Words:
        words = Words()
        words.declare(
            "sync.kind", {name: record.noun for name, record in self.records.items() if record.channels()}
        )
        for name, declared in self.lists.items():
            words.declare(name, declared)
        for record in self.records.values():
            for name, field in record._meta.fields.items():
                if getattr(field, "words", None):
                    words.declare(f"{record.kind}.{name}", field.words)
        return words

    def add_form(self, form: type[FieldForm]) -> None:
        """Register a form under its name."""
        self.forms[form.name] = form

    def add_desk_page(self, url: str, label: str, order: int = 50) -> None:
        """Put a page of the supervisor's desk into its navigation; `label` is a message id."""
        if all(url != known for _, known, _ in self.desk_pages):
            self.desk_pages = sorted([*self.desk_pages, (order, url, label)])

    def add_desk_part(
        self, url: str, template: str, context: Callable[..., dict[str, Any]], order: int = 50
    ) -> None:
        """Put a part on a page of the desk; what `context(me, moment, grid)` gives, the template finds as `part`."""
        self.desk_parts[url, template] = DeskPart(url, template, context, order)

    def parts_of(self, url: str) -> list[DeskPart]:
        """What was put on a page of the desk, in order."""
        found = [one for one in self.desk_parts.values() if one.url == url]
        return sorted(found, key=lambda one: (one.order, one.template))

    def add_log_line(self, kind: str, label: str, **how: Any) -> None:
        """Say how a kind stands in the daily log, as in `LogLine`; append-only kinds stand there by their noun without it."""
        line = LogLine(kind, label, **how)
        if line not in self.log_lines:
            self.log_lines.append(line)

    def add_flagging(self, flagging: Flagging) -> None:
        """Put a cause of a kind's own into the supervisor's review."""
        self.flaggings[flagging.reason] = flagging

    def add_screen(self, screen: Screen) -> None:
        """Register a screen; its name and its pattern are its own."""
        for other in self.screens.values():
            if other.pattern == screen.pattern or other.name == screen.name:
                raise ValueError(f"screen {screen.name} at {screen.pattern} is declared twice")
        self.screens[screen.name] = screen


registry = Registry()
