"""From a process to a plan: steps, their targets, their templates made exact."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePath

from registry.errors import Mismatch, UserError
from registry.model import Notice, NoticeKind, Reference
from runner.actions.script import NotRunnableError, ScriptAction, from_inline, from_template
from runner.model import Action, Condition, FileCopy, InlineScript, Manual, Process, RunOn, SkipReason, Step
from runner.plan import Plan, PlannedAction, PlannedFile, PlannedStep, TemplatePin
from runner.planner.alike import AlikeTargets
from runner.planner.choices import (
    Inputs,
    check_inputs,
    choose_environment,
    choose_targets,
    either,
    folded,
    guides_failures,
    why_skipped,
)
from runner.planner.conditions import condition_of, without_false_conditions
from runner.planner.extras import extras
from runner.planner.findings import Findings
from runner.planner.names import Resolve, check_names, check_template_outputs, scope_problems
from runner.planner.order import all_names, group_numbers, names_before
from runner.planner.outputs import check_outputs_of_several
from runner.planner.prompts import Prompted, check_answers
from runner.planner.reading import ReadTexts, reading_texts
from runner.planner.rules import check_given, pin_template
from runner.planner.systems import check_system, check_tools
from runner.planner.values import ActionValues, ReadSource, with_knowledge
from runner.project import ContainerSettings, Environment, Person, Project, Target
from runner.variables.readers import ReadingText
from runner.variables.scopes import ActionPlace
from runner.variables.system import machines_in_roles, planned_system_values

ReadFiles = Callable[[tuple[FileCopy, ...]], tuple[PlannedFile, ...]]

DefaultImage = Callable[[str], str]
"""The image for a script in that syntax, where neither step nor project choose one."""

OtherSteps = Callable[[], Collection[str] | None]
"""The names of the steps of the project's other processes; None where one of them cannot be read."""


def compile_plan(
    process: Process,
    project: Project,
    inputs: Inputs,
    resolve: Resolve,
    read_source: ReadSource,
    default_image: DefaultImage,
    other_steps: OtherSteps = lambda: (),
    read_files: ReadFiles = lambda _: (),
    other_processes: OtherSteps = lambda: None,
) -> Plan:
    """The plan of a process in an environment.

    `resolve` raises UserError for what it cannot find; `read_source` gives the text behind a variable's `from`;
    `other_steps` and `other_processes` are asked only if a scope of the project names a step or process; `read_files`
    reads the files that a step takes along, and raises UserError for those that it may not.
    Raises Invalid with all problems (Mismatch if the lock is among them), NotFound for an unknown environment,
    target or step.
    """
    environment = choose_environment(project, inputs.environment)
    check_inputs(inputs, process, project)
    findings = Findings(process, project, warnings=[*project.warnings, *process.warnings])
    check_answers(inputs, project, findings)
    check_names(process, project, findings)
    findings.problems += scope_problems(project, lambda: _all_steps(process, other_steps), other_processes)
    values = ActionValues(process, project, inputs, read_source, findings, Prompted(project, inputs))
    targets = choose_targets(project, environment, inputs)
    compiler = _Compiler(
        process, project, inputs, resolve, default_image, findings, values, environment, targets, read_files
    )
    steps = tuple(compiler.step(index, step) for index, step in enumerate(process.steps))
    check_template_outputs(process, resolve, findings)
    compiler.read.check_inputs(inputs, project, findings)
    check_outputs_of_several(process, steps, findings)
    findings.refuse()
    _check_idle(steps, findings)
    return Plan(
        process=process.name,
        file=process.file,
        project=project.name,
        environment=environment.name if environment else None,
        steps=steps,
        guided_failure=guides_failures(project, environment, inputs),
        warnings=tuple(findings.warnings),
        prompts=values.prompted.found,
    )


def _check_idle(steps: Sequence[PlannedStep], findings: Findings) -> None:
    """That something runs, unless somebody asked for every skip."""
    skips = [step.skip for step in steps]
    if all(skips) and not all(skip.asked_for for skip in skips if skip is not None):
        message = "nothing to run: every step is skipped"
        findings.warning(("steps",), "nothing-to-run", message, "Each step says why in the plan.")


def _all_steps(process: Process, other_steps: OtherSteps) -> list[str] | None:
    others = other_steps()
    return None if others is None else [*all_names(process), *others]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An action as it is on all targets.

    earlier: the names, folded, of what has ended when it begins
    skip: why it is not part of the run, if so
    """

    action: Action
    script: ScriptAction | None
    pin: TemplatePin | None
    files: tuple[PlannedFile, ...]
    earlier: frozenset[str]
    skip: tuple[SkipReason, str] | None


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Compiles step after step; `targets` are those of the environment."""

    process: Process
    project: Project
    inputs: Inputs
    resolve: Resolve
    default_image: DefaultImage
    findings: Findings
    values: ActionValues
    environment: Environment | None
    targets: list[Target]
    read_files: ReadFiles
    read: ReadTexts = field(default_factory=ReadTexts)
    groups: list[int] = field(init=False)
    machines: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        machines = machines_in_roles(self.environment, self.project.targets) if self.environment else {}
        object.__setattr__(self, "machines", machines)
        object.__setattr__(self, "groups", group_numbers(self.process.steps))

    def step(self, index: int, step: Step) -> PlannedStep:
        """The step on all its targets. Its templates are resolved even if it is skipped, but then only warned of."""
        skip = why_skipped(step.name, step.rules, self.environment, self.inputs)
        prepared = [self._prepare(step, action, skipped=skip is not None) for action in step.actions]
        matching = self._matching(step)
        if skip is None and not matching:
            skip = self._without_targets(index, step)
        actions: tuple[PlannedAction, ...] = ()
        if skip is None:
            alike = [AlikeTargets(self.project, partial(self._planned, step, one)) for one in prepared]
            planned = (one.on(target) for target in matching for one in alike)
            actions = tuple(action for action in planned if action is not None)
            if actions and all(action.skip is not None for action in actions):
                skip = actions[0].skip, actions[0].skip_detail  # type: ignore[assignment]
                actions = ()
        return PlannedStep(
            number=index + 1,
            name=step.name,
            condition=step.rules.condition,
            actions=actions,
            group=self.groups[index],
            max_parallel=step.max_parallel,
            window=step.window,
            continue_on_error=step.rules.continue_on_error,
            on_cancel=step.rules.on_cancel,
            skip=skip[0] if skip else None,
            skip_detail=skip[1] if skip else "",
            notes=step.notes,
        )

    def _prepare(self, step: Step, action: Action, *, skipped: bool) -> _Prepared:
        """What is the same on all targets."""
        skip = None
        if not step.is_lone:
            skip = why_skipped(action.name, action.rules, self.environment, self.inputs, "action")
        runs = not skipped and skip is None
        with self.findings.only_warnings(not runs):
            script, pin = self._action(action)
        if script is None:
            self.read.unknown = True
        else:
            self.read.texts += reading_texts(action, script, self.values.parameters(action, pin))
        self.read.texts += [ReadingText(one.rules.when) for one in (step, action) if one.rules.when]
        files = self._files(action) if runs and script is not None else ()
        earlier = frozenset(name.casefold() for name in names_before(self.process, action))
        return _Prepared(action, script, pin, files, earlier, skip)

    def _matching(self, step: Step) -> list[Target | None]:
        """The targets with at least one of the step's roles; None for a step that runs once, on the worker."""
        if not step.roles or (step.is_lone and step.actions[0].run_on is RunOn.WORKER):
            return [None]
        wanted = folded(step.roles)
        return [target for target in self.targets if wanted & folded(target.roles)]

    def _without_targets(self, index: int, step: Step) -> tuple[SkipReason, str]:
        detail = f"no target with role {either(step.roles)}"
        if self.environment:
            detail += f" in {self.environment.name}"
        if self.inputs.targets:
            detail += f" among {either(self.inputs.targets)}"
        if step.fail_without_targets:
            self.findings.problem(
                ("steps", index, "roles"),
                "no-targets",
                f'step "{step.name}": {detail}',
                "Give a target the role, or set on_no_targets: skip.",
            )
        return SkipReason.NO_TARGETS, detail

    def _action(self, action: Action) -> tuple[ScriptAction | None, TemplatePin | None]:
        """The script of an action, and its template made exact; both None where that fails, which is noted."""
        use = action.does
        if isinstance(use, Manual):
            return ScriptAction("", use.instructions, {}), None
        if isinstance(use, InlineScript):
            inline = from_inline(use, action.properties)
            check_system(
                (*action.at, "run"), action.label, inline, self.findings, aliases=bool(action.aliases)
            )
            return inline, None
        at = (*action.at, "uses")
        try:
            resolved = self.resolve(use.reference)
            script = from_template(resolved.template, action.properties)
        except UserError as error:
            message = f"{action.label}: {error.message}"
            if isinstance(error, Mismatch):
                self.findings.mismatch(at, error.code, message, error.hint)
            else:
                self.findings.problem(at, error.code, message, error.hint)
            return None, None
        except NotRunnableError as error:
            message = f"{action.label}: the template {use.reference} {error}"
            self.findings.problem(at, "not-runnable", message, error.hint)
            return None, None
        if action.aliases and script.syntax != "PowerShell":
            message = f"{action.label} has `aliases`, and its template is written in {script.syntax}"
            hint = "They are for PowerShell alone: leave them out."
            self.findings.warning((*action.at, "aliases"), "aliases-without-powershell", message, hint)
        if script.warning:
            self.findings.warning(at, "assumed-syntax", f"the template {use.reference} {script.warning}")
        label = f"{action.label}: the template {use.reference}"
        check_system(at, label, script, self.findings, aliases=bool(action.aliases))
        if resolved.edited:
            message = f"{action.label}: {use.reference} has unpublished changes, which do not run"
            hint = "Publish them with `treadle publish`, or drop them."
            self.findings.warning(at, "unpublished-changes", message, hint)
        for notice in resolved.notices:
            self._tell(at, action, use.reference, notice)
        pin = pin_template(use.reference, resolved)
        check_given(action, use, pin, self.findings, self.process.blank_parameters_empty)
        return script, pin

    def _tell(self, at: tuple[str | int, ...], action: Action, reference: Reference, notice: Notice) -> None:
        """What is said against a template; a revoked one stops the plan, unless that is allowed."""
        revoked = notice.standing is NoticeKind.REVOKED
        message = f"{action.label}: the template {reference} is {notice}"
        if revoked and not self.inputs.allow_revoked:
            hint = "Use another version or template, or run it all the same with --allow-revoked."
            self.findings.problem(at, "template-revoked", message, hint)
        else:
            self.findings.warning(at, f"template-{notice.standing.value}", message)

    def _container(self, action: Action, target: Target | None) -> ContainerSettings:
        """What the step asks for, over the project's defaults; a target's own network is nearer than the project's."""
        settings = action.container.over(self.project.container)
        if target and target.network and "network" not in action.container.given:
            return replace(settings, network=None)
        return settings

    def _files(self, action: Action) -> tuple[PlannedFile, ...]:
        if not action.files:
            return ()
        try:
            return self.read_files(action.files)
        except UserError as error:
            message = f"{action.label}: {error.message}"
            self.findings.problem((*action.at, "files"), error.code, message, error.hint)
            return ()

    def _planned(self, step: Step, one: _Prepared, target: Target | None) -> PlannedAction | None:
        """An action on a target; None where its script is not to be had, which has been reported."""
        action, script, pin = one.action, one.script, one.pin
        base = self._base(step, action, target)
        if one.skip is not None:
            return replace(base, skip=one.skip[0], skip_detail=one.skip[1])
        if script is None:
            return None
        place = self._place(step, target)
        system = planned_system_values(
            self.process, self.project, self.environment, step, action, target, pin, self.machines
        )
        parameters = self.values.parameters(action, pin)
        texts = [
            *reading_texts(action, script, parameters, one.files),
            *(ReadingText(rules.when) for rules in (step.rules, action.rules) if rules.when),
        ]
        variables = self.values.variables(system, place, script, texts)
        environment = self.values.environment(action)
        known, preview = self.values.evaluate(
            action, one.earlier, script, pin, variables, parameters, environment, texts
        )
        host = base.host
        container = self._container(action, host)
        planned = replace(
            base,
            syntax=script.syntax,
            script=script.body,
            preview=preview,
            image="" if base.manual else self._image(action, script, container, pin),
            container=container,
            template=pin,
            parameters=tuple(with_knowledge(value, known) for value in parameters),
            variables=tuple(with_knowledge(value, known) for value in variables),
            properties=script.properties,
            extras=extras(container, host),
            ca=(host.ca if host else None) or self.project.ca,
            environment=tuple(with_knowledge(value, known) for value in environment),
            files=one.files,
            fail_fast=self._fails_fast(action),
            aliases=action.aliases,
            gate=condition_of(step.rules, variables),
            when=None if step.is_lone else condition_of(action.rules, variables),
        )
        return without_false_conditions(planned)

    def _place(self, step: Step, target: Target | None) -> ActionPlace:
        environment = self.environment.name if self.environment else None
        names = self.process.name, PurePath(self.process.file).stem
        return ActionPlace(environment, step.name, step.roles, target, names)

    def _image(
        self, action: Action, script: ScriptAction, container: ContainerSettings, pin: TemplatePin | None
    ) -> str:
        """The image that it runs in; tools that this lacks are warned of."""
        image = container.image or self.default_image(script.syntax)
        check_tools((*action.at, "uses" if pin else "run"), action.label, script, image, self.findings)
        return image

    def _base(self, step: Step, action: Action, target: Target | None) -> PlannedAction:
        """What is said of an action whether it runs or not."""
        number = ".".join(str(int(part) + 1) for part in action.at if isinstance(part, int))
        lone = step.is_lone
        return PlannedAction(
            id=f"{number}-{_slug(action.name)}" + (f"@{target.name}" if target else ""),
            step=step.name,
            name=action.name,
            target=target,
            for_target=action.run_on is RunOn.WORKER_PER_TARGET,
            condition=Condition.SUCCESS if lone else action.rules.condition,
            retries=action.retries,
            retry_delay=action.retry_delay,
            timeout=action.timeout,
            required=step.rules.required or action.rules.required or bool(self._responsible(action)),
            manual=isinstance(action.does, Manual),
            responsible=self._responsible(action),
            continue_on_error=action.rules.continue_on_error,
            on_cancel=step.rules.on_cancel or action.rules.on_cancel,
            restartable=action.restartable,
            notes=action.notes,
        )

    def _responsible(self, action: Action) -> tuple[Person, ...]:
        names = folded(action.does.responsible) if isinstance(action.does, Manual) else ()
        return tuple(person for person in self.project.people if person.name.casefold() in names)

    def _fails_fast(self, action: Action) -> bool:
        """Templates keep the contract of their authors; a script of the process fails fast unless told otherwise."""
        if not isinstance(action.does, InlineScript):
            return False
        return self.project.fail_fast if action.does.fail_fast is None else action.does.fail_fast


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40] or "step"
