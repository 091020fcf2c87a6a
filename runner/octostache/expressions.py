"""Scanning of what stands between `#{` and `}`: filter chains, conditions and calculations."""

import re
from abc import abstractmethod
from typing import Final

from runner.octostache.nodes import (
    Expression,
    FilterCall,
    Number,
    Operation,
    Operator,
    Predicate,
    Symbol,
    Term,
    Token,
)
from runner.octostache.scanner import SymbolScanner

_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_EMPTY: Final = Symbol(())


class ExpressionScanner(SymbolScanner):
    """Adds expressions to symbols; tokens as filter options come from the subclass."""

    @abstractmethod
    def read_token(self, position: int) -> tuple[Token | None, int]:
        """The token whose `#{` stands at `position`."""

    @abstractmethod
    def descend(self, position: int) -> None:
        """Notes one more level of nesting; raises `LimitExceededError` where it is one too many."""

    @abstractmethod
    def ascend(self) -> None:
        """Takes back one `descend`."""

    def read_expression(self, position: int) -> tuple[Expression | None, int]:
        """A filter chain or a symbol, with the white space around it."""
        start = self.skip_space(position)
        symbol, end = self.read_symbol(start)
        pipe = start if symbol is None else self.skip_space(end)
        chain, reach = self._read_chain(symbol or _EMPTY, pipe)
        if chain is not None:
            return chain, self.skip_space(reach)
        return (None, max(end, reach)) if symbol is None else (symbol, pipe)

    def _read_chain(self, argument: Expression, position: int) -> tuple[Expression | None, int]:
        chain: FilterCall | None = None
        while self.text.startswith("|", position):
            start = self.skip_space(position + 1)
            name, end = self.read_word(start)
            if name is None:
                return chain, position if chain else end
            options, position = self._read_options(self.skip_space(end))
            chain = FilterCall(chain or argument, name, options, start)
        return chain, position

    def _read_options(self, position: int) -> tuple[tuple[Token, ...], int]:
        options: list[Token] = []
        while True:
            option, end = self._read_option(position)
            if option is None:
                return tuple(options), position
            options.append(option)
            position = end

    def _read_option(self, position: int) -> tuple[Token | None, int]:
        if self.text.startswith("#{", position):
            return self.read_token(position)
        start = self.skip_space(position)
        word, end = self.read_word(start)
        return self.read_quoted(start) if word is None else (word, self.skip_space(end))

    def read_condition(self, position: int) -> tuple[Predicate | None, int]:
        """What an `if` asks: an expression, alone or compared with another or with a quoted text."""
        left, end = self.read_expression(position)
        if left is None:
            return self._read_quoted_first(position, end)
        operator, start = self._read_operator(end)
        if operator is None:
            return Predicate(left), end
        right, right_end = self.read_expression(start)
        if right is not None:
            return Predicate(left, operator, right), right_end
        quoted, right_end = self.read_quoted(start)
        return (Predicate(left), end) if quoted is None else (Predicate(left, operator, quoted), right_end)

    def _read_quoted_first(self, position: int, furthest: int) -> tuple[Predicate | None, int]:
        quoted, end = self.read_quoted(self.skip_space(position))
        if quoted is None:
            return None, max(end, furthest)
        operator, start = self._read_operator(end)
        if operator is None:
            return None, start
        right, right_end = self.read_expression(start)
        return (None, right_end) if right is None else (Predicate(right, operator, quoted), right_end)

    def _read_operator(self, position: int) -> tuple[Operator | None, int]:
        start = self.skip_space(position)
        if self.text.startswith("==", start):
            return "==", self.skip_space(start + 2)
        if self.text.startswith("!=", start):
            return "!=", self.skip_space(start + 2)
        return None, max(self.progress("==", start), self.progress("!=", start))

    def read_sum(self, position: int) -> tuple[Term | None, int]:
        """Products joined by `+` and `-`."""
        return self._read_operations(position, "+-")

    def _read_operations(self, position: int, operators: str) -> tuple[Term | None, int]:
        first, end = self._read_operand(position, operators)
        if first is None:
            return None, end
        rest: list[tuple[str, Term]] = []
        while True:
            sign = self.skip_space(end)
            operator = self.text[sign : sign + 1]
            if not operator or operator not in operators:
                break
            operand, reach = self._read_operand(self.skip_space(sign + 1), operators)
            if operand is None:
                break
            rest.append((operator, operand))
            end = reach
        return (Operation(first, tuple(rest)) if rest else first), end

    def _read_operand(self, position: int, operators: str) -> tuple[Term | None, int]:
        return self._read_operations(position, "*/") if operators == "+-" else self._read_factor(position)

    def _read_factor(self, position: int) -> tuple[Term | None, int]:
        if self.text.startswith("(", position):
            return self._read_parenthesis(position)
        number = _NUMBER.match(self.text, position)
        if number:
            return Number(float(number[0])), number.end()
        if self.text.startswith("{", position):
            symbol, end = self.read_symbol(self.skip_space(position + 1))
            close = end if symbol is None else self.skip_space(end)
            return (symbol, close + 1) if symbol and self.text.startswith("}", close) else (None, close)
        symbol, end = self.read_symbol(self.skip_space(position))
        return (None, end) if symbol is None else (symbol, self.skip_space(end))

    def _read_parenthesis(self, position: int) -> tuple[Term | None, int]:
        self.descend(position)
        term, end = self.read_sum(position + 1)
        self.ascend()
        if term is None or not self.text.startswith(")", end):
            return None, end
        return term, end + 1
