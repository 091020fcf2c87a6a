"""Where a command or a request works: its folder, its home, and from there its project and catalog."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.home import Home

if TYPE_CHECKING:
    from registry.catalog.catalog import Catalog
    from registry.project.project_file import ProjectSettings


@dataclass(frozen=True, slots=True)
class Session:
    """The folder that somebody works in, and that person's home."""

    directory: Path
    home: Home

    def project(self) -> ProjectSettings | None:
        """The project that the folder lies in. Raises Invalid for a treadle.yaml that cannot be used."""
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
