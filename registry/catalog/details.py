"""A template as `show` describes it, and a copy of it to hand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.catalog.resolve import FoundTemplate, TemplateHistory
from registry.index.database import IndexedContent
from registry.library.origin import Origin
from registry.model import Notice, Provenance, ResolvedTemplate, StepTemplate, VersionInfo
from registry.template.document import TemplateDocument, digest
from registry.template.octopus import SCRIPT_BODY, syntaxes

_CUSTOM_SCRIPT = "Octopus.Action.CustomScripts."


@dataclass(frozen=True, slots=True)
class TemplateDetails:
    """`versions` are the newest first; `deleted` says that the source's head has the template no more; `origin` is
    what a library's template was copied from, and `patched` that it says something else by now; `said` are the notices
    about each version that there are any about."""

    template: StepTemplate
    provenance: Provenance
    digest: str
    latest: int
    deleted: bool
    versions: tuple[VersionInfo, ...]
    readme: str | None = None
    origin: Origin | None = None
    notices: tuple[Notice, ...] = ()
    said: Mapping[int, tuple[Notice, ...]] = field(default_factory=dict)

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
            if key.startswith(_CUSTOM_SCRIPT):
                bodies[key.removeprefix(_CUSTOM_SCRIPT)] = text
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
    found: FoundTemplate, origin: Origin | None, notices: tuple[Notice, ...]
) -> TemplateDetails:
    """What there is to say about a template that was found by its history."""
    assert found.history is not None
    readme = found.document.files.get("README.md")
    return TemplateDetails(
        template=found.document.template,
        provenance=found.provenance,
        digest=found.digest,
        latest=found.history.versions()[0].version,
        deleted=not found.history.alive,
        versions=version_infos(found.history),
        readme=readme.decode(errors="replace") if readme else None,
        origin=origin,
        notices=notices,
    )


def version_infos(history: TemplateHistory) -> tuple[VersionInfo, ...]:
    """All versions of a template, the newest first."""
    return tuple(_info(record, history) for record in history.versions())


def _info(record: IndexedContent, history: TemplateHistory) -> VersionInfo:
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
