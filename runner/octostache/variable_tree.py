"""The tree that variable names make: `A.B[x] = v` is the node `v` under index `x` of `B` under `A`."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Final

from runner.octostache.dotnet.characters import fold
from runner.octostache.errors import InvalidVariableError
from runner.octostache.nodes import NameStep, Symbol, SymbolIndexStep, SymbolStep
from runner.octostache.parser import parse_name

_owners = count(1)
_NOTHING: Final[Mapping[str, "VariableNode"]] = {}


class VariableNode:
    """A place in the tree: an own value or none, children by name and by index (keys are folded).

    `origin` is the name of the variable that the value comes from, None for a value that the language made.
    `owner` is the tree that may change the node; trees share nodes that they don't own.
    """

    __slots__ = ("_children", "_indexed", "origin", "owner", "value")

    def __init__(self, value: str | None = None, origin: str | None = None, owner: int = 0) -> None:
        self.value = value
        self.origin = origin
        self.owner = owner
        self._children: dict[str, VariableNode] | None = None
        self._indexed: dict[str, VariableNode] | None = None

    @property
    def children(self) -> Mapping[str, "VariableNode"]:
        return _NOTHING if self._children is None else self._children

    @property
    def indexed(self) -> Mapping[str, "VariableNode"]:
        return _NOTHING if self._indexed is None else self._indexed

    def add_child(self, key: str, child: "VariableNode") -> None:
        """Puts `child` under a name, given folded."""
        if self._children is None:
            self._children = {}
        self._children[key] = child

    def add_indexed(self, key: str, child: "VariableNode") -> None:
        """Puts `child` under an index, given folded."""
        if self._indexed is None:
            self._indexed = {}
        self._indexed[key] = child

    def copy(self, owner: int) -> "VariableNode":
        """The same place for another tree; what lies below is shared."""
        twin = VariableNode(self.value, self.origin, owner)
        twin._children = self._children and dict(self._children)
        twin._indexed = self._indexed and dict(self._indexed)
        return twin


class VariableTree:
    """All variables as a tree. Copies are cheap: they share what neither of them has changed since."""

    def __init__(self, variables: Iterable[tuple[str, str | None]] = ()) -> None:
        self._owner = next(_owners)
        self.root = VariableNode(owner=self._owner)
        self._rejected: dict[str, None] = {}
        for name, value in variables:
            self.set(name, value)

    def copy(self) -> "VariableTree":
        """An independent tree with the same content."""
        twin = VariableTree()
        twin.root = self.root
        twin._rejected = dict(self._rejected)
        self._owner = next(_owners)
        return twin

    def set(self, name: str, value: str | None) -> str | None:
        """Gives the place that `name` stands for a value; returns the name that the place was set by before."""
        symbol = parse_name(name)
        if symbol is None:
            return None
        if any(type(step) is SymbolIndexStep for step in symbol.steps):
            self._rejected[name] = None
            return None
        node = self._place(symbol)
        previous, node.value, node.origin = node.origin, value or "", name
        return previous

    def check(self) -> None:
        """Raises `InvalidVariableError` if a name is one that the language cannot evaluate beside others."""
        for name in self._rejected:
            raise InvalidVariableError(name, "cannot be the name of a variable: its index is an expression")

    def _place(self, symbol: Symbol) -> VariableNode:
        owner = self._owner
        if self.root.owner != owner:
            self.root = self.root.copy(owner)
        node = self.root
        for step in symbol.steps:
            node = self._own_child(node, step)
        return node

    def _own_child(self, node: VariableNode, step: SymbolStep) -> VariableNode:
        """The node of this tree below `node`, made or copied where there is none yet."""
        by_name = isinstance(step, NameStep)
        text: str = step.text  # type: ignore[union-attr]  # names with symbol indexes are rejected before
        key = fold(text)
        child = (node.children if by_name else node.indexed).get(key)
        if child is not None and child.owner == self._owner:
            return child
        # A place made for an index is called by its index until it gets a value.
        child = (
            child.copy(self._owner) if child else VariableNode(None if by_name else text, owner=self._owner)
        )
        (node.add_child if by_name else node.add_indexed)(key, child)
        return child
