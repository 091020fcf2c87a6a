"""Template contents in git, read whole: a blob of Octopus JSON, or the tree of a template folder.

What comes from a source is not trusted: links are not followed, sizes are asked before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry.errors import Untrusted, UserError
from registry.git.objects import FILE_MODES, TreeEntry
from registry.git.repository import Repository
from registry.index.database import IndexedContent
from registry.model import TemplateForm
from registry.template.document import TemplateDocument, read_folder, read_template
from registry.text.document import MAX_BYTES

MAX_FOLDER_FILES = 500
MAX_FOLDER_BYTES = 40 << 20


def read_content(repository: Repository, record: IndexedContent) -> TemplateDocument:
    """The document that a record of the index names. Raises Invalid where it cannot be read, Untrusted where
    it is too large or holds links."""
    ((_, document),) = read_contents(repository, [record])
    if isinstance(document, UserError):
        raise document
    return document


def read_contents(
    repository: Repository, records: Sequence[IndexedContent]
) -> Iterator[tuple[IndexedContent, TemplateDocument | UserError]]:
    """The documents of many records, by a handful of git processes; for what cannot be read, the reason."""
    trees = [record.id for record in records if record.shape is TemplateForm.FOLDER]
    files = repository.trees(trees) if trees else {}
    wanted = [record.id for record in records if record.shape is TemplateForm.JSON]
    wanted += [entry.id for entries in files.values() for entry in entries if entry.mode in FILE_MODES]
    sizes = repository.sizes(wanted)
    blobs = dict(repository.blobs([blob for blob, size in sizes.items() if size_problem(size) is None]))
    for record in records:
        try:
            yield record, _document(record, files.get(record.id, []), blobs, sizes)
        except UserError as error:
            yield record, error


def read_folder_files(repository: Repository, tree: str) -> dict[str, bytes]:
    """The plain files below a tree of our own, by their paths."""
    entries = [entry for entry in repository.trees([tree])[tree] if entry.mode in FILE_MODES]
    blobs = dict(repository.blobs([entry.id for entry in entries]))
    return {entry.path: blobs[entry.id] for entry in entries}


def _document(
    record: IndexedContent, entries: Sequence[TreeEntry], blobs: dict[str, bytes], sizes: dict[str, int]
) -> TemplateDocument:
    if record.shape is TemplateForm.JSON:
        return read_template(_blob(record.path, record.id, blobs, sizes), record.path)
    if len(entries) > MAX_FOLDER_FILES or sum(sizes.get(entry.id, 0) for entry in entries) > MAX_FOLDER_BYTES:
        limits = f"{MAX_FOLDER_FILES} files and {MAX_FOLDER_BYTES >> 20} MB"
        raise Untrusted("template-too-large", f'"{record.path}" holds more than {limits}')
    files = {}
    for entry in entries:
        path = f"{record.path}/{entry.path}"
        if entry.mode not in FILE_MODES:
            raise Untrusted("link-in-template", f'"{path}" is a link: links are not followed')
        if {"..", ".git"} & {part.lower() for part in entry.path.split("/")}:
            raise Untrusted("path-in-template", f'"{path}" leads out of the template')
        files[entry.path] = _blob(path, entry.id, blobs, sizes)
    return read_folder(files, record.path)


def _blob(path: str, identity: str, blobs: dict[str, bytes], sizes: dict[str, int]) -> bytes:
    if identity in blobs:
        return blobs[identity]
    problem = size_problem(sizes.get(identity, 0)) or "missing from the repository"
    raise Untrusted("template-unreadable", f'"{path}" is {problem}')


def size_problem(size: int) -> str | None:
    """Why a file of so many bytes is not read; None where it is."""
    return f"{size / 1e6:.1f} MB large; at most {MAX_BYTES >> 20} MB are read" if size > MAX_BYTES else None
