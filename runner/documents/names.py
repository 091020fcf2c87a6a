"""Names in documents: two that are the same but for case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from registry.model import Problem
from registry.text.document import problem_at
from registry.text.yaml_document import YamlDocument


def same_names(document: YamlDocument, key: str, names: Iterable[str]) -> Iterator[Problem]:
    """Case does not matter in names: `Test` and `TEST` would be one. `names` are the keys of the section `key`."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            message = f'{key} → {name}: "{first}" is the same name, since case does not matter'
            yield problem_at(document, (key, name), message, "duplicate-name", "Keep one of the two.")
