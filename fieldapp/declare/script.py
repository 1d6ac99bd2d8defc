"""Script: declared data and compiled functions as JavaScript that is small once packed.

What most entries of a list have in common is written once (`shared`), and so is every text that is translated (`Texts`):
the phone loads all of this over a bad connection.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# A translated text in compiled code: `_(c,"Met")`, `N(c,"%(count)s door","%(count)s doors"`.
_SPOKEN = re.compile(r'(?<![\w.$])(_\(c,|N\(c,)("(?:[^"\\]|\\.)*")(?:(,)("(?:[^"\\]|\\.)*"))?')

# How a compiled function is given what it calls; template_level.py writes it.
_GIVEN = re.compile(r"(?<=\()\(\{([\w,]*)\}\)=>")
_MODULES = {"F": "filters.js", "m": "methods.js"}


class Script(str):
    """A piece of JavaScript that stands in the export as it is."""


def script(value: Any) -> str:
    """JavaScript source of plain data with `Script`s in it."""
    if isinstance(value, Script):
        return f"({value})"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(key)}:{script(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(script(one) for one in value) + "]"
    return _text(value)


def modules(code: str, phone: Path) -> tuple[str, str]:
    """Two modules: what is declared, as a function of the letters that its compiled code calls; and its call.

    The second gives it those letters and no filter more, so that the phone loads none that no template uses. Declarations
    stand apart as they are packed best in front of the runtime. `phone`: the runtime's folder.
    """
    used = {letter for given in _GIVEN.findall(code) for letter in given.split(",") if letter}
    plain = sorted(used - _MODULES.keys())
    lines, given = [f'import {{ {", ".join(plain)} }} from "{(phone / "alphabet.js").as_posix()}";'], [*plain]
    for letter in sorted(used & _MODULES.keys()):
        names = sorted(set(re.findall(rf"(?<![\w.$]){letter}\.(\w+)", code)))
        lines.append(f'import * as {letter} from "{(phone / _MODULES[letter]).as_posix()}";')
        given.append(f"{letter}: {{ {', '.join(f'{name}: {letter}.{name}' for name in names)} }}")
    lines.append(f'import {{ createRuntime }} from "{(phone / "runtime.js").as_posix()}";')
    declared = f"export const declare=({{{','.join(sorted(used))}}})=>{{{_GIVEN.sub('()=>', code)}}};\n"
    call = f"self.FIELDAPP_DATA = {{ ...declare({{ {', '.join(given)} }}), ...createRuntime() }};\n"
    return declared, "\n".join(['import { declare } from "./declared.js";', *lines, call])


def _text(value: Any) -> str:
    made = json.dumps(value, ensure_ascii=False)
    return made.replace("</", "<\\/").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def shared(name: str, entries: Iterable[dict[str, Any]]) -> tuple[str, list[Script]]:
    """A function `name` that adds what most of `entries` say, and each entry as a call of it with the rest."""
    entries = list(entries)
    usual = {}
    for key in dict.fromkeys(key for entry in entries for key in entry):
        values = Counter(script(entry[key]) for entry in entries if key in entry)
        value, times = values.most_common(1)[0]
        if times > 1 and values.total() == len(entries):
            usual[key] = Script(value)
    rest = [
        {key: one for key, one in entry.items() if key not in usual or script(one) != usual[key]}
        for entry in entries
    ]
    return f"const {name}=(one)=>({{...{script(usual)},...one}});", [
        Script(f"{name}({script(one)})") for one in rest
    ]


class Texts:
    """Every text that is spoken, once, in the order in which it is met; elsewhere `W[3]` stands for it."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = set(known)
        self.places: dict[str, int] = {}

    def place(self, text: str) -> Script:
        """What stands for a text."""
        return Script(f"W[{self.places.setdefault(text, len(self.places))}]")

    def in_code(self, value: Any) -> Any:
        """Declarations whose compiled code has a place for each text."""
        if isinstance(value, Script):
            return Script(_SPOKEN.sub(self._said, value))
        if isinstance(value, Mapping):
            return {key: self.in_code(one) for key, one in value.items()}
        return [self.in_code(one) for one in value] if isinstance(value, list | tuple) else value

    def in_data(self, value: Any) -> Any:
        """Plain data that is all codes and texts, with a place for each text."""
        if isinstance(value, str):
            return self.place(value) if value in self.known else value
        if isinstance(value, Mapping):
            return {key: self.in_data(one) for key, one in value.items()}
        return [self.in_data(one) for one in value] if isinstance(value, list | tuple) else value

    def _said(self, found: re.Match[str]) -> str:
        call, one, comma, many = found.groups()
        return call + self._literal(one) + (f",{self._literal(many)}" if comma else "")

    def _literal(self, literal: str) -> str:
        return self.place(json.loads(literal)) if json.loads(literal) in self.known else literal

    def catalogs(self, translated: Mapping[str, Mapping[str, Any]]) -> tuple[str, dict[str, Script]]:
        """The texts, and of each language its own beside them, line by line; forms that differ stand apart."""
        for texts in translated.values():
            for text in texts:
                self.place(text)
        if any("\n" in text for text in self.places):
            raise ValueError("a text of two lines")
        spoken = Script(script("\n".join(self.places)))
        begin = (
            f'const W={spoken}.split("\\n");'
            'const catalog=(lines)=>Object.fromEntries(lines.split("\\n").map((text,at)=>[W[at],text]).filter((pair)=>pair[1]));'
        )
        made = {}
        for locale, texts in translated.items():
            lines = "\n".join(
                text if isinstance(text := texts.get(one, ""), str) else "" for one in self.places
            )
            apart = {one: text for one, text in texts.items() if not isinstance(text, str)}
            made[locale] = Script(f"{{...catalog({script(lines.rstrip())}),...{script(apart)}}}")
        return begin, made
