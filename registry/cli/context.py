"""What every command knows: where it was started, how it should talk, and the way to the catalog."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.home import Home

if TYPE_CHECKING:
    from registry.catalog.catalog import Catalog
    from registry.project.project_file import ProjectSettings


@dataclass(frozen=True, slots=True)
class Context:
    """`directory` is where the command works, `color` whether the terminal shall see colours."""

    directory: Path
    home: Home
    quiet: bool = False
    verbose: bool = False
    color: bool = True

    @classmethod
    def from_environment(
        cls, directory: Path, *, quiet: bool = False, verbose: bool = False, no_color: bool = False
    ) -> Context:
        return cls(directory, Home.locate(), quiet, verbose, color=not no_color)

    def project(self) -> ProjectSettings | None:
        """The project the command was started in. Raises Invalid for a treadle.yaml that can't be used."""
        from registry.project.project_file import find_project

        return find_project(self.directory)

    def catalog(self) -> Catalog:
        """The templates that the project, or without one the user, can reach."""
        from registry.catalog.catalog import Catalog
        from registry.project.known_projects import remember_project

        project = self.project()
        if project is not None:
            remember_project(self.home, project)
        return Catalog.open(self.home, project)

    @property
    def interactive(self) -> bool:
        """Whether a person watches: progress may be shown on stderr."""
        return not self.quiet and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """A line for people, on stdout; nothing when quiet."""
        if not self.quiet:
            click.echo(text)


pass_context: Callable[..., Callable[..., None]] = click.make_pass_decorator(Context)
