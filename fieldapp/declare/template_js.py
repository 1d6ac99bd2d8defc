"""A template's statements as JavaScript: Jinja2's tree of a file becomes one function of the phone's runtime.

The function takes the runtime's helpers and gives `{x: file it extends, b: blocks, m: body}`. Output is collected
in `o` by template literals; a level whose parts are all output becomes one literal without statements.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jinja2 import Environment, nodes

from fieldapp.declare.template_expression import ExpressionCompiler, Js
from fieldapp.declare.template_names import (
    Fact,
    Scope,
    Sources,
    constant_name,
    imported_names,
    js_text,
    macro_of,
    refuse_object_name,
    stored,
    top_level,
)

HELPERS = "A B E F I M N R S T U X Z _ e f g h i j k l m n p q s t v w x y z".split()
_USED = re.compile(r"(?<![\w.$])([A-Z]|_|[a-z])(?=[(.,)\]?=;:}])")
_INNER = (nodes.For, nodes.With, nodes.FilterBlock, nodes.CallBlock, nodes.Macro, nodes.AssignBlock)


def helpers_of(code: str) -> str:
    """`code` as a function that is given the helpers it uses."""
    used = set(_USED.findall(code))
    return f"({{{','.join(name for name in HELPERS if name in used)}}})=>{code}"


class Out:
    """The code of one level: pieces of output and statements, in order."""

    def __init__(self) -> None:
        self.parts: list[tuple[bool, str]] = []  # (is output, code)

    def write(self, piece: str) -> None:
        if self.parts and self.parts[-1][0]:
            self.parts[-1] = True, self.parts[-1][1] + piece
        else:
            self.parts.append((True, piece))

    def say(self, statement: str) -> None:
        self.parts.append((False, statement))

    @property
    def pure(self) -> bool:
        return all(is_output for is_output, _ in self.parts)

    def expression(self) -> str:
        """The level as one literal; only of a pure one."""
        return literal(self.parts[0][1] if self.parts else "")

    def statements(self) -> str:
        return "".join(f"o+={literal(code)};" if is_output else code for is_output, code in self.parts)

    def function_body(self, temporaries: Sequence[str]) -> str:
        """What stands after `=>`."""
        if self.pure and not temporaries:
            return self.expression()
        held = f"let {','.join(temporaries)};" if temporaries else ""
        if self.pure:
            return f"{{{held}return {self.expression()}}}"
        return f'{{let o="";{held}{self.statements()}return o}}'


def literal(template: str) -> str:
    """The shortest way to write a template literal."""
    if template.startswith("${") and template.endswith("}") and _closes_last(template):
        return template[2:-1]
    return f"`{template}`"


def _closes_last(template: str) -> bool:
    """Whether the first `${` is closed by the last brace (and holds no text of its own to be misread)."""
    inside = template[2:-1]
    if "`" in inside or '"' in inside or "'" in inside:
        return False
    depth = 1
    for place, letter in enumerate(template[2:], 2):
        depth += (letter == "{") - (letter == "}")
        if depth == 0:
            return place == len(template) - 1
    return False


class TemplateCompiler(ExpressionCompiler):
    """Compiles one file."""

    def __init__(self, env: Environment, file: str, sources: Sources) -> None:
        super().__init__(env, file, sources, autoescape=True)
        self.tree = sources.tree(file)
        self.known_sources = sources
        self.parent: str | None = None

    def compile(self) -> str:
        """The JavaScript function of the file."""
        root = Scope(temporaries=[])
        body = Out()
        self.refuse_late_sets(self.tree.body)
        self.statements(self.tree.body, root, body)
        members = []
        if self.parent:
            members.append(f"x:{js_text(self.parent)}")
        found = list(self.tree.find_all(nodes.Block))
        for block in found:
            if [other.name for other in found].count(block.name) > 1:
                raise self.refuse(block, f"the block {block.name!r} is written twice")
        blocks = [self._block(block) for block in found]
        if blocks:
            members.append(f"b:{{{','.join(blocks)}}}")
        members.append(f"m:c=>{body.function_body(root.temporaries or ())}")
        return helpers_of(f"({{{','.join(members)}}})")

    def _block(self, node: nodes.Block) -> str:
        if node.required:
            raise self.refuse(node, "a required block", "give it a body")
        refuse_object_name(node.name, self.file, node.lineno)
        self.block = node.name
        scope, out = Scope(temporaries=[]), Out()
        self.level(node.body, scope, out)
        self.block = None
        return f"{node.name}:(c,d)=>{out.function_body(scope.temporaries or ())}"

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
            for piece in self.pieces(part, scope):
                out.write(piece)

    def write_If(self, node: nodes.If, scope: Scope, out: Out) -> None:
        branches = [(node.test, node.body), *((other.test, other.body) for other in node.elif_)]
        made = []
        for test, body in branches:
            made.append((self.truth(test, scope), self._branch(body, scope)))
        last = self._branch(node.else_, scope)
        if last.pure and all(branch.pure for _, branch in made):
            code = last.expression()
            for test_code, branch in reversed(made):
                code = f"({test_code}?{branch.expression()}:{code})"
            out.write("${" + code + "}")
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

    def target(self, node: nodes.Expr, scope: Scope) -> str:
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
        out.write("${w(" + self.filtered(node.filter, made, scope) + ")}")

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
        out.write("${" + made.code + "}")

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

    # Other files.

    def write_Extends(self, node: nodes.Extends, scope: Scope, out: Out) -> None:
        if self.parent or not self.at_root(scope) or node not in self.tree.body:
            raise self.refuse(node, "extends here", "write it once, at the top")
        self.parent = constant_name(node.template, (self.file, node.lineno))

    def write_Block(self, node: nodes.Block, scope: Scope, out: Out) -> None:
        if self.parent and self.at_root(scope):
            return
        name = js_text(node.name)
        if not node.scoped:
            out.write("${B(c," + name + ")}")
            return
        read = {one.name for one in node.find_all(nodes.Name)}
        out.write("${B(" + self._with_locals("c", scope, read) + "," + name + ")}")

    def _with_locals(self, context: str, scope: Scope, read: set[str]) -> str:
        """The context with the local variables that are read there."""
        seen = [
            f"{name}:{js}" if name != js else name
            for name, js in scope.visible()
            if name in read and not scope.fact(name) and name.isidentifier()
        ]
        return f"I({context},{{{','.join(seen)}}})" if seen else context

    def write_Include(self, node: nodes.Include, scope: Scope, out: Out) -> None:
        if self.parent and self.at_root(scope):
            raise self.refuse(
                node, "an include outside of the blocks of an extending template", "put it in a block"
            )
        if node.ignore_missing:
            raise self.refuse(node, "ignore missing", "the file is known when the phone is built")
        name = constant_name(node.template, (self.file, node.lineno))
        self.known_sources.tree(name, (self.file, node.lineno))
        read = self.known_sources.names_read(name)
        if "loop" in read and scope.find("loop.index0"):
            raise self.refuse(node, f"{name} may read loop", "{% set %} a variable from it and read that")
        context = self._with_locals("c", scope, read) if node.with_context else "{$:c.$}"
        out.write("${E(" + context + "," + js_text(name) + ")}")

    def write_Import(self, node: nodes.Import, scope: Scope, out: Out) -> None:
        module = self.known_sources.module(node, (self.file, node.lineno))
        start, js = self._name(node.target, module, scope)
        out.say(f"{start}{js}={self._module(module.name, scope)};")

    def write_FromImport(self, node: nodes.FromImport, scope: Scope, out: Out) -> None:
        given = self.known_sources.given_by(node, self.file)
        module = constant_name(node.template, (self.file, node.lineno))
        made = self._module(module, scope)
        starts, pairs = set(), []
        for name, alias in imported_names(node):
            start, js = self._name(alias, given[alias], scope)
            starts.add(start)
            pairs.append(f"{name}:{js}")
        if len(starts) > 1:
            raise self.refuse(
                node, "some of these names are new here, some are not", "import them one by one"
            )
        start = starts.pop()
        out.say(f"{start}{{{','.join(pairs)}}}={made};" if start else f"({{{','.join(pairs)}}}={made});")

    def _module(self, name: str, scope: Scope) -> str:
        context = self._with_locals("c", scope, self.known_sources.names_read(name))
        return f"M({context},{js_text(name)})"


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


def set_by(node: nodes.Node) -> list[str]:
    """The names that a statement sets at its own level."""
    if isinstance(node, nodes.Assign | nodes.AssignBlock):
        return stored(node.target)
    if isinstance(node, nodes.Macro):
        return [node.name]
    if isinstance(node, nodes.Import):
        return [node.target]
    if isinstance(node, nodes.FromImport):
        return [alias for _, alias in imported_names(node)]
    return []


def names_of(node: nodes.Node, inner: bool) -> set[str]:
    """The names that a statement reads: those of levels inside it, or those it reads itself."""
    found: set[str] = set()

    def walk(part: nodes.Node, inside: bool) -> None:
        if isinstance(part, nodes.Name) and part.ctx == "load" and inside is inner:
            found.add(part.name)
        if isinstance(part, nodes.If | nodes.Block) and part is not node:
            return
        for name, child in part.iter_fields():
            children = child if isinstance(child, list) else [child]
            for one in children:
                if isinstance(one, nodes.Node):
                    walk(one, inside or (isinstance(part, _INNER) and name in ("body", "else_", "test")))

    if isinstance(node, nodes.If):
        walk(node.test, False)
    elif not isinstance(node, nodes.Block):
        walk(node, False)
    return found
