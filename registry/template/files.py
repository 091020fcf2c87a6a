"""Turning a template folder on disk into its JSON file and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from registry.errors import Conflict, NotFound, Untrusted
from registry.home import write_atomically
from registry.template.document import (
    TemplateDocument,
    read_folder,
    read_template,
    to_folder,
    write_json,
)
from registry.template.folder_format import TEMPLATE_FILE
from registry.template.portable import ATTRIBUTES_FILE, check_names
from registry.text.document import MAX_BYTES


@dataclass(frozen=True, slots=True)
class Written:
    """What a change wrote, or would write: each file with its bytes; `changed` are those that differ."""

    template: str
    files: Mapping[Path, bytes]
    changed: tuple[Path, ...]


def pack_folder(folder: Path, target: Path, *, force: bool = False, dry_run: bool = False) -> Written:
    """Write a template folder as Octopus JSON to `target`.

    Raises NotFound where `folder` is not a template folder, Invalid where it cannot be read, Conflict where
    `target` holds something else and `force` isn't given.
    """
    document = load_folder(folder)
    return _write(document, {target: write_json(document)}, force, dry_run)


def unpack_file(file: Path, target: Path, *, force: bool = False, dry_run: bool = False) -> Written:
    """Write the template in an Octopus JSON file as a template folder to `target`.

    Raises NotFound where there is no `file`, Invalid where it is not a template, Untrusted for names that cannot be
    written everywhere, Conflict where `target` holds other content and `force` isn't given. With `force`, files
    that the template doesn't have are left alone.
    """
    if not file.is_file():
        raise NotFound("path-not-found", f'"{file}" is not a file', "Give a JSON file of a step template.")
    document = read_template(read_bytes(file), str(file))
    folder = to_folder(document)
    check_names(folder, f'"{file}"')
    return _write(document, {target / name: data for name, data in folder.items()}, force, dry_run)


def load_folder(folder: Path) -> TemplateDocument:
    """Read a template folder from disk. Raises NotFound where it has no template.yaml, Invalid where it
    cannot be read, Untrusted for a file that is a link or too large."""
    if not (folder / TEMPLATE_FILE).is_file():
        raise NotFound(
            "path-not-found",
            f'"{folder}" is not a template folder',
            f"A template folder has a {TEMPLATE_FILE}.",
        )
    return read_folder(template_files(folder), str(folder))


def template_files(folder: Path) -> dict[str, bytes]:
    """The files of a template folder by relative path; hidden ones but `.gitattributes` are left out.

    Raises Untrusted for a link, which could lead outside, and for a file of more than 10 MB.
    """
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise Untrusted(
                "link-in-template", f'"{path}" is a link: links are not followed', "Copy the file."
            )
        hidden = any(part.startswith(".") for part in Path(name).parts) and name != ATTRIBUTES_FILE
        if path.is_file() and not hidden:
            files[name] = read_bytes(path)
    return files


def read_bytes(path: Path) -> bytes:
    """A document's bytes. Raises Untrusted for a file of more than 10 MB."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        message = f'"{path}" is {size / 1e6:.0f} MB large; at most {MAX_BYTES >> 20} MB are read'
        raise Untrusted("too-large", message)
    return path.read_bytes()


def write_files(files: Mapping[Path, bytes], *, force: bool, dry_run: bool) -> tuple[Path, ...]:
    """Write these files; returns those that differ from what is there.

    Raises Conflict, before anything is written, where one holds something else and `force` isn't given.
    """
    changed = tuple(
        path for path, data in files.items() if not (path.is_file() and path.read_bytes() == data)
    )
    taken = [path for path in changed if path.exists()]
    if taken and not force:
        message = f'"{taken[0]}" exists and has other content'
        raise Conflict("file-exists", message, "Give --force to overwrite it, or another place.")
    if not dry_run:
        for path in changed:
            write_atomically(path, files[path])
    return changed


def _write(document: TemplateDocument, files: Mapping[Path, bytes], force: bool, dry_run: bool) -> Written:
    return Written(document.template.name, files, write_files(files, force=force, dry_run=dry_run))
