"""Names that a process or a project mentions and nothing defines: environments, roles, steps, outputs.

A slip in one would be a step that silently never runs, or a text that stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from registry.compatibility.script_facts import script_facts
from registry.errors import UserError
from registry.model import Problem, Reference, ResolvedTemplate, Severity
from registry.suggest import did_you_mean
from registry.template.octopus import SCRIPT_BODY
from registry.text.document import KeyPath
from runner.actions.script import SHELL_SYNTAX
from runner.model import Action, InlineScript, Manual, Process, Rules, Step, TemplateUse
from runner.planner.findings import Findings
from runner.planner.order import all_names, names_before
from runner.project import Project
from runner.variables.names import offset_of
from runner.variables.readers import ReadingText, StepRead, steps_read
from runner.variables.scopes import overlap

Resolve = Callable[[Reference], ResolvedTemplate]
"""Makes a reference exact. Raises UserError."""

_LISTED = 10

KnownNames = Callable[[], Collection[str] | None]
"""Gives the names that there are; None where that is not known."""


def name_problems(process: Process, project: Project) -> list[Problem]:
    """What `check_names` finds, errors first."""
    findings = Findings(process, project)
    check_names(process, project, findings)
    return [*findings.problems, *findings.warnings]


def scope_problems(project: Project, steps: KnownNames, processes: KnownNames) -> list[Problem]:
    """What is wrong with the steps and processes that scopes name. Each is asked for only if there is such a scope."""
    findings = Findings(Process(project.name, (), project.file or ""), project)
    values = [value for variable in project.variables for value in variable.values]
    if any(value.scope.steps for value in values) and (names := steps()) is not None:
        check_scopes(project, "step", names, findings)
    if any(value.scope.processes for value in values) and (names := processes()) is not None:
        check_scopes(project, "process", names, findings)
    return findings.problems


def ambiguity_problems(project: Project) -> list[Problem]:
    """Values of one variable that no rule tells apart wherever both apply."""
    findings = Findings(Process(project.name, (), project.file or ""), project)
    for variable in project.variables:
        for one, other in combinations(variable.values, 2):
            if overlap(one, other):
                places = f"{one.place} and {other.place}"
                message = f'variable "{variable.name}" has two values for the same places, {places}'
                hint = "Remove one of them, or make its scope narrower."
                findings.variable(variable.name, "ambiguous-variable", message, hint)
    return findings.problems


def check_names(process: Process, project: Project, findings: Findings) -> None:
    """What the steps of a process name: environments and roles of the project, and each other."""
    for index, step in enumerate(process.steps):
        at: KeyPath = ("steps", index)
        _check_environments(at, f'step "{step.name}"', step.rules, project, findings)
        _check_roles(at, step, project, findings)
        if step.rules.when:
            reader = _Reader(process, step.actions[0], f'step "{step.name}"', findings)
            reader.check((*at, "when"), "its condition", ReadingText(step.rules.when))
        for action in step.actions:
            _check_action(process, step, action, project, findings)


def _check_action(process: Process, step: Step, action: Action, project: Project, findings: Findings) -> None:
    reader = _Reader(process, action, action.label, findings)
    if not step.is_lone:
        _check_environments(action.at, action.label, action.rules, project, findings)
        reader.check((*action.at, "when"), "its condition", ReadingText(action.rules.when))
    for at, what, text in texts_of(action):
        reader.check(at, what, text)
    if isinstance(action.does, Manual):
        _check_people(action, action.does, project, findings)


def _check_people(action: Action, manual: Manual, project: Project, findings: Findings) -> None:
    names = [person.name for person in project.people]
    for i, name in _missing(manual.responsible, names):
        message = f'{action.label} makes "{name}" responsible, whom people in treadle.yaml do not name'
        hint = did_you_mean(name, names) or f"Add them under people: `{name}: {{}}`."
        findings.problem((*action.at, "manual", "responsible", i), "unknown-person", message, hint)


def check_scopes(project: Project, kind: str, names: Collection[str], findings: Findings) -> None:
    """The steps or processes that scopes of variables name; `names` are all those of the project."""
    known = {name.casefold() for name in names}
    for variable in project.variables:
        for value in variable.values:
            for name in value.scope.steps if kind == "step" else value.scope.processes:
                if name.casefold() not in known:
                    which = "which no process here has" if kind == "step" else "which is not here"
                    findings.variable(
                        variable.name,
                        f"unknown-{kind}",
                        f'a value of variable "{variable.name}" is for {kind} "{name}", {which}',
                        nearest(name, names, "steps" if kind == "step" else "processes"),
                    )


def texts_of(action: Action) -> Iterator[tuple[KeyPath, str, ReadingText]]:
    """The texts of an action that a run evaluates, with their places and what they are called in a sentence."""
    at: KeyPath = action.at
    does = action.does
    if isinstance(does, InlineScript):
        yield (*at, "run"), "the script", ReadingText(does.body, SHELL_SYNTAX[does.shell])
    elif isinstance(does, Manual):
        yield (*at, "manual", "instructions"), "its instructions", ReadingText(does.instructions)
    else:
        for name, value in does.values.items():
            if value is not None:
                yield (*at, "with", name), f'"{name}"', ReadingText(value)
    for name, value in action.env.items():
        yield (*at, "env", name), f'"{name}"', ReadingText(value)
    for name, value in action.properties.items():
        yield (*at, "properties", name), f'"{name}"', ReadingText(value)


def nearest(name: str, known: Collection[str], kind: str) -> str:
    """The next step after a name that is not there."""
    if question := did_you_mean(name, known):
        return question
    if not known:
        return f"There are no {kind}: define them in treadle.yaml."
    more = f" and {len(known) - _LISTED:,} more" if len(known) > _LISTED else ""
    return f"There are: {', '.join(list(known)[:_LISTED])}{more}."


def _check_environments(at: KeyPath, whose: str, rules: Rules, project: Project, findings: Findings) -> None:
    """With no environments defined any name will do."""
    names = [environment.name for environment in project.environments]
    for key in ("environments", "exclude_environments") if names else ():
        for i, name in _missing(getattr(rules.filters, key), names):
            message = f'{whose} names environment "{name}", which is not defined'
            hint = nearest(name, names, "environments")
            findings.problem((*at, key, i), "unknown-environment", message, hint)


def _check_roles(place: KeyPath, step: Step, project: Project, findings: Findings) -> None:
    at: KeyPath = (*place, "roles")
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


@dataclass(frozen=True, slots=True)
class _Reader:
    """What an action's texts read of other steps; `whose` is what a sentence calls it."""

    process: Process
    action: Action
    whose: str
    findings: Findings

    def check(self, at: KeyPath, what: str, text: ReadingText) -> None:
        """That the steps are there, and run before."""
        for read in steps_read(text):
            self._check_read(at, what, text, read)

    def _check_read(self, at: KeyPath, what: str, text: ReadingText, read: StepRead) -> None:
        names, before = all_names(self.process), names_before(self.process, self.action)
        known = {name.casefold(): name for name in names}
        begin = f'{self.whose}: {what} reads "{read.name}", but'
        offset = offset_of(read.name, text.text)
        if read.step.casefold() not in known:
            message = f'{begin} there is no step "{read.step}"'
            hint = nearest(read.step, before or names, "steps")
            self.findings.expression(at, text.text, offset, "unknown-step", message, hint, Severity.ERROR)
        elif read.step.casefold() not in {name.casefold() for name in before}:
            message = f'{begin} step "{known[read.step.casefold()]}" has not run by then'
            hint = "Move that step up, or read the value elsewhere."
            self.findings.expression(at, text.text, offset, "step-order", message, hint)
        elif read.output:
            for setter in self.process.actions:
                if setter.name.casefold() == read.step.casefold():
                    _check_output(setter, begin, at, text, read, self.findings)


def _check_output(
    setter: Action, begin: str, at: KeyPath, text: ReadingText, read: StepRead, findings: Findings
) -> None:
    """A slip in the name of an output. What else a script prints may set outputs, too: only what is nearly the name of
    one that it sets by name is told."""
    if not isinstance(setter.does, InlineScript):
        return
    _tell_output(script_facts(setter.does.body).outputs, begin, at, text, read, findings)


def check_template_outputs(process: Process, resolve: Resolve, findings: Findings) -> None:
    """As for scripts of the process: the outputs that templates declare, and those that their scripts set by name.
    Templates that `resolve` cannot find are told elsewhere."""
    uses = {
        action.name.casefold(): action.does
        for action in process.actions
        if isinstance(action.does, TemplateUse)
    }
    for action in process.actions:
        for at, what, text in texts_of(action):
            for read in steps_read(text):
                use = uses.get(read.step.casefold())
                if use is not None and read.output:
                    begin = f'{action.label}: {what} reads "{read.name}", but'
                    _tell_output(_outputs_of(use.reference, resolve), begin, at, text, read, findings)


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
