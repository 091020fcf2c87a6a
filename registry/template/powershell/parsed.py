"""The nouns of a script that was read: what it uses, and where that stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType


class Reach(IntEnum):
    """When a place of a script runs, the surest first: whenever the script does, on a condition, on a condition that
    asks for the system, never (in a function that nothing calls)."""

    ALWAYS = 0
    BRANCH = 1
    PLATFORM = 2
    UNCALLED = 3


@dataclass(frozen=True, slots=True)
class Mention:
    """A name or text at a line (from 1) of the script."""

    text: str
    line: int
    reach: Reach


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    name: as written, without quotes and the module before it; empty for one that a variable or expression names
    target: what names it otherwise: a variable with its `$`, or another expression
    parameters: names without the dash, each with the text of its value or None
    arguments: the texts of the others
    """

    name: str
    line: int
    reach: Reach
    target: str = ""
    parameters: tuple[tuple[str, str | None], ...] = ()
    arguments: tuple[str, ...] = ()

    def value(self, *names: str) -> str | None:
        """The value of a parameter by its name or a beginning of it, lower case; else the first argument."""
        for given, value in self.parameters:
            if any(name.startswith(given.lower()) for name in names):
                return value
        return self.arguments[0] if self.arguments else None


@dataclass(frozen=True, slots=True)
class ParsedScript:
    """What a script uses.

    functions: the names of those that it defines, lower case
    types: those in brackets and behind `New-Object`
    texts: strings and words, but not those of messages
    members: names behind a dot or `::`
    environment: names of environment variables
    values: what variables (lower case) are set to: the texts in what is assigned
    inputs: variables (lower case) that are set to a value of the step's
    required: what `#requires` and `using` lines say
    errors: lines that the grammar cannot read, with the text there
    unread: the share of the text that they are, 0 to 1
    """

    commands: tuple[Command, ...] = ()
    functions: frozenset[str] = frozenset()
    types: tuple[Mention, ...] = ()
    texts: tuple[Mention, ...] = ()
    members: tuple[Mention, ...] = ()
    environment: tuple[Mention, ...] = ()
    values: Mapping[str, tuple[Mention, ...]] = field(default_factory=lambda: MappingProxyType({}))
    inputs: frozenset[str] = frozenset()
    required: tuple[Mention, ...] = ()
    errors: tuple[Mention, ...] = ()
    unread: float = 0.0
