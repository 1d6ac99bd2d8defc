"""Templates and style: what the strict content policy, thick thumbs and tired eyes forbid is not in them."""

from __future__ import annotations

import gzip
import re
from itertools import product
from pathlib import Path

import pytest

from fieldapp.config import resources

TEMPLATES = sorted((resources() / "templates").rglob("*.html"))
DESK = resources() / "static" / "style" / "desk.css"
STYLES = sorted(path for path in DESK.parent.glob("*.css") if path != DESK)
FORBIDDEN = {
    "an inline style": r"\sstyle\s*=|<style",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "an event attribute": r"\s(on[a-z]+|hx-on[:\w-]*)\s*=",
    "a filter on a trigger": r"hx-trigger=\"[^\"]*\[",
    "an address outside": r"(?:src|href)=\"(?:https?:)?//",
    "a blocked zoom": r"user-scalable|maximum-scale",
}
NAMES = {"--on-brand": "--brand", "--red": "--red-soft", "--blue": "--blue-soft", "--door": "--door-soft"}


def style() -> str:
    return "\n".join(path.read_text() for path in STYLES)


def tokens(selector: str) -> dict[str, str]:
    """The colours of a theme, by token."""
    block = re.search(re.escape(selector) + r" \{(.*?)\}", style(), re.S)
    assert block
    return dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block[1]))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(resources() / "templates")))
def test_a_template_holds_nothing_that_the_content_policy_kills(path: Path) -> None:
    source = path.read_text()
    for what, pattern in FORBIDDEN.items():
        assert not re.search(pattern, source), f"{path.name} holds {what}"
    assert source.startswith("{# "), "a template opens with a sentence on what it is for"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(resources() / "templates")))
def test_every_word_of_a_template_goes_through_gettext(path: Path) -> None:
    source = re.sub(r"\{#.*?#\}|\{%-? *trans.*?endtrans *-?%\}", "", path.read_text(), flags=re.S)
    source = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "\0", source, flags=re.S)
    assert not re.findall(r">[^<>\0]*[A-Za-z\u3400-\u9fff]{2,}[^<>\0]*<", source)
    spoken = re.findall(r'(?:placeholder|title|alt|aria-label)="([^"]*)"', source)
    assert not [text for text in spoken if re.search(r"[A-Za-z\u3400-\u9fff]{2,}", text)]


@pytest.mark.parametrize("selector", [":root", ':root[data-theme="dark"]'])
def test_wang_reads_every_text_in_sun_and_in_the_dark_stairwell(selector: str) -> None:
    colours = tokens(selector)
    pairs = list(
        product(("--ink", "--quiet", "--brand", "--door", "--amber", "--red"), ("--paper", "--card"))
    )
    pairs += [
        *NAMES.items(),
        ("--brand", "--brand-soft"),
        ("--quiet", "--brand-soft"),
        ("--ink", "--brand-soft"),
    ]
    pairs += [("--amber", "--amber-soft"), ("--undo", "--ink"), ("--paper", "--ink")]
    for text, ground in pairs:
        assert contrast(colours[text], colours[ground]) >= 4.5, f"{text} on {ground}"
    for edge, ground in product(("--edge", "--amber", "--door"), ("--paper", "--card")):
        assert contrast(colours[edge], colours[ground]) >= 3, f"{edge} on {ground}"


def test_the_dark_theme_is_the_same_when_chosen_and_when_the_phone_asks_for_it() -> None:
    chosen, asked = tokens(':root[data-theme="dark"]'), tokens(':root:not([data-theme="light"])')
    assert chosen == asked
    assert chosen.keys() == tokens(":root").keys()


def test_the_style_of_a_phone_weighs_less_than_five_kilobytes_and_the_desks_less_than_three() -> None:
    assert len(gzip.compress(style().encode(), 9)) < 5_000
    assert len(gzip.compress(DESK.read_bytes(), 9)) < 3_000
