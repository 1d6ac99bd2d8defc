"""Trim: a template that asks htmx for what was left out of it ends the build, in words; so does another htmx."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fieldapp.build import node_command
from fieldapp.trim import trimmed
from tests.server import ROOT

HTMX = ROOT / "node_modules" / "htmx.org" / "dist" / "htmx.js"
SCRIPTS = sorted((ROOT / "static" / "page").glob("*.js"))


@pytest.mark.parametrize(
    "said",
    [
        'hx-on:click="alert()"',
        'data-hx-get="/x"',
        'hx-target="unset"',
        'hx-vals="{}"',
        'hx-request="{}"',
        'hx-get="/x"',
        'hx-get="/x" hx-trigger="click"',
        'hx-trigger="click[ctrlKey]"',
        'hx-trigger="revealed"',
        'hx-trigger="change from:#x"',
        'hx-trigger="every 3"',
        'hx-trigger="input delay:1m"',
        'hx-target="closest form"',
        'hx-include="this"',
        'hx-swap="beforeend"',
        'hx-swap="innerHTML show:bottom"',
        'hx-swap="outerHTML swap:1s"',
        'hx-swap="innerHTML show:none scroll:top"',
        'hx-replace-url="/there"',
        'hx-push-url="true"',
        'hx-params="*"',
        'hx-ext="sse"',
        'hx-swap-oob="true"',
        'hx-select-oob="#x"',
        "hx-preserve",
        'hx-disabled-elt="this"',
        'hx-indicator="#x"',
        'hx-post="/x"',
        'formmethod="get"',
        'hx-confirm="Sure?"',
    ],
)
def test_a_template_that_asks_for_what_is_left_out_is_named(tmp_path: Path, said: str) -> None:
    template = tmp_path / "new.html"
    template.write_text(f"<form {said}></form>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"new\.html: .* is left out of htmx by fieldapp/trim\.py"):
        trimmed(HTMX.read_text(encoding="utf-8"), [template], SCRIPTS)


def test_an_element_of_htmx_is_left_out_as_well(tmp_path: Path) -> None:
    template = tmp_path / "new.html"
    template.write_text("<hx-partial></hx-partial>", encoding="utf-8")
    with pytest.raises(ValueError, match="<hx-"):
        trimmed(HTMX.read_text(encoding="utf-8"), [template], SCRIPTS)


def test_a_script_that_calls_what_is_left_out_is_told(tmp_path: Path) -> None:
    script = tmp_path / "new.js"
    script.write_text("htmx.ajax('GET', '/x');", encoding="utf-8")
    with pytest.raises(ValueError, match=r"htmx\.ajax\(\)"):
        trimmed(HTMX.read_text(encoding="utf-8"), [], [*SCRIPTS, script])


def test_an_htmx_that_is_written_otherwise_is_not_trimmed_by_half() -> None:
    other = HTMX.read_text(encoding="utf-8").replace("function parentElt(", "function parent(")
    with pytest.raises(ValueError, match="htmx has no function parentElt"):
        trimmed(other, [], SCRIPTS)


def test_nothing_that_is_left_refers_to_what_is_gone(tmp_path: Path) -> None:
    """A variable whose declaration was cut would be missed by the first click only."""
    less = tmp_path / "htmx.js"
    less.write_text(trimmed(HTMX.read_text(encoding="utf-8"), [], SCRIPTS), encoding="utf-8")
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    options = ("--allowJs", "--checkJs", "--noEmit", "--target", "es2022", "--lib", "es2022,dom,dom.iterable")
    done = subprocess.run([*node_command(), str(compiler), *options, str(less)],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert "error TS" in done.stdout, "the source of htmx is no typed one: nothing was checked"
    assert not [line for line in done.stdout.splitlines() if "TS2304" in line or "TS2552" in line]
