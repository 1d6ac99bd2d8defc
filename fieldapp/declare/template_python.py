"""The Python evaluator's few rules beside Jinja2's own, so that a template means the same on the server and the phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer

# The methods that a template may call. Not called, they are names of fields like any other.
DICT_METHODS = frozenset({"items", "keys", "values", "get"})
TEXT_METHODS = frozenset(
    {"startswith", "endswith", "upper", "lower", "strip", "lstrip", "rstrip", "split", "join", "replace"}
)
_PLAIN = (str, list, tuple, int, float, bool, type(None))


def whole(value: Any) -> Any:
    """`value`, a float without a fraction made an int: JavaScript cannot tell 3.0 from 3, so 6 / 2 is 3 here too."""
    return int(value) if type(value) is float and value.is_integer() else value


class _SameMeaning(NodeTransformer):
    """Arithmetic gives whole numbers where it can; imported macros always see the context (today, locale)."""

    def _arithmetic(self, node: nodes.BinExpr) -> nodes.Expr:
        self.generic_visit(node)
        if any(
            isinstance(side, nodes.Const) and isinstance(side.value, str) for side in (node.left, node.right)
        ):
            return node
        wrapped = nodes.Filter(node, "_whole", [], [], None, None, lineno=node.lineno)
        wrapped.set_environment(node.environment)  # type: ignore[arg-type]
        return wrapped

    visit_Add = visit_Sub = visit_Mul = visit_Div = visit_FloorDiv = visit_Mod = visit_Pow = _arithmetic

    def visit_Call(self, node: nodes.Call) -> nodes.Call:
        target = node.node
        self.generic_visit(node)
        if isinstance(target, nodes.Getattr):  # `form.values()` is the method, `form.values` the field
            node.node = target
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Expr:
        self.generic_visit(node)
        if node.attr not in DICT_METHODS:
            return node
        return nodes.Getitem(
            node.node, nodes.Const(node.attr, lineno=node.lineno), "load", lineno=node.lineno
        )

    def visit_Const(self, node: nodes.Const) -> nodes.Const:
        node.value = whole(node.value)
        return node

    def visit_Import(self, node: nodes.Import) -> nodes.Import:
        node.with_context = True
        return node

    def visit_FromImport(self, node: nodes.FromImport) -> nodes.FromImport:
        node.with_context = True
        return node


class FieldCodeGenerator(CodeGenerator):
    """Jinja2's code generator over a tree with the shared meaning made explicit."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        super().visit_Template(_SameMeaning().visit(node), frame)


def _methods_of_dict(value: dict[str, Any], name: str) -> Callable[..., Any]:
    method = getattr(value, name)
    return method if name == "get" else lambda: list(method())


def one_attribute_rule(env: Environment) -> None:
    """Give `env` the rule both evaluators keep for `a.b` and `a["b"]` on plain values.

    A dict has its keys and, where they are called, four methods; a text has the methods of TEXT_METHODS; lists and numbers have no
    attributes. What is missing is undefined: it prints nothing, is false, is an empty list; an attribute of it,
    arithmetic or an order comparison with it is an error. Other objects (of server-only pages) keep Jinja2's rule.
    """
    jinja_getattr, jinja_getitem = env.getattr, env.getitem

    def attribute(obj: Any, name: str) -> Any:
        kind = type(obj)
        if kind is dict:
            if name in DICT_METHODS:
                return _methods_of_dict(obj, name)
            return obj[name] if name in obj else env.undefined(obj=obj, name=name)
        if kind in _PLAIN:
            if kind is str and name in TEXT_METHODS:
                return getattr(obj, name)
            return env.undefined(obj=obj, name=name)
        return jinja_getattr(obj, name)

    def item(obj: Any, key: Any) -> Any:
        if type(obj) is dict:
            try:
                return obj[key]
            except (KeyError, TypeError):
                return env.undefined(obj=obj, name=key)
        if type(obj) in _PLAIN and isinstance(key, str):
            return env.undefined(obj=obj, name=key)
        return jinja_getitem(obj, key)

    env.getattr = attribute  # type: ignore[method-assign, assignment]
    env.getitem = item  # type: ignore[method-assign, assignment]


def _field_of(name: str, field: str, otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """`this.note` and the like, which most effects are: what the general way gives for a dict, at a tenth of its cost."""

    def over(scope: Mapping[str, Any] | None = None, **names: Any) -> Any:
        of = names.get(name)
        if type(of) is not dict:
            return otherwise(scope, **names)
        value = of.get(field)
        return None if isinstance(value, Undefined) else whole(value)

    return over


class _Names(Context):
    """What an expression sees. Jinja2's own context is made for pages: ten times the work, and boards ask per door."""

    def __init__(self, env: Environment, evaluation: EvalContext, names: dict[str, Any]) -> None:
        self.environment = env
        self.eval_ctx = evaluation
        self.parent = names
        self.vars = {}
        self.exported_vars = set()
        self.name = None
        self.blocks = {}

    def resolve_or_missing(self, key: str) -> Any:
        """A name of the scope, else a global one."""
        return self.parent[key] if key in self.parent else self.environment.globals.get(key, missing)


def expression_function(env: Environment, source: str) -> Callable[..., Any]:
    """The Python function of a Jinja expression: called with a mapping or keywords, gives a native value."""
    plain = env.overlay(autoescape=False)
    template = plain.compile_expression(source)._template
    run = template.root_render_func

    evaluation = EvalContext(plain)

    def over(scope: Mapping[str, Any] | None = None, **names: Any) -> Any:
        context = _Names(plain, evaluation, {**scope, **names} if scope else names)
        for _ in run(context):
            pass
        value = context.vars["result"]
        return None if isinstance(value, Undefined) else whole(value)

    bare = re.fullmatch(r"([a-z]+)\.([a-z_]+)", source.strip())
    return _field_of(bare[1], bare[2], over) if bare else over
