"""Jinja expressions as JavaScript: each node of Jinja2's tree becomes an expression over the phone's small runtime."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from jinja2 import Environment, nodes
from markupsafe import escape

from fieldapp.declare.template_names import (
    Module,
    Scope,
    TemplateError,
    js_template,
    js_text,
    refuse_object_name,
)
from fieldapp.declare.template_python import whole
from fieldapp.declare.template_sources import Sources


class Js(NamedTuple):
    """JavaScript of an expression, safe to stand anywhere, and what is known of its value.

    kind: `any` · `bool` · `number` · `text` (a constant, `const`) · `html` (a JS string that is markup already).
    """

    code: str
    kind: str = "any"
    const: str = ""


class Piece(NamedTuple):
    """A piece of output: text as it is, or the JavaScript of a text."""

    code: str
    is_code: bool = False


def either(test: str, first: list[Piece], other: list[Piece]) -> Piece:
    """One output or another."""
    return Piece(f"{test}?{literal(first)}:{literal(other)}", is_code=True)


def literal(pieces: list[Piece]) -> str:
    """The JavaScript of several pieces together."""
    if not pieces:
        return '""'
    if len(pieces) == 1 and pieces[0].is_code:
        return pieces[0].code
    made = []
    for is_code, group in groupby(pieces, key=lambda piece: piece.is_code):
        codes = [piece.code for piece in group]
        made.append("".join(f"${{{code}}}" for code in codes) if is_code else js_template("".join(codes)))
    return f"`{''.join(made)}`"


_ORDER = {"lt": "l({a},{b})", "gt": "l({b},{a})", "lteq": "!l({b},{a})", "gteq": "!l({a},{b})"}
COMPARE = {"eq": "q({a},{b})", "ne": "!q({a},{b})", "in": "h({a},{b})", "notin": "!h({a},{b})"} | _ORDER
_LARGEST = 2**53


class Values:
    """Compiles expressions of one file within scopes; filters, calls and statements build on it."""

    def __init__(self, env: Environment, file: str, sources: Sources | None, autoescape: bool) -> None:
        self.env, self.file, self.sources, self.autoescape = env, file, sources, autoescape
        self.root_facts: dict[str, Any] = sources.facts(file) if sources else {}
        self.block: str | None = None

    def refuse(self, node: nodes.Node, what: str, instead: str = "") -> TemplateError:
        return TemplateError(self.file, node.lineno, what, instead)

    # How a value is used: as it is, as truth, as output.

    def value(self, node: nodes.Node, scope: Scope) -> str:
        """JavaScript for the value."""
        return self.as_value(self.visit(node, scope))

    def as_value(self, made: Js) -> str:
        """Markup is an object where it is more than output."""
        return f"S({made.code})" if made.kind == "html" and self.autoescape else made.code

    def truth(self, node: nodes.Node, scope: Scope) -> str:
        """JavaScript that is truthy where Python's value is true."""
        if isinstance(node, nodes.And | nodes.Or):
            sign = "&&" if isinstance(node, nodes.And) else "||"
            return f"({self.truth(node.left, scope)}{sign}{self.truth(node.right, scope)})"
        if isinstance(node, nodes.Not):
            return f"!{self.truth(node.node, scope)}"
        made = self.visit(node, scope)
        return made.code if made.kind in ("bool", "html") else f"t({made.code})"

    def pieces(self, node: nodes.Expr, scope: Scope) -> list[Piece]:
        """Output of an expression, escaped."""
        if isinstance(node, nodes.TemplateData):
            return [Piece(node.data)]
        if isinstance(node, nodes.Concat):
            return [piece for part in node.nodes for piece in self.pieces(part, scope)]
        if isinstance(node, nodes.CondExpr):
            other = self.pieces(node.expr2, scope) if node.expr2 is not None else []
            return [either(self.truth(node.test, scope), self.pieces(node.expr1, scope), other)]
        made = self.visit(node, scope)
        if made.kind == "text":
            return [Piece(str(escape(made.const)))]
        return [Piece(made.code if made.kind == "html" else f"e({made.code})", is_code=True)]

    # Nodes.

    def visit(self, node: nodes.Node, scope: Scope) -> Js:
        method = getattr(self, f"visit_{type(node).__name__}", None)
        if method is None:
            raise self.refuse(node, f"{type(node).__name__} is not understood on the phone")
        made: Js = method(node, scope)
        return made

    def visit_Const(self, node: nodes.Const, scope: Scope) -> Js:
        value = whole(node.value)
        if value is None:
            return Js("null")
        if isinstance(value, bool):
            return Js("true" if value else "false", "bool")
        if isinstance(value, str):
            return Js(js_text(value), "text", value)
        if abs(value) > _LARGEST:
            raise self.refuse(node, f"{value} is too large for JavaScript")
        return Js(repr(value), "number")

    def visit_Name(self, node: nodes.Name, scope: Scope) -> Js:
        found = scope.find(node.name)
        if found and not scope.fact(node.name):
            return Js(found)
        if found or self.root_facts.get(node.name):
            raise self.refuse(node, f"{node.name!r} is a macro or a file, not a value", "call it")
        if node.name in ("loop", "self", "super", "varargs", "kwargs"):
            raise self.refuse(node, f"{node.name!r} stands alone here", "ask it for one of its parts")
        refuse_object_name(node.name, self.file, node.lineno)
        return Js(f"c.{node.name}")

    def visit_NSRef(self, node: nodes.NSRef, scope: Scope) -> Js:
        refuse_object_name(node.attr, self.file, node.lineno)
        return Js(f"{scope.find(node.name) or f'c.{node.name}'}.{node.attr}")

    def visit_Tuple(self, node: nodes.Tuple, scope: Scope) -> Js:
        return Js(f"T([{self.listed(node.items, scope)}])")

    def visit_List(self, node: nodes.List, scope: Scope) -> Js:
        return Js(f"[{self.listed(node.items, scope)}]")

    def listed(self, items: Sequence[nodes.Expr], scope: Scope) -> str:
        return ",".join(self.value(item, scope) for item in items)

    def visit_Dict(self, node: nodes.Dict, scope: Scope) -> Js:
        keys = [item.key.value if isinstance(item.key, nodes.Const) else None for item in node.items]
        if all(isinstance(key, str) and not key.isdigit() for key in keys):
            pairs = zip(keys, (item.value for item in node.items), strict=True)
            return Js(f"({self.object(pairs, node, scope)})")
        items = (f"[{self.value(item.key, scope)},{self.value(item.value, scope)}]" for item in node.items)
        return Js(f"new Map([{','.join(items)}])")

    def object(self, pairs: Any, node: nodes.Node, scope: Scope) -> str:
        made = []
        for key, value in pairs:
            refuse_object_name(key, self.file, node.lineno)
            made.append(f"{key if key.isidentifier() else js_text(key)}:{self.value(value, scope)}")
        return f"{{{','.join(made)}}}"

    def visit_CondExpr(self, node: nodes.CondExpr, scope: Scope) -> Js:
        other = self.value(node.expr2, scope) if node.expr2 is not None else "undefined"
        return Js(f"({self.truth(node.test, scope)}?{self.value(node.expr1, scope)}:{other})")

    def visit_And(self, node: nodes.And, scope: Scope) -> Js:
        return self._either(node, scope, "&&", "({0}?{2}:{1})")

    def visit_Or(self, node: nodes.Or, scope: Scope) -> Js:
        return self._either(node, scope, "||", "({0}?{1}:{2})")

    def _either(self, node: nodes.BinExpr, scope: Scope, sign: str, form: str) -> Js:
        left, right = self.visit(node.left, scope), self.visit(node.right, scope)
        if left.kind == "bool":
            kind = "bool" if right.kind == "bool" else "any"
            return Js(f"({left.code}{sign}{self.as_value(right)})", kind)
        held = scope.temporary(shared=True)  # read at once, so that all may share it
        return Js(form.format(f"t({held}={self.as_value(left)})", held, self.as_value(right)))

    def visit_Not(self, node: nodes.Not, scope: Scope) -> Js:
        return Js(f"!{self.truth(node.node, scope)}", "bool")

    def visit_Neg(self, node: nodes.Neg, scope: Scope) -> Js:
        return Js(f"(-{self._number(node.node, scope)})", "number")

    def visit_Pos(self, node: nodes.Pos, scope: Scope) -> Js:
        return Js(self._number(node.node, scope), "number")

    def _number(self, node: nodes.Expr, scope: Scope) -> str:
        made = self.visit(node, scope)
        return made.code if made.kind == "number" else f"n({self.as_value(made)})"

    def _divisor(self, node: nodes.Expr, scope: Scope) -> str:
        if isinstance(node, nodes.Const) and type(node.value) in (int, float) and node.value:
            return str(whole(node.value))
        return f"z({self.value(node, scope)})"

    def visit_Add(self, node: nodes.Add, scope: Scope) -> Js:
        return Js(f"p({self.value(node.left, scope)},{self.value(node.right, scope)})")

    def visit_Mul(self, node: nodes.Mul, scope: Scope) -> Js:
        return Js(f"x({self.value(node.left, scope)},{self.value(node.right, scope)})")

    def visit_Mod(self, node: nodes.Mod, scope: Scope) -> Js:
        return Js(f"y({self.value(node.left, scope)},{self.value(node.right, scope)})")

    def visit_Sub(self, node: nodes.Sub, scope: Scope) -> Js:
        return Js(f"({self._number(node.left, scope)}-{self._number(node.right, scope)})", "number")

    def visit_Div(self, node: nodes.Div, scope: Scope) -> Js:
        return Js(f"({self._number(node.left, scope)}/{self._divisor(node.right, scope)})", "number")

    def visit_FloorDiv(self, node: nodes.FloorDiv, scope: Scope) -> Js:
        return Js(
            f"Math.floor({self._number(node.left, scope)}/{self._divisor(node.right, scope)})", "number"
        )

    def visit_Pow(self, node: nodes.Pow, scope: Scope) -> Js:
        return Js(f"(({self._number(node.left, scope)})**{self._number(node.right, scope)})", "number")

    def visit_Concat(self, node: nodes.Concat, scope: Scope) -> Js:
        return Js(f"j([{self.listed(node.nodes, scope)}])")

    def visit_Compare(self, node: nodes.Compare, scope: Scope) -> Js:
        left, made = self.value(node.expr, scope), []
        for place, operand in enumerate(node.ops):
            right = self.value(operand.expr, scope)
            held = right
            if place < len(node.ops) - 1 and not isinstance(operand.expr, nodes.Const):
                held = scope.temporary()
                right = f"({held}={right})"
            made.append(COMPARE[operand.op].format(a=left, b=right))
            left = held
        return Js(made[0] if len(made) == 1 else f"({'&&'.join(made)})", "bool")

    def visit_Getattr(self, node: nodes.Getattr, scope: Scope) -> Js:
        refuse_object_name(node.attr, self.file, node.lineno)
        if isinstance(node.node, nodes.Name):
            special = self._part_of(node.node.name, node, scope)
            if special:
                return special
        return Js(f"g({self.value(node.node, scope)}).{node.attr}")

    def _part_of(self, name: str, node: nodes.Getattr, scope: Scope) -> Js | None:
        """A part of `loop`, or a value of an imported file."""
        if name == "loop":
            part = scope.find(f"loop.{node.attr}")
            if part is None:
                known = scope.find("loop.index") is not None
                instead = "" if known else "a loop is not seen inside macros, blocks and includes"
                raise self.refuse(node, f"there is no loop.{node.attr} here", instead)
            return Js(part, "bool" if node.attr in ("first", "last") else "any")
        fact = scope.fact(name) if scope.find(name) else self.root_facts.get(name)
        if isinstance(fact, Module):
            if node.attr not in fact.values:
                raise self.refuse(node, f"{fact.name} has no value {node.attr!r}")
            return Js(f"{scope.find(name) or f'c.{name}'}.{node.attr}")
        return None

    def visit_Getitem(self, node: nodes.Getitem, scope: Scope) -> Js:
        target, arg = self.value(node.node, scope), node.arg
        if isinstance(arg, nodes.Slice):
            if isinstance(node.node, nodes.Const) and not isinstance(node.node.value, str):
                raise self.refuse(node, "a slice of no list")
            parts = (arg.start, arg.stop, arg.step)
            return Js(f"s({target},{','.join('null' if p is None else self.value(p, scope) for p in parts)})")
        if isinstance(arg, nodes.Const) and isinstance(arg.value, str):
            refuse_object_name(arg.value, self.file, node.lineno)
            if arg.value.isidentifier():
                return Js(f"g({target}).{arg.value}")
        return Js(f"i({target},{self.value(arg, scope)})")
