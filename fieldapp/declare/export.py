"""Export: everything declared, as one script of plain data and compiled functions for the phone's engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from jinja2 import Environment, meta

from fieldapp.config import PACKAGE, resources, utc_offset
from fieldapp.declare.addition import loader
from fieldapp.declare.expressions import environment as expression_environment
from fieldapp.declare.record import Record
from fieldapp.declare.registry import registry
from fieldapp.declare.script import Script, Texts, modules, script, shared
from fieldapp.declare.template import compile_all, compile_expression, configure
from fieldapp.declare.words import LOCALES

# The types of field that the engine treats in another way than the rest.
TOLD_APART = ("photos", "boolean")


def build(folder: Path, assets: dict[str, str], later: dict[str, str]) -> str:
    """Write `data.js`, a module to be bundled, and `declared.js`, which it imports, into `folder`, and beside them each
    language but the first. `assets`: name → URL; `later`: of what is fetched in the background.

    Returns the version, a hash of all that is declared. Raises TemplateError, with file and line, for a template that the
    phone could not render.
    """
    begin, data, beside = collect(assets, later)
    data["version"] = hashlib.sha256((begin + script(data)).encode()).hexdigest()[:12]
    declared, entry = modules(f"{begin}return{script(data)}", resources() / "static" / "phone")
    (folder / "declared.js").write_text(declared, encoding="utf-8")
    (folder / "data.js").write_text(entry, encoding="utf-8")
    for name, text in beside.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(data["version"])


def collect(assets: dict[str, str], later: dict[str, str]) -> tuple[str, dict[str, Any], dict[str, str]]:
    """The statements that stand before the export, the export as a dict, expressions and templates being `Script`s, and
    files beside it: name → content."""
    environment = template_environment({**assets, **later})
    screens = [_screen(one) for one in registry.screens.values()]
    # The short ones together, which are alike: packing looks back 32 kB and no further.
    compiled = sorted(
        compile_all(environment, template_names(environment)).items(), key=lambda one: len(one[1])
    )
    declared: dict[str, Any] = {
        "forms": {name: form.export() for name, form in registry.forms.items()},
        "screens": screens,
        "kinds": {name: _kind(record) for name, record in registry.records.items() if record.channels()},
        "templates": {name: Script(code) for name, code in compiled},
    }
    asked = script(declared)
    declared["words"] = {
        name: dict(words) for name, words in registry.words.items() if json.dumps(name) in asked
    }
    translated = catalogs(script(declared) + engine_source())
    texts = Texts((text for known in translated.values() for text in known), engine_source())
    declared |= {
        "forms": {name: texts.in_form(form) for name, form in declared["forms"].items()},
        "words": {
            name: {code: texts.place(text) for code, text in words.items()}
            for name, words in declared["words"].items()
        },
        **{name: texts.in_code(declared[name]) for name in ("screens", "kinds", "templates")},
    }
    share_query, queries = shared("query", [query for screen in screens for query in screen["queries"]])
    for screen in declared["screens"]:
        screen["queries"], queries = queries[: len(screen["queries"])], queries[len(screen["queries"]) :]
    share_screen, declared["screens"] = shared("screen", declared["screens"])
    share_kind, kinds = shared("kind", declared["kinds"].values())
    declared["kinds"] = dict(zip(declared["kinds"], kinds, strict=True))
    first, *others = (texts.catalog(translated[locale]) for locale in LOCALES)
    beside = {
        locale: json.dumps(one, ensure_ascii=False, separators=(",", ":"))
        for locale, one in zip(LOCALES[1:], others, strict=True)
    }
    names = {
        locale: f"{locale}-{hashlib.sha256(text.encode()).hexdigest()[:10]}.json"
        for locale, text in beside.items()
    }
    languages = {locale: f"/static/build/{name}" for locale, name in names.items()}
    data = {
        "version": "",
        "assets": sorted(assets.values()),
        "later": [*languages.values(), *later.values()],
        "languages": languages,
        "utcOffset": utc_offset(),
        "catalog": Script("catalog"),
        "catalogs": {LOCALES[0]: Script(f"catalog({script(first[0])},{script(first[1])})")},
        **declared,
    }
    begin = 'const catalog=(lines,apart)=>({...lines.split("\\n"),...apart});'
    return (
        begin + share_query + share_screen + share_kind,
        data,
        {names[locale]: text for locale, text in beside.items()},
    )


def template_environment(assets: dict[str, str]) -> Environment:
    """The templates as the compiler reads them; `asset(name)` becomes its URL at build time."""
    made = Environment(loader=loader())
    configure(made, utc_offset=utc_offset(), words=lambda: registry.words)
    made.globals["asset"] = assets.__getitem__
    return made


def template_names(environment: Environment) -> list[str]:
    """The templates of all screens, and what those extend, include or import."""
    wanted = sorted({one.template for one in registry.screens.values()} | {"errors.html", "offline.html"})
    found: list[str] = []
    while wanted:
        name = wanted.pop(0)
        if name in found:
            continue
        found.append(name)
        assert environment.loader is not None
        source = environment.loader.get_source(environment, name)[0]
        wanted += [other for other in meta.find_referenced_templates(environment.parse(source)) if other]
    return sorted(found)


def _kind(record: type[Record]) -> dict[str, Any]:
    expressions = expression_environment()
    own = record.own_fields()
    return {
        "fields": {
            name: field.default() if callable(field.default) else field.default for name, field in own.items()
        },
        "formVersion": record.form_version,
        "types": {name: field.wire for name, field in own.items() if field.wire in TOLD_APART},
        "parent": record.parent,
        **(
            {"parentKind": record.parent_kind()}
            if record.parent and record.parent_kind() != record.parent
            else {}
        ),
        "inherits": list(record.inherits()),
        "channel": list(record.channels()),
        "headBy": record.head_by,
        "windowDays": record.window_days,
        "keys": keys(record),
        **({"digests": record.digests()} if record.digests() else {}),
        "search": list(record.search),
        "effects": [
            {
                "target": made.target,
                "fields": {
                    name: Script(compile_expression(expressions, source))
                    for name, source in made.fields.items()
                },
            }
            for made in record.effects
        ],
        "derived": {
            name: Script(compile_expression(expressions, source)) for name, source in record.derived.items()
        },
    }


def keys(record: type[Record]) -> list[list[str]]:
    """The index keys of a kind: what every screen's query reads it by, shortest first."""
    wanted: list[list[str]] = []
    for screen in registry.screens.values():
        for query in screen.queries.values():
            key = query.key()
            if query.record is record and key is not None and query.word != "search" and key not in wanted:
                wanted.append(key)
    for other in registry.records.values():
        for made in other.effects:
            if other is record and [made.target] not in wanted:
                wanted.append([made.target])
    return sorted(wanted, key=lambda key: (len(key), key))


def _screen(screen: Any) -> dict[str, Any]:
    made: dict[str, Any] = screen.export()
    environment = expression_environment()
    made["says"] = Script(compile_expression(environment, screen.says)) if screen.says else None
    made["refuses"] = {
        name: Script(compile_expression(environment, why)) for name, why in screen.refuses.items()
    }
    return made


def engine_source() -> str:
    """The engine's own modules, which say a few texts too."""
    return "".join(
        file.read_text(encoding="utf-8") for file in sorted((resources() / "static" / "phone").glob("*.js"))
    )


def catalogs(spoken: str) -> dict[str, dict[str, Any]]:
    """Message id → text (or plural forms) by language, of the messages that `spoken`, the phone's sources, says.

    What only the server's own pages say stays there.
    """
    found = {}
    for locale in LOCALES:
        with open(PACKAGE / "words" / locale / "LC_MESSAGES" / "messages.po", "rb") as file:
            messages = _messages(read_po(file))
            found[locale] = {
                id: text for id, text in messages if json.dumps(id, ensure_ascii=False) in spoken
            }
    return found


def _messages(catalog: Iterable[Any]) -> Iterable[tuple[str, Any]]:
    for message in catalog:
        if not message.id or not message.string:
            continue
        if isinstance(message.id, tuple):
            yield message.id[0], message.string[0] if len(message.string) == 1 else list(message.string)
        else:
            yield message.id, message.string
