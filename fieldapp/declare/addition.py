"""Addition: what one kind of field work puts on the screen of another folder: records, and templates in named places.

A screen's template opens a place with `{% include "added/<screen>/<place>.html" %}`, a template that no file holds: it is put
together from what was added there. The place `timeline` is one list: what each addition's query found, newest first, each
record shown by its own kind's template, which finds it as `entry`; `added/<screen>/timeline_ids.html` says their ids.
"""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, FunctionLoader

from fieldapp.config import resources
from fieldapp.declare.query import Query
from fieldapp.declare.registry import registry

FOLDER = "added/"
TIMELINE = "timeline"


@dataclass(frozen=True)
class Addition:
    """A template in a place of the screen at `pattern`, and the queries that it needs beside the screen's own."""

    pattern: str
    place: str
    template: str
    queries: dict[str, Query]
    order: int


def add(pattern: str, place: str, template: str, *, order: int = 50, **queries: Query) -> None:
    """Put a template in a place of another screen; the lower `order` comes first. A timeline takes one query."""
    if place == TIMELINE and len(queries) != 1:
        raise ValueError(f"{template}: a timeline shows what one query finds")
    registry.additions.append(Addition(pattern, place, template, queries, order))


def join() -> None:
    """Give each screen the queries of what was added to it, after its own; called when everything is declared."""
    for made in registry.additions:
        for screen in registry.screens.values():
            if screen.pattern != made.pattern:
                continue
            for name, query in made.queries.items():
                if screen.queries.setdefault(name, query) is not query:
                    raise ValueError(f"{made.template}: {made.pattern} has a query {name} already")
            break
        else:
            raise ValueError(f"{made.template}: there is no screen {made.pattern}")


def loader() -> BaseLoader:
    """Where templates come from: the files, and the places that are put together."""
    return ChoiceLoader([FileSystemLoader(resources() / "templates"), FunctionLoader(_source)])


def _source(name: str) -> str | None:
    if not name.startswith(FOLDER):
        return registry.made_templates.get(name)
    screen, _, place = name.removeprefix(FOLDER).removesuffix(".html").partition("/")
    pattern = registry.screens[screen].pattern if screen in registry.screens else None
    here = [
        one for one in registry.additions if (one.pattern, one.place) == (pattern, place.removesuffix("_ids"))
    ]
    here.sort(key=lambda one: (one.order, one.template))
    if place == TIMELINE:
        return _timeline(here)
    return _ids(here) if place == f"{TIMELINE}_ids" else "".join(map(_include, here))


def _include(one: Addition) -> str:
    return f'{{% include "{one.template}" %}}\n'


def _found(here: list[Addition]) -> str:
    return " + ".join(name for one in here for name in one.queries) or "[]"


def _ids(here: list[Addition]) -> str:
    return f'{{{{ ({_found(here)})|map(attribute="id")|join(" ") }}}}\n'


def _timeline(here: list[Addition]) -> str:
    shown = ""
    for one in here:
        (query,) = one.queries.values()
        shown += f'{{% {"elif" if shown else "if"} entry._kind == "{query.record.kind}" %}}{_include(one)}'
    listed = f'({_found(here)})|sort(attribute="device_time", reverse=true)'
    return f"{{% for entry in {listed} %}}{shown}{{% endif %}}{{% endfor %}}\n" if shown else ""
