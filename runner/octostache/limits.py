"""How much evaluating may cost."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EvaluationLimits:
    """What one evaluation may use before it ends with `LimitExceededError`."""

    nesting: int = 100
    """Levels of values, bodies and filter options inside each other."""
    steps: int = 1_000_000
    """Tokens evaluated inside values, bodies and options; those of the text itself are free."""
    output: int = 64 * 1024 * 1024
    """Characters that all values and results together may have, beyond the length of the text."""
    read: int = 256 * 1024 * 1024
    """Characters that filters may read, inputs and options together."""
    seconds: float = 10.0
    """Time on the clock, looked at before each value, body and filter."""
    total_seconds: float | None = None
    """Time that all evaluations of a `Variables` and of its children may take together."""
