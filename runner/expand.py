"""What a text with `#{...}` comes to, as a step of the project would see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from registry.errors import Invalid, NotFound
from runner.documents import read_project
from runner.model import MASK, Action, InlineScript, Process, Step
from runner.octostache import OctostacheError, Variables
from runner.plan import PlannedAction, PlannedValue
from runner.planner import Inputs, compile_plan
from runner.project import Project
from runner.runs.service import RunService
from runner.variables.binding import bind, explain_error
from runner.variables.names import Mistake, mistakes_in, name_in, no_answer, refusing_filter
from runner.variables.readers import ReadingText, is_read

_NAME = "expand"


@dataclass(frozen=True, slots=True)
class Expansion:
    """An evaluated text. Secrets in it are masked; `reads` are the values used, `missing` the tokens without one,
    `mistakes` what is wrong with the text whatever the values are.
    """

    text: str | None
    error: str | None
    reads: tuple[PlannedValue, ...]
    missing: tuple[str, ...]
    mistakes: tuple[Mistake, ...] = ()


def expand(service: RunService, text: str, inputs: Inputs) -> Expansion:
    """Evaluate `text` with the variables of an environment, on the worker or on the target that `inputs` names.

    Raises UserError for unknown names and for a text that cannot be evaluated.
    """
    action = lone_action(service, replace(inputs, reads=(text,)))
    _refuse_unset(text, action)
    try:
        bound = bind(action.variables, ())
        evaluation = bound.scope.evaluate(text, conceal=MASK)
    except OctostacheError as error:
        raise Invalid("expression", explain_error(error)) from error
    mistakes = _mistakes(text, evaluation.missing, bound.scope)
    if mistakes and evaluation.error is not None and not evaluation.missing:
        raise Invalid("expression", mistakes[0].message, hint=mistakes[0].hint)
    values = {value.name.casefold(): value for value in bound.values}
    reads = tuple(values[name.casefold()] for name in evaluation.reads if name.casefold() in values)
    return Expansion(evaluation.text, evaluation.error, reads, evaluation.missing, mistakes)


def _mistakes(text: str, missing: Iterable[str], scope: Variables) -> tuple[Mistake, ...]:
    """Mistakes in the text, and in what its variables hold; each once."""
    found = mistakes_in(text)
    for token in missing:
        found += mistakes_in(token)
        if not mistakes_in(token) and (refused := refusing_filter(token, text, scope)):
            found.append(no_answer(name_in(token), refused))
    return tuple({mistake.message: mistake for mistake in reversed(found)}.values())[::-1]


def _refuse_unset(text: str, action: PlannedAction) -> None:
    """Raises NotFound for a variable that the text reads and whose source is not there."""
    contents = {value.name: value.text for value in action.variables}
    for value in action.variables:
        if value.unset and is_read(value.name, [ReadingText(text)], contents):
            raise NotFound(
                "variable-unset",
                f'variable "{value.name}": {value.unset}',
                hint=f"Set it, or give it with --var {value.name}=@FILE.",
            )


def lone_action(
    service: RunService, inputs: Inputs, like: Step | None = None, of: Process | None = None
) -> PlannedAction:
    """An action that does nothing, where a text is to be evaluated; named as the step that it is `like`, in a process
    named as the one that it is `of`. Raises Invalid for a target on which no step would run."""
    project = read_project(service.project_file, service.directory)
    name = like.name if like else _NAME
    step = Step(name, (Action(name, InlineScript("")),), roles=_roles(project, inputs))
    process = Process(of.name if of else _NAME, (step,), of.file if of else _NAME)
    plan = compile_plan(
        process,
        project,
        inputs,
        service.resolve,
        service.sources(),
        service.default_image,
        other_steps=lambda: None,  # which steps scopes may name is not the question here
    )
    actions = plan.steps[0].actions
    if not actions:
        raise Invalid("target-without-role", "the target has no role, so that no step would run on it")
    return actions[0]


def _roles(project: Project, inputs: Inputs) -> tuple[str, ...]:
    chosen = {name.casefold() for name in inputs.targets}
    roles = {role for target in project.targets if target.name.casefold() in chosen for role in target.roles}
    return tuple(sorted(roles)) or (("",) if chosen else ())
