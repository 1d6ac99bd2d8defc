"""Task: what waits to be done, declared once by its kind: a section of the task list on the phone, rows with a due day at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fieldapp.declare.addition import add
from fieldapp.declare.query import Query
from fieldapp.declare.registry import registry

URL = "/tasks"


@dataclass(frozen=True)
class Task:
    """What `query` finds waits for the person; see `task`."""

    name: str
    label: str
    query: Query
    due: str
    says: str
    url: str
    desk: str
    only: str
    beside: Mapping[str, Query]


def task(
    name: str,
    label: str,
    query: Query,
    *,
    due: str,
    says: str,
    url: str,
    desk: str = "",
    order: int = 50,
    only: str = "true",
    today: int | None = None,
    **beside: Query,
) -> None:
    """Put what a query finds into the task list under the heading `label`, a message id that a template or `_l` holds.

    `due`: the field that says by when, a day or an instant · `says`: a Jinja expression over `entry`, what stands beside its
    address · `url`: where it is done, over the entry's fields: "/hazards/{id}"; `desk`: another one for the supervisor ·
    `only`: a Jinja expression over `entry`, whether it waits · `beside`: more queries, for both expressions ·
    `today`: the order in which the section stands on the page of today as well.
    A kind that can be assigned has a patchable field `assigned`. What is asked of "me.id" is shown to the desk for everybody.
    """
    registry.tasks[name] = Task(name, label, query, due, says, url, desk or url, only, beside)
    registry.made_templates[f"task/{name}.html"] = _section(registry.tasks[name])
    add(URL, "list", f"task/{name}.html", order=order, **{name: query, **beside})
    if today is not None:
        add("/today", "first", f"task/{name}.html", order=today, **{name: query, **beside})


def _section(one: Task) -> str:
    """The phone's section: what fits the page's filters, each by the shared macro."""
    url = one.url.replace("{", "{{ entry.").replace("}", " }}")
    only = "" if one.only == "true" else f" and ({one.only})"
    return (
        '{% from "parts.html" import fits, task %}'
        f"{{% set rows %}}{{% for entry in {one.name} if fits(entry){only} %}}<li>{{% set url %}}{url}{{% endset %}}"
        f"{{{{ task(url, entry, {one.says}, entry.{one.due}) }}}}</li>{{% endfor %}}{{% endset %}}"
        f'{{% if rows|trim %}}<section><h2 class="eyebrow">{{% trans %}}{one.label}{{% endtrans %}}</h2>'
        f'<ul class="list">{{{{ rows }}}}</ul></section>{{% endif %}}\n'
    )
