"""A template on disk beside the one that was published under its id or its name."""

from __future__ import annotations

from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.errors import NotFound
from registry.home import real_path
from registry.model import LIBRARY_SOURCE, Reference
from registry.template.document import TemplateDocument, read_template
from registry.template.files import load_folder, read_bytes


def read_draft(path: Path) -> TemplateDocument:
    """The template in a folder, or in a file of Octopus JSON. Raises NotFound, Invalid, Untrusted."""
    if path.is_file():
        return read_template(read_bytes(path), str(path))
    return load_folder(path)


def published(catalog: Catalog, path: Path, draft: TemplateDocument) -> Reference:
    """What the library has of a draft: the template with its id, else the one with its name.

    Raises NotFound where it has neither.
    """
    slug = real_path(path).name.removesuffix(".json")
    entries = catalog.library_entries()
    by_id = (entry.slug for entry in entries if entry.guid.casefold() == draft.template.id.casefold())
    by_name = (entry.slug for entry in entries if entry.slug == slug)
    found = next((name for names in (by_id, by_name) for name in names), None)
    if found is None:
        message = f'the library has no template with the id or the name of "{path}"'
        raise NotFound("not-published", message, f"Name another: `treadle diff SOURCE/NAME {path}`.")
    return Reference(LIBRARY_SOURCE, found)
