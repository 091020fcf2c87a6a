"""What every command knows: where it was started, and how it should talk."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from registry.catalog.session import Session
from registry.cli.output import tell
from registry.errors import NotFound
from registry.home import Home


@dataclass(frozen=True, slots=True)
class Context(Session):
    """A session at a terminal; `color` says whether it shows colours."""

    quiet: bool = False
    verbose: bool = False
    color: bool = True

    @classmethod
    def from_environment(cls) -> Context:
        """What holds before the options are read. Raises NotFound, Invalid."""
        return cls(_here(), Home.locate(), color="NO_COLOR" not in os.environ)

    @property
    def interactive(self) -> bool:
        """Whether a person watches: progress may be shown on stderr."""
        return not self.quiet and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """A line for people, on stdout; nothing when quiet."""
        if not self.quiet:
            tell(text)


def exit_with(code: int) -> NoReturn:
    """End the command with this exit code, its work done."""
    click.get_current_context().exit(code)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise NotFound(
            "no-directory", "the folder that you are in is gone", hint="Change to another."
        ) from None


pass_context: Callable[..., Callable[..., None]] = click.make_pass_decorator(Context)
