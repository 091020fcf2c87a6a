"""Scanning of names, indexes and quoted texts: the small parts that everything else is made of."""

import re
from typing import Final

from runner.octostache.dotnet.characters import WHITE_SPACE, is_letter_or_digit
from runner.octostache.nodes import IndexStep, NameStep, Symbol, SymbolIndexStep, SymbolStep

_WORD: Final = r"A-Za-z0-9_\-:/~()@"
_SPACE: Final = f"[{WHITE_SPACE}]"
# White space ends a name before "in", "==" and "!=" that stand alone, and before a filter or the closing brace.
_NAME_SPACE: Final = rf"{_SPACE}(?!(?:in|==|!=){_SPACE})(?![|}}].)"
_NAME_RUN: Final = re.compile(rf"(?:[{_WORD}]|{_NAME_SPACE})+", re.DOTALL)
_NAME_SPACE_RUN: Final = re.compile(_NAME_SPACE, re.DOTALL)
_WORD_RUN: Final = re.compile(rf"[{_WORD}]+")
_SPACES: Final = re.compile(f"{_SPACE}*")
_QUOTED: Final = re.compile(r'"([^"#]*)"')
_QUOTED_REACH: Final = re.compile(r'"[^"#]*')
_FLAT_INDEX: Final = re.compile(rf"\[{_SPACE}*+([^\[\]#]*+)\]")
_BRACKET: Final = re.compile(r"[\[\]]")
_NESTED_LEAD: Final = re.compile(rf"\[{_SPACE}+")


class SymbolScanner:
    """Reads symbols and quoted texts out of `text`.

    Every `read_*` method takes a position and returns `(result, end)`, or `(None, reach)` when nothing fits there:
    `reach` is how far it came, which is where a lenient parse goes on.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._closing: dict[int, int] = {}

    def skip_space(self, position: int) -> int:
        """The end of the white space that begins at `position`."""
        if " " < self.text[position : position + 1] < "\x7f":
            return position
        return _SPACES.match(self.text, position).end()  # type: ignore[union-attr]  # matches the empty text

    def progress(self, literal: str, position: int) -> int:
        """The end of the part of `literal` that stands at `position`."""
        for offset, char in enumerate(literal):
            if self.text[position + offset : position + offset + 1] != char:
                return position + offset
        return position + len(literal)

    def read_name(self, position: int) -> tuple[str | None, int]:
        """An identifier, trimmed: letters, digits, `_-:/~()@` and inner white space."""
        end = self._run(position, _NAME_RUN, _NAME_SPACE_RUN)
        if end == position:
            return None, position
        return self.text[position:end].strip(WHITE_SPACE), end

    def read_word(self, position: int) -> tuple[str | None, int]:
        """A name without white space: a filter, or an option without quotes."""
        end = self._run(position, _WORD_RUN, None)
        return (None, position) if end == position else (self.text[position:end], end)

    def _run(self, position: int, ascii_run: re.Pattern[str], space: re.Pattern[str] | None) -> int:
        text = self.text
        while True:
            match = ascii_run.match(text, position)
            if match:
                position = match.end()
            char = text[position : position + 1]
            if char < "\x80" or not (is_letter_or_digit(char) or (space and space.match(text, position))):
                return position
            position += 1

    def read_quoted(self, position: int) -> tuple[str | None, int]:
        """`"text"`, or `\\"text\\"`, with the white space after it."""
        match = _QUOTED.match(self.text, position)
        if match:
            return match[1], self.skip_space(match.end())
        if not self.text.startswith('\\"', position):
            reach = _QUOTED_REACH.match(self.text, position)
            return None, reach.end() if reach else self.progress('\\"', position)
        close = self.text.find('\\"', position + 2)
        if close < 0:
            return None, len(self.text)
        return self.text[position + 2 : close], self.skip_space(close + 2)

    def read_symbol(self, position: int) -> tuple[Symbol | None, int]:
        """A name, then any number of `.name` and `[index]`."""
        name, end = self.read_name(position)
        if name is None:
            return None, end
        steps: list[SymbolStep] = [NameStep(name, position)]
        while True:
            step, step_end = self._read_step(end)
            if step is None:
                return Symbol(tuple(steps)), end
            steps.append(step)
            end = step_end

    def _read_step(self, position: int) -> tuple[SymbolStep | None, int]:
        char = self.text[position : position + 1]
        if char == ".":
            name, end = self.read_name(position + 1)
            return (None, end) if name is None else (NameStep(name, position + 1), end)
        if char != "[":
            return None, position
        flat = _FLAT_INDEX.match(self.text, position)
        if flat:
            return IndexStep(flat[1], position), flat.end()
        symbol, end = self._read_symbol_index(position)
        if symbol is not None:
            return SymbolIndexStep(symbol, position), end
        close = self._closing_bracket(position)
        if close < 0:
            return None, position
        inner = _NESTED_LEAD.sub("[", self.text[position:close])[1:]
        return IndexStep(inner, position), close + 1

    def _read_symbol_index(self, position: int) -> tuple[Symbol | None, int]:
        start = self.skip_space(position + 1)
        if not self.text.startswith("#{", start) or self.text.startswith("#{/", start):
            return None, start
        symbol, end = self.read_nested_symbol(self.skip_space(start + 2))
        if symbol is None:
            return None, end
        end = self.skip_space(end)
        if not self.text.startswith("}", end):
            return None, end
        end = self.skip_space(end + 1)
        return (symbol, end + 1) if self.text.startswith("]", end) else (None, end)

    def read_nested_symbol(self, position: int) -> tuple[Symbol | None, int]:
        """A symbol inside an index; a parser overrides it to watch the depth and to remember the answer."""
        return self.read_symbol(position)

    def _closing_bracket(self, position: int) -> int:
        """Where the bracket at `position` closes, or -1; remembers all it passes, so that this stays linear."""
        known = self._closing.get(position)
        if known is not None:
            return known
        opened: list[int] = []
        for bracket in _BRACKET.finditer(self.text, position):
            if bracket[0] == "[":
                opened.append(bracket.start())
            else:
                self._closing[opened.pop()] = bracket.start()
                if not opened:
                    return bracket.start()
        self._closing.update(dict.fromkeys(opened, -1))
        return -1
