"""Mistakes in a text that show without any variable: unknown filters, tags without their other half."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from runner.octostache.dotnet.characters import WHITE_SPACE, to_lower
from runner.octostache.filters import FILTERS, NULL, BuiltInFilter
from runner.octostache.nodes import FilterCall, Plain, Substitution, Symbol
from runner.octostache.parser import parse_with_failures
from runner.octostache.visitor import NodeCollector

# A block without end is read as a variable of that name, as names may hold spaces.
_OPENING_NAME: Final = re.compile(rf"(if|unless|each)[{WHITE_SPACE}]", re.IGNORECASE)
_BRANCH_NAME: Final = re.compile(rf"(else)|(elseif)[{WHITE_SPACE}].*", re.IGNORECASE | re.DOTALL)
_OPENING_TAG: Final = re.compile(rf"#\{{[{WHITE_SPACE}]*(if|unless|each)[{WHITE_SPACE}]", re.IGNORECASE)
_CLOSING_TAG: Final = re.compile(
    rf"#\{{[{WHITE_SPACE}]*/[{WHITE_SPACE}]*(if|unless|each)[{WHITE_SPACE}]*\}}", re.IGNORECASE
)
_PLAIN: Final = re.compile(r"#\{(?!/)[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)*\}")
_ELSE: Final = re.compile(r"#\{else", re.IGNORECASE)
_BRANCH_TAG: Final = re.compile(rf"#\{{[{WHITE_SPACE}]*(elseif)[{WHITE_SPACE}]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Flaw:
    """A mistake at `position`, a 0-based offset in the text.

    code: `unknown-filter`, `filter-arguments`, `unclosed-block`, `malformed-block` or `stray-tag`.
    message: A whole sentence without its full stop.
    name: The filter's name as written, or the keyword.
    choices: Names of filters that may have been meant.
    """

    code: str
    message: str
    position: int
    name: str
    choices: tuple[str, ...] = ()


def find_flaws(text: str, functions: Collection[str] = ()) -> list[Flaw]:
    """The mistakes in `text`, in its order; `functions` are the filters that a host adds.

    Raises `LimitExceededError` for a text nested too deep.
    """
    if "#{" not in text or _is_plain(text):
        return []
    tokens, failures = parse_with_failures(text)
    finder = _FlawFinder({name.lower() for name in functions})
    found = [*finder.visit_template(tokens), *_unpaired_tags(text, failures)]
    return _joined(sorted(dict.fromkeys(found), key=lambda flaw: flaw.position))


def _is_plain(text: str) -> bool:
    """Whether the text has nothing but expressions such as `#{Name}`, in which nothing can be wrong."""
    if "##" in text or _ELSE.search(text):
        return False
    return text.count("#{") == sum(1 for _ in _PLAIN.finditer(text))


def _joined(flaws: list[Flaw]) -> list[Flaw]:
    """A tag without end and an end without tag behind it are one flaw: they were meant for each other."""
    joined: list[Flaw] = []
    for flaw in flaws:
        keyword = flaw.name.removeprefix("/")
        halves = [
            place
            for place, other in enumerate(joined)
            if (other.code, other.name) == ("unclosed-block", keyword)
        ]
        if flaw.code == "stray-tag" and keyword != flaw.name and halves:
            opening = joined[halves[-1]]
            message = f"#{{{keyword}}} and #{{/{keyword}}} are not both written as the language wants them"
            joined[halves[-1]] = Flaw("malformed-block", message, opening.position, keyword)
        else:
            joined.append(flaw)
    return joined


class _FlawFinder(NodeCollector[Flaw]):
    def __init__(self, functions: Collection[str]) -> None:
        self._functions = functions

    def visit_filter(self, call: FilterCall) -> Iterator[Flaw]:
        name = to_lower(call.name)
        entry = FILTERS.get(name)
        if name not in self._functions:
            if entry is not None:
                yield from _wrong_count(entry, call)
            elif name != NULL:
                message = f'there is no filter "{call.name}"'
                yield Flaw("unknown-filter", message, call.position, call.name, _filter_names())
        yield from super().visit_filter(call)

    def visit_plain(self, token: Plain) -> Iterator[Flaw]:
        return _branch(token.name, token.position - 2)

    def visit_substitution(self, token: Substitution) -> Iterator[Flaw]:
        if isinstance(token.expression, Symbol) and len(token.expression.steps) == 1:
            yield from _branch(getattr(token.expression.steps[0], "text", ""), token.position)
        if opening := _OPENING_NAME.match(_first_name(token)):
            yield _unclosed(opening[1].lower(), token.position)
        yield from super().visit_substitution(token)


def _first_name(token: Substitution) -> str:
    expression = token.expression
    while isinstance(expression, FilterCall):
        expression = expression.argument
    return str(getattr(expression.steps[0], "text", "")) if expression.steps else ""


def _branch(name: str, position: int) -> Iterator[Flaw]:
    if found := _BRANCH_NAME.fullmatch(name):
        keyword = "else" if found[1] else "elseif"
        yield _stray(keyword, "if", position)


def _wrong_count(entry: BuiltInFilter, call: FilterCall) -> Iterator[Flaw]:
    count = len(call.options)
    if count < entry.least or (entry.most is not None and count > entry.most):
        message = f'the filter "{call.name}" takes {_range(entry)}, and {count or "none"} {_is(count)} given'
        yield Flaw("filter-arguments", message, call.position, call.name)


def _range(entry: BuiltInFilter) -> str:
    least, most = entry.least, entry.most
    if most is None:
        return f"{least} argument{'s' * (least != 1)} or more"
    if most == 0:
        return "no arguments"
    count = str(most) if least == most else f"{least} {'or' if most - least == 1 else 'to'} {most}"
    return f"{count} argument{'s' * (count != '1')}"


def _is(count: int) -> str:
    return "are" if count > 1 else "is"


def _unpaired_tags(text: str, failures: list[int]) -> Iterator[Flaw]:
    """Of what does not parse: tags without their other half. With it, it is the tag itself that does not parse."""
    opened: list[tuple[str, int]] = []
    for position in failures:
        if opening := _OPENING_TAG.match(text, position):
            opened.append((opening[1].lower(), position))
        elif closing := _CLOSING_TAG.match(text, position):
            keyword = closing[1].lower()
            same = [place for place, (other, _) in enumerate(opened) if other == keyword]
            if same:
                del opened[same[-1]]
            else:
                yield _stray(f"/{keyword}", keyword, position)
        elif _BRANCH_TAG.match(text, position) and not any(keyword == "if" for keyword, _ in opened):
            yield _stray("elseif", "if", position)
    for keyword, position in opened:
        yield _unclosed(keyword, position)


def _unclosed(keyword: str, position: int) -> Flaw:
    return Flaw("unclosed-block", f"#{{{keyword}}} without #{{/{keyword}}}", position, keyword)


def _stray(tag: str, keyword: str, position: int) -> Flaw:
    return Flaw("stray-tag", f"#{{{tag}}} without #{{{keyword}}}", position, tag)


def _filter_names() -> tuple[str, ...]:
    return (*(entry.name for entry in FILTERS.values()), NULL)
