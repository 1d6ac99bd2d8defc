"""One level of a template while it is compiled: its output and statements, and the names that it sets and reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jinja2 import nodes

from fieldapp.declare.template_expression import Piece, literal
from fieldapp.declare.template_sources import imported_names, stored

_USED = re.compile(r"(?<![\w.$])(?:([A-Za-z_])(?=[(.])|(Z)(?=[,)]))")
_HELPERS = frozenset("ABEFGIMNRSTUXZ_efghijklmnpqstvwxyz")
_INNER = (nodes.For, nodes.With, nodes.FilterBlock, nodes.CallBlock, nodes.Macro, nodes.AssignBlock)


def helpers_of(code: str) -> str:
    """`code` as a function that is given the helpers it uses."""
    used = {call or left_out for call, left_out in _USED.findall(code)} & _HELPERS
    return f"({{{','.join(sorted(used))}}})=>{code}"


class Out:
    """The code of one level: pieces of output and statements, in order."""

    def __init__(self) -> None:
        self.parts: list[list[Piece] | str] = []

    def write(self, *pieces: Piece) -> None:
        """Output."""
        if self.parts and isinstance(self.parts[-1], list):
            self.parts[-1] += pieces
        else:
            self.parts.append(list(pieces))

    def say(self, statement: str) -> None:
        """A statement."""
        self.parts.append(statement)

    @property
    def pure(self) -> bool:
        """Whether there is output only."""
        return all(isinstance(part, list) for part in self.parts)

    @property
    def pieces(self) -> list[Piece]:
        """The output of a pure level."""
        return [piece for part in self.parts if isinstance(part, list) for piece in part]

    def statements(self) -> str:
        """The level in a function that collects output in `o`."""
        return "".join(part if isinstance(part, str) else f"o+={literal(part)};" for part in self.parts)

    def function_body(self, temporaries: Sequence[str]) -> str:
        """What stands after `=>`."""
        held = f"let {','.join(temporaries)};" if temporaries else ""
        if self.pure:
            return f"{{{held}return {literal(self.pieces)}}}" if held else literal(self.pieces)
        return f'{{let o="";{held}{self.statements()}return o}}'


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
