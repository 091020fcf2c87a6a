"""Changing the variables in a project file or a variable set; every other byte, comments above all, stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.text.document import KeyPath
from registry.text.yaml_document import YamlDocument
from registry.text.yaml_edit import Entry, MappingEdit, edit_mappings
from registry.text.yaml_list import append_entry
from runner.documents.values import text as value_text

Seal = Callable[[str, str], str]
"""Gives the sealed text of a variable's value, from its name and the value."""


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value to write. `scope` names dimensions as the file does (`environment`); empty: where no other applies.

    sealed: `value` is a sealed text, and the variable sensitive
    """

    value: str
    scope: Mapping[str, tuple[str, ...]]
    sealed: bool = False

    @property
    def entry(self) -> dict[str, Entry]:
        return {"from": {"sealed": self.value}} if self.sealed else {"value": self.value}

    @property
    def scope_entry(self) -> dict[str, Entry]:
        return {key: names[0] if len(names) == 1 else list(names) for key, names in self.scope.items()}


def set_value(document: YamlDocument, text: str, name: str, new: NewValue) -> str:
    """`text`, which `document` was read from, with that value of a variable, new or in place of the one of the same
    scope. Raises Conflict where the layout does not allow it."""
    variables = _section(document)
    at: KeyPath = ("variables",)
    raw = variables.get(name)
    if name not in variables:
        return edit_mappings(text, [MappingEdit(at, added={name: _fresh(None, new)})])
    if not isinstance(raw, dict):
        return edit_mappings(text, [MappingEdit(at, replaced={name: _fresh(raw, new)})])
    if not new.scope:
        return edit_mappings(text, [_changed((*at, name), raw, new, mark=new.sealed)])
    scopes = raw.get("scopes") or []
    place = next((i for i, scoped in enumerate(scopes) if _same_scope(scoped, new)), None)
    marking = {"sensitive": True} if new.sealed and raw.get("sensitive") is not True else {}
    if place is not None:
        edits = [_changed((*at, name, "scopes", place), scopes[place], new, mark=False)]
        return edit_mappings(text, [*edits, *_marks((*at, name), raw, marking)])
    entry = {**new.entry, **new.scope_entry}
    if not scopes:
        return edit_mappings(text, [MappingEdit((*at, name), added={**marking, "scopes": [entry]})])
    text = append_entry(text, (*at, name, "scopes"), entry)
    return edit_mappings(text, _marks((*at, name), raw, marking))


def seal_clear_values(
    document: YamlDocument, text: str, seal: Seal, names: frozenset[str] = frozenset()
) -> tuple[str, list[str]]:
    """`text` with the values that sensitive variables have in clear sealed, and the names of these variables. `names`
    (folded): only of these, sensitive or not yet. Raises Conflict where the layout does not allow it."""
    edits: list[MappingEdit] = []
    sealed: list[str] = []
    for name, raw in _section(document).items():
        wanted = name.casefold() in names if names else isinstance(raw, dict) and raw.get("sensitive") is True
        if not wanted:
            continue
        if not isinstance(raw, dict):
            if (value := value_text(raw)) is not None:
                new = NewValue(seal(name, value), {}, sealed=True)
                edits.append(MappingEdit(("variables",), replaced={name: _fresh(None, new)}))
                sealed.append(name)
            continue
        own = list(_sealing(("variables", name), raw, partial_seal(seal, name)))
        if own:
            edits += own
            sealed.append(name)
    return (edit_mappings(text, _joined(edits)) if edits else text), sealed


def reseal(document: YamlDocument, text: str, again: Seal) -> tuple[str, list[str]]:
    """`text` with every sealed text put through `again`, and the names of the variables that have one."""
    edits: list[MappingEdit] = []
    changed: list[str] = []
    for name, at, sealed in sealed_texts(document):
        edits.append(MappingEdit(at, replaced={"sealed": again(name, sealed)}))
        changed.append(name)
    return (edit_mappings(text, edits) if edits else text), list(dict.fromkeys(changed))


def sealed_texts(document: YamlDocument) -> Iterator[tuple[str, KeyPath, str]]:
    """The sealed texts of a document: the variable's name, the path of its `from`, the text."""
    for name, raw in _section(document).items():
        if isinstance(raw, dict):
            at: KeyPath = ("variables", name)
            for path, place in [(at, raw), *_scoped(at, raw)]:
                source = place.get("from")
                if isinstance(source, dict) and isinstance(source.get("sealed"), str):
                    yield name, (*path, "from"), source["sealed"]


def partial_seal(seal: Seal, name: str) -> Callable[[str], str]:
    return lambda value: seal(name, value)


def _sealing(at: KeyPath, raw: Mapping[str, Any], seal: Callable[[str], str]) -> Iterator[MappingEdit]:
    """The edits that seal each value in clear of a variable."""
    found = False
    for path, place in [*_scoped(at, raw), (at, raw)]:
        value = value_text(place.get("value"))
        if value is None or "from" in place:
            if path == at and found and raw.get("sensitive") is not True:
                yield from _marks(at, raw, {"sensitive": True})
            continue
        found = True
        yield _changed(path, place, NewValue(seal(value), {}, sealed=True), mark=path == at)


def _scoped(at: KeyPath, raw: Mapping[str, Any]) -> list[tuple[KeyPath, Mapping[str, Any]]]:
    scopes = raw.get("scopes")
    return [
        ((*at, "scopes", number), scoped)
        for number, scoped in enumerate(scopes if isinstance(scopes, list) else ())
        if isinstance(scoped, dict)
    ]


def _changed(at: KeyPath, raw: Mapping[str, Any], new: NewValue, *, mark: bool) -> MappingEdit:
    """The edit that puts a value in the place of the one that a mapping has; `mark` makes the variable sensitive."""
    replaced: dict[str, Entry] = {}
    added: dict[str, Entry] = {}
    for key, entry in new.entry.items():
        (replaced if key in raw else added)[key] = entry
    if mark and raw.get("sensitive") is not True:
        (replaced if "sensitive" in raw else added)["sensitive"] = True
    removed = frozenset({"value", "from"} & set(raw) - set(new.entry))
    return MappingEdit(at, replaced=replaced, removed=removed, added=added)


def _marks(at: KeyPath, raw: Mapping[str, Any], marking: Mapping[str, Entry]) -> list[MappingEdit]:
    if not marking:
        return []
    there = set(marking) & set(raw)
    return [MappingEdit(at, replaced=dict(marking)) if there else MappingEdit(at, added=dict(marking))]


def _joined(edits: list[MappingEdit]) -> list[MappingEdit]:
    """Edits of the same mapping as one: each mapping may be edited once."""
    found: dict[KeyPath, MappingEdit] = {}
    for edit in edits:
        first = found.get(edit.path)
        found[edit.path] = (
            edit
            if first is None
            else MappingEdit(
                edit.path,
                replaced={**first.replaced, **edit.replaced},
                removed=first.removed | edit.removed,
                added={**first.added, **edit.added},
            )
        )
    return list(found.values())


def _fresh(before: Any, new: NewValue) -> Entry:
    """A variable that had at most one value, `before`."""
    marking: dict[str, Entry] = {"sensitive": True} if new.sealed else {}
    if not new.scope:
        return {**marking, **new.entry} if new.sealed else new.value
    kept: dict[str, Entry] = {} if before is None else {"value": value_text(before) or ""}
    return {**marking, **kept, "scopes": [{**new.entry, **new.scope_entry}]}


def _same_scope(scoped: Any, new: NewValue) -> bool:
    if not isinstance(scoped, dict):
        return False
    names = {key: value for key, value in scoped.items() if key not in ("value", "from")}
    return {key: _folded(value) for key, value in names.items()} == {
        key: _folded(value) for key, value in new.scope.items()
    }


def _folded(names: Any) -> set[str]:
    return {str(name).casefold() for name in ([names] if isinstance(names, str) else names)}


def _section(document: YamlDocument) -> Mapping[str, Any]:
    value = document.value
    section = value.get("variables") if isinstance(value, dict) else None
    return section if isinstance(section, dict) else {}
