"""`treadle plan PROCESS -e ENV`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import json_option, paged
from registry.cli.output import echo, print_json
from runner.cli.complete import complete_process
from runner.cli.inputs import audience_options, input_options, lock_options, read_inputs


@click.command()
@click.argument("process", shell_complete=complete_process)
@input_options
@audience_options
@lock_options
@click.option("--allow-revoked", is_flag=True, help="Only warn of templates that were revoked.")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@json_option
@pass_context
@paged
def plan(
    context: Context,
    process: str,
    environment: str | None,
    variables: tuple[str, ...],
    var_files: tuple[Path, ...],
    skip: tuple[str, ...],
    targets: tuple[str, ...],
    exclude_targets: tuple[str, ...],
    channel: str | None,
    tenant_tags: tuple[str, ...],
    guided_failure: bool | None,
    locked: bool | None,
    offline: bool,
    allow_revoked: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Show what a run of PROCESS would do: steps, targets, versions, values. Creates nothing.

    PROCESS is the path of a process file, or its name without .yaml. With -v the scripts are shown as they will run,
    and all variables.

    \b
    Example:
      treadle plan deploy -e Test --var Release=1.4
    """
    from registry.cli.problems import show_warnings
    from runner.app import run_service
    from runner.cli.plan_view import render_plan
    from runner.planner.plan_json import plan_to_json

    inputs = read_inputs(environment, variables, var_files, skip, targets, exclude_targets)
    service = run_service(context, locked=locked, offline=offline)
    made = service.plan(
        process,
        replace(
            inputs,
            channel=channel,
            tenant_tags=tenant_tags,
            guided_failure=guided_failure,
            allow_revoked=allow_revoked,
            allow_unset=True,
        ),
    )
    if as_json:
        print_json(plan_to_json(made))
    else:
        echo(render_plan(made, context.verbose))
    show_warnings(made.warnings, strict=strict)
