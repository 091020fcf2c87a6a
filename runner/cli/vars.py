"""`treadle vars`: the variables of a project - which there are, why one has its value - and changes to them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli.context import Context, pass_context
from registry.cli.group import Group
from registry.cli.options import json_option
from registry.cli.output import echo, print_json, print_table, style
from runner.cli.complete import complete_environment, complete_step, complete_target, complete_variable
from runner.cli.inputs import read_inputs, value_options
from runner.cli.vars_edit import encrypt_command, key_group, set_command

if TYPE_CHECKING:
    from runner.explain import Candidate, Explanation
    from runner.project import ScopedValue, Variable

_MARKS = {"wins": ("✓", "green"), "ambiguous": ("!", "yellow")}

environment_option = click.option(
    "-e",
    "--environment",
    metavar="ENV",
    shell_complete=complete_environment,
    help="In this environment.",
)
target_option = click.option(
    "--target", metavar="TARGET", shell_complete=complete_target, help="On this target."
)
step_option = click.option("--step", metavar="STEP", shell_complete=complete_step, help="In this step.")


class VarsGroup(Group):
    elsewhere = {"get": ("explain",), "show": ("explain",), "unset": ("set",), "seal": ("encrypt",)}  # noqa: RUF012


@click.group("vars", cls=VarsGroup)
def vars_group() -> None:
    """Look at variables and change them."""


@vars_group.command("list")
@environment_option
@target_option
@step_option
@json_option
@pass_context
def list_variables(
    context: Context, environment: str | None, target: str | None, step: str | None, as_json: bool
) -> None:
    """List the variables of the project with every value: where it applies, where it comes from, where it stands.

    With a place, only the values that win there. Nothing is read or evaluated; values of secrets are not shown.

    \b
    Example:
      treadle vars list -e Production
    """
    from runner.app import run_service
    from runner.documents import read_project
    from runner.explain import winners
    from runner.planner import Inputs

    service = run_service(context)
    variables = read_project(service.project_file, service.directory).variables
    if environment or target or step:
        variables = winners(service, Inputs(environment, targets=(target,) if target else ()), step)
    if as_json:
        print_json([_variable_data(variable) for variable in variables])
        return
    rows = [
        (variable.name, _value(variable, value), _scope(value), str((value or variable).place or ""))
        for variable in variables
        for value in variable.values or (None,)
    ]
    print_table(("VARIABLE", "VALUE", "WHERE IT APPLIES", "AT"), rows)


@vars_group.command("explain")
@click.argument("name", shell_complete=complete_variable)
@environment_option
@target_option
@step_option
@click.option("--process", metavar="PROCESS", help="The process that the step is in.")
@value_options
@json_option
@pass_context
def explain_variable(
    context: Context,
    name: str,
    environment: str | None,
    target: str | None,
    step: str | None,
    process: str | None,
    variables: tuple[str, ...],
    var_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Say which value the variable NAME has at a place, and why: the winner, and every other value with the reason.

    No command runs for it, and no secret is shown.

    \b
    Example:
      treadle vars explain Site.Host -e Production --target web-1 --step "Smoke test"
    """
    from runner.app import run_service
    from runner.explain import explain

    inputs = read_inputs(environment, variables, var_files, (), (target,) if target else ())
    explanation = explain(run_service(context), name, inputs, step, process)
    if as_json:
        print_json(_explanation_data(explanation))
        return
    _show(explanation)


# --- as text


def _show(explanation: Explanation) -> None:
    value = explanation.value
    if value is None:
        value = "(not known here)" if explanation.unset or not explanation.candidates else "(null)"
    echo(style(f"{explanation.name} = {value}", bold=True))
    echo(f"  {_where(explanation)}")
    rows = [_row(candidate) for candidate in explanation.candidates]
    if rows:
        echo("")
        print_table(("", "VALUE", "WHERE IT APPLIES", "AT", "WHY"), rows)
    for note in explanation.notes:
        echo(f"  {note}")


def _where(explanation: Explanation) -> str:
    parts = [
        f"in {explanation.environment}" if explanation.environment else "",
        f"on {explanation.target}" if explanation.target else "on the worker",
        f'in step "{explanation.step}"' if explanation.step else "",
        f"of {explanation.process}" if explanation.process else "",
    ]
    return ", ".join(part for part in parts if part)


def _row(candidate: Candidate) -> tuple[str, ...]:
    glyph, colour = _MARKS.get(candidate.verdict, ("-", "white"))
    written = _written(candidate.value, candidate.source)
    return (
        style(f"{glyph} {candidate.verdict}", fg=colour),
        written,
        candidate.scope or "-",
        candidate.place or candidate.origin,
        candidate.reason,
    )


def _value(variable: Variable, value: ScopedValue | None) -> str:
    if value is None:
        return "(asked for)"
    from runner.model import MASK
    from runner.variables.sources.kinds import label

    shown = MASK if variable.sensitive and value.value else value.value
    return _written(shown, label(value.source) if value.source else "")


def _written(value: str | None, source: str) -> str:
    if value is None:
        return f"({source})" if source else "(null)"
    first, *rest = value.splitlines() or ['""']
    return first + (f" … ({len(rest) + 1} lines)" if rest else "")


def _scope(value: ScopedValue | None) -> str:
    from runner.variables.scopes import scope_text

    return (scope_text(value.scope) if value else "") or "-"


# --- as data


def _variable_data(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "sensitive": variable.sensitive,
        "prompted": variable.prompt is not None,
        "values": [_value_data(variable, value) for value in variable.values],
    }


def _value_data(variable: Variable, value: ScopedValue) -> dict[str, Any]:
    from runner.model import MASK
    from runner.variables.sources.kinds import label

    return {
        "value": MASK if variable.sensitive and value.value else value.value,
        "source": label(value.source) if value.source else None,
        "set": value.from_set or None,
        "scope": _dimensions(value),
        **_place_data(value),
    }


def _dimensions(value: ScopedValue) -> dict[str, list[str]]:
    scope = value.scope
    named: Iterable[tuple[str, tuple[str, ...]]] = (
        ("environment", scope.environments),
        ("target", scope.targets),
        ("role", scope.roles),
        ("step", scope.steps),
        ("process", scope.processes),
    )
    return {key: list(names) for key, names in named if names}


def _place_data(value: ScopedValue) -> dict[str, Any]:
    place = value.place
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }


def _explanation_data(explanation: Explanation) -> dict[str, Any]:
    return {
        "name": explanation.name,
        "environment": explanation.environment,
        "target": explanation.target,
        "step": explanation.step,
        "process": explanation.process,
        "sensitive": explanation.sensitive,
        "value": explanation.value,
        "unset": explanation.unset or None,
        "candidates": [
            {
                "origin": candidate.origin.value,
                "verdict": candidate.verdict.value,
                "reason": candidate.reason,
                "scope": candidate.scope or None,
                "source": candidate.source or None,
                "at": candidate.place or None,
                "value": candidate.value,
            }
            for candidate in explanation.candidates
        ],
        "notes": list(explanation.notes),
    }


for _command in (set_command, encrypt_command, key_group):
    vars_group.add_command(_command)
