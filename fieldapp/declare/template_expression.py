"""Jinja expressions as JavaScript: each node of Jinja2's tree becomes an expression over the phone's small runtime."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

from jinja2 import Environment, nodes
from jinja2.utils import _PassArg
from markupsafe import escape

from fieldapp.declare import filters
from fieldapp.declare.template_names import (
    Macro,
    Module,
    Scope,
    Sources,
    TemplateError,
    js_template,
    js_text,
    refuse_object_name,
)
from fieldapp.declare.template_python import DICT_METHODS, TEXT_METHODS, whole


class Js(NamedTuple):
    """JavaScript of an expression, safe to stand anywhere, and what is known of its value.

    kind: `any` · `bool` · `number` · `text` (a constant, `const`) · `html` (a JS string that is markup already).
    """

    code: str
    kind: str = "any"
    const: str = ""


# Methods by name: how many arguments they take.
_METHODS = {
    "items": (0, 0),
    "keys": (0, 0),
    "values": (0, 0),
    "get": (1, 2),
    "split": (0, 1),
    "replace": (2, 2),
}
_METHODS |= dict.fromkeys(("startswith", "endswith", "join"), (1, 1))
_METHODS |= dict.fromkeys(("upper", "lower"), (0, 0)) | dict.fromkeys(("strip", "lstrip", "rstrip"), (0, 0))
assert set(_METHODS) == DICT_METHODS | TEXT_METHODS

_ORDER = {"lt": "l({a},{b})", "gt": "l({b},{a})", "lteq": "!l({b},{a})", "gteq": "!l({a},{b})"}
_COMPARE = {"eq": "q({a},{b})", "ne": "!q({a},{b})", "in": "h({a},{b})", "notin": "!h({a},{b})"} | _ORDER
_TESTS = {
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
_TESTS |= {
    name: _COMPARE[op]
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
_LARGEST = 2**53


def _own_parameters(name: str) -> tuple[str, ...]:
    """The parameters of one of our filters, after the context and the value."""
    function = filters.OURS[name]
    skipped = 1 if _PassArg.from_obj(function) is None else 2
    return tuple(inspect.signature(function).parameters)[skipped:]


PARAMETERS = {name: _own_parameters(name) for name in filters.OURS} | filters.JINJA


class ExpressionCompiler:
    """Compiles expressions of one file within scopes; statements are the template compiler's."""

    def __init__(self, env: Environment, file: str, sources: Sources | None, autoescape: bool) -> None:
        self.env, self.file, self.sources, self.autoescape = env, file, sources, autoescape
        self.root_facts: dict[str, Any] = sources.facts(file) if sources else {}
        self.block: str | None = None

    def refuse(self, node: nodes.Node, what: str, instead: str = "") -> TemplateError:
        return TemplateError(self.file, node.lineno, what, instead)

    # How a value is used: as it is, as truth, as output.

    def value(self, node: nodes.Expr, scope: Scope) -> str:
        """JavaScript for the value."""
        return self.as_value(self.visit(node, scope))

    def as_value(self, made: Js) -> str:
        """Markup is an object where it is more than output."""
        return f"S({made.code})" if made.kind == "html" and self.autoescape else made.code

    def truth(self, node: nodes.Expr, scope: Scope) -> str:
        """JavaScript that is truthy where Python's value is true."""
        if isinstance(node, nodes.And | nodes.Or):
            sign = "&&" if isinstance(node, nodes.And) else "||"
            return f"({self.truth(node.left, scope)}{sign}{self.truth(node.right, scope)})"
        if isinstance(node, nodes.Not):
            return f"!{self.truth(node.node, scope)}"
        made = self.visit(node, scope)
        return made.code if made.kind in ("bool", "html") else f"t({made.code})"

    def pieces(self, node: nodes.Expr, scope: Scope) -> list[str]:
        """Output of an expression: pieces of a template literal, escaped."""
        if isinstance(node, nodes.TemplateData):
            return [js_template(node.data)]
        if isinstance(node, nodes.Concat):
            return [piece for part in node.nodes for piece in self.pieces(part, scope)]
        if isinstance(node, nodes.CondExpr):
            return ["${" + self.output(node, scope) + "}"]
        made = self.visit(node, scope)
        if made.kind == "text":
            return [js_template(str(escape(made.const)))]
        return ["${" + (made.code if made.kind == "html" else f"e({made.code})") + "}"]

    def output(self, node: nodes.Expr, scope: Scope) -> str:
        """JavaScript for the escaped text of a value."""
        if isinstance(node, nodes.CondExpr):
            other = self.output(node.expr2, scope) if node.expr2 is not None else '""'
            return f"({self.truth(node.test, scope)}?{self.output(node.expr1, scope)}:{other})"
        made = self.visit(node, scope)
        if made.kind == "text":
            return js_text(str(escape(made.const)))
        return made.code if made.kind == "html" else f"e({made.code})"

    # Nodes.

    def visit(self, node: nodes.Expr, scope: Scope) -> Js:
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
        return Js(f"T([{self._list(node.items, scope)}])")

    def visit_List(self, node: nodes.List, scope: Scope) -> Js:
        return Js(f"[{self._list(node.items, scope)}]")

    def _list(self, items: Sequence[nodes.Expr], scope: Scope) -> str:
        return ",".join(self.value(item, scope) for item in items)

    def visit_Dict(self, node: nodes.Dict, scope: Scope) -> Js:
        keys = [item.key.value if isinstance(item.key, nodes.Const) else None for item in node.items]
        if all(isinstance(key, str) and not key.isdigit() for key in keys):
            return Js(self._object(zip(keys, (item.value for item in node.items), strict=True), node, scope))
        pairs = (f"[{self.value(item.key, scope)},{self.value(item.value, scope)}]" for item in node.items)
        return Js(f"new Map([{','.join(pairs)}])")

    def _object(self, pairs: Any, node: nodes.Node, scope: Scope) -> str:
        made = []
        for key, value in pairs:
            refuse_object_name(key, self.file, node.lineno)
            made.append(f"{key if key.isidentifier() else js_text(key)}:{self.value(value, scope)}")
        return f"({{{','.join(made)}}})"

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
        return Js(f"j([{self._list(node.nodes, scope)}])")

    def visit_Compare(self, node: nodes.Compare, scope: Scope) -> Js:
        left, made = self.value(node.expr, scope), []
        for place, operand in enumerate(node.ops):
            right = self.value(operand.expr, scope)
            held = right
            if place < len(node.ops) - 1 and not isinstance(operand.expr, nodes.Const):
                held = scope.temporary()
                right = f"({held}={right})"
            made.append(_COMPARE[operand.op].format(a=left, b=right))
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

    # Tests and filters.

    def visit_Test(self, node: nodes.Test, scope: Scope) -> Js:
        subject = self.value(node.node, scope)
        return Js(self.test(node, node.name, subject, self._positional(node, scope)), "bool")

    def test(self, node: nodes.Node, name: str, subject: str, args: list[str]) -> str:
        """JavaScript of a test on a subject that is JavaScript already."""
        form = _TESTS.get(name)
        if form is None:
            raise self.refuse(
                node, f"the test {name!r} is not on the phone", f"there are {', '.join(sorted(_TESTS))}"
            )
        if len(args) != ("{b}" in form):
            raise self.refuse(node, f"the test {name!r} takes {int('{b}' in form)} arguments")
        if name == "sameas" and args[0] not in ("true", "false", "null"):
            raise self.refuse(node, "sameas compares identity", "write ==")
        return form.format(a=subject, b=args[0] if args else "")

    def _positional(self, node: Any, scope: Scope) -> list[str]:
        self._refuse_star(node)
        if node.kwargs:
            raise self.refuse(node, "a keyword argument here", "give it by position")
        return [self.value(arg, scope) for arg in node.args]

    def _refuse_star(self, node: Any) -> None:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise self.refuse(node, "* and ** arguments", "write the arguments out")

    def visit_Filter(self, node: nodes.Filter, scope: Scope) -> Js:
        if node.node is None:
            raise self.refuse(node, "a filter without a value")
        return self.filter(node, scope, self.visit(node.node, scope))

    def filter(self, node: nodes.Filter, scope: Scope, made: Js) -> Js:
        """A filter over a subject that is JavaScript already."""
        subject = self.as_value(made)
        self._refuse_star(node)
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
            return f"f({subject},{self._object(pairs, node, scope)})"
        return f"f({subject},[{self._list(node.args, scope)}])"

    def _element(self, scope: Scope) -> tuple[Scope, str]:
        inner = Scope(scope)
        return inner, inner.hold("it")

    def _map(self, node: nodes.Filter, scope: Scope, subject: str) -> str:
        inner, element = self._element(scope)
        if not node.args:
            given = {keyword.key: keyword.value for keyword in node.kwargs}
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
        args, looked_at = self._positional(node, scope), element
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

    # Calls.

    def visit_Call(self, node: nodes.Call, scope: Scope) -> Js:
        return self.call(node, scope, None)

    def call(self, node: nodes.Call, scope: Scope, caller: str | None) -> Js:
        """A call; `caller` is the JavaScript function of a call block."""
        self._refuse_star(node)
        target = node.node
        if isinstance(target, nodes.Getattr):
            return self._call_part(node, target, scope, caller)
        if not isinstance(target, nodes.Name):
            raise self.refuse(node, "a call of a computed value", "call a macro, a method or a filter")
        name = target.name
        found = scope.find(name)
        fact = scope.fact(name) if found else self.root_facts.get(name)
        if isinstance(fact, Macro):
            return self._call_macro(node, fact, found or f"c.{name}", scope, caller)
        if found and name == "caller":
            return Js(f"{found}({','.join(self._positional(node, scope))})", "html")
        known = None if found or caller else getattr(self, f"_call_{name.strip('_') or 'gettext'}", None)
        if known is None or name.startswith("_") and name != "_":
            return self._call_constant(node, name)
        made: Js = known(node, scope)
        return made

    def _call_constant(self, node: nodes.Call, name: str) -> Js:
        """A global that is constant while a build lives (the address of an asset) is called now."""
        if name in self.env.globals["__build_time__"]:  # type: ignore[operator]
            function: Any = self.env.globals[name]
            return self.visit_Const(nodes.Const(function(*(arg.as_const() for arg in node.args))), Scope())
        raise self.refuse(
            node, f"{name}() is not on the phone", "use a macro of this file, an import, or a filter"
        )

    def _call_gettext(self, node: nodes.Call, scope: Scope) -> Js:
        return self._translated("_", 1, node, scope)

    def _call_ngettext(self, node: nodes.Call, scope: Scope) -> Js:
        return self._translated("N", 3, node, scope)

    def _translated(self, helper: str, count: int, node: nodes.Call, scope: Scope) -> Js:
        if len(node.args) != count:
            raise self.refuse(node, f"a translation takes {count} texts and numbers", "name the variables")
        args = ["c", *(self.value(arg, scope) for arg in node.args)]
        if node.kwargs:
            args.append(self._object(((keyword.key, keyword.value) for keyword in node.kwargs), node, scope))
        return Js(f"{helper}({','.join(args)})", "html")

    def _call_range(self, node: nodes.Call, scope: Scope) -> Js:
        return Js(f"R({','.join(self._positional(node, scope))})")

    def _call_dict(self, node: nodes.Call, scope: Scope) -> Js:
        if node.args:
            raise self.refuse(node, "dict() of a value", "write {…}")
        return Js(self._object(((keyword.key, keyword.value) for keyword in node.kwargs), node, scope))

    _call_namespace = _call_dict

    def _call_super(self, node: nodes.Call, scope: Scope) -> Js:
        if self.block is None:
            raise self.refuse(node, "super() outside of a block")
        return Js(f"U(c,{js_text(self.block)},d)", "html")

    def _call_part(self, node: nodes.Call, target: nodes.Getattr, scope: Scope, caller: str | None) -> Js:
        """A call of something's part: `self.block()`, `loop.cycle()`, `file.macro()`, or a method of a value."""
        owner = target.node
        if isinstance(owner, nodes.Name):
            if owner.name == "self" and not scope.find("self"):
                return Js(f"B(c,{js_text(target.attr)})", "html")
            if owner.name == "loop" and target.attr == "cycle" and scope.find("loop.index0"):
                args = self._positional(node, scope)
                return Js(f"[{','.join(args)}][{scope.find('loop.index0')}%{len(args)}]")
            fact = scope.fact(owner.name) if scope.find(owner.name) else self.root_facts.get(owner.name)
            if isinstance(fact, Module):
                if target.attr not in fact.macros:
                    raise self.refuse(node, f"{fact.name} has no macro {target.attr!r}")
                js = f"{scope.find(owner.name) or f'c.{owner.name}'}.{target.attr}"
                return self._call_macro(node, fact.macros[target.attr], js, scope, caller)
        args = self._positional(node, scope)
        least, most = _METHODS.get(target.attr, (0, -1))
        if not least <= len(args) <= most:
            raise self.refuse(
                node, f".{target.attr}() so is not on the phone", f"there are {', '.join(sorted(_METHODS))}"
            )
        return Js(f"m.{target.attr}({','.join([self.value(owner, scope), *args])})")

    def _call_macro(self, node: nodes.Call, macro: Macro, js: str, scope: Scope, caller: str | None) -> Js:
        """The arguments in the macro's order; Z stands for one that was left out and has a default."""
        if len(node.args) > len(macro.params):
            raise self.refuse(node, f"{macro.name} takes {len(macro.params)} arguments")
        given = dict(zip(macro.params, node.args, strict=False))
        for keyword in node.kwargs:
            if keyword.key not in macro.params or keyword.key in given:
                raise self.refuse(node, f"{macro.name} does not take {keyword.key!r} (here)")
            given[keyword.key] = keyword.value
        args = [
            self.value(given[param], scope)
            if param in given
            else "Z"
            if param in macro.optional
            else "undefined"
            for param in macro.params
        ]
        if caller is not None:
            if not macro.calls_back:
                raise self.refuse(node, f"{macro.name} never uses its caller()")
            args.append(caller)
        while args and args[-1] == "undefined":
            args.pop()
        return Js(f"{js}({','.join(args)})", "html")
