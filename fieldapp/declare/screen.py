"""Screen: a URL, the records it needs and a template; a record screen also has a form and says what a save makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fieldapp.declare.query import Query
from fieldapp.declare.record import Record
from fieldapp.declare.registry import registry

if TYPE_CHECKING:
    from fieldapp.declare.form import FieldForm

PARAMETER = re.compile(r"<(\w+)>")


@dataclass(frozen=True)
class Save:
    """One operation that a valid form makes: create a record, or patch fields of a loaded one that changed."""

    verb: str
    record: type[Record]
    target: str | None = None
    fields: tuple[str, ...] = ()
    sets: Mapping[str, str] = field(default_factory=dict)
    each: str | None = None
    key: str | None = None
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def create(
    record: type[Record],
    *,
    under: str | None = None,
    sets: Mapping[str, str] | None = None,
    each: str | None = None,
    key: str | None = None,
    when: Mapping[str, tuple[str, ...]] | None = None,
) -> Save:
    """Create a record from the form's fields; its parent is the loaded record `under` (default: its parent's name).

    `sets`: field → name in scope, as in a query ("household.address"; a record stands for its id); a record that the same
    save made before goes by its kind. `each`: one record for every row of that `rows` field for which `when` holds, from
    the row's parts; the row's own key goes into the field `key`.
    """
    return Save("create", record, under or record.parent, (), sets or {}, each, key, when or {})


def patch(record: type[Record], target: str, fields: tuple[str, ...]) -> Save:
    """Patch those of `fields` whose value differs from the loaded record `target`; no difference, no operation."""
    return Save("patch", record, target=target, fields=fields)


@dataclass(frozen=True)
class Screen:
    """A field URL; answered by Flask and by the phone alike."""

    name: str
    pattern: str
    template: str
    queries: dict[str, Query] = field(default_factory=dict)
    for_roles: tuple[str, ...] | None = None
    args: tuple[str, ...] = ()
    tab: str | None = None
    needs: tuple[str, ...] = ()
    form: type[FieldForm] | None = None
    saves: tuple[Save, ...] = ()
    then: str | None = None
    says: str | None = None
    refuses: Mapping[str, str] = field(default_factory=dict)

    def parameters(self) -> list[str]:
        """The names of the URL's parameters."""
        return PARAMETER.findall(self.pattern)

    def export(self) -> dict[str, Any]:
        """The screen as the phone reads it (without `says`, a compiled expression that the export adds)."""
        return {
            "name": self.name,
            "pattern": self.pattern,
            "template": self.template,
            "roles": list(self.for_roles) if self.for_roles else None,
            "args": list(self.args),
            "tab": self.tab,
            "needs": list(self.needs),
            "queries": [query.export(name) for name, query in self.queries.items()],
            "form": self.form.name if self.form else None,
            "saves": [
                {
                    "verb": save.verb,
                    "kind": save.record.kind,
                    "target": save.target,
                    "fields": list(save.fields),
                    "sets": dict(save.sets),
                    "each": save.each,
                    "key": save.key,
                    "when": {name: list(values) for name, values in save.when.items()},
                }
                for save in self.saves
            ],
            "then": self.then,
        }


def screen(
    pattern: str,
    template: str,
    *,
    name: str | None = None,
    for_roles: tuple[str, ...] | None = None,
    args: tuple[str, ...] = (),
    tab: str | None = None,
    needs: tuple[str, ...] = (),
    **queries: Query,
) -> Screen:
    """Declare a screen that shows records; `queries` run in the order given."""
    made = Screen(name or _name(template), pattern, template, queries, for_roles, args, tab, needs)
    registry.add_screen(made)
    return made


def record_screen(
    pattern: str,
    template: str,
    form: type[FieldForm],
    *,
    saves: tuple[Save, ...],
    then: str,
    says: str,
    name: str | None = None,
    for_roles: tuple[str, ...] | None = None,
    args: tuple[str, ...] = (),
    tab: str | None = None,
    refuses: Mapping[str, str] | None = None,
    **queries: Query,
) -> Screen:
    """Declare a screen with a form: GET shows it, a valid POST makes `saves` as one group and goes on to `then`.

    `then` is filled from URL parameters, loaded records and the form: "/units/{household.stair_unit}"; `{saved}` is the id
    of the first record that was created. `says` is a Jinja expression for the line that tells what was saved, over the same
    names. `refuses`: field → Jinja expression over these names; a text that it gives is what stands in the way of a save
    that is otherwise well-formed.
    """
    for save in saves:
        if save.target and save.target not in queries:
            raise ValueError(f"{pattern}: {save.verb} {save.record.kind} needs a query named {save.target}")
    made = Screen(
        name or _name(template),
        pattern,
        template,
        queries,
        for_roles,
        args,
        tab,
        (),
        form,
        saves,
        then,
        says,
        refuses or {},
    )
    registry.add_screen(made)
    return made


def _name(template: str) -> str:
    return template.removesuffix(".html").replace("/", ".")
