"""The parsed templates of an environment, and what one file gives to the files that extend or import it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2 import Environment, meta, nodes
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError

from fieldapp.declare.template_names import Fact, Macro, Module, TemplateError


class Sources:
    """The parsed templates of one environment, and what follows from them; `names` and what those need see each other."""

    def __init__(self, env: Environment, names: Iterable[str]) -> None:
        self.env = env
        self._trees: dict[str, tuple[str, nodes.Template]] = {}
        self._free: set[str] | None = None
        self.names = sorted({reached for name in names for reached in self.reached(name)})

    def tree(self, name: str, asked: tuple[str, int] | None = None) -> nodes.Template:
        """The tree of a template; `asked` (file, line) names who refers to it."""
        return self._read(name, asked)[1]

    def text(self, name: str) -> str:
        """The source of a template."""
        return self._read(name, None)[0]

    def _read(self, name: str, asked: tuple[str, int] | None) -> tuple[str, nodes.Template]:
        if name not in self._trees:
            assert self.env.loader is not None
            try:
                source, _, _ = self.env.loader.get_source(self.env, name)
                self._trees[name] = source, self.env.parse(source, name)
            except TemplateNotFound as missing:
                file, line = asked or (name, 0)
                raise TemplateError(file, line, f"there is no template {missing.name!r}") from None
            except TemplateSyntaxError as wrong:
                raise TemplateError(name, wrong.lineno, wrong.message or "not Jinja") from None
        return self._trees[name]

    def referred(self, name: str) -> list[str]:
        """The templates that `name` extends, includes or imports."""
        kinds = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
        found = []
        node: nodes.Extends | nodes.Include | nodes.Import | nodes.FromImport
        for node in self.tree(name).find_all(kinds):  # type: ignore[assignment]
            if isinstance(node.template, nodes.Const) and isinstance(node.template.value, str):
                self.tree(node.template.value, (name, node.lineno))
                found.append(node.template.value)
        return found

    def reached(self, name: str) -> list[str]:
        """`name` and everything that it needs, in the order in which it is met."""
        found = [name]
        for one in found:
            found += [other for other in dict.fromkeys(self.referred(one)) if other not in found]
        return found

    def names_read(self, name: str) -> set[str]:
        """Every name that `name` or anything it needs reads."""
        return {
            node.name
            for one in self.reached(name)
            for node in self.tree(one).find_all(nodes.Name)
            if node.ctx == "load"
        }

    def free(self) -> set[str]:
        """Every name that one of the templates asks the context for, without having set or imported it."""
        if self._free is None:
            self._free = set()
            for name in self.names:
                read = meta.find_undeclared_variables(self.env.parse(self.text(name)))  # changes its tree
                self._free |= read - self.facts(name).keys()
        return self._free

    def facts(self, name: str) -> dict[str, Fact | None]:
        """What the top level of a template (and of those it extends) gives: macro, module or (None) a value."""
        given: dict[str, Fact | None] = {}
        for extends in self.tree(name).find_all(nodes.Extends):
            if isinstance(extends.template, nodes.Const):
                self.tree(extends.template.value, (name, extends.lineno))
                given |= self.facts(extends.template.value)
        for node in top_level(self.tree(name).body):
            given |= self.given_by(node, name)
        return given

    def given_by(self, node: nodes.Node, file: str) -> dict[str, Fact | None]:
        """The names that one statement gives."""
        asked = file, node.lineno
        if isinstance(node, nodes.Macro):
            return {node.name: macro_of(node)}
        if isinstance(node, nodes.Import):
            return {node.target: self.module(node, asked)}
        if isinstance(node, nodes.FromImport):
            return {alias: self._imported(node, name, asked) for name, alias in imported_names(node)}
        if isinstance(node, nodes.Assign | nodes.AssignBlock):
            return dict.fromkeys(stored(node.target))
        return {}

    def module(self, node: nodes.Import | nodes.FromImport, asked: tuple[str, int]) -> Module:
        """The file that an import names."""
        name = constant_name(node.template, asked)
        self.tree(name, asked)
        given = self.facts(name)
        macros = {key: fact for key, fact in given.items() if isinstance(fact, Macro)}
        return Module(name, macros, frozenset(key for key, fact in given.items() if fact is None))

    def _imported(self, node: nodes.FromImport, name: str, asked: tuple[str, int]) -> Fact | None:
        module = self.module(node, asked)
        if name not in module.macros and name not in module.values:
            raise TemplateError(*asked, f"{module.name} has no {name!r}")
        return module.macros.get(name)


def constant_name(node: nodes.Expr, asked: tuple[str, int]) -> str:
    """The template that is named; only written-out names can be compiled."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return node.value
    raise TemplateError(
        *asked, "a template is named by an expression", "write its name, with {% if %} to choose"
    )


def imported_names(node: nodes.FromImport) -> list[tuple[str, str]]:
    """Name in the file and name here, for each."""
    return [name if isinstance(name, tuple) else (name, name) for name in node.names]


def top_level(body: list[nodes.Node]) -> Iterator[nodes.Node]:
    """The statements of a level: those of its `if` branches are its own."""
    for node in body:
        yield node
        if isinstance(node, nodes.If):
            for branch in (node.body, *(other.body for other in node.elif_), node.else_):
                yield from top_level(branch)


def stored(target: nodes.Expr) -> list[str]:
    """The names that an assignment's target sets."""
    if isinstance(target, nodes.Name):
        return [target.name]
    if isinstance(target, nodes.Tuple):
        return [name for item in target.items for name in stored(item)]
    return []


def macro_of(node: nodes.Macro) -> Macro:
    """The shape of a macro."""
    params = tuple(arg.name for arg in node.args)
    optional = frozenset(params[len(params) - len(node.defaults) :])
    names = {name.name for name in node.find_all(nodes.Name) if name.ctx == "load"}
    return Macro(node.name, params, optional, "caller" in names)
