"""Where symbols are looked up: trees of values inside each other, and the trees that loops make."""

from collections.abc import Iterator, Sequence
from typing import Final

from runner.octostache.echo import symbol_text
from runner.octostache.errors import RecursiveDefinitionError
from runner.octostache.nodes import Symbol
from runner.octostache.variable_tree import Node

_TRUE: Final = Node("True")
_FALSE: Final = Node("False")


class Context:
    """A tree of values (None for an empty one) inside a parent; `stack` holds the symbols being looked up in it."""

    __slots__ = ("parent", "root", "stack")

    def __init__(self, root: Node | None, parent: "Context | None") -> None:
        self.root = root
        self.parent = parent
        self.stack: list[Symbol] = []

    def check_recursion(self, symbol: Symbol) -> None:
        """Raises `RecursiveDefinitionError` if `symbol`, from the same place of its text, is being looked up."""
        ancestor: Context | None = self
        while ancestor is not None:
            if symbol in ancestor.stack:
                chain = (*ancestor.stack, symbol)
                raise RecursiveDefinitionError(symbol_text(symbol), tuple(map(symbol_text, chain)))
            ancestor = ancestor.parent


def loop_nodes(variable: str, items: Sequence[Node]) -> Iterator[Node]:
    """For each item the tree of a loop's body: the item under `variable` (folded), and the specials."""
    each, template, octopus = Node(), Node(), Node()
    template.add_child("EACH", each)
    octopus.add_child("TEMPLATE", template)
    for index, item in enumerate(items):
        each.add_child("INDEX", Node(str(index)))
        each.add_child("FIRST", _TRUE if index == 0 else _FALSE)
        each.add_child("LAST", _TRUE if index == len(items) - 1 else _FALSE)
        local = Node()
        local.add_child("OCTOPUS", octopus)
        local.add_child(variable, item)
        yield local


def item_node(item: "str | tuple[str, str]", origin: str | None) -> Node:
    """An element of a JSON array, or a member of a JSON object: its name, with `Key` and `Value` below."""
    if isinstance(item, str):
        return Node(item, origin)
    name, value = item
    node = Node(name, origin)
    node.add_child("KEY", Node(name, origin))
    node.add_child("VALUE", Node(value, origin))
    return node
