"""Where a template of the library was imported from, as its commit's trailers say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from registry.library.message import Trailer, commit_message, one_line, read_trailers
from registry.model import Provenance, is_slug

# Exactly this order; `Commit` is left out for what comes from no commit.
_KEYS = ("Template", "Source", "Version", "Commit", "Blob", "Digest")
_FIRST, _LAST = _KEYS[0], _KEYS[-1]
_OPTIONAL = frozenset({"Commit"})
_VERSION = re.compile(r"[0-9]{1,10}")
_OBJECT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a template of the library was imported from, as its commit's trailers say.

    template: its slug in the library
    source: the reference it came from, without the version
    version: the number it had there
    commit: the one that it came from; empty for a built-in one and a file
    blob: git's id of the content there
    digest: what the document said then (`registry.template.document.digest`)
    """

    template: str
    source: str
    version: int
    commit: str
    blob: str
    digest: str

    @classmethod
    def of(cls, template: str, where: Provenance, digest: str) -> Self:
        """The origin of the library's `template`, which comes from there."""
        source = f"{where.source}/{where.slug}"
        return cls(template, source, where.version, where.commit or "", where.blob, digest)

    def trailers(self) -> list[Trailer]:
        values = (self.template, self.source, self.version, self.commit, self.blob, f"sha256:{self.digest}")
        return [(key, str(value)) for key, value in zip(_KEYS, values, strict=True) if value != ""]


def import_message(templates: Sequence[tuple[str, Origin]], addition: str = "") -> str:
    """The message of a commit that brings these templates (name and origin of each); `addition` ends its subject."""
    named = [one_line(f"{name} {origin.version}") for name, origin in templates]
    subject = f"Import {named[0]}" if len(named) == 1 else f"Import {len(named)} templates"
    listing = "" if len(named) == 1 else "\n".join(f"- {name}" for name in named)
    trailers = [trailer for _, origin in templates for trailer in origin.trailers()]
    return commit_message(one_line(subject + addition), trailers, listing)


def read_origins(message: str) -> Iterator[Origin]:
    """The origins that a commit message tells: one whole group of trailers for each template."""
    for group in _groups(read_trailers(message)):
        values = dict(group)
        if [key for key, _ in group] == [key for key in _KEYS if key in values] and _is_ours(values):
            yield _origin(values)


def _groups(trailers: Iterable[Trailer]) -> Iterator[list[Trailer]]:
    """The trailers from each `Template` to the `Digest` after it."""
    group: list[Trailer] = []
    for key, value in trailers:
        if key == _FIRST:
            group = []
        group.append((key, value))
        if key == _LAST:
            yield group
            group = []


def _is_ours(values: Mapping[str, str]) -> bool:
    """Whether every value is there, in the form that it is written in."""
    return (
        all(key in values for key in _KEYS if key not in _OPTIONAL)
        and is_slug(values["Template"])
        and _VERSION.fullmatch(values["Version"]) is not None
        and all(_OBJECT.fullmatch(values[key]) for key in ("Commit", "Blob") if key in values)
        and _DIGEST.fullmatch(values["Digest"]) is not None
    )


def _origin(values: Mapping[str, str]) -> Origin:
    template, source, version, commit, blob, digest = (values.get(key, "") for key in _KEYS)
    return Origin(template, source, int(version), commit, blob, digest.removeprefix("sha256:"))
