"""Tokens as text that parses back into the same template."""

import re
from decimal import Decimal
from typing import Final

from runner.octostache.node_writer import NodeWriter
from runner.octostache.nodes import (
    Conditional,
    Expression,
    Number,
    Operation,
    Predicate,
    Symbol,
    Template,
    Term,
    Token,
    conditional_chain,
    filter_chain,
)

_OPENING: Final = re.compile(r"(#+)\{")
_ENDS_LIKE_KEYWORD: Final = re.compile(r"\s(?:in|==|!=)$")


def escape(text: str) -> str:
    """`text` as a template for itself.

    `##{` stands for `#{`. Hashes before it cannot be escaped that way (`###{` begins an expression), so they are
    written as an expression that needs no variable.
    """
    return _OPENING.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    before = match[1][:-1]
    prefix = f'#{{ | Append \\"{before}\\"}}' if before else ""
    return prefix + "##{"


def template_source(template: Template) -> str:
    """`template` as text."""
    return _Unparser().sequence(template, followed=False)


class _Unparser(NodeWriter):
    BLANK_NAME = "  "

    def visit_template(self, template: Template) -> str:
        """The body of a block: a tag comes behind it."""
        return self.sequence(template, followed=True)

    def sequence(self, template: Template, followed: bool) -> str:
        """All tokens; `followed` if a tag comes behind them."""
        out: list[str] = []
        tokens = _join_texts(template)
        for index, token in enumerate(tokens):
            before_tag = followed or index + 1 < len(tokens)
            out.append(_text_source(token, before_tag) if isinstance(token, str) else self.visit_token(token))
        return "".join(out)

    def visit_text(self, text: str) -> str:
        return escape(text)

    def visit_conditional(self, token: Conditional) -> str:
        out: list[str] = []
        ends: list[str] = []
        for depth, branch in enumerate(conditional_chain(token)):
            out.append("#{else}" if depth else "")
            if branch.negated:
                out.append(self._branch("unless", branch.condition, branch.otherwise))
                return "".join((*out, self._else(branch.then), "#{/unless}", *reversed(ends)))
            out.append(self._branch("if", branch.condition, branch.then))
            ends.append("#{/if}")
        return "".join((*out, self._else(branch.otherwise), *reversed(ends)))

    def _branch(self, keyword: str, condition: Predicate, body: Template) -> str:
        return f"#{{{keyword} {self.visit_predicate(condition)}}}{self.visit_template(body)}"

    def _else(self, body: Template) -> str:
        return "#{else}" + self.visit_template(body) if body else ""

    def visit_predicate(self, predicate: Predicate) -> str:
        left, operator, right = predicate
        text = self.visit_expression(left)
        if operator is None or right is None:
            return text
        space = "" if _ENDS_LIKE_KEYWORD.search(text) else " "
        side = _quoted(right) if isinstance(right, str) else self.visit_expression(right)
        return f"{text}{space}{operator} {side}"

    def visit_expression(self, expression: Expression) -> str:
        symbol, calls = filter_chain(expression)
        text = self.visit_symbol(symbol)
        nested_last = False  # no white space may stand behind a nested token
        for call in calls:
            text += f"{'' if nested_last else ' '}| {call.name}"
            for option in call.options:
                literal = isinstance(option, str)
                text += ("" if nested_last else " ") + (
                    _quoted(option) if isinstance(option, str) else self.visit_token(option)
                )
                nested_last = not literal
            nested_last = nested_last and bool(call.options)
        return text

    def visit_number(self, number: Number) -> str:
        return format(Decimal(repr(number.value)), "f") if number.value < float("inf") else "9" * 400

    def visit_operation(self, operation: Operation) -> str:
        rest = (f" {operator} {self._operand(operand)}" for operator, operand in operation.rest)
        return self._operand(operation.first) + "".join(rest)

    def visit_variable(self, symbol: Symbol) -> str:
        return f"{{{self.visit_symbol(symbol)}}}"

    def _operand(self, term: Term) -> str:
        return f"({self.visit_term(term)})" if isinstance(term, Operation) else self.visit_term(term)


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


def _quoted(text: str) -> str:
    return f'\\"{text}\\"' if '"' in text or "#" in text else f'"{text}"'
