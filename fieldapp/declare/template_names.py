"""What the names of a template stand for while it is compiled: scopes, macros and imported files, and refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field


class TemplateError(Exception):
    """A template says what the phone cannot: file, line, what it is, and what to write instead."""

    def __init__(self, file: str, line: int, what: str, instead: str = "") -> None:
        super().__init__(f"{file}:{line}: {what}" + (f"; {instead}" if instead else ""))
        self.file, self.line, self.what, self.instead = file, line, what, instead


# Words that JavaScript keeps; names of one letter are the compiled code's own.
_KEPT = """
    arguments await async break case catch class const continue debugger default delete do else enum eval export
    extends false finally for function if implements import in instanceof interface let new null package private
    protected public return static super switch this throw true try typeof undefined var void while with yield
    NaN Infinity String Number Object Array Map Math Error JSON
"""
_TAKEN = frozenset(_KEPT.split())
# Every JavaScript object has these: as names of fields they would be found where nothing was stored.
_OBJECT_NAMES = frozenset(
    (
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
    )
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def js_text(text: str) -> str:
    """A JavaScript string literal."""
    double = json.dumps(text, ensure_ascii=False)
    if '\\"' in double and "'" not in text:
        return "'" + double[1:-1].replace('\\"', '"') + "'"
    return double


def js_template(text: str) -> str:
    """`text` as it stands between the backticks of a JavaScript template literal."""
    escaped = text.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")
    return escaped.replace("\r", "\\r")


@dataclass(frozen=True)
class Macro:
    """A macro's shape: parameter names, which have defaults, and whether it calls its caller."""

    name: str
    params: tuple[str, ...]
    optional: frozenset[str]
    calls_back: bool


@dataclass(frozen=True)
class Module:
    """An imported file: its macros, and the names that it sets."""

    name: str
    macros: dict[str, Macro]
    values: frozenset[str]


Fact = Macro | Module


@dataclass
class Scope:
    """The variables of one level; a function's outermost scope also holds its temporaries."""

    parent: Scope | None = None
    js: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    temporaries: list[str] | None = None

    def find(self, name: str) -> str | None:
        """The JavaScript variable of a Jinja name, None when it belongs to the context."""
        return self.js.get(name) or (self.parent.find(name) if self.parent else None)

    def fact(self, name: str) -> Fact | None:
        """What is known of a local name."""
        if name in self.js:
            return self.facts.get(name)
        return self.parent.fact(name) if self.parent else None

    def visible(self) -> Iterator[tuple[str, str]]:
        """Jinja name and JavaScript variable of every local, inner first."""
        yield from self.js.items()
        if self.parent:
            yield from ((name, js) for name, js in self.parent.visible() if name not in self.js)

    def _taken(self) -> set[str]:
        mine = set(self.js.values()) | set(self.temporaries or ())
        return mine | (self.parent._taken() if self.parent else set())

    def fresh(self, base: str) -> str:
        """A JavaScript variable that shadows nothing visible here (a shadowed name could not be read on its way in)."""
        taken, number, made = self._taken(), 0, base
        while made in taken or made in _TAKEN or len(made) == 1:
            number += 1
            made = f"{base}{number}"
        return made

    def declare(self, name: str, fact: Fact | None = None) -> str:
        """A new variable for `name` at this level."""
        made = self.fresh(name if _WORD.match(name) else "v")
        self.js[name] = made
        if fact:
            self.facts[name] = fact
        return made

    def hold(self, base: str) -> str:
        """A new variable that has no Jinja name."""
        made = self.fresh(base)
        self.js[f"\0{made}"] = made
        return made

    def temporary(self, shared: bool = False) -> str:
        """A `let` of the function that this scope is in."""
        if self.temporaries is None:
            assert self.parent is not None
            return self.parent.temporary(shared)
        made = "$" if shared else f"${len(self.temporaries) + 1}"
        if made not in self.temporaries:
            self.temporaries.append(made)
        return made


def refuse_object_name(name: str, file: str, line: int) -> None:
    """Names that every JavaScript object answers to are no names for fields or variables."""
    if name in _OBJECT_NAMES or name.startswith("__"):
        raise TemplateError(file, line, f"{name!r} is no name for a field", "rename it")
