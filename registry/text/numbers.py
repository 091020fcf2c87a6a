"""Numbers that remember how they were written.

A document must come back as it was: `1`, `1.0` and `1e3` are different texts for numbers. A number whose
usual Python text differs from the written one carries the written one along.
"""

from __future__ import annotations

import math

MAX_DIGITS = 40


class WrittenInt(int):
    """A whole number with an unusual spelling, such as `-0` or `+7`."""

    text: str

    def __new__(cls, text: str) -> WrittenInt:
        number = super().__new__(cls, text)
        number.text = text
        return number


class WrittenFloat(float):
    """A fraction with an unusual spelling, such as `1e3` or `1.50`."""

    text: str

    def __new__(cls, text: str) -> WrittenFloat:
        number = super().__new__(cls, text)
        number.text = text
        return number


def read_number(text: str) -> int | float:
    """The number behind a JSON or YAML numeral.

    Raises ValueError where it has more than 40 digits or lies outside what a double can hold.
    """
    if len(text) > MAX_DIGITS:
        raise ValueError(f'the number "{text[:20]}…" has more than {MAX_DIGITS} digits')
    if text.lstrip("+-").isdigit():
        whole = int(text)
        return whole if str(whole) == text else WrittenInt(text)
    fraction = float(text)
    if not math.isfinite(fraction):
        raise ValueError(f'the number "{text}" is too large')
    return fraction if repr(fraction) == text else WrittenFloat(text)


def number_text(number: int | float) -> str:
    """The numeral a number was written with."""
    if isinstance(number, WrittenInt | WrittenFloat):
        return number.text
    return repr(number)


_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def read_seconds(duration: str | float) -> float:
    """A duration as files write it, `90`, `90s`, `5m` or `1h`, in seconds. Raises ValueError."""
    if not isinstance(duration, str):
        return duration
    unit = _UNIT_SECONDS.get(duration[-1:])
    return float(duration) if unit is None else float(duration[:-1]) * unit
