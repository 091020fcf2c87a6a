"""`calc`, on IEEE doubles: nothing raises, division by zero is infinite."""

import math
from collections.abc import Callable

from runner.octostache.nodes import Number, Operation, Symbol, Term


def calculate(term: Term, look_up: Callable[[Symbol], float | None]) -> float | None:
    """What `term` comes to; None if `look_up` has no number for one of its symbols."""
    match term:
        case Number(value):
            return value
        case Operation(first, rest):
            result = calculate(first, look_up)
            for operator, operand in rest:
                if result is None:
                    return None
                right = calculate(operand, look_up)
                result = None if right is None else _apply(operator, result, right)
            return result
        case Symbol():
            return look_up(term)


def _apply(operator: str, left: float, right: float) -> float:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return _divide(left, right)


def _divide(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)
