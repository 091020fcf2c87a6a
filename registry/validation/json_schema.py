"""The one gateway to JSON Schema: a value and a schema's name in, all problems out.

Version gate first: a document of an unknown format version gets exactly one problem. What the library finds
is taken apart until each finding says one thing about one place; `registry.validation.messages` says it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from registry.model import Problem, path_text
from registry.resources import schema_file
from registry.suggest import did_you_mean_inline
from registry.text.document import Document, KeyPath, in_order, problem_at
from registry.text.patterns import PatternError, compile_untrusted
from registry.validation.messages import (
    Violation,
    describe,
    hint_for,
    missing_key,
    with_location,
)

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import ValidationError
    from referencing import Resource

MAX_PROBLEMS = 500
"""Of one document: nobody reads more, and looking for each costs time."""

_VERSION_KEYS = ("version", "schema")
_NOT_YET = "x-not-yet"
"""Our own keyword: keys that a later version will know, each with what to do until then."""

_ELSEWHERE = "x-elsewhere"
"""Our own keyword: a list of a `key` that other tools have, with what to write `here` for it."""

FORMAT_VERSION = "format-version"
"""The code of the one problem of a document whose format is unknown."""


def validate(value: Any, schema: str, document: Document) -> list[Problem]:
    """All problems of `value` against the schema of that short name (`process`), by place in the text.

    `document` gives positions; its own problems (duplicate keys and the like) come along.
    """
    validator = _validator(schema)
    gate = _version_problem(value, _rules(schema), document)
    if gate is not None:
        return [gate]
    findings = (plain for error in validator.iter_errors(value) for plain in _intended(_violation(error)))
    every = (problem for finding in findings for problem in _problems(finding, value, document))
    found = islice(every, MAX_PROBLEMS)
    return in_order([*document.problems, *found])


def is_sound(path: KeyPath, problems: Sequence[Problem]) -> bool:
    """Whether none of the problems is at `path` or below."""
    place = path_text(path)
    below = (f"{place}.", f"{place}[")
    return not any(problem.path == place or problem.path.startswith(below) for problem in problems)


def known_keys(schema: str) -> list[str]:
    """The keys that the schema of that short name has a word for, at the top of a document."""
    return list(_rules(schema)["properties"])


@cache
def _rules(name: str) -> Mapping[str, Any]:
    rules: Mapping[str, Any] = json.loads(schema_file(name).read_bytes())
    return rules


@cache
def _validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    siblings: Registry[Any] = Registry(retrieve=_sibling)  # type: ignore[call-arg]
    return Draft202012Validator(_rules(name), registry=siblings, format_checker=_formats())


def _formats() -> FormatChecker:
    """The usual formats; a pattern has to be one that can be used safely."""
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(())
    usual = Draft202012Validator.FORMAT_CHECKER.checkers
    checker.checkers = {**usual, "regex": (_is_pattern, PatternError)}
    return checker


def _is_pattern(value: object) -> bool:
    return not isinstance(value, str) or bool(compile_untrusted(value))


def _sibling(uri: str) -> Resource[Any]:
    """Another of our schemas, for a reference from one to the other."""
    from referencing import Resource

    name = uri.rsplit("/", 1)[-1].removesuffix(".schema.json")
    return Resource.from_contents(_rules(name))


def _version_problem(value: Any, schema: Mapping[str, Any], document: Document) -> Problem | None:
    for key in _VERSION_KEYS:
        known = schema.get("properties", {}).get(key, {}).get("const")
        given = value.get(key) if isinstance(value, dict) else None
        if isinstance(known, int) and isinstance(given, int) and given != known:
            message = f"{key}: this is format version {given}, and only version {known} is known here"
            return problem_at(document, (key,), message, FORMAT_VERSION, "Upgrade Treadle.")
    return None


def _violation(error: ValidationError) -> Violation:
    branches: dict[Any, list[Violation]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(_violation(inner))
    return Violation(
        rule=str(error.validator),
        wanted=error.validator_value,
        value=error.instance,
        schema=error.schema if isinstance(error.schema, Mapping) else {},
        path=tuple(error.absolute_path),
        cause=str(error.cause or ""),
        branches=tuple(tuple(branch) for branch in branches.values()),
    )


def _intended(finding: Violation) -> Iterator[Violation]:
    """The findings that say one thing each: of alternatives, those of the one that was meant."""
    fitting = [
        branch
        for branch in finding.branches
        if not any(_is_other_alternative(inner, finding) for inner in branch)
    ]
    if not fitting:
        yield finding
        return
    for inner in min(fitting, key=len):
        yield from _intended(inner)


def _is_other_alternative(inner: Violation, finding: Violation) -> bool:
    """Whether the value isn't even the kind of thing that this alternative is about."""
    return inner.path == finding.path and inner.rule in ("type", "const", "enum")


def _problems(finding: Violation, root: Any, document: Document) -> Iterator[Problem]:
    if finding.rule == "additionalProperties" and finding.wanted is False:
        yield from _unknown_keys(finding, root, document)
        return
    if finding.rule == "required":
        yield from _missing_keys(finding, root, document)
        return
    code, message = describe(finding)
    yield problem_at(
        document, finding.path, with_location(finding.path, root, message), code, hint_for(finding)
    )


def _missing_keys(finding: Violation, root: Any, document: Document) -> Iterator[Problem]:
    """One for each; the library has a finding for each too, which names the key in its sentence only."""
    for key in finding.wanted:
        if key not in finding.value:
            message = with_location(finding.path, root, missing_key(key, finding))
            yield problem_at(document, finding.path, message, "missing-key")


def _unknown_keys(finding: Violation, root: Any, document: Document) -> Iterator[Problem]:
    known = list(finding.schema.get("properties", ()))
    patterns = list(finding.schema.get("patternProperties", ()))
    for key in finding.value:
        if key in known or any(re.search(schema_pattern, key) for schema_pattern in patterns):
            continue
        code, said, hint = _about_unknown(key, known, finding.schema)
        message = with_location(finding.path, root, said)
        yield problem_at(document, (*finding.path, key), message, code, hint, at_key=True)


def _about_unknown(key: str, known: Sequence[str], schema: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """Code, message and hint for a key that the schema has no place for."""
    not_yet = schema.get(_NOT_YET, {})
    for item in schema.get(_ELSEWHERE, ()):
        if item["key"] == key:
            return "unknown-key", f'unknown key "{key}"', item["here"]
    if key in not_yet:
        return "not-supported-yet", f'"{key}" is not supported yet', not_yet[key]
    meant = did_you_mean_inline(key, [*known, *not_yet])
    return "unknown-key", f'unknown key "{key}"{meant}', None if meant else f"Known here: {', '.join(known)}."
