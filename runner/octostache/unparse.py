"""Tokens as text that parses back into the same template."""

import re
from decimal import Decimal
from typing import Final

from runner.octostache.escaping import escape
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

_ENDS_LIKE_KEYWORD: Final = re.compile(r"\s(?:in|==|!=)$")


def template_source(template: Template, followed: bool = False) -> str:
    """`template` as text; `followed` if a tag comes behind it."""
    out: list[str] = []
    tokens = _join_texts(template)
    for index, token in enumerate(tokens):
        if isinstance(token, str):
            out.append(_text_source(token, followed or index + 1 < len(tokens)))
        else:
            out.append(token_source(token))
    return "".join(out)


def _join_texts(template: Template) -> list[Token]:
    joined: list[Token] = []
    for token in template:
        if isinstance(token, str) and joined and isinstance(joined[-1], str):
            joined[-1] += token
        else:
            joined.append(token)
    return joined


def _text_source(text: str, before_tag: bool) -> str:
    escaped = escape(text)
    trailing = len(text) - len(text.rstrip("#"))
    return escaped + "#" if before_tag and trailing % 2 else escaped


def token_source(token: Token) -> str:
    """One token as text."""
    match token:
        case str():
            return escape(token)
        case Plain(name, _):
            return f"#{{{name}}}"
        case Substitution(expression, _):
            return f"#{{{_expression(expression)}}}"
        case Conditional():
            return _conditional(token)
        case Each(variable, collection, body, _):
            return f"#{{each {variable} in {_symbol(collection)}}}{template_source(body, True)}#{{/each}}"
        case Calculation(term, _):
            return f"#{{calc {_term(term)}}}"


def _conditional(token: Conditional) -> str:
    out: list[str] = []
    ends: list[str] = []
    for depth, branch in enumerate(conditional_chain(token)):
        out.append("#{else}" if depth else "")
        if branch.negated:
            out.append(_branch("unless", branch.condition, branch.otherwise))
            return "".join((*out, _else(branch.then), "#{/unless}", *reversed(ends)))
        out.append(_branch("if", branch.condition, branch.then))
        ends.append("#{/if}")
    return "".join((*out, _else(branch.otherwise), *reversed(ends)))


def _branch(keyword: str, condition: Predicate, body: Template) -> str:
    return f"#{{{keyword} {_condition(condition)}}}{template_source(body, True)}"


def _else(body: Template) -> str:
    return "#{else}" + template_source(body, True) if body else ""


def _condition(condition: Predicate) -> str:
    left, operator, right = condition
    text = _expression(left)
    if operator is None or right is None:
        return text
    space = "" if _ENDS_LIKE_KEYWORD.search(text) else " "
    return f"{text}{space}{operator} {_quoted(right) if isinstance(right, str) else _expression(right)}"


def _expression(expression: Expression) -> str:
    calls: list[FilterCall] = []
    while isinstance(expression, FilterCall):
        calls.append(expression)
        expression = expression.argument
    text = _symbol(expression)
    nested_last = False  # no white space may stand behind a nested token
    for call in reversed(calls):
        text += f"{'' if nested_last else ' '}| {call.name}"
        for option in call.options:
            literal = isinstance(option, str)
            text += ("" if nested_last else " ") + (
                _quoted(option) if isinstance(option, str) else token_source(option)
            )
            nested_last = not literal
        nested_last = nested_last and bool(call.options)
    return text


def _quoted(text: str) -> str:
    return f'\\"{text}\\"' if '"' in text or "#" in text else f'"{text}"'


def _symbol(symbol: Symbol) -> str:
    parts: list[str] = []
    for step in symbol.steps:
        match step:
            case NameStep(text, _):
                parts.append(("." if parts else "") + (text or "  "))
            case IndexStep(text, _):
                parts.append(f"[{text}]")
            case SymbolIndexStep(inner, _):
                parts.append(f"[#{{{_symbol(inner)}}}]")
    return "".join(parts)


def _term(term: Term) -> str:
    match term:
        case Number(value):
            return format(Decimal(repr(value)), "f") if value < float("inf") else "9" * 400
        case Operation(first, rest):
            return _operand(first) + "".join(f" {operator} {_operand(operand)}" for operator, operand in rest)
        case _:
            return f"{{{_symbol(term)}}}"


def _operand(term: Term) -> str:
    return f"({_term(term)})" if isinstance(term, Operation) else _term(term)
