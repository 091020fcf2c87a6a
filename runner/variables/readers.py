"""Who may read a variable, as far as texts show it: expressions, scripts, and variables that read others.

Nothing is evaluated, so what only a run decides (a branch, an index) counts as read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from registry.compatibility.script_reads import script_reads, without_comments

_EXPRESSION = re.compile(r"#\{([^}]*)")
_INDEXED = re.compile(
    r"\boctopus\.(?:action|step)\[(?P<step>[^\[\]#\n]+)\]"
    r"(?:\.output(?P<target>\[[^\[\]\n]*\])?\.(?P<output>[^\s|}\[\]]+)|[^\s|}]*)",
    re.IGNORECASE,
)
_READ_BY_THE_RUNNER = re.compile(r"octopus\.(action|script)\b|octopusshould|tentacle", re.IGNORECASE)
_MODULE = "octopus.script.module["


@dataclass(frozen=True, slots=True)
class ReadingText:
    """A text that a run evaluates; `syntax` is its language if it is a script, empty for any other."""

    text: str
    syntax: str = ""

    @property
    def dynamic(self) -> bool:
        """Whether it is a script that reads variables by names that are not written out."""
        return bool(self.syntax) and script_reads(self.text, self.syntax).dynamic

    def mentions(self, name: str) -> bool:
        """Whether it reads a variable by its name, or all below a prefix of it (`each`, an index)."""
        if mentions(self.text, name):
            return True
        if not self.syntax:
            return False
        folded = name.casefold()
        return any(read.casefold() == folded for read in script_reads(self.text, self.syntax).names)


def is_read(name: str, texts: Iterable[ReadingText], variables: Mapping[str, str | None]) -> bool:
    """Whether something that begins in `texts` may read a variable, by way of other `variables` (name -> text) too."""
    if _READ_BY_THE_RUNNER.match(name):
        return True
    roots = [*texts, *_modules(variables)]
    if any(text.dynamic for text in roots):
        return True
    wanted, seen = [name], {name.casefold()}
    while wanted:
        current = wanted.pop()
        if any(text.mentions(current) for text in roots):
            return True
        for other, content in variables.items():
            if content and other.casefold() not in seen and mentions(content, current):
                seen.add(other.casefold())
                wanted.append(other)
    return False


def mentions(text: str, name: str) -> bool:
    """Whether an expression in `text` may read the variable of that name."""
    if "#{" not in text:
        return False
    inside = _inside_expressions(text)
    return any(pattern.search(inside) for pattern in _patterns(name.casefold()))


@dataclass(frozen=True, slots=True)
class StepRead:
    """A text reads something of a step.

    name: the whole variable
    output: the name of the output, if it is one
    of_a_target: whether it says of which target
    """

    name: str
    step: str
    output: str = ""
    of_a_target: bool = False


def steps_read(text: ReadingText) -> Iterator[StepRead]:
    """The outputs and states of steps that a text reads by names that are written out."""
    names = _EXPRESSION.findall(text.text)
    if text.syntax:
        names += sorted(script_reads(without_comments(text.text), text.syntax).names)
    for name in names:
        for found in _INDEXED.finditer(name):
            yield StepRead(found[0], found["step"], found["output"] or "", found["target"] is not None)


def _modules(variables: Mapping[str, str | None]) -> Iterator[ReadingText]:
    """Script modules among the variables: any script may call them, in its own language."""
    for name, source in variables.items():
        if source and name.casefold().startswith(_MODULE):
            yield from (ReadingText(source, syntax) for syntax in ("Bash", "Python"))


@lru_cache(maxsize=256)
def _inside_expressions(text: str) -> str:
    return "\n".join(_EXPRESSION.findall(text)).casefold()


@lru_cache(maxsize=1024)
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    """For the name itself, then for each of its prefixes: a loop over it, or an index that only a run knows."""
    prefixes = [name[: found.start()] for found in re.finditer(r"[.\[]", name)]
    return (
        re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])"),
        *(
            re.compile(
                rf"\bin\s+{re.escape(prefix)}\s*$|(?<![\w.-]){re.escape(prefix)}\[(?:#|\*)", re.MULTILINE
            )
            for prefix in prefixes
            if prefix
        ),
    )
