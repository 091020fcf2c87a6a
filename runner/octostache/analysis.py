"""What a text says about variables without evaluating it."""

from collections.abc import Iterator

from runner.octostache.nodes import (
    Calculation,
    Conditional,
    Each,
    Expression,
    FilterCall,
    NameStep,
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
)
from runner.octostache.parser import parse_tokens
from runner.octostache.unparse import template_source


class ParsedTemplate(tuple[Token, ...]):
    """The tokens of a text. As a string it is a text that parses into the same tokens."""

    __slots__ = ()

    def __str__(self) -> str:
        return template_source(self)


def parse_template(text: str, halt_on_error: bool = True) -> ParsedTemplate:
    """The tokens of `text`, with their positions; see `nodes` for what they are.

    Raises `TemplateSyntaxError` (unless `halt_on_error=False`) and `LimitExceededError`.
    """
    return ParsedTemplate(parse_tokens(text, halt_on_error))


def argument_names(text: str, halt_on_error: bool = True) -> list[str]:
    """The names that `text` mentions, distinct, in order: every step by name, the collection of an `each` but not
    its body, both branches of conditions, and quoted right sides as they are.

    Raises `TemplateSyntaxError` and `LimitExceededError`.
    """
    return list(dict.fromkeys(_template_names(parse_tokens(text, halt_on_error))))


def _template_names(template: Template) -> Iterator[str]:
    for token in template:
        yield from _token_names(token)


def _token_names(token: Token) -> Iterator[str]:
    match token:
        case Plain():
            yield from token.name.split(".")
        case Substitution(expression, _):
            yield from _expression_names(expression)
        case Conditional():
            for branch in conditional_chain(token):
                yield from _condition_names(branch.condition)
                yield from _template_names(branch.then)
            yield from _template_names(branch.otherwise)
        case Each(_, collection, _, _):
            yield from _symbol_names(collection)
        case Calculation(term, _):
            yield from _term_names(term)


def _condition_names(condition: Predicate) -> Iterator[str]:
    yield from _expression_names(condition.left)
    if isinstance(condition.right, str):
        yield condition.right
    elif condition.right is not None:
        yield from _expression_names(condition.right)


def _expression_names(expression: Expression) -> Iterator[str]:
    calls: list[FilterCall] = []
    while isinstance(expression, FilterCall):
        calls.append(expression)
        expression = expression.argument
    yield from _symbol_names(expression)
    for call in reversed(calls):
        for option in call.options:
            yield from _token_names(option)


def _symbol_names(symbol: Symbol) -> Iterator[str]:
    for step in symbol.steps:
        if isinstance(step, NameStep):
            yield step.text
        elif isinstance(step, SymbolIndexStep):
            yield from _symbol_names(step.symbol)


def _term_names(term: Term) -> Iterator[str]:
    if isinstance(term, Operation):
        yield from _term_names(term.first)
        for _, operand in term.rest:
            yield from _term_names(operand)
    elif isinstance(term, Symbol):
        yield from _symbol_names(term)
