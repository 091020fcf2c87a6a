"""The tree that variable names make: `A.B[x] = v` is the node `v` under index `x` of `B` under `A`."""

from collections.abc import Iterable
from itertools import count

from runner.octostache.dotnet.characters import fold
from runner.octostache.errors import InvalidVariableError
from runner.octostache.parser import parse_name
from runner.octostache.syntax import Index, Name, Symbol, SymbolIndex

_owners = count(1)


class Node:
    """A place in the tree: an own value or none, children by name and by index (keys are folded).

    `origin` is the name of the variable that the value comes from, None for a value that the language made.
    `owner` is the tree that may change the node; trees share nodes that they don't own.
    """

    __slots__ = ("children", "indexed", "origin", "owner", "value")

    def __init__(self, value: str | None = None, origin: str | None = None, owner: int = 0) -> None:
        self.value = value
        self.origin = origin
        self.owner = owner
        self.children: dict[str, Node] = {}
        self.indexed: dict[str, Node] = {}

    def copy(self, owner: int) -> "Node":
        """The same place for another tree; what lies below is shared."""
        twin = Node(self.value, self.origin, owner)
        twin.children = dict(self.children)
        twin.indexed = dict(self.indexed)
        return twin


class Tree:
    """All variables as a tree. Copies are cheap: they share what neither of them has changed since."""

    def __init__(self, variables: Iterable[tuple[str, str | None]] = ()) -> None:
        self._owner = next(_owners)
        self.root = Node(owner=self._owner)
        self._rejected: dict[str, None] = {}
        for name, value in variables:
            self.set(name, value)

    def copy(self) -> "Tree":
        """An independent tree with the same content."""
        twin = Tree()
        twin.root = self.root
        twin._rejected = dict(self._rejected)
        self._owner = next(_owners)
        return twin

    def set(self, name: str, value: str | None) -> str | None:
        """Gives the place that `name` stands for a value; returns the name that the place was set by before."""
        symbol = parse_name(name)
        if symbol is None:
            return None
        if any(type(step) is SymbolIndex for step in symbol.steps):
            self._rejected[name] = None
            return None
        node = self._place(symbol)
        previous, node.value, node.origin = node.origin, value or "", name
        return previous

    def check(self) -> None:
        """Raises `InvalidVariableError` if a name is one that the language cannot evaluate beside others."""
        for name in self._rejected:
            raise InvalidVariableError(name, "cannot be the name of a variable: its index is an expression")

    def _place(self, symbol: Symbol) -> Node:
        owner = self._owner
        if self.root.owner != owner:
            self.root = self.root.copy(owner)
        node = self.root
        for step in symbol.steps:
            if isinstance(step, Name):
                siblings, fresh = node.children, None
            elif isinstance(step, Index):
                siblings, fresh = node.indexed, step.text
            key = fold(step.text)  # type: ignore[union-attr]  # a symbol index was refused
            child = siblings.get(key)
            if child is None:
                child = siblings[key] = Node(fresh, owner=owner)
            elif child.owner != owner:
                child = siblings[key] = child.copy(owner)
            node = child
        return node
