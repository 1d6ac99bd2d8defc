"""Calls in templates as JavaScript: macros, methods, translation, and the few functions that both sides have."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

from fieldapp.declare.template_expression import Js
from fieldapp.declare.template_filters import Filtering
from fieldapp.declare.template_names import Macro, Module, Scope, js_text
from fieldapp.declare.template_python import DICT_METHODS, TEXT_METHODS

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


def _counted(node: nodes.Call) -> nodes.Keyword:
    """`count=n` of an ngettext of n things."""
    return nodes.Keyword("count", node.args[2])


class ExpressionCompiler(Filtering):
    """Adds calls: the whole of expressions."""

    def visit_Call(self, node: nodes.Call, scope: Scope) -> Js:
        return self.call(node, scope, None)

    def call(self, node: nodes.Call, scope: Scope, caller: str | None) -> Js:
        """A call; `caller` is the JavaScript function of a call block."""
        self.refuse_star(node)
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
            return Js(f"{found}({','.join(self.positional(node, scope))})", "html")
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
        # The runtime knows the number of an ngettext as `count` by itself.
        named = [(one.key, one.value) for one in node.kwargs if count < 3 or one != _counted(node)]
        if named:
            args.append(self.object(named, node, scope))
        return Js(f"{helper}({','.join(args)})", "html")

    def _call_range(self, node: nodes.Call, scope: Scope) -> Js:
        return Js(f"R({','.join(self.positional(node, scope))})")

    def _call_dict(self, node: nodes.Call, scope: Scope) -> Js:
        if node.args:
            raise self.refuse(node, "dict() of a value", "write {…}")
        return Js(f"({self.object(((keyword.key, keyword.value) for keyword in node.kwargs), node, scope)})")

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
                args = self.positional(node, scope)
                return Js(f"[{','.join(args)}][{scope.find('loop.index0')}%{len(args)}]")
            fact = scope.fact(owner.name) if scope.find(owner.name) else self.root_facts.get(owner.name)
            if isinstance(fact, Module):
                if target.attr not in fact.macros:
                    raise self.refuse(node, f"{fact.name} has no macro {target.attr!r}")
                js = f"{scope.find(owner.name) or f'c.{owner.name}'}.{target.attr}"
                return self._call_macro(node, fact.macros[target.attr], js, scope, caller)
        args = self.positional(node, scope)
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
