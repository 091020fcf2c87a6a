"""A template as `show` describes it, and a copy of it to hand on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.catalog.resolve import FoundTemplate, TemplateHistory
from registry.index.database import IndexedContent
from registry.library.origin import Origin
from registry.model import Notice, Provenance, ResolvedTemplate, StepTemplate, VersionInfo
from registry.template.document import TemplateDocument, digest
from registry.template.octopus import CUSTOM_SCRIPT, SCRIPT_BODY, syntaxes
from registry.template.platform import Verdict, read_verdict, template_verdict
from registry.template.runnable import Obstacle, obstacle

_TESTS = "tests/"


@dataclass(frozen=True, slots=True)
class TemplateDetails:
    """Everything there is to say about a template.

    deleted: the source's head has it no more
    versions: the newest first
    tests: the names of the test files beside it
    origin: what a library's template was copied from; `patched` says that it has changed since
    notices: what is said against this version
    said: what is said against each version that something is said against
    verdict: where its script can run; None where that is not judged
    """

    template: StepTemplate
    provenance: Provenance
    digest: str
    latest: int
    deleted: bool
    versions: tuple[VersionInfo, ...]
    readme: str | None = None
    tests: tuple[str, ...] = ()
    origin: Origin | None = None
    notices: tuple[Notice, ...] = ()
    said: Mapping[int, tuple[Notice, ...]] = field(default_factory=dict)
    verdict: Verdict | None = None

    @property
    def obstacle(self) -> Obstacle | None:
        """Why it cannot run, if so."""
        return obstacle(self.template)

    @property
    def patched(self) -> bool:
        return self.origin is not None and self.origin.digest != self.digest

    @property
    def syntaxes(self) -> tuple[str, ...]:
        return syntaxes(self.template)

    @property
    def scripts(self) -> dict[str, str]:
        """Script bodies by what they are: `script`, or the name of a custom deployment script."""
        properties = self.template.properties
        bodies = {"script": properties.get(SCRIPT_BODY)}
        for key, text in properties.items():
            if key.startswith(CUSTOM_SCRIPT):
                bodies[key.removeprefix(CUSTOM_SCRIPT)] = text
        return {name: text for name, text in bodies.items() if text}


@dataclass(frozen=True, slots=True)
class TemplateCopy:
    """A template on its way out: `files` are its folder byte for byte, `origin` where the library has it from."""

    resolved: ResolvedTemplate
    document: TemplateDocument
    files: Mapping[str, bytes]
    origin: Origin | None = None

    @property
    def digest(self) -> str:
        return digest(self.document)


def template_details(
    found: FoundTemplate, origin: Origin | None, notices: tuple[Notice, ...], stored_verdict: str | None
) -> TemplateDetails:
    """What there is to say about a template that was found by its history. `stored_verdict` is the one that the index
    has of this content, None where it has none."""
    assert found.history is not None
    files = found.document.files
    readme = files.get("README.md")
    return TemplateDetails(
        template=found.document.template,
        provenance=found.provenance,
        digest=found.digest,
        latest=found.history.versions()[0].version,
        deleted=not found.history.alive,
        versions=version_infos(found.history),
        readme=readme.decode(errors="replace") if readme else None,
        tests=tuple(sorted(name.removeprefix(_TESTS) for name in files if is_test(name))),
        origin=origin,
        notices=notices,
        verdict=(
            template_verdict(found.document.template)
            if stored_verdict is None
            else read_verdict(stored_verdict)
        ),
    )


def is_test(name: str) -> bool:
    """Whether the file of a template folder is one of its tests."""
    return re.fullmatch(rf"{_TESTS}[^/]+\.ya?ml", name) is not None


def version_infos(history: TemplateHistory) -> tuple[VersionInfo, ...]:
    """All versions of a template, the newest first."""
    return tuple(version_info(record, history) for record in history.versions())


def version_info(record: IndexedContent, history: TemplateHistory) -> VersionInfo:
    """One version of a template."""
    others = (item.id for item in history.variants(record.version) if item.id != record.id)
    return VersionInfo(
        version=record.version,
        slug=record.slug,
        blob=record.id,
        commit=record.commit or None,
        author=record.author or None,
        date=record.date or None,
        variants=tuple(others),
    )
