"""Script: declared data and compiled functions as JavaScript that is small once packed.

What most entries of a list have in common is written once (`shared`), and texts stand apart, by language (`Texts`): the
phone loads all of this over a bad connection, and a person reads one language.
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
    """Every text that is spoken has a number, in the order in which it is met; each language has a text for each number.

    What the engine itself says (`engine`: its source) keeps its message id.
    """

    def __init__(self, known: Iterable[str], engine: str) -> None:
        self.known = set(known)
        self.apart = {text for text in self.known if _quoted(text) in engine}
        self.places: dict[str, int] = {}

    def place(self, text: str) -> Script:
        """What stands for a text."""
        known = text in self.known and text not in self.apart
        return Script(f'"{self.places.setdefault(text, len(self.places))}"' if known else _text(text))

    def in_code(self, value: Any) -> Any:
        """Declarations whose compiled code has a number for each text."""
        if isinstance(value, Script):
            return Script(_SPOKEN.sub(self._said, value))
        if isinstance(value, Mapping):
            return {key: self.in_code(one) for key, one in value.items()}
        return [self.in_code(one) for one in value] if isinstance(value, list | tuple) else value

    def in_form(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """A form with a number for each label."""
        return {**form, "fields": [self._labelled(one) for one in form["fields"]]}

    def _labelled(self, field: Mapping[str, Any]) -> dict[str, Any]:
        made = {**field, "label": self.place(field["label"])}
        return self.in_form(made) if "fields" in field else made

    def _said(self, found: re.Match[str]) -> str:
        call, one, comma, many = found.groups()
        text = json.loads(one)
        # The forms of a known text stand in each language.
        rest = '""' if text in self.known else many
        place = self.place(text)
        return call + (place.strip('"') if text in self.places else place) + (f",{rest}" if comma else "")

    def catalog(self, texts: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """A language: its texts line by line, in the order of the numbers; what has forms, or is the engine's, by its id."""
        said = {text: texts.get(text, text) for text in (*self.places, *self.apart)}
        if any("\n" in text for text in said.values()):
            raise ValueError("a text of two lines")
        lines = [said[text] if isinstance(said[text], str) else "" for text in self.places]
        forms = {str(at): said[text] for text, at in self.places.items() if not isinstance(said[text], str)}
        return "\n".join(lines), forms | {
            text: said[text] for text in sorted(self.apart) if said[text] != text
        }


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
