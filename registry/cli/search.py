"""`treadle search`: find templates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click

from registry.cli.complete import (
    Complete,
    complete_action_type,
    complete_category,
    complete_source,
    complete_syntax,
)
from registry.cli.context import Context, pass_context
from registry.cli.markdown import plain_links
from registry.cli.options import NumberType, json_option, paged
from registry.cli.output import (
    echo,
    folded,
    is_terminal,
    one_line,
    print_json,
    print_table,
    shorten,
    style,
    terminal_width,
)
from registry.errors import Invalid
from registry.index.entry import Entry
from registry.index.search import NO_FILTERS, Facets, Filters, SearchResult
from registry.template.platform import Platform

F = TypeVar("F", bound=Callable[..., Any])

_MOST_HITS = 10_000
_MOST_WORDS = 50


def _values(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """The values of a filter that may be given again, or several at once with commas between."""
    values = (_text(part.strip()) for text in given for part in text.split(","))
    return tuple(dict.fromkeys(value for value in values if value))


def _filter_option(name: str, metavar: str, text: str, complete: Complete | None = None) -> Callable[[F], F]:
    return click.option(
        name,
        metavar=metavar,
        multiple=True,
        callback=_values,
        shell_complete=complete,
        help=f"{text} Several: again, or A,B.",
    )


@click.command()
@click.argument("query", nargs=-1)
@_filter_option("--source", "NAME", "Only templates of this source.", complete_source)
@_filter_option("--category", "NAME", "Only templates of this category.", complete_category)
@_filter_option("--syntax", "NAME", "Only scripts in this language, such as bash.", complete_syntax)
@_filter_option(
    "--action-type", "TYPE", "Only this action type, such as Octopus.Script.", complete_action_type
)
@_filter_option("--platform", "NAME", f"Only where the script runs: {', '.join(Platform)}.")
@click.option("--runnable", is_flag=True, help="Only templates that Treadle can run.")
@click.option("--facets", is_flag=True, help="The values of the filters, each with its number of templates.")
@click.option(
    "--limit",
    default=25,
    show_default=True,
    metavar="N",
    type=NumberType(1, _MOST_HITS),
    help="At most so many.",
)
@json_option
@pass_context
@paged
def search(
    context: Context,
    query: tuple[str, ...],
    source: tuple[str, ...],
    category: tuple[str, ...],
    syntax: tuple[str, ...],
    action_type: tuple[str, ...],
    platform: tuple[str, ...],
    runnable: bool,
    facets: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Find templates that hold every word of QUERY, in full or as a beginning.

    Names, categories, descriptions, parameters and scripts are searched; a hit in the name comes first. Synonyms count
    (k8s finds kubernetes), and a word that no template has is corrected. Without QUERY all templates match.

    \b
    Examples:
      treadle search slack --runnable
      treadle search --syntax bash,python --category notification
      treadle search --facets
    """
    words = _text(" ".join(query))
    if len(words.split()) > _MOST_WORDS:
        raise Invalid("too-many-words", f"a search takes at most {_MOST_WORDS} words", "Leave some out.")
    filters = Filters(source, category, syntax, action_type, platform, runnable)
    with context.catalog() as catalog:
        if facets:
            _show_facets(catalog.facets(words, filters), as_json)
            return
        result = catalog.search(words, filters, limit)
    if as_json:
        print_json([_data(entry, result) for entry in result.hits])
    elif is_terminal():
        _show(result)
    elif result.hits:
        _show_table(result)
    _tell(context, words, result, filters)


def _show_facets(facets: Facets, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                name: [{"value": value, "count": count} for value, count in counts.items()]
                for name, counts in facets.items()
            }
        )
        return
    rows = [
        (name.replace("_", "-"), value, f"{count:,}")
        for name, counts in facets.items()
        for value, count in counts.items()
    ]
    if rows:
        print_table(("FILTER", "VALUE", "TEMPLATES"), rows, right=(2,))


def _text(argument: str) -> str:
    """An argument as text: bytes of it that are not UTF-8 match nothing."""
    return argument.encode(errors="replace").decode()


def _show(result: SearchResult) -> None:
    for hit in result.hits:
        about = " · ".join((f"version {hit.version}", *hit.syntaxes, hit.category, *_judged(hit)))
        echo(folded(f"{style(_reference(hit), bold=True)}  {style(about, dim=True)}", "", "    "))
        summary = plain_links(hit.summary, addresses=False)
        echo(f"  {shorten(f'{hit.name}: {summary}' if summary else hit.name, terminal_width() - 2)}")
        if hit.obstacle:
            echo(style(folded(f"cannot run yet: it {hit.obstacle}", "  ", "    "), fg="yellow"))
        for notice in result.notices.get(_reference(hit), ()):
            echo(style(f"  {shorten(str(notice), terminal_width() - 2)}", fg="red"))


def _show_table(result: SearchResult) -> None:
    rows = [
        (
            _reference(hit),
            str(hit.version),
            " ".join(hit.syntaxes),
            _runs(hit),
            _name(hit, result),
        )
        for hit in result.hits
    ]
    print_table(("REFERENCE", "VERSION", "SCRIPT", "RUNS", "NAME"), rows, right=(1,))


def _judged(hit: Entry) -> tuple[str, ...]:
    """Where a script in PowerShell runs; that one in another language runs on Linux says its language."""
    return (one_line(str(hit.verdict)),) if hit.verdict and "powershell" in hit.syntaxes else ()


def _runs(hit: Entry) -> str:
    """Whether it runs, and if so with what."""
    if not hit.runnable:
        return "no"
    tools = hit.verdict.tools if hit.verdict else ()
    return f"with {', '.join(tools)}" if tools else "yes"


def _name(hit: Entry, result: SearchResult) -> str:
    standings = dict.fromkeys(notice.standing.value for notice in result.notices.get(_reference(hit), ()))
    return f"{hit.name} ({', '.join(standings)})" if standings else hit.name


def _tell(context: Context, query: str, result: SearchResult, filters: Filters) -> None:
    """What a reader of the list should know, on stderr."""
    for name in result.unsynced:
        echo(f'Source "{name}" has not been synced yet. Run: treadle source sync {name}', err=True)
    if result.library_problem is not None:
        error = result.library_problem
        hint = f" {error.hint}" if error.hint else ""
        echo(f"The library was left out: {error.message}.{hint}", err=True)
    for word, meant in result.corrections.items():
        echo(f'No template has "{word}": searched for "{meant}" instead.', err=True)
    if context.quiet:
        return
    if not result.hits:
        echo(_nothing_found(query, filters), err=True)
    elif result.total > len(result.hits):
        echo(f"{len(result.hits)} of {result.total} shown; --limit shows more.", err=True)
    stopped = sum(bool(hit.obstacle) for hit in result.hits)
    if stopped:
        echo(f"{stopped} of these cannot run yet; --runnable leaves such templates out.", err=True)
    windows = sum(not hit.runnable and not hit.obstacle for hit in result.hits)
    if windows:
        echo(f"{windows} of these run on Windows only; --runnable leaves such templates out.", err=True)


def _nothing_found(query: str, filters: Filters) -> str:
    what = f' "{query}"' if query else ""
    filtered = filters != NO_FILTERS
    limits = ("" if not what else " and") + " these filters" if filtered else ""
    return f"No template matches{what}{limits}." if what or limits else "There is no template."


def _reference(entry: Entry) -> str:
    return f"{entry.source}/{entry.slug}"


def _data(entry: Entry, result: SearchResult) -> dict[str, object]:
    notices = [asdict(notice) for notice in result.notices.get(_reference(entry), ())]
    return {
        "reference": _reference(entry),
        "source": entry.source,
        "slug": entry.slug,
        "id": entry.guid,
        "name": entry.name,
        "version": entry.version,
        "blob": entry.content,
        "category": entry.category,
        "action_type": entry.action_type,
        "syntaxes": list(entry.syntaxes),
        "summary": entry.summary,
        "platform": entry.verdict.platform if entry.verdict else None,
        "verdict": entry.verdict.data() if entry.verdict else None,
        "runnable": entry.runnable,
        "obstacle": entry.obstacle or None,
        "notices": notices,
    }
