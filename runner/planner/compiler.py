"""From a process to a plan: steps, their targets, their templates made exact."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from registry.errors import Invalid, Mismatch, UserError
from registry.model import Notice, NoticeKind, Reference
from runner.actions.script import NotRunnableError, ScriptAction, from_inline, from_template
from runner.model import (
    ContainerSettings,
    Environment,
    FileCopy,
    InlineScript,
    Process,
    Project,
    SkipReason,
    Step,
    Target,
)
from runner.plan import Plan, PlannedAction, PlannedFile, PlannedStep, TemplatePin
from runner.planner.choices import (
    Inputs,
    check_inputs,
    choose_environment,
    choose_targets,
    either,
    folded,
    why_skipped,
)
from runner.planner.extras import extras
from runner.planner.findings import Findings
from runner.planner.names import Resolve, check_names, check_template_outputs, scope_problems
from runner.planner.reading import ReadTexts, reading_texts
from runner.planner.rules import check_given, pin_template
from runner.planner.values import ActionValues, ReadSource, with_knowledge
from runner.variables.binding import ActionPlace
from runner.variables.system import planned_system_values

ReadFiles = Callable[[tuple[FileCopy, ...]], tuple[PlannedFile, ...]]

OtherSteps = Callable[[], Collection[str] | None]
"""The names of the steps of the project's other processes; None where one of them cannot be read."""


def compile_plan(
    process: Process,
    project: Project,
    inputs: Inputs,
    resolve: Resolve,
    read_source: ReadSource,
    default_image: str,
    other_steps: OtherSteps = lambda: (),
    read_files: ReadFiles = lambda _: (),
) -> Plan:
    """The plan of a process in an environment.

    `resolve` raises UserError for what it cannot find; `read_source` gives the text behind a variable's `from`;
    `other_steps` is asked only if a scope of the project names a step; `read_files` reads the files that a step takes
    along, and raises UserError for those that it may not.
    Raises Invalid with all problems (Mismatch if the lock is among them), NotFound for an unknown environment,
    target or step.
    """
    environment = choose_environment(project, inputs.environment)
    check_inputs(inputs, process, project)
    findings = Findings(process, project, warnings=[*project.warnings, *process.warnings])
    check_names(process, project, findings)
    findings.problems += scope_problems(project, lambda: _all_steps(process, other_steps))
    compiler = _Compiler(
        process,
        project,
        inputs,
        resolve,
        default_image,
        findings,
        ActionValues(process, project, inputs, read_source, findings),
        environment,
        choose_targets(project, environment, inputs),
        read_files,
    )
    steps = tuple(compiler.step(index, step) for index, step in enumerate(process.steps))
    check_template_outputs(process, resolve, findings)
    compiler.read.check_inputs(inputs, project, findings)
    _refuse_problems(process, findings)
    _check_idle(steps, findings)
    return Plan(
        process=process.name,
        file=process.file,
        project=project.name,
        environment=environment.name if environment else None,
        steps=steps,
        warnings=tuple(findings.warnings),
    )


def _refuse_problems(process: Process, findings: Findings) -> None:
    """Raises Invalid with all problems, Mismatch if the lock is among them."""
    if findings.problems:
        kind = Mismatch if findings.mismatched else Invalid
        raise kind(
            "invalid-process",
            f'"{process.file}" cannot be planned',
            problems=[*findings.problems, *findings.warnings],
        )


def _check_idle(steps: Sequence[PlannedStep], findings: Findings) -> None:
    """That something runs, unless somebody asked for every skip."""
    skips = [step.skip for step in steps]
    if all(skips) and not all(skip.asked_for for skip in skips if skip is not None):
        message = "nothing to run: every step is skipped"
        findings.warning(("steps",), "nothing-to-run", message, "Each step says why in the plan.")


def _all_steps(process: Process, other_steps: OtherSteps) -> list[str] | None:
    others = other_steps()
    return None if others is None else [*(step.name for step in process.steps), *others]


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Compiles step after step; `targets` are those of the environment."""

    process: Process
    project: Project
    inputs: Inputs
    resolve: Resolve
    default_image: str
    findings: Findings
    values: ActionValues
    environment: Environment | None
    targets: list[Target]
    read_files: ReadFiles
    read: ReadTexts = field(default_factory=ReadTexts)

    def step(self, index: int, step: Step) -> PlannedStep:
        """The step on all its targets. Its template is resolved even if it is skipped, but then only warned of."""
        skip = why_skipped(step, self.environment, self.inputs)
        with self.findings.only_warnings(skip is not None):
            script, pin = self._action(index, step)
        if script is None:
            self.read.unknown = True
        else:
            self.read.texts += reading_texts(step, script, self.values.parameters(index, step, pin))
        matching = self._matching(step)
        if skip is None and not matching:
            skip = self._without_targets(index, step)
        actions: tuple[PlannedAction, ...] = ()
        if script is not None and skip is None:
            files = self._files(index, step)
            actions = tuple(self._planned(index, step, script, pin, files, target) for target in matching)
        return PlannedStep(
            number=index + 1,
            name=step.name,
            condition=step.condition,
            actions=actions,
            max_parallel=step.max_parallel,
            timeout=step.timeout,
            skip=skip[0] if skip else None,
            skip_detail=skip[1] if skip else "",
            notes=step.notes,
        )

    def _matching(self, step: Step) -> list[Target | None]:
        """The targets with at least one of the step's roles; the worker (None) for a step without roles."""
        if not step.roles:
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

    def _action(self, index: int, step: Step) -> tuple[ScriptAction | None, TemplatePin | None]:
        """The script of a step, and its template made exact; both None where that fails, which is noted."""
        use = step.action
        if isinstance(use, InlineScript):
            return from_inline(use, step.properties), None
        at = ("steps", index, "uses")
        try:
            resolved = self.resolve(use.reference)
            script = from_template(resolved.template, step.properties)
        except UserError as error:
            message = f'step "{step.name}": {error.message}'
            if isinstance(error, Mismatch):
                self.findings.mismatch(at, error.code, message, error.hint)
            else:
                self.findings.problem(at, error.code, message, error.hint)
            return None, None
        except NotRunnableError as error:
            message = f'step "{step.name}": the template {use.reference} {error}'
            self.findings.problem(at, "not-runnable", message, error.hint)
            return None, None
        if script.warning:
            self.findings.warning(at, "assumed-syntax", f"the template {use.reference} {script.warning}")
        if resolved.edited:
            message = f'step "{step.name}": {use.reference} has unpublished changes, which do not run'
            hint = "Publish them with `treadle publish`, or drop them."
            self.findings.warning(at, "unpublished-changes", message, hint)
        for notice in resolved.notices:
            self._tell(at, step, use.reference, notice)
        pin = pin_template(use.reference, resolved)
        check_given(index, step, use, pin, self.findings, self.process.blank_parameters_empty)
        return script, pin

    def _tell(self, at: tuple[str | int, ...], step: Step, reference: Reference, notice: Notice) -> None:
        """What is said against a template; a revoked one stops the plan, unless that is allowed."""
        revoked = notice.standing is NoticeKind.REVOKED
        message = f'step "{step.name}": the template {reference} is {notice}'
        if revoked and not self.inputs.allow_revoked:
            hint = "Use another version or template, or run it all the same with --allow-revoked."
            self.findings.problem(at, "template-revoked", message, hint)
        else:
            self.findings.warning(at, f"template-{notice.standing.value}", message)

    def _container(self, step: Step, target: Target | None) -> ContainerSettings:
        """What the step asks for, over the project's defaults; a target's own network is nearer than the project's."""
        settings = step.container.over(self.project.container)
        if target and target.network and "network" not in step.container.given:
            return replace(settings, network=None)
        return settings

    def _files(self, index: int, step: Step) -> tuple[PlannedFile, ...]:
        if not step.files:
            return ()
        try:
            return self.read_files(step.files)
        except UserError as error:
            message = f'step "{step.name}": {error.message}'
            self.findings.problem(("steps", index, "files"), error.code, message, error.hint)
            return ()

    def _planned(
        self,
        index: int,
        step: Step,
        script: ScriptAction,
        pin: TemplatePin | None,
        files: tuple[PlannedFile, ...],
        target: Target | None,
    ) -> PlannedAction:
        place = ActionPlace(
            self.environment.name if self.environment else None, step.name, step.roles, target
        )
        system = planned_system_values(
            self.process, self.project, self.environment, step, index, target, pin, self.project.targets
        )
        variables = self.values.variables(system, place, script)
        parameters = self.values.parameters(index, step, pin)
        environment = self.values.environment(index, step)
        known, preview = self.values.evaluate(
            index, step, script, pin, variables, parameters, environment, files
        )
        container = self._container(step, target)
        return PlannedAction(
            id=f"{index + 1}-{_slug(step.name)}" + (f"@{target.name}" if target else ""),
            step=step.name,
            name=step.name,
            target=target,
            syntax=script.syntax,
            script=script.body,
            preview=preview,
            image=container.image or self.default_image,
            container=container,
            template=pin,
            parameters=tuple(with_knowledge(value, known) for value in parameters),
            variables=tuple(with_knowledge(value, known) for value in variables),
            properties=script.properties,
            extras=extras(container, target),
            ca=(target.ca if target else None) or self.project.ca,
            environment=tuple(with_knowledge(value, known) for value in environment),
            files=files,
            fail_fast=self._fails_fast(step),
        )

    def _fails_fast(self, step: Step) -> bool:
        """Templates keep the contract of their authors; a script of the process fails fast unless told otherwise."""
        if not isinstance(step.action, InlineScript):
            return False
        return self.project.fail_fast if step.action.fail_fast is None else step.action.fail_fast


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40] or "step"
