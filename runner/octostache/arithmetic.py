"""The operators of `calc`, on IEEE doubles: nothing raises, division by zero is infinite."""

import math


def apply_operator(operator: str, left: float, right: float) -> float:
    """`left operator right`."""
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
