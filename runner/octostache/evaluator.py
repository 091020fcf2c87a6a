"""From template to text.

An `EvaluationContext` is a tree of values with a parent. A symbol is looked up in the nearest context that knows all
of its steps, and the value found there is rendered *where it was defined*: a variable's value cannot see the loop
variables of the text that mentions it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Final, cast

from runner.octostache.calculation import calculate
from runner.octostache.dotnet.characters import WHITE_SPACE, fold, to_lower
from runner.octostache.dotnet.numbers import parse_double, shortest_double
from runner.octostache.echo import echo, expression_text
from runner.octostache.errors import (
    FilterError,
    InvalidVariableError,
    LimitExceededError,
    RecursiveDefinitionError,
    TemplateSyntaxError,
)
from runner.octostache.filters import FILTERS, NULL, Filter, FilterFailure
from runner.octostache.json_values import json_items, json_member
from runner.octostache.limits import EvaluationLimits
from runner.octostache.nodes import (
    Calculation,
    Conditional,
    Each,
    Expression,
    FilterCall,
    IndexStep,
    NameStep,
    Plain,
    Substitution,
    Symbol,
    SymbolIndexStep,
    SymbolStep,
    Template,
    Token,
    filter_chain,
)
from runner.octostache.parser import parse_tokens
from runner.octostache.scopes import EvaluationContext, item_node, loop_nodes
from runner.octostache.variable_tree import VariableNode

_NO_INPUT: Final = Symbol(())


def is_truthy(text: str) -> bool:
    """Whether a condition on `text` holds: anything but empty, `0`, `no` and `false`."""
    return text not in ("", "0") and fold(text.strip(WHITE_SPACE)) not in ("NO", "FALSE")


class Evaluator:
    """One evaluation: use it once. What it found out is in `missing`, `reads` and `nulls` (all in order).

    `sensitive` are the folded names of secret variables; what tokens that read one came to is in `secret_results`.
    With `conceal` set, that stands in the text in place of such tokens.
    """

    def __init__(
        self,
        root: VariableNode,
        functions: Mapping[str, Filter],
        limits: EvaluationLimits,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.missing: dict[str, None] = {}
        self.reads: dict[str, None] = {}
        self.nulls: list[str] = []
        self.sensitive: frozenset[str] = frozenset()
        self.secret_results: dict[str, None] = {}
        self.conceal: str | None = None
        self._secret_reads = 0
        self._root = EvaluationContext(root, None)
        self._functions = functions
        self._limits = limits
        self._depth = 0
        self._steps = 0
        self._output = 0
        self._read = 0
        self._clock = clock
        self._deadline = clock() + limits.seconds

    def run(self, template: Template, length: int) -> str:
        """The text that `template`, parsed from a text of `length` characters, evaluates to."""
        self._output, self._steps, self._depth = -length, -len(template), -1
        try:
            return self._render(template, self._root)
        except RecursionError:
            raise LimitExceededError("values are nested too deep for this call stack") from None

    def items(self, collection: Symbol) -> list[str]:
        """The texts of what `each` would visit."""
        return [item.value or "" for item in self._items(collection, self._root)]

    # ---- tokens

    def _render(self, template: Template, context: EvaluationContext) -> str:
        self._enter(len(template))
        out: list[str] = []
        absent: set[str] = set()
        top = context.root if context.parent is None and not context.stack else None
        try:
            for token in template:
                secret_reads = self._secret_reads
                if type(token) is str:
                    out.append(token)
                elif type(token) is Plain:
                    out.append(self._plain(token, context, top, absent))
                elif type(token) is Substitution:
                    out.append(self._substitute(token, context))
                else:
                    out.append(self._render_block(token, context))
                if self._secret_reads != secret_reads:
                    out[-1] = self._secret_result(out[-1], top is not None)
        finally:
            self._depth -= 1
        self._count(sum(map(len, out)))
        return "".join(out)

    def _enter(self, steps: int) -> None:
        self._depth += 1
        self._steps += steps
        if self._depth > self._limits.nesting:
            raise LimitExceededError(f"values are nested more than {self._limits.nesting} deep")
        if self._steps > self._limits.steps:
            raise LimitExceededError(f"the evaluation takes more than {self._limits.steps} steps")
        self._check_time()

    def _check_time(self) -> None:
        if self._clock() > self._deadline:
            raise LimitExceededError(f"the evaluation takes longer than {self._limits.seconds:g} s")

    def _plain(
        self, token: Plain, context: EvaluationContext, top: VariableNode | None, absent: set[str]
    ) -> str:
        """`absent` are the names that nothing in the text itself stood for: they stay so for its length."""
        if top is None:
            text = self._resolve(token.symbol, context)
        elif token.name in absent:
            text = None
        elif (text := self._plain_value(token, top)) is None:
            absent.add(token.name)
        return self._missing(token) if text is None else text

    def _plain_value(self, token: Plain, top: VariableNode) -> str | None:
        """The most frequent case by a short way: a variable of the text itself whose value holds no token."""
        node: VariableNode | None = top
        for part in token.name.upper().split("."):
            node = node.children.get(part) if node is not None else None
        if node is None or node.value is None or "#{" in node.value:
            return self._resolve(token.symbol, self._root)
        if node.origin is not None:
            self._note_read(node.origin)
        return node.value

    def _note_read(self, name: str) -> None:
        self.reads[name] = None
        if self.sensitive and fold(name) in self.sensitive:
            self._secret_reads += 1

    def _secret_result(self, text: str, in_the_text: bool) -> str:
        """What a token that read a secret comes to, to be shown or put in place."""
        if text in self.missing:  # the token itself
            return text
        self.secret_results[text] = None
        return self.conceal if in_the_text and text and self.conceal is not None else text

    def _missing(self, token: Token) -> str:
        text = echo(token)
        self.missing[text] = None
        return text

    def _count(self, length: int) -> None:
        self._output += length
        if self._output > self._limits.output:
            raise LimitExceededError(f"the values grow beyond {self._limits.output} characters")

    def _render_block(self, token: Token, context: EvaluationContext) -> str:
        match token:
            case Conditional():
                return self._choose(token, context)
            case Each():
                return self._repeat(token, context)
            case Calculation():
                value = calculate(token.term, lambda symbol: self._number(symbol, context))
                return echo(token) if value is None else shortest_double(value)
            case _:
                raise AssertionError(f"{token!r} is rendered elsewhere")

    def _substitute(self, token: Substitution, context: EvaluationContext) -> str:
        value = self._value(token.expression, context)
        if value is not None:
            return value
        if isinstance(token.expression, FilterCall) and token.expression.name == NULL:
            self.nulls.append(echo(token))
            return ""
        return self._missing(token)

    def _choose(self, token: Conditional, context: EvaluationContext) -> str:
        while True:
            holds, unknown = self._holds(token, context)
            if unknown is not None:
                self.missing[expression_text(unknown)] = None
                return echo(token)
            branch = token.then if holds else token.otherwise
            if len(branch) != 1 or not isinstance(branch[0], Conditional):
                return self._render(branch, context) if branch else ""
            token = branch[0]  # a chain of `elseif` is not a nesting

    def _holds(self, token: Conditional, context: EvaluationContext) -> tuple[bool, Expression | None]:
        """Whether the condition holds, or else the side that has no value."""
        left, operator, right = token.condition
        value = self._side(left, context)
        if value is None:
            return False, left
        if operator is None or right is None:
            return is_truthy(value), None
        other = right if isinstance(right, str) else self._side(right, context)
        if other is None:
            return False, cast(Expression, right)
        return (value == other) == (operator == "=="), None

    def _side(self, side: Expression, context: EvaluationContext) -> str | None:
        if isinstance(side, Symbol):
            return self._resolve(side, context, spread_nulls=True) or ""
        return self._value(side, context)

    def _repeat(self, token: Each, context: EvaluationContext) -> str:
        items = self._items(token.collection, context)
        variable = fold(token.variable)
        if items and variable == "OCTOPUS":
            raise InvalidVariableError(
                token.variable, "cannot be a loop variable: the specials of the loop live there"
            )
        out: list[str] = []
        for local in loop_nodes(variable, items):
            out.append(self._render(token.body, EvaluationContext(local, context)))
        return "".join(out)

    def _items(self, collection: Symbol, context: EvaluationContext) -> list[VariableNode]:
        node = self._walk(collection, context, spread_nulls=True)
        if node is None:
            return []
        if node.value is None:
            return list(node.indexed.values())
        items = json_items(node.value)
        if items is not None:
            return [item_node(item, node.origin) for item in items]
        return [VariableNode(part, node.origin) for part in node.value.split(",")]

    def _number(self, symbol: Symbol, context: EvaluationContext) -> float | None:
        text = self._resolve(symbol, context, spread_nulls=True)
        return None if text is None else parse_double(text)

    # ---- expressions

    def _value(self, expression: Expression, context: EvaluationContext) -> str | None:
        if isinstance(expression, Symbol):
            return self._resolve(expression, context)
        symbol, calls = filter_chain(expression)
        value = self._resolve(symbol, context)
        for call in calls:
            value = self._call(call, value, [self._option(option, context) for option in call.options])
            self._count(len(value or ""))
        return value

    def _option(self, option: Token, context: EvaluationContext) -> str:
        return (
            option if isinstance(option, str) else self._render((option,), EvaluationContext(None, context))
        )

    def _call(self, call: FilterCall, argument: str | None, options: Sequence[str]) -> str | None:
        name = to_lower(call.name)
        built_in = FILTERS.get(name)
        self._count_read(sum(map(len, options), len(argument or "")))
        try:
            result = built_in.apply(argument, options) if built_in else None
        except FilterFailure as failure:
            raise FilterError(call.name, argument, call.position, str(failure)) from failure
        if result is None and name in self._functions:
            return self._functions[name](argument, options)
        return result

    def _count_read(self, length: int) -> None:
        self._check_time()
        self._read += length
        if self._read > self._limits.read:
            raise LimitExceededError(f"filters read more than {self._limits.read} characters")

    def _resolve(self, symbol: Symbol, context: EvaluationContext, spread_nulls: bool = False) -> str | None:
        node = self._walk(symbol, context, spread_nulls)
        return None if node is None else node.value

    def _walk(
        self, symbol: Symbol, context: EvaluationContext, spread_nulls: bool = False
    ) -> VariableNode | None:
        """The node that `symbol` leads to, its value rendered; None if it leads nowhere."""
        if symbol == _NO_INPUT:
            return None
        self._check_time()
        context.check_recursion(symbol)
        visited = [context]
        context.stack.append(symbol)
        try:
            resolved = self._resolve_indexes(symbol, context)
            if resolved is None:
                return None
            while (node := self._find(resolved.steps, context)) is None:
                if context.parent is None:
                    return None
                context = context.parent
                if resolved is not symbol:
                    context.check_recursion(resolved)
                context.stack.append(resolved)
                visited.append(context)
            return self._expanded(node, context, spread_nulls)
        finally:
            for entered in visited:
                entered.stack.pop()

    def _resolve_indexes(self, symbol: Symbol, context: EvaluationContext) -> Symbol | None:
        if not any(type(step) is SymbolIndexStep for step in symbol.steps):
            return symbol
        steps: list[SymbolStep] = []
        for step in symbol.steps:
            if isinstance(step, SymbolIndexStep):
                with self._unreported():
                    text = self._resolve(step.symbol, context)
                if text is None:
                    return None
                steps.append(IndexStep(text, -1))
            else:
                steps.append(step)
        return Symbol(tuple(steps))

    def _find(self, steps: Sequence[SymbolStep], context: EvaluationContext) -> VariableNode | None:
        node = context.root
        for step in steps:
            if node is None:
                return None
            text: str = step.text  # type: ignore[union-attr]  # symbol indexes are resolved
            if type(step) is NameStep:
                child = node.children.get(fold(text))
            elif text == "*" and node.indexed:
                child = next(iter(node.indexed.values()))
            else:
                child = node.indexed.get(fold(text))
            node = self._json_step(node, text, context) if child is None else child
        return node

    def _json_step(self, node: VariableNode, member: str, context: EvaluationContext) -> VariableNode | None:
        if not node.value or not member:
            return None
        try:
            with self._unreported():
                value = self._render_node(node, context)
        except RecursiveDefinitionError:
            return None
        found = json_member(value or "", member)
        return None if found is None else VariableNode(found, node.origin)

    def _expanded(self, node: VariableNode, context: EvaluationContext, spread_nulls: bool) -> VariableNode:
        if node.value is None:
            return node
        nulls, self.nulls = self.nulls, []
        text = self._render_node(node, context)
        self.nulls = nulls + self.nulls if spread_nulls else nulls
        return node if text == node.value else VariableNode(text, node.origin)

    def _render_node(self, node: VariableNode, context: EvaluationContext) -> str | None:
        """The node's value, rendered below `context`; as it is if it doesn't parse or holds a null token."""
        value = node.value
        if node.origin is not None and value is not None:
            self._note_read(node.origin)
        if value is None or "#{" not in value:
            return value
        try:
            template = parse_tokens(value)
        except TemplateSyntaxError:
            return value
        before = len(self.nulls)
        text = self._render(template, EvaluationContext(None, context))
        return text if len(self.nulls) == before else value

    @contextmanager
    def _unreported(self) -> Iterator[None]:
        """What is missing inside is nobody's concern."""
        missing, self.missing = self.missing, {}
        nulls, self.nulls = self.nulls, []
        try:
            yield
        finally:
            self.missing, self.nulls = missing, nulls
