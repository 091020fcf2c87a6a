"""What every command knows: where it was started, and how it should talk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from registry.catalog.session import Session
from registry.home import Home


@dataclass(frozen=True, slots=True)
class Context(Session):
    """A session at a terminal; `color` says whether it shows colours."""

    quiet: bool = False
    verbose: bool = False
    color: bool = True

    @classmethod
    def from_environment(
        cls, directory: Path, *, quiet: bool = False, verbose: bool = False, no_color: bool = False
    ) -> Context:
        return cls(directory, Home.locate(), quiet, verbose, color=not no_color)

    @property
    def interactive(self) -> bool:
        """Whether a person watches: progress may be shown on stderr."""
        return not self.quiet and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """A line for people, on stdout; nothing when quiet."""
        if not self.quiet:
            click.echo(text)


pass_context: Callable[..., Callable[..., None]] = click.make_pass_decorator(Context)
