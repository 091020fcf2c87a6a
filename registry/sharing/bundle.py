"""The share bundle: processes, their lock and their templates in one archive, to hand to another project.

`manifest.json` comes first and says what everything else is, with hashes; docs/sharing.md describes the format.
Making a bundle is pure: the same content gives the same bytes. Reading believes nothing before it is checked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from registry.errors import Invalid, Mismatch, NotFound, Untrusted
from registry.library.origin import Origin
from registry.model import Problem, Provenance, Reference, errors_of, is_slug
from registry.project.lock_file import LOCK_FILE, Lock, LockEntry, lock_bytes, parse_lock
from registry.project.process_file import template_uses
from registry.project.project_file import PROJECT_FILE
from registry.project.source_definition import is_path
from registry.sharing.archive import MAX_ARCHIVE_BYTES, pack_archive, unpack_archive
from registry.template.document import TemplateDocument, digest, read_folder
from registry.template.portable import check_names
from registry.text.document import decode_utf8
from registry.text.json_document import load_json
from registry.text.yaml_document import load_yaml
from registry.validation.json_schema import validate

MANIFEST = "manifest.json"
KIND = "treadle-share-bundle"
VERSION = 1
_PROCESSES = "processes"
_PROJECT_NAMES = frozenset({PROJECT_FILE, f"{Path(PROJECT_FILE).stem}.yml"})


@dataclass(frozen=True, slots=True)
class NeededVariable:
    """A variable that the receiver has to define. `value` is the sender's; a sensitive one's stays there."""

    name: str
    sensitive: bool = False
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What processes expect from the project that they run in."""

    variables: tuple[NeededVariable, ...] = ()
    roles: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedTemplate:
    """A template in a bundle. `references` are what the bundle's processes call it, `files` its folder."""

    references: tuple[str, ...]
    provenance: Provenance
    document: TemplateDocument
    files: Mapping[str, bytes] = field(repr=False)
    origin: Origin | None = None

    @property
    def slug(self) -> str:
        return self.provenance.slug

    @property
    def version(self) -> int:
        return self.provenance.version

    @property
    def digest(self) -> str:
        return digest(self.document)

    @property
    def folder(self) -> str:
        where = self.provenance
        return f"templates/{where.source}/{where.slug}/{where.version}-{self.digest[:12]}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """`name` is the sender's project; `processes` are files by name, `lock` pins every reference in them."""

    name: str
    processes: Mapping[str, bytes]
    templates: tuple[SharedTemplate, ...]
    lock: Lock
    needs: Needs = Needs()


def bundle_bytes(bundle: Bundle) -> bytes:
    """The archive. The same bundle gives the same bytes."""
    bundle = replace(bundle, templates=tuple(map(_without_paths, bundle.templates)))
    lock = Lock({name: _portable(entry) for name, entry in bundle.lock.templates.items()}, bundle.lock.images)
    files = {f"{_PROCESSES}/{name}": data for name, data in bundle.processes.items()}
    for template in bundle.templates:
        files |= {f"{template.folder}/{name}": data for name, data in template.files.items()}
    files[LOCK_FILE] = lock_bytes(lock)
    ordered = {name: files[name] for name in sorted(files)}
    manifest = json.dumps(_manifest(bundle, ordered), indent=2, ensure_ascii=False) + "\n"
    return pack_archive({MANIFEST: manifest.encode(), **ordered})


def _without_paths(template: SharedTemplate) -> SharedTemplate:
    """Paths on the sender's machine are nobody else's business."""
    url = template.provenance.url
    return (
        replace(template, provenance=replace(template.provenance, url=None))
        if url and is_path(url)
        else template
    )


def _portable(entry: LockEntry) -> LockEntry:
    return replace(entry, source="") if is_path(entry.source) else entry


def _manifest(bundle: Bundle, files: Mapping[str, bytes]) -> Mapping[str, Any]:
    return {
        "version": VERSION,
        "kind": KIND,
        "name": bundle.name,
        "processes": sorted(bundle.processes),
        "needs": asdict(bundle.needs),
        "templates": [_entry(item) for item in sorted(bundle.templates, key=lambda item: item.folder)],
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }


def _entry(shared: SharedTemplate) -> Mapping[str, Any]:
    where, template = shared.provenance, shared.document.template
    origin = asdict(shared.origin) if shared.origin else None
    return {
        "references": sorted(shared.references),
        "slug": where.slug,
        "version": where.version,
        "id": template.id,
        "name": template.name,
        "digest": shared.digest,
        "folder": shared.folder,
        "provenance": {key: value for key, value in asdict(where).items() if key not in ("slug", "version")},
        "origin": {key: value for key, value in origin.items() if key != "template"} if origin else None,
    }


# --- reading


def read_bundle(path: Path) -> Bundle:
    """The bundle in a file, checked whole: names and sizes, hashes, processes, lock, templates.

    Raises NotFound; Invalid for what is not a bundle, or one of another version; Untrusted for one that tries to do
    harm; Mismatch where a content is not the one that the manifest or the lock names.
    """
    if not path.is_file():
        raise NotFound("path-not-found", f'there is no file "{path}"')
    if path.stat().st_size > MAX_ARCHIVE_BYTES:
        limit = f"at most {MAX_ARCHIVE_BYTES >> 20} MB are read"
        raise Untrusted(
            "archive-too-large", f'"{path}" is {path.stat().st_size / 1e6:,.0f} MB large; {limit}'
        )
    with path.open("rb") as stream:
        files = unpack_archive(stream, path.name)
    manifest = _read_manifest(files.pop(MANIFEST, None), path.name)
    _check_hashes(manifest["files"], files, path.name)
    processes = {name: _taken(files, f"{_PROCESSES}/{name}", path.name) for name in manifest["processes"]}
    lock = parse_lock(_taken(files, LOCK_FILE, path.name), f"{path.name}: {LOCK_FILE}")
    templates = tuple(_read_template(entry, files, path.name) for entry in manifest["templates"])
    if files:
        raise _unexpected(path.name, f'holds "{min(files)}", which nothing in it is about')
    bundle = Bundle(manifest["name"], processes, templates, lock, _read_needs(manifest["needs"]))
    _check_processes(bundle, path.name)
    return bundle


def _read_manifest(data: bytes | None, label: str) -> Mapping[str, Any]:
    if data is None:
        raise Invalid("bundle-invalid", f'"{label}" is not a share bundle: it has no {MANIFEST}')
    document = load_json(data, f"{label}: {MANIFEST}")
    problems = validate(document.value, "bundle", document)
    if problems:
        raise Invalid.of("bundle-invalid", f'"{label}"', problems)
    manifest: Mapping[str, Any] = document.value
    return manifest


def _check_hashes(wanted: Mapping[str, str], files: Mapping[str, bytes], label: str) -> None:
    """Raises Mismatch with every file that is missing, not announced, or another."""
    problems = [f'"{name}" is missing' for name in wanted if name not in files]
    problems += [f'"{name}" is not in the manifest' for name in files if name not in wanted]
    problems += [
        f'"{name}" is not what the manifest says'
        for name, data in files.items()
        if name in wanted and hashlib.sha256(data).hexdigest() != wanted[name]
    ]
    if problems:
        message = f'"{label}" was altered or damaged: {problems[0]}'
        found = [Problem(text, "bundle-altered", file=label) for text in problems]
        raise Mismatch("bundle-altered", message, "Get it again from its sender.", found)


def _taken(files: dict[str, bytes], name: str, label: str) -> bytes:
    if name not in files:
        raise _unexpected(label, f'has no "{name}"')
    return files.pop(name)


def _read_template(entry: Mapping[str, Any], files: dict[str, bytes], label: str) -> SharedTemplate:
    if not all(map(_is_reference, entry["references"])) or not is_slug(entry["slug"]):
        raise _unexpected(label, f'calls a template "{entry["slug"]}" what no template can be called')
    prefix = f"{entry['folder']}/"
    content = {name.removeprefix(prefix): files.pop(name) for name in list(files) if name.startswith(prefix)}
    check_names(content, f'"{label}": "{entry["folder"]}"')
    document = read_folder(content, f"{label}: {entry['folder']}")
    where = Provenance(slug=entry["slug"], version=entry["version"], **entry["provenance"])
    origin = Origin(template=where.slug, **entry["origin"]) if entry.get("origin") else None
    shared = SharedTemplate(tuple(entry["references"]), where, document, content, origin)
    template = document.template
    said = (entry["id"], entry["name"], entry["version"], entry["digest"], entry["folder"])
    if said != (template.id, template.name, template.version, shared.digest, shared.folder):
        raise Mismatch(
            "bundle-altered", f'"{label}": the template in "{entry["folder"]}" is not the one in the manifest'
        )
    return shared


def _is_reference(text: str) -> bool:
    try:
        return str(Reference.parse(text)) == text
    except ValueError:
        return False


def _read_needs(needs: Mapping[str, Any]) -> Needs:
    variables = tuple(NeededVariable(**item) for item in needs["variables"])
    return Needs(variables, tuple(needs["roles"]), tuple(needs["environments"]))


def _check_processes(bundle: Bundle, label: str) -> None:
    """Every process is one, and every reference in it means a template of the bundle, as the lock says."""
    contents = {reference: item for item in bundle.templates for reference in item.references}
    if len(contents) != sum(len(item.references) for item in bundle.templates):
        raise _unexpected(label, "gives one reference two meanings")
    for reference, entry in bundle.lock.templates.items():
        shared = contents.get(reference)
        if shared is None or (shared.digest, shared.version) != (entry.sha256, entry.version):
            raise Mismatch(
                "bundle-altered", f'"{label}": "{reference}" is locked to content it does not hold'
            )
    for name, data in bundle.processes.items():
        if name.casefold() in _PROJECT_NAMES:
            raise _unexpected(label, f'has a process called "{name}", which is the name of a project')
        file = f"{label}: {name}"
        document = load_yaml(decode_utf8(data, file), file)
        problems = errors_of(validate(document.value, "process", document))
        if problems:
            raise Invalid.of("bundle-invalid", file, problems)
        for use in template_uses(data, file):
            _check_use(use.reference, contents, bundle.lock, label)


def _check_use(reference: Reference, contents: Mapping[str, SharedTemplate], lock: Lock, label: str) -> None:
    if str(reference) not in contents:
        raise _unexpected(label, f'uses "{reference}" and does not hold it')
    if str(reference) not in lock.templates and not reference.latest:
        raise _unexpected(label, f'uses "{reference}" and does not lock it')


def references_of(processes: Sequence[bytes]) -> list[Reference]:
    """What processes use, each once, in order."""
    return list(dict.fromkeys(_uses(processes)))


def _uses(processes: Sequence[bytes]) -> Iterator[Reference]:
    for data in processes:
        yield from (use.reference for use in template_uses(data, ""))


def _unexpected(label: str, what: str) -> Invalid:
    return Invalid("bundle-invalid", f'"{label}" {what}', "Ask its sender to export it again.")
