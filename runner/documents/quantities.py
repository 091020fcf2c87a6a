"""Durations and sizes as files write them, and their bounds: what neither a clock nor an engine could count."""

from __future__ import annotations

from typing import Any

from registry.text import numbers

LONGEST = 365 * 24 * 3600
"""Seconds that a timeout or a delay may have at most."""

LARGEST = 1 << 50
"""Bytes that a limit may have at most."""

_UNIT_BYTES = {"k": 1024, "m": 1024**2, "g": 1024**3}


def read_seconds(value: Any) -> float | None:
    """A duration that keeps to the schema, in seconds; None where none is given."""
    return None if value is None else numbers.read_seconds(value)


def read_bytes(value: Any) -> int | None:
    """A size that keeps to the schema, in bytes."""
    if value is None or isinstance(value, int):
        return value
    digits = value.rstrip("kmg")
    if len(digits.lstrip("0")) > len(str(LARGEST)):
        return LARGEST + 1  # more digits than Python likes to read
    return int(digits) * _UNIT_BYTES.get(value[-1], 1)


def is_duration(value: Any, *, at_least: float = 0.001) -> bool:
    """Whether a duration that keeps to the schema is within bounds."""
    seconds = read_seconds(value)
    return seconds is None or at_least <= seconds <= LONGEST


def is_size(value: Any) -> bool:
    """Whether a size that keeps to the schema is within bounds. To an engine, no bytes would mean: no limit."""
    size = read_bytes(value)
    return size is None or 0 < size <= LARGEST
