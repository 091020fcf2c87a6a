"""Where symbols are looked up: trees of values inside each other, and the trees that loops make."""

from collections.abc import Iterator, Sequence
from typing import Final

from runner.octostache.echo import symbol_text
from runner.octostache.errors import RecursiveDefinitionError
from runner.octostache.nodes import Symbol
from runner.octostache.variable_tree import VariableNode

_TRUE: Final = VariableNode("True")
_FALSE: Final = VariableNode("False")


class EvaluationContext:
    """A tree of values (None for an empty one) inside a parent; `stack` holds the symbols being looked up in it."""

    __slots__ = ("parent", "root", "stack")

    def __init__(self, root: VariableNode | None, parent: "EvaluationContext | None") -> None:
        self.root = root
        self.parent = parent
        self.stack: list[Symbol] = []

    def check_recursion(self, symbol: Symbol) -> None:
        """Raises `RecursiveDefinitionError` if `symbol`, from the same place of its text, is being looked up."""
        ancestor: EvaluationContext | None = self
        while ancestor is not None:
            if symbol in ancestor.stack:
                chain = (*ancestor.stack, symbol)
                raise RecursiveDefinitionError(symbol_text(symbol), tuple(map(symbol_text, chain)))
            ancestor = ancestor.parent


def loop_nodes(variable: str, items: Sequence[VariableNode]) -> Iterator[VariableNode]:
    """For each item the tree of a loop's body: the item under `variable` (folded), and the specials."""
    each, template, octopus = VariableNode(), VariableNode(), VariableNode()
    template.add_child("EACH", each)
    octopus.add_child("TEMPLATE", template)
    for index, item in enumerate(items):
        each.add_child("INDEX", VariableNode(str(index)))
        each.add_child("FIRST", _TRUE if index == 0 else _FALSE)
        each.add_child("LAST", _TRUE if index == len(items) - 1 else _FALSE)
        local = VariableNode()
        local.add_child("OCTOPUS", octopus)
        local.add_child(variable, item)
        yield local


def item_node(item: "str | tuple[str, str]", origin: str | None) -> VariableNode:
    """An element of a JSON array, or a member of a JSON object: its name, with `Key` and `Value` below."""
    if isinstance(item, str):
        return VariableNode(item, origin)
    name, value = item
    node = VariableNode(name, origin)
    node.add_child("KEY", VariableNode(name, origin))
    node.add_child("VALUE", VariableNode(value, origin))
    return node
