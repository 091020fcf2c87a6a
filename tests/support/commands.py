"""The `treadle` commands that a page shows, and whether the command line has them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import takewhile

import click

from runner.cli.main import cli

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SHELL = ("", "console", "sh", "bash")
_INLINE = re.compile(r"`([^`]+)`")
_PLACEHOLDER = re.compile(r"[A-Z]|\.\.\.|…")
_HELP = ("-h", "--help")


def shown_commands(text: str) -> Iterator[str]:
    """Every command of a Markdown text, from blocks of shell and from code in sentences."""
    for language, block in _FENCE.findall(text):
        for line in block.splitlines() if language in _SHELL else ():
            for part in re.split(r"&&|\|\||[|;]| {2,}", line.split(" # ")[0]):
                command = part.strip().removeprefix("$ ")
                if command.startswith("treadle "):
                    yield command
    for code in _INLINE.findall(_FENCE.sub("", text)):
        command = " ".join(code.split())
        if command.startswith("treadle "):
            yield command


def shown_options(text: str) -> Iterator[str]:
    """Options that sentences name without their command."""
    for code in _INLINE.findall(_FENCE.sub("", text)):
        if found := re.match(r"--[a-z][a-z0-9-]*", code):
            yield found[0]


def all_options(command: click.Command | None = None) -> set[str]:
    """The options of all commands."""
    command = cli if command is None else command
    found = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found |= all_options(command.get_command(context, name))
    return found


def misfit(shown: str) -> str | None:
    """What the command line would refuse of a command, whatever its placeholders stand for; None if nothing."""
    words = shlex.split(re.sub(r"[\[\]]", " ", shown))[1:]
    words = list(takewhile(lambda word: word not in (">", "|", "&&"), words))
    command: click.Command = cli
    places: list[click.Argument] = _arguments(command)
    while words:
        word = words.pop(0)
        if word.startswith("-") and word != "-":
            problem = _misfit_of_option(command, word, words)
            if problem:
                return problem
        elif isinstance(command, click.Group):
            if _PLACEHOLDER.match(word):
                return None
            found = command.get_command(click.Context(command), word)
            if found is None:
                return f'no command "{word}"'
            command, places = found, _arguments(found)
        elif word not in ("...", "…") and not _takes(places):
            return f'nothing takes "{word}"'
    return None


def _arguments(command: click.Command) -> list[click.Argument]:
    return [item for item in command.params if isinstance(item, click.Argument)]


def _takes(places: list[click.Argument]) -> bool:
    """Whether an argument is left for one more word; takes it."""
    if any(item.nargs == -1 for item in places):
        return True
    return bool(places and places.pop(0))


def _misfit_of_option(command: click.Command, word: str, rest: list[str]) -> str | None:
    name, _, value = word.partition("=")
    if name in _HELP:
        return None
    option = _option(command.params, name) or _option(cli.params, name)
    if option is None:
        return f'no option "{name}"'
    if option.is_flag:
        return None
    value = value or (rest.pop(0) if rest else "")
    choices: Sequence[str] = option.type.choices if isinstance(option.type, click.Choice) else ()
    if choices and not _PLACEHOLDER.match(value) and not set(value.split("|")) <= set(choices):
        return f'"{name}" does not offer "{value}"'
    return None


def _option(params: Sequence[click.Parameter], name: str) -> click.Option | None:
    options = (item for item in params if isinstance(item, click.Option))
    return next((item for item in options if name in (*item.opts, *item.secondary_opts)), None)
