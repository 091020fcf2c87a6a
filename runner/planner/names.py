"""Names that a process or a project mentions and nothing defines: environments, roles, steps, outputs.

A slip in one would be a step that silently never runs, or a text that stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from registry.compatibility.script_facts import script_facts
from registry.errors import UserError
from registry.model import Problem, Reference, ResolvedTemplate, Severity
from registry.suggest import did_you_mean
from registry.template.octopus import SCRIPT_BODY
from registry.text.document import KeyPath
from runner.actions.script import SHELL_SYNTAX
from runner.model import InlineScript, Process, Project, Step, TemplateUse
from runner.planner.findings import Findings
from runner.variables.names import offset_of
from runner.variables.readers import ReadingText, StepRead, steps_read

Resolve = Callable[[Reference], ResolvedTemplate]
"""Makes a reference exact. Raises UserError."""

_LISTED = 10


def name_problems(process: Process, project: Project) -> list[Problem]:
    """What `check_names` finds, errors first."""
    findings = Findings(process, project)
    check_names(process, project, findings)
    return [*findings.problems, *findings.warnings]


def scope_problems(project: Project, steps: Callable[[], Collection[str] | None]) -> list[Problem]:
    """What is wrong with the steps that scopes name; `steps` gives those there are, None where that is not known.
    It is asked only if there is such a scope."""
    if not any(value.scope.steps for variable in project.variables for value in variable.values):
        return []
    names = steps()
    findings = Findings(Process(project.name, (), project.file or ""), project)
    if names is not None:
        check_scopes(project, names, findings)
    return findings.problems


def check_names(process: Process, project: Project, findings: Findings) -> None:
    """What the steps of a process name: environments and roles of the project, and each other."""
    for index, step in enumerate(process.steps):
        _check_environments(index, step, project, findings)
        _check_roles(index, step, project, findings)
        for at, what, text in texts_of(index, step):
            for read in steps_read(text):
                _check_read(process, index, at, what, text, read, findings)


def check_scopes(project: Project, steps: Collection[str], findings: Findings) -> None:
    """The steps that scopes of variables name; `steps` are those of all processes of the project."""
    known = {name.casefold() for name in steps}
    for variable in project.variables:
        for value in variable.values:
            for name in value.scope.steps:
                if name.casefold() not in known:
                    findings.variable(
                        variable.name,
                        "unknown-step",
                        f'a value of variable "{variable.name}" is for step "{name}", which no process here has',
                        nearest(name, steps, "steps"),
                    )


def texts_of(index: int, step: Step) -> Iterator[tuple[KeyPath, str, ReadingText]]:
    """The texts of a step that a run evaluates, with their places and what they are called in a sentence."""
    at: KeyPath = ("steps", index)
    action = step.action
    if isinstance(action, InlineScript):
        yield (*at, "run"), "the script", ReadingText(action.body, SHELL_SYNTAX[action.shell])
    else:
        for name, value in action.values.items():
            if value is not None:
                yield (*at, "with", name), f'"{name}"', ReadingText(value)
    for name, value in step.env.items():
        yield (*at, "env", name), f'"{name}"', ReadingText(value)
    for name, value in step.properties.items():
        yield (*at, "properties", name), f'"{name}"', ReadingText(value)


def nearest(name: str, known: Collection[str], kind: str) -> str:
    """The next step after a name that is not there."""
    if question := did_you_mean(name, known):
        return question
    if not known:
        return f"There are no {kind}: define them in treadle.yaml."
    more = f" and {len(known) - _LISTED:,} more" if len(known) > _LISTED else ""
    return f"There are: {', '.join(list(known)[:_LISTED])}{more}."


def _check_environments(index: int, step: Step, project: Project, findings: Findings) -> None:
    """With no environments defined any name will do."""
    names = [environment.name for environment in project.environments]
    for key in ("environments", "exclude_environments") if names else ():
        for i, name in _missing(getattr(step, key), names):
            message = f'step "{step.name}" names environment "{name}", which is not defined'
            hint = nearest(name, names, "environments")
            findings.problem(("steps", index, key, i), "unknown-environment", message, hint)


def _check_roles(index: int, step: Step, project: Project, findings: Findings) -> None:
    at: KeyPath = ("steps", index, "roles")
    if step.roles and project.file is None:
        message = f'step "{step.name}" runs on targets, and without a treadle.yaml there are none'
        findings.warning(
            at, "no-project", message, "Define targets in a treadle.yaml: `treadle init` writes one."
        )
        return
    names = list({role.casefold(): role for target in project.targets for role in target.roles}.values())
    for i, name in _missing(step.roles, names):
        message = f'step "{step.name}" asks for role "{name}", which no target has'
        findings.problem((*at, i), "unknown-role", message, nearest(name, names, "targets"))


def _missing(given: Sequence[str], known: Collection[str]) -> Iterator[tuple[int, str]]:
    folded = {name.casefold() for name in known}
    return ((i, name) for i, name in enumerate(given) if name.casefold() not in folded)


def _check_read(
    process: Process,
    index: int,
    at: KeyPath,
    what: str,
    text: ReadingText,
    read: StepRead,
    findings: Findings,
) -> None:
    """That the step is there, and runs before."""
    step = process.steps[index]
    names = [other.name for other in process.steps]
    folded = [name.casefold() for name in names]
    begin = f'step "{step.name}": {what} reads "{read.name}", but'
    offset = offset_of(read.name, text.text)
    if read.step.casefold() not in folded:
        message = f'{begin} there is no step "{read.step}"'
        hint = nearest(read.step, names[:index] or names, "steps")
        findings.expression(at, text.text, offset, "unknown-step", message, hint, Severity.ERROR)
    elif folded.index(read.step.casefold()) >= index:
        message = f'{begin} step "{names[folded.index(read.step.casefold())]}" has not run by then'
        hint = "Move that step up, or read the value elsewhere."
        findings.expression(at, text.text, offset, "step-order", message, hint)
    elif read.output:
        _check_output(process.steps[folded.index(read.step.casefold())], begin, at, text, read, findings)


def _check_output(
    setter: Step, begin: str, at: KeyPath, text: ReadingText, read: StepRead, findings: Findings
) -> None:
    """A slip in the name of an output. What else a script prints may set outputs, too: only what is nearly the name of
    one that it sets by name is told."""
    if not isinstance(setter.action, InlineScript):
        return
    _tell_output(script_facts(setter.action.body).outputs, begin, at, text, read, findings)


def check_template_outputs(process: Process, resolve: Resolve, findings: Findings) -> None:
    """As for scripts of the process: the outputs that templates declare, and those that their scripts set by name.
    Templates that `resolve` cannot find are told elsewhere."""
    for index, step in enumerate(process.steps):
        before = {other.name.casefold(): other.action for other in process.steps[:index]}
        for at, what, text in texts_of(index, step):
            for read in steps_read(text):
                setter = before.get(read.step.casefold())
                if read.output and isinstance(setter, TemplateUse):
                    begin = f'step "{step.name}": {what} reads "{read.name}", but'
                    _tell_output(_outputs_of(setter.reference, resolve), begin, at, text, read, findings)


def _outputs_of(reference: Reference, resolve: Resolve) -> list[str]:
    try:
        template = resolve(reference).template
    except UserError:
        return []
    bodies = [template.properties.get(SCRIPT_BODY) or "", *template.scripts.values()]
    found = (name for body in bodies for name in script_facts(body).outputs)
    return [*(output.name for output in template.outputs), *found]


def _tell_output(
    names: Collection[str], begin: str, at: KeyPath, text: ReadingText, read: StepRead, findings: Findings
) -> None:
    question = did_you_mean(read.output, names)
    if question is not None and read.output.casefold() not in {name.casefold() for name in names}:
        message = f'{begin} that step sets no output "{read.output}"'
        offset = offset_of(read.name, text.text)
        findings.expression(at, text.text, offset, "unknown-output", message, question)
