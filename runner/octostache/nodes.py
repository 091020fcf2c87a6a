"""What a parsed text is made of.

A template is a tuple of tokens. Text is a plain `str`; everything else is one of the tuples below.
They are named tuples, not dataclasses, because a large file makes tens of thousands of them.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

Operator: TypeAlias = Literal["==", "!="]


class NameStep(NamedTuple):
    """A step by name: `Port` in `#{Server.Port}`; `position` is its 0-based offset in the text."""

    text: str
    position: int


class IndexStep(NamedTuple):
    """A step by literal index, `[a]`, kept as text; it may be empty."""

    text: str
    position: int


class SymbolIndexStep(NamedTuple):
    """A step whose index is the value of another symbol, `[#{Other}]`."""

    symbol: "Symbol"
    position: int


SymbolStep: TypeAlias = NameStep | IndexStep | SymbolIndexStep


class Symbol(NamedTuple):
    """A path to a value: steps from the root; without steps it stands for "no input" of a filter."""

    steps: tuple[SymbolStep, ...]


class FilterCall(NamedTuple):
    """`argument | name option option`; `position` is the offset of the name."""

    argument: "Expression"
    name: str
    options: tuple["Token", ...]
    position: int


Expression: TypeAlias = Symbol | FilterCall


def filter_chain(expression: Expression) -> tuple[Symbol, list[FilterCall]]:
    """The symbol that a chain of filters begins with, and its filters from left to right."""
    calls: list[FilterCall] = []
    while isinstance(expression, FilterCall):
        calls.append(expression)
        expression = expression.argument
    return expression, calls[::-1]


class Plain(NamedTuple):
    """`#{Name}` or `#{Dotted.Name}` without white space: by far the most frequent token.

    `position` is the offset of the first character of the name.
    """

    name: str
    position: int

    @property
    def symbol(self) -> Symbol:
        """The same as a path."""
        steps: list[SymbolStep] = []
        position = self.position
        for part in self.name.split("."):
            steps.append(NameStep(part, position))
            position += len(part) + 1
        return Symbol(tuple(steps))


class Substitution(NamedTuple):
    """`#{expression}`."""

    expression: Expression
    position: int


class Predicate(NamedTuple):
    """`left`, or `left operator right`; a quoted side is always on the right, as text."""

    left: Expression
    operator: Operator | None = None
    right: "Expression | str | None" = None


class Conditional(NamedTuple):
    """`if`, `elseif` (nested in `otherwise`) and `unless` (with its branches swapped)."""

    condition: Predicate
    then: "Template"
    otherwise: "Template"
    position: int
    negated: bool = False  # written as `unless`


def conditional_chain(token: Conditional) -> Iterator[Conditional]:
    """`token` and the conditionals that are all there is in its `else`, and in theirs: a chain of `elseif`."""
    yield token
    while len(token.otherwise) == 1 and isinstance(token.otherwise[0], Conditional):
        token = token.otherwise[0]
        yield token


class Each(NamedTuple):
    """`#{each variable in collection}body#{/each}`."""

    variable: str
    collection: Symbol
    body: "Template"
    position: int


class Number(NamedTuple):
    """A constant of a calculation."""

    value: float


class Operation(NamedTuple):
    """`first op operand op operand ...`, evaluated from left to right; the operators share one precedence."""

    first: "Term"
    rest: tuple[tuple[str, "Term"], ...]


Term: TypeAlias = Number | Symbol | Operation


class Calculation(NamedTuple):
    """`#{calc term}`."""

    term: Term
    position: int


Token: TypeAlias = str | Plain | Substitution | Conditional | Each | Calculation
Template: TypeAlias = Sequence[Token]
