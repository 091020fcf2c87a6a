"""`treadle plan PROCESS -e ENV`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from registry.cli.context import Context
from runner.cli.inputs import input_options, lock_options, read_inputs


@click.command()
@click.argument("process")
@input_options
@lock_options
@click.option("--allow-revoked", is_flag=True, help="Only warn of templates that were revoked.")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@click.option("--json", "as_json", is_flag=True, help="The whole plan as JSON.")
@click.pass_obj
def plan(
    context: Context,
    process: str,
    environment: str | None,
    variables: tuple[str, ...],
    var_files: tuple[Path, ...],
    skip: tuple[str, ...],
    targets: tuple[str, ...],
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
    from runner.app import run_service
    from runner.cli.plan_view import render_plan
    from runner.cli.warnings import show_warnings
    from runner.planner.plan_json import plan_to_json

    inputs = read_inputs(environment, variables, var_files, skip, targets)
    service = run_service(context, locked=locked, offline=offline)
    made = service.plan(process, replace(inputs, allow_revoked=allow_revoked, allow_unset=True))
    if as_json:
        click.echo(json.dumps(plan_to_json(made), indent=2, ensure_ascii=False))
    else:
        click.echo(render_plan(made, context.verbose))
    show_warnings(made.warnings, strict)
