"""Tokens as text.

Two forms: the *echo*, which stands in the output where a value is missing (the language's own canonical form, which
forgets some of what was written), and the *source*, which parses back into the same template.
"""

import re
from typing import Final

from runner.octostache.dotnet.numbers import shortest_double
from runner.octostache.nodes import (
    Calculation,
    Conditional,
    Each,
    Expression,
    FilterCall,
    IndexStep,
    NameStep,
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
)

_LITERAL_OPEN: Final = re.compile(r"#\{")


def symbol_text(symbol: Symbol) -> str:
    """`A.B[x][#{y}]`."""
    parts: list[str] = []
    for step in symbol.steps:
        match step:
            case NameStep(text, _):
                parts.append("." + text if parts else text)
            case IndexStep(text, _):
                parts.append(f"[{text}]")
            case SymbolIndexStep(inner, _):
                parts.append(f"[#{{{symbol_text(inner)}}}]")
    return "".join(parts)


def expression_text(expression: Expression) -> str:
    """`A | F "option" #{nested}`, without the braces around it."""
    filters: list[str] = []
    while isinstance(expression, FilterCall):
        options = (
            f'"{option}"' if isinstance(option, str) else echo(option) for option in expression.options
        )
        filters.append(" ".join((expression.name, *options)))
        expression = expression.argument
    return " | ".join((symbol_text(expression), *reversed(filters)))


def template_text(template: Template) -> str:
    """All tokens, in canonical form."""
    return "".join(echo(token) for token in template)


def echo(token: Token) -> str:
    """The canonical form of a token."""
    match token:
        case str():
            return _LITERAL_OPEN.sub("##{", token)
        case Plain(name, _):
            return f"#{{{name}}}"
        case Substitution(expression, _):
            return f"#{{{expression_text(expression)}}}"
        case Conditional():
            return _conditional_text(token)
        case Each(variable, collection, body, _):
            return f"#{{each {variable} in {symbol_text(collection)}}}{template_text(body)}#{{/each}}"
        case Calculation(term, _):
            return f"#{{{_term_text(term)}}}"


def _conditional_text(token: Conditional) -> str:
    out: list[str] = []
    for depth, branch in enumerate(conditional_chain(token)):
        out.append(
            f"{'#{else}' if depth else ''}#{{if {_condition_text(branch.condition)}}}{template_text(branch.then)}"
        )
    if branch.otherwise:
        out.append("#{else}" + template_text(branch.otherwise))
    return "".join(out) + "#{/if}" * (depth + 1)


def _condition_text(condition: Predicate) -> str:
    left, operator, right = condition
    if operator is None or right is None:
        return expression_text(left)
    side = f'"{right}"' if isinstance(right, str) else expression_text(right)
    return f"{expression_text(left)} {operator} {side} "


def _term_text(term: Term) -> str:
    match term:
        case Number(value):
            return shortest_double(value)
        case Operation(first, rest):
            return _term_text(first) + "".join(operator + _term_text(operand) for operator, operand in rest)
        case _:
            return symbol_text(term)
