"""The one way to stdout and stderr: text for people, JSON for programs.

Much of what a command prints comes from others: names and scripts of templates, git's authors, lines of logs. `echo`
writes out every control character in it (`registry.text.visible`), so that nothing deceives whoever reads it or
commands their terminal. Colours of our own pass, because `style` marks them with a number that nobody else can know.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, TextIO

import click

from registry.cli.columns import (
    MARK,
    cell_width,
    cut_line,
    fold,
    mark,
    narrowed,
    rows_of,
    terminal_height,
)
from registry.errors import Unavailable
from registry.text.visible import escape_json, visible, visible_line

if TYPE_CHECKING:
    from registry.cli.context import Context
    from registry.cli.pager import Pager

_WIDEST_TEXT = 100
_GAP = 2
_USUAL_HEIGHT = 24

_COLOURS = {
    name: 30 + number
    for number, name in enumerate(("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"))
}
_SGR = re.compile(r"\x1b\[([0-9;:]{0,64})m")
_COLOUR_CODES = frozenset((*range(30, 38), 39, *range(40, 48), 49, *range(90, 98), *range(100, 108)))
_SHOWN_CODES = frozenset((0, 1, 2, 3, 4, 7, 9, 22, 23, 24, 27, 29)) | _COLOUR_CODES  # no blinking, no hiding


class _State:
    """How this process talks.

    colours: None means where a terminal reads
    has_json: a document was printed
    pages: long output may go through a pager
    pager: the one that takes all output now
    """

    colours: bool | None = None
    has_json: bool = False
    pages: bool = True
    pager: Pager | None = None


def start_output(*, colours: bool) -> None:
    """Begin a command: `colours` False keeps them off everywhere."""
    _State.colours = None if colours and os.environ.get("TERM") != "dumb" else False
    _State.has_json = False
    _State.pages = True
    _State.pager = None


def forbid_pager() -> None:
    """Let no output of this command go through a pager."""
    _State.pages = False


def page_output() -> None:
    """Let what is printed from now on go through a pager where a person reads it and it is longer than the screen."""
    if not (_State.pages and is_terminal() and sys.stdin.isatty()):
        return
    from registry.cli.pager import Pager, pager_command

    height = terminal_height(sys.stdout)
    command = pager_command(os.environ, height_known=height is not None)
    if command is not None:
        _State.pager = Pager(command, height or _USUAL_HEIGHT, _screen_rows, _show)


def finish_output() -> None:
    """The end of a command: wait for whoever still reads. Raises as `echo`."""
    pager, _State.pager = _State.pager, None
    if pager is not None:
        with _told_failures(sys.stdout):
            pager.close()


def echo(text: str = "", *, err: bool = False, end: str = "\n") -> None:
    """Print text for people; on a terminal, messages (`err`) are broken between words. Raises Unavailable where it
    cannot be written, BrokenPipeError where nobody reads."""
    stream = sys.stderr if err else sys.stdout
    said = wrapped(text) if err and stream.isatty() else text
    _write(stream, rendered(said, colours=has_colours(stream)) + end)


def tell(text: str) -> None:
    """Print sentences; on a terminal, lines that are too long are broken between words. Raises as `echo`."""
    echo(wrapped(text) if is_terminal() else text)


def print_json(value: Any) -> None:
    """One JSON document on stdout. Control and invisible characters are escaped."""
    _State.has_json = True
    _write(sys.stdout, _dumped(value, indent=2) + "\n")


def print_json_line(value: Any) -> None:
    """One JSON document on a line of its own, on stdout."""
    _write(sys.stdout, _dumped(value) + "\n")


def print_document(document: bytes) -> None:
    """A JSON document (UTF-8) as it is; on a terminal its control and invisible characters are escaped."""
    text = document.decode()
    _write(sys.stdout, escape_json(text) if is_terminal() else text)


def has_printed_json() -> bool:
    """Whether stdout holds the command's document already."""
    return _State.has_json


def to_data(value: Any) -> Any:
    """A dataclass, or several, as the data of a JSON document."""
    if isinstance(value, Mapping):
        return {key: to_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_data(item) for item in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _dumped(value: Any, indent: int | None = None) -> str:
    import json

    # A stream that isn't UTF-8 would replace characters, and so change what the document says.
    ascii_only = "utf" not in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return escape_json(json.dumps(value, indent=indent, ensure_ascii=ascii_only, default=str))


def _write(stream: TextIO, text: str) -> None:
    with _told_failures(stream):
        if _State.pager is not None and stream.isatty():
            _State.pager.write(text)
            return
        stream.write(text)
        stream.flush()


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def _told_failures(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        name = "error output" if stream is sys.stderr else "output"
        raise Unavailable(
            "output-not-written",
            f"cannot write the {name}: {error.strerror}",
            hint="Free some space, or send it elsewhere.",
        ) from error


# --- colours


def style(text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
    """`text` in a colour of the terminal, for `echo`."""
    codes = [str(code) for code, wanted in ((1, bold), (2, dim)) if wanted]
    codes += [str(_COLOURS[fg])] if fg else []
    return f"{mark(';'.join(codes))}{text}{mark('0')}" if codes else text


def log_line(text: str) -> str:
    """A line that a script printed, for `echo`: its colours pass, and nothing else that a terminal obeys."""
    coloured = _SGR.sub(lambda found: mark(_shown_codes(found[1])), text)
    return coloured if coloured == text else coloured + mark("0")


def rendered(text: str, *, colours: bool) -> str:
    """What a terminal gets to see of `text`."""
    pieces = MARK.split(text)  # text, codes, text, codes ... text
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            pieces[number] = visible(piece)
        else:
            pieces[number] = f"\x1b[{piece}m" if colours and piece else ""
    return "".join(pieces)


def has_colours(stream: TextIO) -> bool:
    """Whether colours are wanted there."""
    return _State.colours is not False and stream.isatty()


def one_line(text: str) -> str:
    """`text` on one line, whatever it holds; colours stay."""
    pieces = MARK.split(text)
    return "".join(
        piece and (mark(piece) if number % 2 else visible_line(piece)) for number, piece in enumerate(pieces)
    )


def _shown_codes(text: str) -> str:
    """The codes of an SGR sequence that colour and emphasise; the colour of `38;5;N` and `38;2;R;G;B` included."""
    codes = [int(code or "0") for code in re.split("[;:]", text)]
    shown: list[int] = []
    while codes:
        code = codes.pop(0)
        if code in (38, 48) and codes[:1] in ([5], [2]):
            length = 2 if codes[0] == 5 else 4
            shown += [code, *codes[:length]]
            del codes[:length]
        elif code in _SHOWN_CODES:
            shown.append(code)
    return ";".join(map(str, shown))


# --- layout


def is_terminal() -> bool:
    """Whether stdout is read by a person."""
    return sys.stdout.isatty()


def terminal_width() -> int:
    """The columns of the terminal."""
    import shutil

    return shutil.get_terminal_size().columns


def _screen_rows(text: str) -> int:
    return rows_of(text, max(terminal_width(), 1))


def text_width() -> int:
    """Columns to use for prose: longer lines are hard to read."""
    return min(terminal_width(), _WIDEST_TEXT)


def print_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[int] = (),
    whole: Sequence[int] = (),
) -> None:
    """Aligned columns under bold heads; `right` are the columns of numbers. On a terminal that is too narrow the
    widest columns are cut, but never the first one, nor those of `right` and `whole`; in a pipe nothing is."""
    width = terminal_width() if is_terminal() else None
    lines = aligned([heads, *rows], right=right, whole=whole, width=width)
    for number, line in enumerate(lines):
        echo(line if number else style(line, bold=True))


def aligned(
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[int] = (),
    whole: Sequence[int] = (),
    width: int | None = None,
) -> list[str]:
    """Rows as lines of aligned columns, at most `width` wide where that can be. The last one is not padded."""
    table = [[one_line(cell) for cell in row] for row in rows]
    if not table:
        return []
    widths = [max(map(cell_width, column)) for column in zip(*table, strict=True)]
    if width is not None:
        widths = narrowed(widths, _GAP, width, {0, *right, *whole})
    return [
        (" " * _GAP)
        .join(
            _cell(cell, size, column in right)
            for column, (cell, size) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in table
    ]


def _cell(text: str, width: int, to_the_right: bool) -> str:
    missing = width - cell_width(text)
    if missing < 0:
        return cut_line(text, width)
    return " " * missing + text if to_the_right else text + " " * missing


def paragraphs(text: str, indent: str = "") -> str:
    """`text` wrapped to the terminal, its own line breaks kept."""
    import textwrap

    wrapped = (
        textwrap.wrap(
            line, text_width(), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )
        for line in visible(text).strip().splitlines()
    )
    return "\n".join("\n".join(lines) for lines in wrapped)


def wrapped(text: str) -> str:
    """A message whose lines are as wide as the terminal; what goes on is indented further than it begins."""
    lines = text.split("\n")
    indents = (" " * (len(line) - len(line.lstrip(" "))) for line in lines)
    return "\n".join(
        fold(line, f"{indent}  ", terminal_width()) for line, indent in zip(lines, indents, strict=True)
    )


def folded(text: str, indent: str, more: str | None = None, *, tear: bool = False) -> str:
    """A line behind `indent`; on a terminal broken between words, each further line behind `more` (else `indent`).
    With `tear` words longer than a line are broken, too."""
    line = indent + one_line(text)
    return (
        fold(line, indent if more is None else more, terminal_width(), tear=tear) if is_terminal() else line
    )


def indented(text: str, indent: str) -> str:
    """`text` with its second and further lines indented."""
    return f"\n{indent}".join(text.splitlines())


def shorten(text: str, width: int) -> str:
    """The beginning of a text on a single line, at most `width` columns wide."""
    line = visible(" ".join(text.split()))
    return line if cell_width(line) <= width else cut_line(line, max(width, 1))


def counted(number: int, noun: str) -> str:
    """`1 template`, `2 templates`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def size_text(count: int) -> str:
    """A number of bytes for people: `12 B`, `3.4 MB`."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


# --- with a person at the terminal


def ask(question: str, default: str = "", *, hidden: bool = False) -> str:
    """What the person at the terminal answers; `default` for a lone Enter. `hidden`: neither what they type nor the
    default shows. Raises click.Abort."""
    text = rendered(one_line(question), colours=False)
    answer: str = click.prompt(text, default=default, hide_input=hidden, show_default=not hidden)
    return answer


@contextmanager
def working(context: Context, what: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something takes its time; the function given says what it is at now."""
    if not context.interactive:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    def told(text: str) -> Text:
        return Text(shorten(text, max(terminal_width() - 4, 1)))

    spinner = Spinner("dots", told(what))
    console = Console(stderr=True, no_color=not context.color)
    # What is printed meanwhile goes above the spinner, if it goes to the same terminal.
    with Live(spinner, console=console, transient=True, redirect_stdout=is_terminal()):
        yield lambda text: spinner.update(text=told(text))
