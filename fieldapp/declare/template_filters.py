"""Tests and filters of templates as JavaScript; which there are is said in fieldapp/declare/filters.py."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from jinja2 import nodes
from jinja2.utils import _PassArg

from fieldapp.declare import filters
from fieldapp.declare.template_expression import COMPARE, Js, Values
from fieldapp.declare.template_names import Scope

TESTS = {
    "defined": "({a}!==undefined)",
    "undefined": "({a}===undefined)",
    "none": "({a}===null)",
    "true": "({a}===true)",
    "false": "({a}===false)",
    "boolean": "(typeof {a}=='boolean')",
    "string": "X.string({a})",
    "number": "X.number({a})",
    "mapping": "X.mapping({a})",
    "iterable": "X.iterable({a})",
    "sequence": "X.iterable({a})",
    "odd": "(y({a},2)==1)",
    "even": "(y({a},2)==0)",
    "divisibleby": "(y({a},{b})==0)",
    "sameas": "({a}==={b})",
    "in": "h({a},{b})",
}
TESTS |= {
    name: COMPARE[op]
    for op, names in {
        "eq": ("eq", "equalto", "=="),
        "ne": ("ne", "!="),
        "lt": ("lt", "lessthan", "<"),
        "lteq": ("le", "<="),
        "gt": ("gt", "greaterthan", ">"),
        "gteq": ("ge", ">="),
    }.items()
    for name in names
}


def _own_parameters(name: str) -> tuple[str, ...]:
    """The parameters of one of our filters, after the context and the value."""
    function = filters.OURS[name]
    skipped = 1 if _PassArg.from_obj(function) is None else 2
    return tuple(inspect.signature(function).parameters)[skipped:]


PARAMETERS = {name: _own_parameters(name) for name in filters.OURS} | filters.JINJA


class Filtering(Values):
    """Adds tests and filters."""

    def visit_Test(self, node: nodes.Test, scope: Scope) -> Js:
        subject = self.value(node.node, scope)
        return Js(self.test(node, node.name, subject, self.positional(node, scope)), "bool")

    def test(self, node: nodes.Node, name: str, subject: str, args: list[str]) -> str:
        """JavaScript of a test on a subject that is JavaScript already."""
        form = TESTS.get(name)
        if form is None:
            raise self.refuse(
                node, f"the test {name!r} is not on the phone", f"there are {', '.join(sorted(TESTS))}"
            )
        if len(args) != ("{b}" in form):
            raise self.refuse(node, f"the test {name!r} takes {int('{b}' in form)} arguments")
        if name == "sameas" and args[0] not in ("true", "false", "null"):
            raise self.refuse(node, "sameas compares identity", "write ==")
        return form.format(a=subject, b=args[0] if args else "")

    def positional(self, node: Any, scope: Scope) -> list[str]:
        self.refuse_star(node)
        if node.kwargs:
            raise self.refuse(node, "a keyword argument here", "give it by position")
        return [self.value(arg, scope) for arg in node.args]

    def refuse_star(self, node: Any) -> None:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise self.refuse(node, "* and ** arguments", "write the arguments out")

    def visit_Filter(self, node: nodes.Filter, scope: Scope) -> Js:
        if node.node is None:
            raise self.refuse(node, "a filter without a value")
        return self.filter(node, scope, self.visit(node.node, scope))

    def filter(self, node: nodes.Filter, scope: Scope, made: Js) -> Js:
        """A filter over a subject that is JavaScript already."""
        subject = self.as_value(made)
        self.refuse_star(node)
        name = filters.ALIASES.get(node.name, node.name)
        if name in filters.HIGHER:
            return Js(getattr(self, f"_{name}")(node, scope, subject))
        if name in ("safe", "escape") and not self.autoescape:
            raise self.refuse(node, f"{name} in an expression", "an expression gives plain values")
        if name == "safe" and made.kind == "html":
            return made
        if name not in PARAMETERS:
            raise self.refuse(
                node, f"the filter {node.name!r} is not on the phone", "see fieldapp/declare/filters.py"
            )
        args = self._by_parameter(node, PARAMETERS[name], scope)
        if name == "round" and args and args[0].startswith("(-"):
            raise self.refuse(node, "rounding to tens", "divide first")
        return Js(self.call_filter(name, subject, args))

    def call_filter(self, name: str, subject: str, args: Sequence[str]) -> str:
        """The call of a filter; those that read today, now or words get the context first."""
        function = filters.OURS.get(name)
        context = ["c"] if function and _PassArg.from_obj(function) is not None else []
        return f"F.{name}({','.join([*context, subject, *args])})"

    def _by_parameter(self, node: Any, params: tuple[str, ...], scope: Scope) -> list[str]:
        args: list[str | None] = [self.value(arg, scope) for arg in node.args]
        if len(args) > len(params):
            raise self.refuse(node, f"{node.name} takes {len(params)} arguments on the phone")
        args += [None] * (len(params) - len(args))
        for keyword in node.kwargs:
            if keyword.key not in params:
                raise self.refuse(node, f"{node.name} has no {keyword.key!r} on the phone")
            args[params.index(keyword.key)] = self.value(keyword.value, scope)
        while args and args[-1] is None:
            args.pop()
        return [arg or "undefined" for arg in args]

    def _format(self, node: nodes.Filter, scope: Scope, subject: str) -> str:
        if node.kwargs:
            pairs = ((keyword.key, keyword.value) for keyword in node.kwargs)
            return f"f({subject},{self.object(pairs, node, scope)})"
        return f"f({subject},[{self.listed(node.args, scope)}])"

    def _element(self, scope: Scope) -> tuple[Scope, str]:
        inner = Scope(scope)
        return inner, inner.hold("it")

    def _map(self, node: nodes.Filter, scope: Scope, subject: str) -> str:
        inner, element = self._element(scope)
        if not node.args:
            given: dict[Any, Any] = {keyword.key: keyword.value for keyword in node.kwargs}
            if not given or set(given) - {"attribute", "default"}:
                raise self.refuse(node, "map needs attribute= or the name of a filter")
            default = f",{self.value(given['default'], scope)}" if "default" in given else ""
            return (
                f"A({subject}).map({element}=>k({element},{self.value(given['attribute'], scope)}{default}))"
            )
        named = nodes.Filter(
            None, self._named(node), node.args[1:], node.kwargs, None, None, lineno=node.lineno
        )
        return f"A({subject}).map({element}=>{self.as_value(self.filter(named, inner, Js(element)))})"

    def _named(self, node: nodes.Filter, place: int = 0) -> str:
        arg = node.args[place]
        if isinstance(arg, nodes.Const) and isinstance(arg.value, str):
            return arg.value
        raise self.refuse(node, f"{node.name} with a computed name", "write the name out")

    def _picked(self, node: nodes.Filter, scope: Scope, subject: str, by_field: bool, sign: str) -> str:
        inner, element = self._element(scope)
        args, looked_at = self.positional(node, scope), element
        if by_field:
            if not args:
                raise self.refuse(node, f"{node.name} needs a field")
            looked_at = f"k({element},{args[0]})"
        skipped = int(by_field)
        if len(args) == skipped:
            return f"A({subject}).filter({element}=>{sign}t({looked_at}))"
        test = self.test(node, self._named(node, skipped), looked_at, args[skipped + 1 :])
        return f"A({subject}).filter({element}=>{f'!({test})' if sign else test})"

    def _select(self, node: nodes.Filter, scope: Scope, subject: str) -> str:
        return self._picked(node, scope, subject, by_field=False, sign="")

    def _reject(self, node: nodes.Filter, scope: Scope, subject: str) -> str:
        return self._picked(node, scope, subject, by_field=False, sign="!")

    def _selectattr(self, node: nodes.Filter, scope: Scope, subject: str) -> str:
        return self._picked(node, scope, subject, by_field=True, sign="")

    def _rejectattr(self, node: nodes.Filter, scope: Scope, subject: str) -> str:
        return self._picked(node, scope, subject, by_field=True, sign="!")
