"""A file as JavaScript: what it extends, its blocks, and what it includes and imports.

Its function takes the runtime's helpers and gives `{x: file it extends, b: blocks, m: body}`.
"""

from __future__ import annotations

from jinja2 import Environment, nodes

from fieldapp.declare.template_expression import Piece
from fieldapp.declare.template_js import Statements
from fieldapp.declare.template_level import Out, helpers_of
from fieldapp.declare.template_names import Scope, js_text, refuse_object_name
from fieldapp.declare.template_sources import Sources, constant_name, imported_names


class TemplateCompiler(Statements):
    """Compiles one file."""

    def __init__(self, env: Environment, file: str, sources: Sources) -> None:
        super().__init__(env, file, sources, autoescape=True)
        self.tree = sources.tree(file)
        self.known_sources = sources

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

    def write_Extends(self, node: nodes.Extends, scope: Scope, out: Out) -> None:
        if self.parent or not self.at_root(scope) or node not in self.tree.body:
            raise self.refuse(node, "extends here", "write it once, at the top")
        self.parent = constant_name(node.template, (self.file, node.lineno))

    def write_Block(self, node: nodes.Block, scope: Scope, out: Out) -> None:
        if self.parent and self.at_root(scope):
            return
        name = js_text(node.name)
        if not node.scoped:
            out.write(Piece(f"B(c,{name})", is_code=True))
            return
        read = {one.name for one in node.find_all(nodes.Name)}
        out.write(Piece(f"B({self._with_locals('c', scope, read)},{name})", is_code=True))

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
        out.write(Piece(f"E({context},{js_text(name)})", is_code=True))

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
        if not start and self._harmless(node):
            out.write(Piece(f"G({self._context(module, scope)},{js_text(module)})", is_code=True))
            return
        out.say(f"{start}{{{','.join(pairs)}}}={made};" if start else f"({{{','.join(pairs)}}}={made});")

    def _harmless(self, node: nodes.FromImport) -> bool:
        """Whether all that a file gives may come with what is asked of it, which is shorter: nobody takes it for his own."""
        named = imported_names(node)
        module = self.known_sources.module(node, (self.file, node.lineno))
        others = (module.macros.keys() | module.values) - {name for name, _ in named}
        return all(name == alias for name, alias in named) and not others & self.known_sources.free()

    def _module(self, name: str, scope: Scope) -> str:
        return f"M({self._context(name, scope)},{js_text(name)})"

    def _context(self, name: str, scope: Scope) -> str:
        return self._with_locals("c", scope, self.known_sources.names_read(name))
