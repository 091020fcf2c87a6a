"""Walking over nodes: one method for each kind, and one place that tells the kinds apart."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic, TypeVar

from runner.octostache.nodes import (
    Calculation,
    Conditional,
    Each,
    Expression,
    FilterCall,
    Number,
    Operation,
    Plain,
    Predicate,
    Substitution,
    Symbol,
    SymbolIndexStep,
    Template,
    Term,
    Token,
    conditional_chain,
    filter_chain,
)

Result = TypeVar("Result")
Item = TypeVar("Item")


class NodeVisitor(ABC, Generic[Result]):
    """Answers for every kind of token and term; subclasses say how."""

    def visit_token(self, token: Token) -> Result:
        """The answer for a token of whatever kind."""
        match token:
            case str():
                return self.visit_text(token)
            case Plain():
                return self.visit_plain(token)
            case Substitution():
                return self.visit_substitution(token)
            case Conditional():
                return self.visit_conditional(token)
            case Each():
                return self.visit_each(token)
            case Calculation():
                return self.visit_calculation(token)

    def visit_term(self, term: Term) -> Result:
        """The answer for a part of a calculation."""
        match term:
            case Number():
                return self.visit_number(term)
            case Operation():
                return self.visit_operation(term)
            case Symbol():
                return self.visit_variable(term)

    @abstractmethod
    def visit_template(self, template: Template) -> Result: ...
    @abstractmethod
    def visit_text(self, text: str) -> Result: ...
    @abstractmethod
    def visit_plain(self, token: Plain) -> Result: ...
    @abstractmethod
    def visit_substitution(self, token: Substitution) -> Result: ...
    @abstractmethod
    def visit_conditional(self, token: Conditional) -> Result: ...
    @abstractmethod
    def visit_each(self, token: Each) -> Result: ...
    @abstractmethod
    def visit_calculation(self, token: Calculation) -> Result: ...
    @abstractmethod
    def visit_expression(self, expression: Expression) -> Result: ...
    @abstractmethod
    def visit_predicate(self, predicate: Predicate) -> Result: ...
    @abstractmethod
    def visit_symbol(self, symbol: Symbol) -> Result: ...
    @abstractmethod
    def visit_number(self, number: Number) -> Result: ...
    @abstractmethod
    def visit_operation(self, operation: Operation) -> Result: ...

    def visit_variable(self, symbol: Symbol) -> Result:
        """The answer for a symbol inside a calculation."""
        return self.visit_symbol(symbol)


class NodeCollector(NodeVisitor[Iterator[Item]]):
    """Collects items from all nodes, in the order of the text; a subclass overrides the nodes that it cares for."""

    def visit_template(self, template: Template) -> Iterator[Item]:
        for token in template:
            yield from self.visit_token(token)

    def visit_text(self, text: str) -> Iterator[Item]:
        return iter(())

    def visit_plain(self, token: Plain) -> Iterator[Item]:
        return self.visit_symbol(token.symbol)

    def visit_substitution(self, token: Substitution) -> Iterator[Item]:
        return self.visit_expression(token.expression)

    def visit_conditional(self, token: Conditional) -> Iterator[Item]:
        for branch in conditional_chain(token):
            yield from self.visit_predicate(branch.condition)
            yield from self.visit_template(branch.then)
        yield from self.visit_template(branch.otherwise)

    def visit_each(self, token: Each) -> Iterator[Item]:
        yield from self.visit_symbol(token.collection)
        yield from self.visit_template(token.body)

    def visit_calculation(self, token: Calculation) -> Iterator[Item]:
        return self.visit_term(token.term)

    def visit_expression(self, expression: Expression) -> Iterator[Item]:
        symbol, calls = filter_chain(expression)
        yield from self.visit_symbol(symbol)
        for call in calls:
            yield from self.visit_filter(call)

    def visit_filter(self, call: FilterCall) -> Iterator[Item]:
        """What the options of a filter hold; its input has been visited before."""
        for option in call.options:
            yield from self.visit_token(option)

    def visit_predicate(self, predicate: Predicate) -> Iterator[Item]:
        yield from self.visit_expression(predicate.left)
        if isinstance(predicate.right, str):
            yield from self.visit_quoted(predicate.right)
        elif predicate.right is not None:
            yield from self.visit_expression(predicate.right)

    def visit_quoted(self, text: str) -> Iterator[Item]:
        """What the quoted side of a comparison holds."""
        return iter(())

    def visit_symbol(self, symbol: Symbol) -> Iterator[Item]:
        for step in symbol.steps:
            if isinstance(step, SymbolIndexStep):
                yield from self.visit_symbol(step.symbol)

    def visit_number(self, number: Number) -> Iterator[Item]:
        return iter(())

    def visit_operation(self, operation: Operation) -> Iterator[Item]:
        yield from self.visit_term(operation.first)
        for _, operand in operation.rest:
            yield from self.visit_term(operand)
