"""A template's statements as JavaScript: output, branches, loops, variables and macros.

Output is collected in `o` by template literals; a level that is all output becomes one literal without statements.
"""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import nodes

from fieldapp.declare.template_calls import ExpressionCompiler
from fieldapp.declare.template_expression import Js, Piece, either
from fieldapp.declare.template_level import Out, names_of, set_by
from fieldapp.declare.template_names import Fact, Scope, refuse_object_name
from fieldapp.declare.template_sources import macro_of, stored, top_level


class Statements(ExpressionCompiler):
    """Compiles the statements of one file; what concerns other files is in template_files.py."""

    parent: str | None = None  # the file that this one extends, once that is known

    def at_root(self, scope: Scope) -> bool:
        """Whether a level is the file's own, whose names live in the context."""
        return scope.parent is None and self.block is None

    # Levels.

    def level(self, body: list[nodes.Node], scope: Scope, out: Out) -> None:
        """The statements of a level of its own: what it sets is declared there."""
        self.refuse_late_sets(body)
        self.statements(body, scope, out)

    def statements(self, body: Sequence[nodes.Node], scope: Scope, out: Out) -> None:
        for node in body:
            method = getattr(self, f"write_{type(node).__name__}", None)
            if method is None:
                raise self.refuse(node, f"{type(node).__name__} is not understood on the phone")
            self._declare_sets_of_if(node, scope, out)
            method(node, scope, out)

    def _declare_sets_of_if(self, node: nodes.Node, scope: Scope, out: Out) -> None:
        """What an `if` sets belongs to the level around it, and keeps its outer value where no branch sets it."""
        if not isinstance(node, nodes.If) or self.at_root(scope):
            return
        for inner in top_level([node]):
            for name in set_by(inner):
                if name not in scope.js:
                    outer = scope.find(name) or f"c.{name}"
                    out.say(f"let {scope.declare(name)}={outer};")

    def refuse_late_sets(self, body: list[nodes.Node]) -> None:
        """Jinja2 gives an inner level that reads a name before its own level has set it neither value: refused."""
        seen_inside: set[str] = set()
        direct: set[str] = set()
        for node in top_level(body):
            direct |= names_of(node, inner=False)
            for name in set_by(node):
                if name in seen_inside and name not in direct:
                    raise self.refuse(
                        node, f"{name!r} is set after an inner level has read it", "set it first"
                    )
                direct.add(name)
            seen_inside |= names_of(node, inner=True)

    def captured(self, body: list[nodes.Node], scope: Scope) -> str:
        """A level's output as an expression."""
        inner, out = Scope(scope, temporaries=[]), Out()
        self.level(body, inner, out)
        made = out.function_body(inner.temporaries or ())
        return made if not made.startswith("{") else f"(()=>{made})()"

    def write_Scope(self, node: nodes.Scope, scope: Scope, out: Out) -> None:
        raise self.refuse(node.body[0], "an autoescape block", "use |safe where text is markup")

    # Output and branches.

    def write_Output(self, node: nodes.Output, scope: Scope, out: Out) -> None:
        if self.parent and self.at_root(scope):
            if any(not isinstance(part, nodes.TemplateData) or part.data.strip() for part in node.nodes):
                raise self.refuse(
                    node, "output outside of the blocks of an extending template", "put it in a block"
                )
            return
        for part in node.nodes:
            out.write(*self.pieces(part, scope))

    def write_If(self, node: nodes.If, scope: Scope, out: Out) -> None:
        made = [(self.truth(one.test, scope), self._branch(one.body, scope)) for one in (node, *node.elif_)]
        last = self._branch(node.else_, scope)
        if last.pure and all(branch.pure for _, branch in made):
            chosen = last.pieces
            for test, branch in reversed(made):
                chosen = [either(test, branch.pieces, chosen)]
            out.write(*chosen)
            return
        code = "else ".join(f"if({test_code}){{{branch.statements()}}}" for test_code, branch in made)
        out.say(code + (f"else{{{last.statements()}}}" if last.parts else ""))

    def _branch(self, body: list[nodes.Node], scope: Scope) -> Out:
        out = Out()
        self.statements(body, scope, out)
        return out

    # Loops.

    def write_For(self, node: nodes.For, scope: Scope, out: Out) -> None:
        if node.recursive:
            raise self.refuse(node, "a recursive loop", "write a macro that calls itself")
        listed = self._filtered(node, scope)
        asks_loop = any(name.name == "loop" for part in node.body for name in part.find_all(nodes.Name))
        asks_loop = asks_loop or any(
            isinstance(part, nodes.Name) and part.name == "loop" for part in node.body
        )
        inner, body = Scope(scope), Out()
        if not asks_loop and not node.else_:
            target = self.target(node.target, inner)
            self.level(node.body, inner, body)
            out.say(f"for(let {target} of {listed}){{{body.statements()}}}")
            return
        items, at = inner.hold("L"), inner.hold("i")
        for part, code in _loop_parts(items, at).items():
            inner.js[f"loop.{part}"] = code
        target = self.target(node.target, inner)
        self.level(node.body, inner, body)
        looped = (
            f"const {items}={listed};for(let {at}=0;{at}<{items}.length;{at}++)"
            f"{{let {target}={items}[{at}];{body.statements()}}}"
        )
        if node.else_:
            other = Out()
            self.level(node.else_, Scope(scope), other)
            looped += f"if(!{items}.length){{{other.statements()}}}"
        out.say(f"{{{looped}}}")

    def _filtered(self, node: nodes.For, scope: Scope) -> str:
        listed = f"A({self.value(node.iter, scope)})"
        if node.test is None:
            return listed
        inner = Scope(scope)
        target = self.target(node.target, inner)
        return f"{listed}.filter(({target})=>{self.truth(node.test, inner)})"

    def target(self, node: nodes.Node, scope: Scope) -> str:
        """New variables for what a loop (or `with`) names."""
        if isinstance(node, nodes.Name):
            if node.name == "loop":
                raise self.refuse(node, "a variable named loop")
            return scope.declare(node.name)
        if isinstance(node, nodes.Tuple):
            return f"[{','.join(self.target(item, scope) for item in node.items)}]"
        raise self.refuse(node, "this cannot be assigned to")

    # Variables.

    def write_Assign(self, node: nodes.Assign, scope: Scope, out: Out) -> None:
        self._set(node.target, self.value(node.node, scope), scope, out)

    def write_AssignBlock(self, node: nodes.AssignBlock, scope: Scope, out: Out) -> None:
        made = Js(self.captured(node.body, scope), "html")
        if node.filter is not None:
            made = Js(f"S(v({self.filtered(node.filter, made, scope)}))")
        self._set(node.target, self.as_value(made), scope, out)

    def filtered(self, node: nodes.Filter, made: Js, scope: Scope) -> str:
        """A chain of filters over captured output."""
        return self.as_value(self._chain(node, made, scope))

    def _chain(self, node: nodes.Filter, made: Js, scope: Scope) -> Js:
        if node.node is not None:
            assert isinstance(node.node, nodes.Filter)
            made = self._chain(node.node, made, scope)
        return self.filter(node, scope, made)

    def _set(self, target: nodes.Expr, value: str, scope: Scope, out: Out) -> None:
        if isinstance(target, nodes.NSRef):
            out.say(f"{self.visit_NSRef(target, scope).code}={value};")
            return
        names = stored(target)
        for name in names:
            refuse_object_name(name, self.file, target.lineno)
        if self.at_root(scope):
            out.say(f"{self._store(target, {name: f'c.{name}' for name in names})}={value};")
            return
        new = [name for name in names if name not in scope.js]
        if new and len(new) < len(names):
            raise self.refuse(target, "some of these names are new here, some are not", "set them one by one")
        for name in new:
            scope.declare(name)
        out.say(f"{'let ' if new else ''}{self._store(target, scope.js)}={value};")

    def _store(self, target: nodes.Expr, js: dict[str, str]) -> str:
        if isinstance(target, nodes.Name):
            return js[target.name]
        assert isinstance(target, nodes.Tuple)
        return f"[{','.join(self._store(item, js) for item in target.items)}]"

    def _name(self, name: str, fact: Fact | None, scope: Scope) -> tuple[str, str]:
        """Where a macro or import is kept: the statement's start, and the variable."""
        if self.at_root(scope):
            return "", f"c.{name}"
        if name in scope.js:
            scope.facts.pop(name, None)
            if fact:
                scope.facts[name] = fact
            return "", scope.js[name]
        return "let ", scope.declare(name, fact)

    def write_With(self, node: nodes.With, scope: Scope, out: Out) -> None:
        inner, body = Scope(scope), Out()
        values = [self.value(value, scope) for value in node.values]
        for target, value in zip(node.targets, values, strict=True):
            body.say(f"let {self.target(target, inner)}={value};")
        self.level(node.body, inner, body)
        out.say(f"{{{body.statements()}}}")

    def write_FilterBlock(self, node: nodes.FilterBlock, scope: Scope, out: Out) -> None:
        made = Js(self.captured(node.body, scope), "html")
        out.write(Piece(f"w({self.filtered(node.filter, made, scope)})", is_code=True))

    # Macros.

    def write_Macro(self, node: nodes.Macro, scope: Scope, out: Out) -> None:
        macro = macro_of(node)
        refuse_object_name(node.name, self.file, node.lineno)
        start, js = self._name(node.name, macro, scope)
        out.say(f"{start}{js}={self._function(node, scope, macro.calls_back)};")

    def write_CallBlock(self, node: nodes.CallBlock, scope: Scope, out: Out) -> None:
        if node.defaults:
            raise self.refuse(node, "defaults in a call block")
        if any(
            name.name == "caller"
            for part in node.body
            for name in [part, *part.find_all(nodes.Name)]
            if isinstance(name, nodes.Name)
        ):
            raise self.refuse(
                node, "caller() inside a call block is its own", "{% set inner = caller() %} before it"
            )
        made = self.call(node.call, scope, self._function(node, scope, calls_back=False))
        out.write(Piece(made.code, is_code=True))

    def _function(self, node: nodes.Macro | nodes.CallBlock, scope: Scope, calls_back: bool) -> str:
        inner, body = Scope(scope, temporaries=[]), Out()
        params = [self.target(arg, inner) for arg in node.args]
        if calls_back:
            params.append(inner.declare("caller"))
        first = len(node.args) - len(node.defaults)
        for param, default in zip(params[first:], node.defaults, strict=False):
            body.say(f"if({param}===Z){param}={self.value(default, inner)};")
        self.level(node.body, inner, body)
        if any(arg.name == "caller" for arg in node.args):
            raise self.refuse(node, "a parameter named caller")
        return f"({','.join(params)})=>{body.function_body(inner.temporaries or ())}"


def _loop_parts(items: str, at: str) -> dict[str, str]:
    return {
        "index": f"({at}+1)",
        "index0": at,
        "first": f"!{at}",
        "last": f"({at}=={items}.length-1)",
        "length": f"{items}.length",
        "revindex": f"({items}.length-{at})",
        "revindex0": f"({items}.length-{at}-1)",
        "previtem": f"{items}[{at}-1]",
        "nextitem": f"{items}[{at}+1]",
    }
