"""Tokens as they stand in the output where a value is missing: the language's own canonical form.

It forgets some of what was written; `unparse` gives a text that parses back into the same tokens.
"""

import re
from typing import Final

from runner.octostache.dotnet.numbers import shortest_double
from runner.octostache.node_writer import NodeWriter
from runner.octostache.nodes import (
    Conditional,
    Expression,
    Number,
    Operation,
    Predicate,
    Symbol,
    Template,
    Token,
    conditional_chain,
    filter_chain,
)

_LITERAL_OPEN: Final = re.compile(r"#\{")


def echo(token: Token) -> str:
    """The canonical form of a token."""
    return _ECHO.visit_token(token)


def expression_text(expression: Expression) -> str:
    """`A | F "option" #{nested}`, without the braces around it."""
    return _ECHO.visit_expression(expression)


def symbol_text(symbol: Symbol) -> str:
    """`A.B[x][#{y}]`."""
    return _ECHO.visit_symbol(symbol)


class _Echo(NodeWriter):
    CALCULATION = ""  # the canonical form has no keyword here

    def visit_template(self, template: Template) -> str:
        return "".join(map(self.visit_token, template))

    def visit_text(self, text: str) -> str:
        return _LITERAL_OPEN.sub("##{", text)

    def visit_conditional(self, token: Conditional) -> str:
        out: list[str] = []
        for depth, branch in enumerate(conditional_chain(token)):
            condition = self.visit_predicate(branch.condition)
            out.append(f"{'#{else}' if depth else ''}#{{if {condition}}}{self.visit_template(branch.then)}")
        if branch.otherwise:
            out.append("#{else}" + self.visit_template(branch.otherwise))
        return "".join(out) + "#{/if}" * (depth + 1)

    def visit_expression(self, expression: Expression) -> str:
        symbol, calls = filter_chain(expression)
        filters = []
        for call in calls:
            options = (f'"{option}"' if isinstance(option, str) else echo(option) for option in call.options)
            filters.append(" ".join((call.name, *options)))
        return " | ".join((self.visit_symbol(symbol), *filters))

    def visit_predicate(self, predicate: Predicate) -> str:
        left, operator, right = predicate
        if operator is None or right is None:
            return self.visit_expression(left)
        side = f'"{right}"' if isinstance(right, str) else self.visit_expression(right)
        return f"{self.visit_expression(left)} {operator} {side} "

    def visit_number(self, number: Number) -> str:
        return shortest_double(number.value)

    def visit_operation(self, operation: Operation) -> str:
        rest = (operator + self.visit_term(operand) for operator, operand in operation.rest)
        return self.visit_term(operation.first) + "".join(rest)


_ECHO: Final = _Echo()
