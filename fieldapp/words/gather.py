"""Gather: brings both catalogs up to what the sources say.

    python -m fieldapp.words.gather

Texts that no source has any more leave; new ones come in, in English as they stand, in Chinese empty for a person
to translate (a test refuses an empty one). Message ids are English, so the English catalog writes itself.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from fieldapp.declare.words import LOCALES

ROOT = Path(__file__).resolve().parents[2]
WORDS = Path(__file__).parent
# `_l` marks where a text is declared; the others translate where it is shown.
KEYWORDS = {"_l": None, "_": None, "gettext": None, "ngettext": (1, 2)}

# No dates and no names: a catalog changes when its texts do.
HEADER = """msgid ""
msgstr ""
"Language: {locale}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def template() -> Catalog:
    """What the sources say: message ids with the files they stand in, without line numbers."""
    with open(ROOT / "babel.cfg") as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog(charset="utf-8")
    for name, _line, message, comments, context in extract_from_dir(
        str(ROOT), methods, options, keywords=KEYWORDS, directory_filter=_is_source
    ):
        found.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return found


def _is_source(folder: str | Path) -> bool:
    path = Path(folder)
    return path == ROOT or path.relative_to(ROOT).parts[0] in ("fieldapp", "templates")


def po_file(locale: str) -> Path:
    """The catalog of a language."""
    return WORDS / locale / "LC_MESSAGES" / "messages.po"


def catalog(locale: str) -> Catalog:
    """The catalog as it is kept; an empty one if there is none yet."""
    file = po_file(locale)
    if not file.is_file():
        return Catalog(locale=locale)
    with open(file, "rb") as opened:
        return read_po(opened, locale=locale)


def gather() -> dict[str, list[str]]:
    """Write both catalogs; gives by language what still has no translation."""
    sources = template()
    empty: dict[str, list[str]] = {}
    for locale in LOCALES:
        kept = catalog(locale)
        made = Catalog(locale=locale, charset="utf-8")
        for message in sources:
            if not message.id:
                continue
            known = kept.get(message.id)
            text = message.id if locale == "en" else known.string if known else ""
            places = sorted({(name, 0) for name, _ in message.locations})
            made.add(message.id, text, locations=places, flags=message.flags)
            if not (text if isinstance(text, str) else any(text or ())):
                empty.setdefault(locale, []).append(str(message.id))
        po_file(locale).parent.mkdir(parents=True, exist_ok=True)
        with open(po_file(locale), "wb") as opened:
            opened.write(HEADER.format(locale=locale, plurals=made.plural_forms).encode())
            write_po(opened, made, width=110, sort_output=True, include_lineno=False, omit_header=True)
    return empty


if __name__ == "__main__":
    for language, texts in gather().items():
        print(f"{language}: {len(texts)} without translation", *texts, sep="\n  ")
