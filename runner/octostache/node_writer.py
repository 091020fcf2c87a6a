"""What both written forms of tokens have in common."""

from typing import ClassVar

from runner.octostache.nodes import (
    Calculation,
    Each,
    IndexStep,
    NameStep,
    Plain,
    Substitution,
    Symbol,
)
from runner.octostache.visitor import NodeVisitor


class NodeWriter(NodeVisitor[str]):
    """Writes nodes as text."""

    CALCULATION: ClassVar = "calc "
    """What introduces a calculation."""
    BLANK_NAME: ClassVar = ""
    """How a name of white space only, trimmed to nothing, is written."""

    def visit_plain(self, token: Plain) -> str:
        return f"#{{{token.name}}}"

    def visit_substitution(self, token: Substitution) -> str:
        return f"#{{{self.visit_expression(token.expression)}}}"

    def visit_each(self, token: Each) -> str:
        collection = self.visit_symbol(token.collection)
        return f"#{{each {token.variable} in {collection}}}{self.visit_template(token.body)}#{{/each}}"

    def visit_calculation(self, token: Calculation) -> str:
        return f"#{{{self.CALCULATION}{self.visit_term(token.term)}}}"

    def visit_symbol(self, symbol: Symbol) -> str:
        parts: list[str] = []
        for step in symbol.steps:
            if isinstance(step, NameStep):
                parts.append(("." if parts else "") + (step.text or self.BLANK_NAME))
            elif isinstance(step, IndexStep):
                parts.append(f"[{step.text}]")
            else:
                parts.append(f"[#{{{self.visit_symbol(step.symbol)}}}]")
        return "".join(parts)
