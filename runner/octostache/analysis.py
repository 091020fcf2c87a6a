"""What a text says about variables without evaluating it."""

from collections.abc import Iterator
from typing import Final

from runner.octostache.dotnet.characters import fold
from runner.octostache.nodes import (
    Each,
    IndexStep,
    NameStep,
    Symbol,
    SymbolIndexStep,
    Token,
)
from runner.octostache.parser import parse_tokens
from runner.octostache.unparse import template_source
from runner.octostache.visitor import NodeCollector

_SPECIALS: Final = "OCTOPUS.TEMPLATE.EACH."


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
    return list(dict.fromkeys(_ArgumentNames().visit_template(parse_tokens(text, halt_on_error))))


def variable_names(text: str) -> list[str]:
    """The variables that `text` reads, distinct, in order, such as `Site.Host` and `Step[Deploy].Output.Url`.

    An index that is an expression ends the name: `Step[#{Name}].Url` reads `Name` and `Step`. What a loop defines for
    its body is left out, and so is what cannot be parsed. Raises `LimitExceededError`.
    """
    if "#{" not in text:
        return []
    return list(dict.fromkeys(_VariableNames().visit_template(parse_tokens(text, halt_on_error=False))))


class _ArgumentNames(NodeCollector[str]):
    def visit_each(self, token: Each) -> Iterator[str]:
        return self.visit_symbol(token.collection)

    def visit_quoted(self, text: str) -> Iterator[str]:
        yield text

    def visit_symbol(self, symbol: Symbol) -> Iterator[str]:
        for step in symbol.steps:
            if isinstance(step, NameStep):
                yield step.text
            elif isinstance(step, SymbolIndexStep):
                yield from self.visit_symbol(step.symbol)


class _VariableNames(NodeCollector[str]):
    def __init__(self, loop_variables: frozenset[str] = frozenset()) -> None:
        self._loop_variables = loop_variables  # folded, of the loops around

    def visit_each(self, token: Each) -> Iterator[str]:
        yield from self.visit_symbol(token.collection)
        inside = _VariableNames(self._loop_variables | {fold(token.variable)})
        yield from inside.visit_template(token.body)

    def visit_symbol(self, symbol: Symbol) -> Iterator[str]:
        path = ""
        for step in symbol.steps:
            if isinstance(step, SymbolIndexStep):
                yield from self.visit_symbol(step.symbol)
                break
            path += (
                f"[{step.text}]" if isinstance(step, IndexStep) else f".{step.text}" if path else step.text
            )
        if path and not self._is_of_a_loop(symbol, path):
            yield path

    def _is_of_a_loop(self, symbol: Symbol, path: str) -> bool:
        if not self._loop_variables:
            return False
        first = symbol.steps[0]
        named = isinstance(first, NameStep) and fold(first.text) in self._loop_variables
        return named or fold(path).startswith(_SPECIALS)
