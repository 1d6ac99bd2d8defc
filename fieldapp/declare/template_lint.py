"""Refuses markup that the strict content security policy kills, or worse, lets run unfiltered, and a form that would go astray."""

from __future__ import annotations

import re

from jinja2 import nodes

from fieldapp.declare.template_names import TemplateError

_REFUSED = [
    (r"\sstyle\s*=", "an inline style is not applied", "use a class, or an SVG attribute for a measure"),
    (r"\s(?:data-)?hx-on[:a-z-]*\s*=", "hx-on is not run", "listen in static/page"),
    (r"\son[a-z]+\s*=", "an inline event handler is not run", "listen in static/page"),
    (
        r"hx-trigger\s*=\s*(?:\"[^\"]*\[|'[^']*\[)",
        "a trigger filter [..] fires unfiltered",
        "use an event of its own",
    ),
    (
        r"hx-(?:vals|headers|vars)\s*=\s*[\"']\s*(?:js|javascript):",
        "js: values are not evaluated",
        "write JSON",
    ),
    (r"=\s*[\"']?\s*javascript:", "a javascript: address is not followed", "use a button and static/page"),
    (r"<style\b", "an inline style sheet is not applied", "write it in static/style"),
    (
        r"<script\b(?![^>]*(?:\bsrc\s*=|application/json))",
        "an inline script is not run",
        "write it in static/page",
    ),
    # It comes into a page whose address is still the one before.
    (
        r"<form\b(?![^>]*\saction\s*=)[^>]*>",
        "a form without an action goes astray",
        'write action="{{ url }}"',
    ),
]
_PATTERNS = [(re.compile(pattern, re.IGNORECASE), what, instead) for pattern, what, instead in _REFUSED]


def lint(tree: nodes.Template, file: str) -> None:
    """Raise TemplateError at the first piece of markup that cannot work."""
    for data in tree.find_all(nodes.TemplateData):
        for pattern, what, instead in _PATTERNS:
            found = pattern.search(data.data)
            if found:
                line = data.lineno + data.data.count("\n", 0, found.end())
                raise TemplateError(file, line, f"{what}: {found.group().strip()}", instead)
