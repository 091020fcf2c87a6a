"""Linting many templates together: each by every rule, and all of them against each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import registry.lint.script_rules
import registry.lint.system_rules
import registry.lint.template_file_rules
import registry.lint.template_rules  # noqa: F401 - the rules register themselves
from registry.errors import Invalid
from registry.lint.rule import RULES, Hit, Rule, rule
from registry.lint.subject import SourceContents, Subject, load_subjects, source_subjects
from registry.model import Problem, Severity
from registry.suggest import suggest
from registry.template.octopus import syntaxes
from registry.template.platform import Verdict


@dataclass(frozen=True, slots=True)
class LintReport:
    """What was found.

    templates: how many were looked at
    problems: in the order of templates and lines
    verdicts: by template, where its script can run; without those that are not judged
    read: the templates in PowerShell, whose verdicts come from reading them
    """

    templates: int
    problems: tuple[Problem, ...]
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    read: frozenset[str] = frozenset()


def lint(
    paths: Iterable[Path], ignore: Collection[str] = (), contents: SourceContents | None = None
) -> LintReport:
    """Lint the templates at and below `paths`, and those of `contents`, without the rules in `ignore`. Of one that
    isn't valid, the report holds the errors of validation only.

    Raises NotFound where there is nothing at a path, Invalid for a rule that doesn't exist.
    """
    subjects, errors = load_subjects(paths)
    others, their_errors = source_subjects(contents or {})
    report = lint_subjects([*subjects, *others], ignore)
    wanted = [problem for problem in (*errors, *their_errors) if problem.code not in ignore]
    return replace(report, problems=(*wanted, *report.problems))


def lint_subjects(subjects: Sequence[Subject], ignore: Collection[str] = ()) -> LintReport:
    """As `lint`, for templates that were read already."""
    rules = chosen(ignore)
    problems: list[Problem] = []
    twins = list(_twins(subjects))
    for subject in subjects:
        problems += (problem for rule in rules for problem in rule.problems(subject))
        problems += (problem for problem in twins if problem.file == subject.document.file)
    wanted = [problem for problem in problems if problem.code not in ignore]
    verdicts = {str(subject.path): subject.verdict for subject in subjects if subject.verdict}
    read = (str(subject.path) for subject in subjects if "powershell" in syntaxes(subject.template))
    return LintReport(len(subjects), tuple(wanted), verdicts, frozenset(read) & verdicts.keys())


def chosen(ignore: Collection[str]) -> list[Rule]:
    """The rules without those to be ignored. Raises Invalid for one that doesn't exist."""
    for name in ignore:
        if name not in RULES:
            raise Invalid("unknown-rule", f'there is no lint rule "{name}"', suggest(name, RULES))
    return [rule for name, rule in RULES.items() if name not in ignore]


def _no_lone_check(_: Subject) -> Iterator[Hit]:
    """Twins are seen by looking at all templates together."""
    return iter(())


for _name, _why, _fix in (
    (
        "duplicate-id",
        "Two templates with one id are one to everybody who imports them.",
        "Give one of them a new id.",
    ),
    ("duplicate-name", "Nobody can tell two templates with one name apart.", "Rename one of them."),
):
    rule(_name, Severity.ERROR, why=_why, fix=_fix)(_no_lone_check)


def _twins(subjects: Iterable[Subject]) -> Iterator[Problem]:
    ids: dict[str, Subject] = {}
    names: dict[str, Subject] = {}
    for subject in subjects:
        for known, word, text in (
            (ids, "id", subject.template.id),
            (names, "name", subject.template.name),
        ):
            first = known.setdefault(text.strip().casefold(), subject)
            if first is not subject:
                yield _twin(subject, first, word)


def _twin(subject: Subject, first: Subject, word: str) -> Problem:
    line, column = subject.position((word.capitalize(),))
    found = RULES[f"duplicate-{word}"]
    message = f'"{first.path}" has the same {word}'
    return Problem(
        message, found.id, word.capitalize(), found.fix, found.severity, subject.document.file, line, column
    )
