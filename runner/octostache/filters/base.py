"""What a filter is."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

Filter: TypeAlias = Callable[[str | None, Sequence[str]], str | None]
"""Takes the input (None if there is none) and the options; returns None where it has no answer."""

LONGEST_RESULT: Final = 16 * 1024 * 1024
"""Characters that a filter may make out of a short input."""


class FilterFailure(Exception):
    """The filter cannot treat its input; the message says why."""
