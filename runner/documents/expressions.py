"""Expressions in documents: what of them cannot be parsed, and names that nothing defines, each at its character."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from registry.model import Problem, Severity, path_text
from registry.text.document import KeyPath, problem_at
from registry.text.yaml_document import YamlDocument
from runner.octostache import (
    LimitExceededError,
    OctostacheError,
    TemplateSyntaxError,
    Variables,
    parse_template,
)
from runner.project import Project
from runner.variables.names import Mistake, mistakes_in, name_in, offset_of, refusing_filter
from runner.variables.system import is_of_a_step, known_at_run_time

Text = tuple[KeyPath, str, str]
"""Where a text is in its document, what it is called in a sentence, and the text."""

_SYNTAX = ("unclosed-block", "malformed-block", "stray-tag")


def process_texts(document: YamlDocument) -> Iterator[Text]:
    """The texts of a process that expressions are evaluated in."""
    steps = document.value.get("steps") if isinstance(document.value, dict) else None
    for index, raw in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(raw, dict):
            continue
        at: KeyPath = ("steps", index)
        yield from _texts_of(at, f'step "{raw.get("name")}"', raw)
        actions = raw.get("actions")
        for number, action in enumerate(actions if isinstance(actions, list) else ()):
            if isinstance(action, dict):
                yield from _texts_of((*at, "actions", number), f'action "{action.get("name")}"', action)


def _texts_of(at: KeyPath, whose: str, raw: Mapping[str, Any]) -> Iterator[Text]:
    """The texts of a step or an action."""
    if isinstance(raw.get("run"), str):
        yield (*at, "run"), f"{whose}: the script", raw["run"]
    manual = raw.get("manual")
    if isinstance(manual, dict) and isinstance(manual.get("instructions"), str):
        yield (*at, "manual", "instructions"), f"{whose}: its instructions", manual["instructions"]
    if isinstance(raw.get("when"), str):
        yield (*at, "when"), f"{whose}: its condition", raw["when"]
    for key in ("with", "env", "properties"):
        given = raw.get(key)
        for name, value in given.items() if isinstance(given, dict) else ():
            if isinstance(value, str):
                yield (*at, key, name), f'{whose}: "{name}"', value


def project_texts(document: YamlDocument) -> Iterator[Text]:
    """The texts of a project that expressions are evaluated in."""
    variables = document.value.get("variables") if isinstance(document.value, dict) else None
    for name, raw in variables.items() if isinstance(variables, dict) else ():
        at: KeyPath = ("variables", name)
        if isinstance(raw, str):
            yield at, f'variable "{name}"', raw
        elif isinstance(raw, dict):
            places = [
                (at, raw),
                *(((*at, "scopes", i), scoped) for i, scoped in enumerate(raw.get("scopes") or ())),
            ]
            for path, place in places:
                if isinstance(place, dict) and isinstance(place.get("value"), str):
                    yield (*path, "value"), f'variable "{name}"', place["value"]


def unparsable(document: YamlDocument, texts: Iterable[Text]) -> Iterator[Problem]:
    """A warning for each mistake in an expression, and for what cannot be parsed: it stays as it is."""
    for path, whose, text in texts:
        if "#{" not in text:
            continue
        mistakes = mistakes_in(text)
        for mistake in mistakes:
            yield _warning(document, path, text, mistake.offset, f"{whose}: {mistake.message}", mistake)
        try:
            parse_template(text)
        except TemplateSyntaxError as error:
            if any(mistake.code in _SYNTAX for mistake in mistakes):
                continue
            rest = text[error.position :].split("\n", 1)[0][:24]
            line, column = document.text_place(path).of(text, error.position)
            yield Problem(
                f'{whose} has an expression that cannot be parsed, at "{rest}"; it will stay as it is',
                "unparsable-expression",
                path_text(path),
                "Check its closing } and end tags, or write ##{ for a literal #{.",
                Severity.WARNING,
                document.file,
                line,
                column,
            )
        except LimitExceededError as error:
            yield problem_at(document, path, f"{whose}: {error}", "expression")


def _warning(
    document: YamlDocument, path: KeyPath, text: str, offset: int, message: str, mistake: Mistake
) -> Problem:
    line, column = document.text_place(path).of(text, offset)
    return Problem(
        message, mistake.code, path_text(path), mistake.hint, Severity.WARNING, document.file, line, column
    )


def unknown_names(document: YamlDocument, project: Project) -> list[Problem]:
    """A warning for each name that a process reads and neither its project nor a run defines.

    What a step's template defaults to isn't known here, nor what `--var` will say.
    """
    scope = Variables({v.name: v.values[0].value or "" for v in project.variables if v.values})
    steps: list[str] = []
    problems: list[Problem] = []
    for index, raw in enumerate(document.value["steps"]):
        actions = raw.get("actions") or ()
        values = [name for one in (raw, *actions) for name in one.get("with") or ()]
        given = scope.child(dict.fromkeys(values, ""))
        for path, whose, text in process_texts(document):
            if path[1] == index and "#{" in text:
                problems += _unknown_in(document, path, whose, text, given, steps)
        steps += [one["name"].casefold() for one in (raw, *actions)]
    return problems


def _unknown_in(
    document: YamlDocument, path: KeyPath, whose: str, text: str, scope: Variables, steps: Collection[str]
) -> Iterator[Problem]:
    try:
        missing = scope.evaluate(text, halt_on_error=False).missing
    except OctostacheError:
        return  # it depends on values that only a run has
    for token in missing:
        name = name_in(token)
        if mistakes_in(token) or refusing_filter(token, text, scope) is not None:
            continue  # it is not the name that is unknown
        if name.casefold().startswith("octopus."):
            continue  # a system variable, of this run or of the place it runs in
        if not known_at_run_time(name, steps) and not is_of_a_step(name):
            line, column = document.text_place(path).of(text, offset_of(name, text))
            yield Problem(
                f'{whose} reads "{name}", which the project does not define',
                "unknown-variable",
                path_text(path),
                "Define it under variables in treadle.yaml, or give it with --var.",
                Severity.WARNING,
                document.file,
                line,
                column,
            )
