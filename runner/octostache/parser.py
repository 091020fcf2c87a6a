"""From text to template.

The grammar is an ordered choice: at each place the first alternative that fits wins, and what it took is not given
back to its own parts. Answers are remembered by position, so that a text full of unfinished expressions is still
parsed in time proportional to its length.
"""

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from runner.octostache.dotnet.characters import WHITE_SPACE
from runner.octostache.errors import LimitExceededError, TemplateSyntaxError
from runner.octostache.expressions import ExpressionScanner
from runner.octostache.nodes import (
    Calculation,
    Conditional,
    Each,
    NameStep,
    Plain,
    Substitution,
    Symbol,
    Template,
    Token,
)

MAX_NESTING: Final = 64  # levels of tokens, indexes and parentheses inside each other
_CACHED_LENGTH: Final = 32_768  # characters; longer texts are parsed anew each time
_CACHED_TEXTS: Final = 512

_OPEN: Final = re.compile(r"#\{(?:((?!/)[A-Za-z0-9_\-:/~()@]+(?:\.[A-Za-z0-9_\-:/~()@]+)*)\})?")
_SIMPLE_SYMBOL: Final = re.compile(r"[A-Za-z0-9_\-:/~()@]+(?:\.[A-Za-z0-9_\-:/~()@]+)*")
_KEYWORD: Final = re.compile(rf"(if|unless|each|calc)[{WHITE_SPACE}]+", re.IGNORECASE | re.ASCII)
_ELSE_IF: Final = re.compile(rf"#\{{elseif[{WHITE_SPACE}]+")
# Text up to the next token. A pair "#x" is one unit, which is why the run cannot simply stop at the next "#{".
_TEXT: Final = re.compile(r"(?:[^#]++|##(?=#\{.)|##\{|#(?:[^{]|\Z))++", re.DOTALL)
# Openings that cannot become a token, whatever follows: the next one comes before they are closed.
_HOPELESS: Final = re.compile(rf"(?:#\{{[A-Za-z0-9_\-:/~()@{WHITE_SPACE}]*+(?=#\{{))++")

_Stops: TypeAlias = Literal["else", "elseif", ""]


def _unescape(text: str, start: int, end: int) -> str:
    """The meaning of the text run from `start` to `end`: `##{` is `#{`, and `##` before a token is `#`."""
    run = text[start:end]
    if "##" not in run:
        return run
    before_token = run.endswith("#") and text.startswith("#{", end) and end + 2 < len(text)
    return (run[:-1] if before_token else run).replace("##{", "#{")


class _Parser(ExpressionScanner):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._tokens: dict[int, tuple[Token | None, int]] = {}
        self._body_ends: dict[_Stops, dict[int, int]] = {"else": {}, "elseif": {}, "": {}}
        self._depth = 0
        self.failures: list[int] = []  # where tokens seemed to begin that cannot be parsed

    def parse(self, halt_on_error: bool) -> tuple[Token, ...]:
        text, position, tokens = self.text, 0, list[Token]()
        while True:
            for match in _OPEN.finditer(text, position):
                start, name = match.start(), match[1]
                if name is None or (start > position and text[start - 1] == "#"):
                    break
                if start > position:
                    tokens.append(text[position:start])
                tokens.append(Plain(name, start + 2))
                position = match.end()
            else:
                if position < len(text):
                    tokens.append(text[position:])
                return tuple(tokens)
            found = self._read_run(position, start) if start > position else self._read_new_token(position)
            token, end = found
            if token is not None:
                tokens.append(token)
            elif halt_on_error:
                raise TemplateSyntaxError(text, position)
            else:
                self.failures.append(position)
                hopeless = _HOPELESS.match(text, position)
                end = hopeless.end() if hopeless else end
                tokens.append(text[position:end])
            position = end

    def _read_run(self, position: int, opening: int) -> tuple[str, int]:
        """The text at `position`; `opening` is where the next `#{` stands, -1 if there is none."""
        if opening < 0:
            return self.text[position:], len(self.text)
        if self.text[opening - 1] != "#":
            return self.text[position:opening], opening
        return self._read_text(position)

    def _read_text(self, position: int) -> tuple[str, int]:
        match = _TEXT.match(self.text, position)
        end = position if match is None else match.end()
        return _unescape(self.text, position, end), end

    def read_token(self, position: int) -> tuple[Token | None, int]:
        known = self._tokens.get(position)
        if known is None:
            self.descend(position)
            known = self._tokens[position] = self._read_new_token(position)
            self.ascend()
        return known

    def descend(self, position: int) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            error = TemplateSyntaxError(self.text, position)
            raise LimitExceededError(
                f"expressions are nested more than {MAX_NESTING} deep at line {error.line}, column {error.column}"
            )

    def ascend(self) -> None:
        self._depth -= 1

    def read_nested_symbol(self, position: int) -> tuple[Symbol | None, int]:
        self.descend(position)
        result = super().read_nested_symbol(position)
        self.ascend()
        return result

    def _read_new_token(self, position: int) -> tuple[Token | None, int]:
        if self.text.startswith("#{/", position):
            return None, position + 1
        start = self.skip_space(position + 2)
        keyword = _KEYWORD.match(self.text, start)
        reach = start
        if keyword:
            token, reach = self._read_block(keyword, position)
            if token is not None:
                return token, reach
        expression, end = self.read_expression(start)
        if expression is None or not self.text.startswith("}", end):
            return None, max(reach, end)
        return Substitution(expression, position), end + 1

    def _read_block(self, keyword: re.Match[str], position: int) -> tuple[Token | None, int]:
        match keyword[1].lower():
            case "if":
                return self._read_if(keyword.end(), position)
            case "unless":
                return self._read_unless(keyword.end(), position)
            case "each":
                return self._read_each(keyword.end(), position)
            case _:
                return self._read_calculation(keyword.end(), position)

    def _read_if(self, start: int, position: int) -> tuple[Token | None, int]:
        condition, end = self.read_condition(start)
        if condition is None or not self.text.startswith("}", end):
            return None, end
        branches = [(condition, end + 1, self._body_end(end + 1, "elseif"), position)]
        while (opening := _ELSE_IF.match(self.text, branches[-1][2])) is not None:
            condition, end = self.read_condition(opening.end())
            if condition is None or not self.text.startswith("}", end):
                break
            branches.append((condition, end + 1, self._body_end(end + 1, "elseif"), opening.start()))
        otherwise, close = self._read_else(branches[-1][2])
        end = self.progress("#{/if}", close)
        if end < close + len("#{/if}"):
            return None, end
        token: Template = self._body(*otherwise)
        for branch, body, body_end, place in reversed(branches):
            token = (Conditional(branch, self._body(body, body_end), token, place),)
        return token[0], end

    def _read_unless(self, start: int, position: int) -> tuple[Token | None, int]:
        condition, end = self.read_condition(start)
        if condition is None or not self.text.startswith("}", end):
            return None, end
        body, body_end = end + 1, self._body_end(end + 1, "else")
        otherwise, close = self._read_else(body_end)
        end = self.progress("#{/unless}", close)
        if end < close + len("#{/unless}"):
            return None, end
        return Conditional(condition, self._body(*otherwise), self._body(body, body_end), position, True), end

    def _read_else(self, position: int) -> tuple[tuple[int, int], int]:
        """Where the `else` part lies (an empty one at `position` if there is none), and where it ends."""
        if not self.text.startswith("#{else}", position):
            return (position, position), position
        start = position + len("#{else}")
        end = self._body_end(start, "")
        return (start, end), end

    def _read_each(self, start: int, position: int) -> tuple[Token | None, int]:
        variable, end = self.read_name(start)
        if variable is None:
            return None, end
        end = self.skip_space(end)
        if self.text[end : end + 2].lower() != "in":
            return None, end + (self.text[end : end + 1].lower() == "i")
        collection, end = self.read_symbol(self.skip_space(end + 2))
        end = end if collection is None else self.skip_space(end)
        if collection is None or not self.text.startswith("}", end):
            return None, end
        body, close = end + 1, self._body_end(end + 1, "")
        end = self.progress("#{/each}", close)
        if end < close + len("#{/each}"):
            return None, end
        return Each(variable, collection, self._body(body, close), position), end

    def _read_calculation(self, start: int, position: int) -> tuple[Token | None, int]:
        term, end = self.read_sum(start)
        end = end if term is None else self.skip_space(end)
        if term is None or not self.text.startswith("}", end):
            return None, end
        return Calculation(term, position), end + 1

    def _body_end(self, start: int, stops: _Stops) -> int:
        """Where the tokens from `start` end: at a stop, at what is not a token, or with the text."""
        known = self._body_ends[stops]
        position, passed = start, list[int]()
        while position not in known:
            passed.append(position)
            if self._stops_at(position, stops):
                break
            opening = self.text.find("#{", position)
            token, end = (
                self.read_token(position) if opening == position else self._read_run(position, opening)
            )
            if token is None or end == position:
                break
            position = end
        position = known.get(position, position)
        known.update(dict.fromkeys(passed, position))
        return position

    def _stops_at(self, position: int, stops: _Stops) -> bool:
        if not stops or not self.text.startswith("#{else", position):
            return False
        return self.text.startswith("}", position + 6) or (
            stops == "elseif" and _ELSE_IF.match(self.text, position) is not None
        )

    def _body(self, start: int, end: int) -> Template:
        tokens: list[Token] = []
        while start < end:
            opening = self.text.find("#{", start)
            token, start = self.read_token(start) if opening == start else self._read_run(start, opening)
            if token is not None:
                tokens.append(token)
        return tuple(tokens)


def _parse(text: str, halt_on_error: bool) -> tuple[Token, ...]:
    try:
        return _Parser(text).parse(halt_on_error)
    except RecursionError:
        raise LimitExceededError("expressions are nested too deep for this call stack") from None


_parse_cached = lru_cache(maxsize=_CACHED_TEXTS)(_parse)


def parse_tokens(text: str, halt_on_error: bool = True) -> tuple[Token, ...]:
    """The tokens of `text`; answers for texts of usual size are kept.

    With `halt_on_error`, raises `TemplateSyntaxError` for a text that does not parse; without, what does not parse
    becomes text. Raises `LimitExceededError` for a text nested too deep.
    """
    return _parse(text, halt_on_error) if len(text) > _CACHED_LENGTH else _parse_cached(text, halt_on_error)


def parse_with_failures(text: str) -> tuple[tuple[Token, ...], list[int]]:
    """The tokens of `text`, what does not parse as text, and the 0-based offsets of what does not.

    Raises `LimitExceededError` for a text nested too deep.
    """
    parser = _Parser(text)
    try:
        return parser.parse(halt_on_error=False), parser.failures
    except RecursionError:
        raise LimitExceededError("expressions are nested too deep for this call stack") from None


def parse_name(name: str) -> Symbol | None:
    """The path that a variable's name stands for; None if no prefix of it is a symbol."""
    if _SIMPLE_SYMBOL.fullmatch(name):
        return Symbol(tuple(NameStep(part, 0) for part in name.split(".")))
    return _Parser(name).read_symbol(0)[0]
