"""Where a template of the library was imported from, as its commit's trailers say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_ORIGIN_KEYS = ("Template", "Source", "Version", "Commit", "Blob", "Digest")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a template of the library was imported from, as its commit's trailers say.

    `template` is its slug in the library, `source` the reference it came from without the version, `commit`
    empty for a built-in one, `digest` what the document said then (`registry.template.document.digest`).
    """

    template: str
    source: str
    version: int
    commit: str
    blob: str
    digest: str

    def trailers(self) -> str:
        values = (self.template, self.source, self.version, self.commit, self.blob, f"sha256:{self.digest}")
        lines = (
            f"Treadle-{key}: {value}" for key, value in zip(_ORIGIN_KEYS, values, strict=True) if value != ""
        )
        return "\n".join(lines)


def read_origins(message: str) -> Iterator[Origin]:
    """The origins in the trailers of a commit message: one group for each template."""
    group: dict[str, str] = {}
    for line in [*message.splitlines(), "Treadle-Template:"]:
        key, _, value = line.removeprefix("Treadle-").partition(":")
        if not line.startswith("Treadle-") or key not in _ORIGIN_KEYS:
            continue
        if key == "Template":
            if group.get("Version", "").isdigit():
                yield _origin(group)
            group = {}
        group[key] = value.strip()


def _origin(group: Mapping[str, str]) -> Origin:
    template, source, version, commit, blob, digest = (group.get(key, "") for key in _ORIGIN_KEYS)
    return Origin(template, source, int(version), commit, blob, digest.removeprefix("sha256:"))
