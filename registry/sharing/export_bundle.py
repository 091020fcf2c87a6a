"""Making a share bundle: the processes and templates that go into it, as the lock pins them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.catalog.details import TemplateCopy
from registry.catalog.locking import make_lock
from registry.errors import Invalid
from registry.model import Problem, Reference
from registry.project.lock_file import Lock
from registry.project.process_file import document_uses, parse_process_file
from registry.sharing.bundle import Bundle, Needs, SharedTemplate, references_of
from registry.sharing.export import secrets_in


@dataclass(frozen=True, slots=True)
class BundleDraft:
    """What a bundle will hold, before anybody said what it needs where it arrives.

    processes: the files' contents, by name
    copies: every template that goes along, by the reference that the processes use
    lock: what these references mean
    warnings: lines of templates that look as if they held a secret
    """

    processes: Mapping[str, bytes]
    copies: Mapping[Reference, TemplateCopy]
    lock: Lock
    warnings: tuple[Problem, ...]

    def bundle(self, name: str, needs: Needs) -> Bundle:
        """The bundle of the project called `name`."""
        return Bundle(name, self.processes, _templates(self.copies), self.lock, needs)


def draft_bundle(
    catalog: Catalog, files: Sequence[Path], references: Sequence[Reference] = (), known: Lock | None = None
) -> BundleDraft:
    """Collect these process files, what they use and `references`, as `known` locks them.

    Raises as `Catalog.copy`; Invalid where two files have one name, or a template holds a secret.
    """
    processes = _by_name(files)
    wanted = dict.fromkeys([*references_of(list(processes.values())), *references])
    lock = make_lock(catalog, wanted, _trimmed(known, wanted))
    copies = {reference: catalog.copy(reference, lock.templates.get(str(reference))) for reference in wanted}
    return BundleDraft(processes, copies, lock, tuple(_check_secrets(list(copies.values()))))


def _by_name(files: Sequence[Path]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for path in files:
        if path.name in contents:
            raise Invalid(
                "process-twice", f'two processes are called "{path.name}"', "Rename one of the files."
            )
        contents[path.name] = _shareable(path)
    return contents


def _shareable(path: Path) -> bytes:
    """The content of a process. Raises Invalid for one that uses a template which nobody has published."""
    data = path.read_bytes()
    process = parse_process_file(path, data, str(path))
    for use in document_uses(process.document) if process and process.document else ():
        if use.is_local:
            message = (
                f'step "{use.step}" uses "{use.written}", a folder of the project that nobody has published'
            )
            raise Invalid("local-template", message, f"Publish it: `treadle publish {use.written}`.")
    return data


def _trimmed(known: Lock | None, wanted: Iterable[Reference]) -> Lock | None:
    """What the lock says of these references: of other processes nobody has to know."""
    if known is None:
        return None
    names = {str(reference) for reference in wanted}
    return Lock({name: entry for name, entry in known.templates.items() if name in names})


def _check_secrets(copies: Sequence[TemplateCopy]) -> list[Problem]:
    """The warnings about secrets. Raises Invalid for one that would have to be taken out: the content is locked."""
    found = dict.fromkeys(problem for copy in copies for problem in secrets_in(copy))
    held = [problem for problem in found if problem.code == "secret-left-out"]
    if held:
        raise Invalid(
            "template-secret",
            held[0].message.replace("was left out", "is a secret"),
            hint="Publish a version without it, and change the secret.",
        )
    return list(found)


def _templates(copies: Mapping[Reference, TemplateCopy]) -> tuple[SharedTemplate, ...]:
    """Each content once, with all the references that mean it."""
    grouped: dict[tuple[str, str, int, str], list[Reference]] = {}
    for reference, copy in copies.items():
        where = copy.resolved.provenance
        grouped.setdefault((where.source, where.slug, where.version, copy.digest), []).append(reference)
    found = []
    for references in grouped.values():
        copy = copies[references[0]]
        names = tuple(sorted(map(str, references)))
        found.append(SharedTemplate(names, copy.resolved.provenance, copy.document, copy.files, copy.origin))
    return tuple(found)
