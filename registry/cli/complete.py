"""What a shell offers for references, sources, categories, languages and rules.

Completion is asked at every press of a key: what cannot be read offers nothing, and says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from registry.cli.context import Context
from registry.text.visible import visible_line

if TYPE_CHECKING:
    from registry.index.entry import Entry

Words = Callable[[Context, str], Iterable[CompletionItem | str]]
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_MOST_OFFERED = 1_000
_MOST_READ = 10_000
_FILE = "file"


def completing(words: Words) -> Complete:
    """The `shell_complete` of a parameter: those of `words` that begin with what is typed."""

    def complete(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        try:
            items = [
                item if isinstance(item, CompletionItem) else CompletionItem(item)
                for item in words(Context.from_environment(), typed)
            ]
        except Exception:
            return []
        return [item for item in items if item.type == _FILE or _offers(str(item.value), typed)][
            :_MOST_OFFERED
        ]

    return complete


def files(typed: str) -> CompletionItem:
    """Asks the shell for the names of files."""
    return CompletionItem(typed, type=_FILE)


def _offers(word: str, typed: str) -> bool:
    return word.casefold().startswith(typed.casefold()) and visible_line(word) == word


@completing
def complete_reference(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """Templates of all sources; before the slash the sources, and templates that only one of them has."""
    return _references(context, typed)


@completing
def complete_reference_or_file(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """Templates, or files where a path is typed."""
    if typed.startswith((".", "/", "~")) or (
        (context.directory / typed.partition("/")[0]).exists() and typed
    ):
        return [files(typed)]
    found = [item for item in _references(context, typed) if _offers(str(item.value), typed)]
    return [*found, *_names_here(context, typed)] if found else [files(typed)]


@completing
def complete_source(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The names of all sources."""
    with context.catalog() as catalog:
        return sorted(catalog.source_names())


@completing
def complete_category(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The categories of all templates; after a comma, another one."""
    return _listed(typed, {entry.category for entry in _entries(context)})


@completing
def complete_action_type(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The action types of all templates; after a comma, another one."""
    return _listed(typed, {entry.action_type for entry in _entries(context)})


@completing
def complete_rule(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The rules of lint."""
    import registry.lint.linter  # noqa: F401 - it has the modules of all rules
    from registry.lint.rule import RULES

    return [CompletionItem(rule.id, help=rule.why) for rule in RULES.values()]


@completing
def complete_syntax(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The languages of all scripts, as `search --syntax` takes them."""
    return _listed(typed, {syntax for entry in _entries(context) for syntax in entry.syntaxes})


def _listed(typed: str, values: Iterable[str]) -> list[str]:
    """Values for an option that takes several with commas between."""
    before, comma, _ = typed.rpartition(",")
    return sorted(f"{before}{comma}{value}" for value in values)


def _names_here(context: Context, typed: str) -> list[CompletionItem]:
    """Files and folders of the working directory, beside other answers: shells ask for files only where there are no
    others."""
    return [
        CompletionItem(f"{path.name}/", type="prefix") if path.is_dir() else CompletionItem(path.name)
        for path in sorted(context.directory.iterdir())
        if typed and path.name.startswith(typed)
    ]


def _references(context: Context, typed: str) -> list[CompletionItem]:
    source, slash, _ = typed.partition("/")
    if slash:
        return [
            CompletionItem(f"{entry.source}/{entry.slug}", help=visible_line(entry.name))
            for entry in _entries(context, source)
        ]
    with context.catalog() as catalog:
        sources = [CompletionItem(f"{name}/", type="prefix") for name in sorted(catalog.source_names())]
    if not typed or any(_offers(str(item.value), typed) for item in sources):
        return sources
    entries = _entries(context)
    times = Counter(entry.slug for entry in entries)
    return [
        CompletionItem(entry.slug, help=visible_line(entry.name))
        for entry in entries
        if times[entry.slug] == 1
    ]


def _entries(context: Context, source: str = "") -> Sequence[Entry]:
    from registry.index.search import Filters

    with context.catalog() as catalog:
        return catalog.search("", Filters(source=(source,) if source else ()), _MOST_READ).hits
