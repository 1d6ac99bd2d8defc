"""Templates: one parser (Jinja2's own), two evaluators (Jinja2 on the server, compiled JavaScript on the phone).

What both sides agree on, beside Jinja2's documentation:

- Undefined prints nothing, is false and an empty list; an attribute of it, arithmetic and order with it are errors.
- A dict has its keys and `.items() .keys() .values() .get()`; a text the methods of TEXT_METHODS; nothing else has
  attributes. Without the call `form.values` is the field of that name.
- Whole results are whole numbers: `6 / 2` prints 3. Contexts bring no float without a fraction, no int over 2**53.
- `map`, `select`, `reject`, `selectattr`, `rejectattr`, `unique`, `batch`, `reverse` and `range` give lists.
- Imported macros see the context, so that filters inside them know today and the language.
- A macro, block or include does not see `loop`; files are named by constants; a name is set before an inner level
  reads it. What is outside the subset is a TemplateError with file, line and what to write instead.
- Keys that look like numbers keep their order on the phone only in what `by`, `groups` and queries give (a Map).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import BaseLoader, Environment
from jinja2.exceptions import TemplateSyntaxError
from jinja2.parser import Parser

from fieldapp.declare import filters
from fieldapp.declare.template_calls import ExpressionCompiler
from fieldapp.declare.template_files import TemplateCompiler
from fieldapp.declare.template_level import helpers_of
from fieldapp.declare.template_lint import lint
from fieldapp.declare.template_names import Scope, TemplateError
from fieldapp.declare.template_python import FieldCodeGenerator, expression_function, one_attribute_rule
from fieldapp.declare.template_sources import Sources

__all__ = [
    "TemplateError",
    "compile_all",
    "compile_expression",
    "compile_template",
    "configure",
    "environment",
    "python_expression",
]

Words = Mapping[str, Mapping[str, str]]


def configure(
    env: Environment,
    utc_offset: int = 480,
    words: Words | Callable[[], Words] | None = None,
    build_time: Iterable[str] = ("asset",),
) -> Environment:
    """Give any Environment (Flask's too) the meaning that the phone has. Call it before a template is loaded.

    `utc_offset`: minutes that local time is ahead of UTC. `words`: list name → code → message id (or a function
    giving it), for the `choice` filter. `build_time`: globals whose calls are constant while a build lives; the
    compiler calls them. gettext is installed by the caller: `env.install_gettext_callables(…, newstyle=True)`.
    """
    env.autoescape = env.autoescape if env.autoescape is False else True
    env.trim_blocks = env.lstrip_blocks = True
    env.add_extension("jinja2.ext.i18n")
    env.newstyle_gettext = True  # type: ignore[attr-defined]
    env.code_generator_class = FieldCodeGenerator
    env.globals["range"] = lambda *args: list(range(*args))
    env.globals["__utc_offset__"] = utc_offset
    env.globals["__words__"] = {} if words is None else words
    env.globals["__build_time__"] = frozenset(build_time)
    filters.install(env)
    one_attribute_rule(env)
    return env


def environment(loader: BaseLoader, utc_offset: int = 480, words: Words | None = None) -> Environment:
    """An Environment of its own with the shared meaning."""
    return configure(Environment(loader=loader, autoescape=True), utc_offset, words)


def compile_template(env: Environment, name: str) -> str:
    """The JavaScript function of a template; what it refers to is compiled by `compile_all`."""
    return _compile(env, name, Sources(env, [name]))


def compile_all(env: Environment, names: Iterable[str]) -> dict[str, str]:
    """JavaScript functions of the templates and of all that they extend, include and import, by name."""
    sources = Sources(env, names)
    return {name: _compile(env, name, sources) for name in sources.names}


def _compile(env: Environment, name: str, sources: Sources) -> str:
    lint(sources.tree(name), name)
    return TemplateCompiler(env, name, sources).compile()


def compile_expression(env: Environment, source: str) -> str:
    """A JavaScript function of an expression; static/phone/render.js runs it: `evaluate(fn, scope, data)`."""
    file = f"expression {source!r}"
    try:
        parser = Parser(env.overlay(autoescape=False), source, state="variable")
        tree = parser.parse_expression()
    except TemplateSyntaxError as wrong:
        raise TemplateError(file, wrong.lineno, wrong.message or "not Jinja") from None
    if not parser.stream.eos:
        raise TemplateError(file, 1, "not one expression")
    scope = Scope(temporaries=[])
    code = ExpressionCompiler(env, file, None, autoescape=False).value(tree, scope)
    held = ",".join(scope.temporaries or ())
    return helpers_of(f"c=>{{let {held};return {code}}}" if held else f"c=>{code}")


def python_expression(env: Environment, source: str) -> Callable[..., Any]:
    """The Python function of an expression: called with a mapping or keywords, gives a native value."""
    return expression_function(env, source)
