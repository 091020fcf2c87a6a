"""`treadle update`: bring steps to newer versions of their templates."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.cli.context import Context, exit_with, pass_context
from registry.cli.options import REFERENCE, cool_down_option, dry_run_option, json_option
from registry.cli.output import echo, print_json, tell
from registry.errors import Invalid
from registry.model import Parameter, Problem, Reference
from registry.project.cool_down import CoolDown
from runner.cli.answers import ask_value
from runner.cli.complete import complete_step_in_use

if TYPE_CHECKING:
    from registry.publishing.patch import RebasedCopy
    from runner.dependencies.update import UpdateOptions, UpdateReport, UpdateService

_WAITING = 4


@click.command()
@click.argument("references", metavar="[REF...]", nargs=-1, type=REFERENCE)
@click.option("--all", "everything", is_flag=True, help="Update every step.")
@click.option("--to", metavar="REF", type=REFERENCE, help="Use this template instead: a fork, a successor.")
@click.option(
    "--step",
    "steps",
    metavar="STEP",
    multiple=True,
    shell_complete=complete_step_in_use,
    help="Only this step (repeatable).",
)
@click.option(
    "--set", "values", metavar="NAME=VALUE", multiple=True, help="The value for a parameter (repeatable)."
)
@click.option(
    "--resolve",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Do what was decided in FILE.",
)
@cool_down_option
@click.option(
    "--only",
    metavar="CHANGE",
    type=click.Choice(("compatible", "behaviour-changed", "needs-input")),
    help="Take no graver change: compatible, behaviour-changed or needs-input.",
)
@click.option("--commit", is_flag=True, help="One commit for each template.")
@dry_run_option
@json_option
@pass_context
def update(
    context: Context,
    references: tuple[Reference, ...],
    everything: bool,
    to: Reference | None,
    steps: tuple[str, ...],
    values: tuple[str, ...],
    resolve: Path | None,
    cool_down: CoolDown,
    only: str | None,
    commit: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Update the steps that use REF; with a version in it to exactly that one, be it older or fresh.

    Names, conditions, timeouts and comments of the process stay byte for byte. Values follow renamed parameters. New
    parameters without a default are asked for, or given with --set. What else needs a person is written to
    treadle.update.yaml. Copies in the library are brought to newer versions of their bases first, local changes
    applied again. Exit code 4: something waits for an answer.

    \b
    Examples:
      treadle update --all --dry-run
      treadle update community/slack-send-simple-notification@15 --set ssn_Color=good --commit
    """
    from registry.cli.problems import show_problems
    from runner.cli.update_view import next_step
    from runner.dependencies.update import UpdateService

    _check(references, everything, to, resolve)
    copies: list[RebasedCopy] = []
    with UpdateService.open(context.home, context.project(), context.directory, cool_down) as service:
        if resolve is not None:
            report = service.resolve(resolve, commit=commit, dry_run=dry_run)
        else:
            request = _request(references, to, steps, values, only)
            copies = service.bring_copies(request, dry_run=dry_run)
            request = replace(request, pending=tuple(copies)) if dry_run else request
            request = _asked(service, request, interactive=not (dry_run or as_json))
            report = _dry(service, request) if dry_run else service.update(request, commit=commit)
        problems = [problem for error in service.unreadable() for problem in error.findings]
    names = [str(item) for item in references] or ["--all"]
    if as_json:
        _print_json(report, copies, problems, dry_run=dry_run)
    else:
        _tell(context, report, copies, dry_run=dry_run)
    hint = next_step(report, names)
    if hint is not None:
        echo(f"To go on, {hint}", err=True)
    waiting = any(not item.ready for item in report.held) or any(copy.conflicts for copy in copies)
    show_problems(problems)
    exit_with(2 if report.refused or problems else _WAITING if waiting else 0)


def _check(
    references: Sequence[Reference], everything: bool, to: Reference | None, resolve: Path | None
) -> None:
    if sum([bool(references), everything, resolve is not None]) != 1:
        raise Invalid(
            "nothing-to-update",
            "say what to update",
            "Give references, or --all, or --resolve FILE: one of them.",
        )
    if to is not None and len(references) != 1:
        raise Invalid("one-for-many", "--to takes the place of one template", "Give one reference.")


def _request(
    references: Sequence[Reference],
    to: Reference | None,
    steps: tuple[str, ...],
    values: Sequence[str],
    only: str | None,
) -> UpdateOptions:
    from registry.compatibility.compare import ChangeClass
    from runner.dependencies.status import UpdateRequest
    from runner.dependencies.update import UpdateOptions

    given: dict[str, str] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise Invalid("bad-value", f'--set "{text}" is no NAME=VALUE', "Write --set NAME=VALUE.")
        given[name] = value
    gravest = ChangeClass(only.replace("-", " ")) if only else None
    wishes = tuple(UpdateRequest(reference, to) for reference in references)
    return UpdateOptions(wishes, steps, given, gravest)


def _asked(service: UpdateService, request: UpdateOptions, *, interactive: bool) -> UpdateOptions:
    """The request with what a person at the terminal answers to the questions that it leaves."""
    if not (interactive and sys.stdin.isatty()):
        return request
    given = dict(request.given or {})
    updates, _ = service.prepare(request)
    for update in updates:
        for question in () if update.merge.needs_decision else update.merge.questions:
            parameter = question.parameter
            if parameter.name not in given:
                tell(f'{update.use.label}: step "{update.use.step}": "{parameter.name}" {question.reason}')
                if parameter.sensitive:
                    tell("  It is a secret: refer to a variable, such as #{My.Secret}")
                given[parameter.name] = ask_value(
                    parameter, question.proposed, partial(_complaint, parameter)
                )
    return replace(request, given=given)


def _complaint(parameter: Parameter, value: str) -> str | None:
    from runner.planner import violation

    if not value and parameter.options:
        return "it must be one of those above"
    return None if "#{" in value else violation(parameter, value)


def _dry(service: UpdateService, request: UpdateOptions) -> UpdateReport:
    """What an update would do, with the edits tried out."""
    from runner.dependencies.apply import preview
    from runner.dependencies.update import UpdateReport

    updates, idle = service.prepare(request)
    preview(updates)
    return UpdateReport((), tuple(updates), tuple(idle))


def _tell(context: Context, report: UpdateReport, copies: Sequence[RebasedCopy], *, dry_run: bool) -> None:
    from registry.cli.patch import show_rebased
    from runner.cli.update_view import show_report

    for copy in copies:
        show_rebased(context, copy, dry_run=dry_run)
    show_report(context, report, dry_run=dry_run)


def _print_json(
    report: UpdateReport, copies: Sequence[RebasedCopy], problems: Sequence[Problem], *, dry_run: bool
) -> None:
    from registry.cli.patch import rebased_data
    from runner.cli.update_view import report_data

    data = {"copies": [rebased_data(copy) for copy in copies], **report_data(report, problems)}
    print_json({**data, "dry_run": dry_run})
