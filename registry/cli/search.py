"""`treadle search`: find templates."""

from __future__ import annotations

from dataclasses import asdict

import click

from registry.cli.complete import complete_category, complete_source, complete_syntax
from registry.cli.context import Context, pass_context
from registry.cli.options import json_option
from registry.cli.output import echo, is_terminal, print_json, print_table, shorten, style, terminal_width
from registry.errors import Invalid
from registry.index.database import Entry
from registry.index.search import Filters, SearchResult

_MOST_HITS = 10_000
_MOST_WORDS = 50


@click.command()
@click.argument("query", nargs=-1)
@click.option(
    "--source",
    default="",
    metavar="NAME",
    shell_complete=complete_source,
    help="Only templates of this source.",
)
@click.option(
    "--category",
    default="",
    metavar="NAME",
    shell_complete=complete_category,
    help="Only templates of this category.",
)
@click.option(
    "--syntax",
    default="",
    metavar="NAME",
    shell_complete=complete_syntax,
    help="Only scripts in this language: bash, powershell, python ...",
)
@click.option(
    "--action-type", default="", metavar="TYPE", help="Only this action type, such as Octopus.Script."
)
@click.option(
    "--limit",
    default=25,
    show_default=True,
    metavar="N",
    type=click.IntRange(1, _MOST_HITS),
    help="At most so many.",
)
@json_option
@pass_context
def search(
    context: Context,
    query: tuple[str, ...],
    source: str,
    category: str,
    syntax: str,
    action_type: str,
    limit: int,
    as_json: bool,
) -> None:
    """Find templates that hold every word of QUERY, in full or as a beginning.

    Names, categories, descriptions, parameters and scripts are searched; a hit in the name comes first.
    """
    if len(" ".join(query).split()) > _MOST_WORDS:
        raise Invalid("too-many-words", f"a search takes at most {_MOST_WORDS} words", "Leave some out.")
    with context.catalog() as catalog:
        filters = Filters(*map(_text, (source, category, syntax, action_type)))
        result = catalog.search(_text(" ".join(query)), filters, limit)
    if as_json:
        print_json([_data(entry, result) for entry in result.hits])
    elif is_terminal():
        _show(result)
    elif result.hits:
        rows = [
            (_reference(hit), str(hit.version), " ".join(hit.syntaxes), _name(hit, result))
            for hit in result.hits
        ]
        print_table(("REFERENCE", "VERSION", "SCRIPT", "NAME"), rows, right=(1,))
    _tell(context, " ".join(query), result)


def _text(argument: str) -> str:
    """An argument as text: bytes of it that are not UTF-8 match nothing."""
    return argument.encode(errors="replace").decode()


def _show(result: SearchResult) -> None:
    for hit in result.hits:
        about = " · ".join((f"version {hit.version}", *hit.syntaxes, hit.category))
        echo(f"{style(_reference(hit), bold=True)}  {style(about, dim=True)}")
        echo(f"  {shorten(f'{hit.name}: {hit.summary}' if hit.summary else hit.name, terminal_width() - 2)}")
        for notice in result.notices.get(_reference(hit), ()):
            echo(style(f"  {shorten(str(notice), terminal_width() - 2)}", fg="red"))


def _name(hit: Entry, result: SearchResult) -> str:
    standings = dict.fromkeys(notice.standing.value for notice in result.notices.get(_reference(hit), ()))
    return f"{hit.name} ({', '.join(standings)})" if standings else hit.name


def _tell(context: Context, query: str, result: SearchResult) -> None:
    """What a reader of the list should know, on stderr."""
    for name in result.unsynced:
        echo(f'Source "{name}" has not been synced yet. Run: treadle source sync {name}', err=True)
    if result.library_problem is not None:
        error = result.library_problem
        hint = f" {error.hint}" if error.hint else ""
        echo(f"The library was left out: {error.message}.{hint}", err=True)
    if context.quiet:
        return
    if not result.hits:
        echo(f'No template matches "{query}" and these filters.', err=True)
    elif result.total > len(result.hits):
        echo(f"{len(result.hits)} of {result.total} shown; --limit shows more.", err=True)


def _reference(entry: Entry) -> str:
    return f"{entry.source}/{entry.slug}"


def _data(entry: Entry, result: SearchResult) -> dict[str, object]:
    notices = [asdict(notice) for notice in result.notices.get(_reference(entry), ())]
    return {
        "reference": _reference(entry),
        **asdict(entry),
        "syntaxes": list(entry.syntaxes),
        "notices": notices,
    }
