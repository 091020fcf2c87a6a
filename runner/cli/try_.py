"""`treadle try REF`: run one template, with nothing saved but the record of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from registry.cli.complete import complete_reference
from registry.cli.context import Context, pass_context
from registry.cli.options import REFERENCE, json_option
from registry.cli.output import echo, one_line, style
from registry.model import Reference
from runner.cli.answers import ask_parameter, can_ask
from runner.cli.complete import complete_environment, complete_target
from runner.cli.inputs import lock_options, read_inputs, read_pairs
from runner.cli.run import progress_option, watch_run

if TYPE_CHECKING:
    from registry.model import ResolvedTemplate
    from runner.model import Process
    from runner.runs.service import RunService

_CLEAR = "plain-secret"
"""The warning about a secret that stands in a process file, which there is none of here."""


@click.command("try")
@click.argument("reference", metavar="REF", shell_complete=complete_reference)
@click.option(
    "-p",
    "--parameter",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="A value for a parameter (repeatable); NAME=@FILE reads a file, NAME=- standard input.",
)
@click.option(
    "--target", metavar="TARGET", shell_complete=complete_target, help="On this target, not on the worker."
)
@click.option(
    "-e",
    "--environment",
    metavar="ENV",
    shell_complete=complete_environment,
    help="The environment to run in.",
)
@lock_options
@click.option("--allow-revoked", is_flag=True, help="Only warn of a template that was revoked.")
@progress_option
@json_option
@pass_context
def try_command(
    context: Context,
    reference: str,
    parameters: tuple[str, ...],
    target: str | None,
    environment: str | None,
    locked: bool | None,
    offline: bool,
    allow_revoked: bool,
    progress: str,
    as_json: bool,
) -> None:
    """Run the template REF once, in a container as a step would have it; ./FOLDER is a template that you write.

    On a terminal it asks for what is needed and not given. Exit codes are those of `treadle run`.

    \b
    Examples:
      treadle try builtin/sleep -p Sleep.Duration=2s
      treadle try ./notify --target web-1 -e Test
    """
    from registry.cli.problems import show_warnings
    from runner.app import run_service

    service = run_service(context, locked=locked, offline=offline)
    named = Reference.local(reference) or REFERENCE.convert(reference, None, None)
    template = service.resolve(named)
    values = _values(template, parameters, asks=can_ask() and not as_json and progress != "json")
    inputs = replace(
        read_inputs(environment, (), (), (), (target,) if target else ()), allow_revoked=allow_revoked
    )
    process = _process(service, template, named, values, target)
    plan = service.plan_process(process, inputs)
    show_warnings([one for one in plan.warnings if one.code != _CLEAR], strict=False)
    watch_run(context, plan, progress, as_json, partial(service.run, plan))


def _values(template: ResolvedTemplate, written: Sequence[str], *, asks: bool) -> Mapping[str, str]:
    """What the options say, and what a person answers where one `asks`."""
    from runner.planner.trial import refuse_missing, refuse_plain_secrets, values_by_parameter

    parameters = template.template.parameters
    given = read_pairs(written, "-p")
    values = values_by_parameter({name: pair.value for name, pair in given.items()}, parameters)
    plain = values_by_parameter({name: pair.value for name, pair in given.items() if pair.plain}, parameters)
    refuse_plain_secrets(list(plain), parameters)
    if asks:
        values |= _answers(template, values)
    refuse_missing(values, parameters)
    return values


def _answers(template: ResolvedTemplate, values: Mapping[str, str]) -> dict[str, str]:
    from registry.project.step import needed_parameters

    answers = {}
    for parameter in needed_parameters(template.template):
        if parameter.name not in values:
            echo(style(one_line(parameter.label or parameter.name), bold=True))
            answers[parameter.name] = ask_parameter(parameter)
    return answers


def _process(
    service: RunService,
    template: ResolvedTemplate,
    reference: Reference,
    values: Mapping[str, str],
    target: str | None,
) -> Process:
    from runner.model import TemplateUse
    from runner.planner.choices import unknown
    from runner.planner.trial import trial_process

    roles: Sequence[str] = ()
    if target is not None:
        targets = service.project().targets
        found = next((one for one in targets if one.name.casefold() == target.casefold()), None)
        if found is None:
            raise unknown("target", target, [one.name for one in targets])
        roles = found.roles
    return trial_process(template, TemplateUse(reference, values), roles)
