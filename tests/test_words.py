"""Words: every text a person reads stands in both catalogs, is translated, and keeps its placeholders."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Catalog, Message

from fieldapp.declare.registry import registry
from fieldapp.declare.words import LOCALES
from fieldapp.features import declare_all
from fieldapp.words.gather import catalog, template

PLACEHOLDER = re.compile(r"%\((\w+)\)[ds]")
HAN = re.compile(r"[\u3400-\u9fff]")
# Texts that are the same in Chinese.
SAME = {"English", "%(name)s · %(role)s · %(community)s"}


@pytest.fixture(scope="module")
def sources() -> Catalog:
    return template()


def texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or [""])


def ids(found: Catalog) -> set[str]:
    return {str(message.id) for message in found if message.id}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalog_holds_exactly_what_the_sources_say(locale: str, sources: Catalog) -> None:
    missing, left_over = ids(sources) - ids(catalog(locale)), ids(catalog(locale)) - ids(sources)
    assert not missing and not left_over, (
        "run `python -m fieldapp.words.gather`, then translate what is empty"
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_no_text_is_left_without_a_translation(locale: str) -> None:
    found = [message for message in catalog(locale) if message.id]
    assert found
    assert not [message.id for message in found if message.fuzzy or not all(texts(message))]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_fills_in_what_its_text_names(locale: str) -> None:
    for message in catalog(locale):
        if message.id:
            first = message.id if isinstance(message.id, str) else message.id[0]
            for text in texts(message):
                assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(first)), first


def test_li_reads_chinese_on_every_screen() -> None:
    for message in catalog("zh_Hans_CN"):
        if message.id and message.id not in SAME:
            assert all(HAN.search(text) for text in texts(message)), f"{message.id}: {message.string}"


def test_an_english_text_is_its_own_translation() -> None:
    for message in catalog("en"):
        if message.id:
            assert texts(message) == ([message.id] if isinstance(message.id, str) else list(message.id))


def test_the_words_of_the_field_are_the_ones_workers_use() -> None:
    """DOMAIN words that a screen must not say differently."""
    said = {str(message.id): message.string for message in catalog("zh_Hans_CN")}
    asked = ("Met", "No answer", "Refused", "On this phone", "Received", "Door visit")
    assert [said[one] for one in asked] == ["见到人", "无人应答", "拒访", "已存本机", "已同步", "入户走访"]


def test_what_a_screen_says_of_a_save_is_translated() -> None:
    declare_all()
    spoken = [
        text
        for screen in registry.screens.values()
        for expression in (screen.says, *screen.refuses.values())
        for text in re.findall(r"_\('([^']*)'", expression or "")
    ]
    assert len(spoken) > 10
    assert set(spoken) <= ids(catalog("zh_Hans_CN"))
