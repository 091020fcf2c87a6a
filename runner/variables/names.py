"""Expressions that come to nothing: why, and where in its text each stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from registry.suggest import did_you_mean
from runner.octostache import Flaw, LimitExceededError, OctostacheError, Variables, find_flaws, variable_names

# Texts can be long and a plan asks again for each name that one of them reads.
_REMEMBERED = 16
_NAMED = re.compile(r"#\{\s*(?:if\s+|unless\s+|calc\s+)?([\w.-]+)", re.IGNORECASE)

_HINTS = {
    "unknown-filter": "See the filters in docs/octostache.md.",
    "filter-arguments": "See the filters in docs/octostache.md.",
    "unclosed-block": "Write {closing} where the block ends, or ##{{ for a literal #{{.",
    "malformed-block": "Check what follows {opening}, and write {closing} in lower case, without spaces.",
    "stray-tag": "Remove it, or write the {opening} that it belongs to.",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in an expression at `offset` (0-based) of its text; `hint` is the next step."""

    code: str
    message: str
    hint: str | None
    offset: int


@lru_cache(maxsize=_REMEMBERED)
def mistakes_in(text: str) -> tuple[Mistake, ...]:
    """Mistakes that no variable could mend: unknown filters, `#{if}` without `#{/if}` and the like."""
    try:
        return tuple(
            Mistake(flaw.code, flaw.message, _hint(flaw), flaw.position) for flaw in find_flaws(text)
        )
    except LimitExceededError:
        return ()  # told as an error of its own


def name_in(token: str) -> str:
    """The variable's name in a token such as `#{Name | Filter}`."""
    return token.removeprefix("#{").removesuffix("}").partition("|")[0].strip()


def refusing_filter(token: str, text: str, scope: Variables) -> str | None:
    """The filter of a token such as `#{Name | Filter}` that has no answer although all its variables have values.

    `text` is what the token stands in; of a loop's variable, which no `scope` knows, the first filter is to blame.
    """
    if "|" in token and re.search(
        r"#\{each\s+" + re.escape(name_in(token)) + r"\s+in\s", text, re.IGNORECASE
    ):
        return token.split("|")[1].strip(" }").split()[0]
    try:
        if "|" not in token or any(scope.evaluate(f"#{{{name}}}").missing for name in variable_names(token)):
            return None
        for part in _beginnings(token):
            if scope.evaluate(part + "}").missing:
                return part.rpartition("|")[2].split()[0]
    except OctostacheError:
        return None
    return None


def no_answer(name: str, refused: str) -> Mistake:
    """What to say where a filter has no answer for the value of a variable."""
    message = f'the filter "{refused}" has no answer for the value of "{name}"'
    hint = "Check the value and the arguments; docs/octostache.md lists the filters."
    return Mistake("filter-without-answer", message, hint, 0)


def _beginnings(token: str) -> Iterator[str]:
    """The token up to each of its filters, without the closing brace."""
    inner = token.removesuffix("}")
    for pipe in [found.start() for found in re.finditer(r"\|", inner)][1:]:
        yield inner[:pipe].rstrip()
    yield inner


def offset_of(name: str, text: str) -> int:
    """Where the first expression that begins with `name` is in `text`; 0 if it isn't written there."""
    offsets = _offsets(text)
    if (offset := offsets.get(name.casefold())) is not None:
        return offset
    found = re.search(r"#\{\s*(?:if\s+|unless\s+|calc\s+)?" + re.escape(name), text, re.IGNORECASE)
    return found.start() if found else 0


@lru_cache(maxsize=_REMEMBERED)
def _offsets(text: str) -> dict[str, int]:
    """Where the first of the expressions of each name is, by its name in lower case: one pass for all names."""
    offsets: dict[str, int] = {}
    for found in _NAMED.finditer(text):
        offsets.setdefault(found[1].casefold(), found.start())
    return offsets


def _hint(flaw: Flaw) -> str:
    if flaw.choices and (meant := did_you_mean(flaw.name, flaw.choices)):
        return meant
    keyword = "if" if flaw.name in ("else", "elseif") else flaw.name.removeprefix("/")
    return _HINTS[flaw.code].format(opening=f"#{{{keyword}}}", closing=f"#{{/{keyword}}}")
