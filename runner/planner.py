"""Compile a process for an environment into a plan.

`compile_plan` resolves templates, binds parameters, works out which value wins and why, and finds every problem at
once. It touches neither engine nor files: what it needs from outside comes in as functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from registry.errors import Invalid, NotFound, UserError
from registry.model import Parameter, Problem, Reference, ResolvedTemplate, Severity
from runner.actions.script import NotRunnableError, ScriptAction, from_inline, from_template
from runner.model import (
    MASK,
    Environment,
    InlineScript,
    Origin,
    OriginKind,
    Plan,
    PlannedAction,
    PlannedStep,
    PlannedValue,
    Process,
    Project,
    ScopedValue,
    SkipReason,
    Step,
    Target,
    TemplatePin,
    TemplateUse,
    Variable,
    VariableSource,
)
from runner.octostache import OctostacheError
from runner.system_variables import known_at_run_time, planned_system_values
from runner.variables import Bound, Place, bind, parameter_values, select

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a user says beside the process.

    `variables` (name -> text) come from `--var` and `--var-file`, `origins` tells for each which. `targets` empty
    means all. `plain` holds the names whose values stood on the command line, where process lists show them.
    """

    environment: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    origins: Mapping[str, str] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    plain: frozenset[str] = frozenset()


Resolve = Callable[[Reference], ResolvedTemplate]
ReadSource = Callable[[VariableSource], str]


def compile_plan(
    process: Process,
    project: Project,
    inputs: Inputs,
    resolve: Resolve,
    read_source: ReadSource,
    default_image: str,
) -> Plan:
    """The plan of a process in an environment.

    `resolve` raises UserError for what it can't find; `read_source` gives the text behind a variable's `from`.
    Raises Invalid with all problems, NotFound for an unknown environment, target or step.
    """
    return _Compiler(process, project, inputs, resolve, read_source, default_image).compile()


class _Compiler:
    def __init__(
        self,
        process: Process,
        project: Project,
        inputs: Inputs,
        resolve: Resolve,
        read_source: ReadSource,
        default_image: str,
    ) -> None:
        self.process = process
        self.project = project
        self.inputs = inputs
        self.resolve = resolve
        self.read_source = read_source
        self.default_image = default_image
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def compile(self) -> Plan:
        environment = _environment(self.project, self.inputs.environment)
        self._check_choices()
        targets = self._targets(environment)
        steps = tuple(
            self._step(index, step, environment, targets) for index, step in enumerate(self.process.steps)
        )
        if self.problems:
            raise Invalid(
                "invalid-process",
                f'"{self.process.file}" can not be planned',
                problems=[*self.problems, *self.warnings],
            )
        return Plan(
            process=self.process.name,
            file=self.process.file,
            project=self.project.name,
            environment=environment.name if environment else None,
            steps=steps,
            warnings=tuple(dict.fromkeys(self.warnings)),
        )

    # --- which steps, which targets ----------------------------------------------------------------------

    def _check_choices(self) -> None:
        for variable in self.project.variables:
            plain = {name.casefold() for name in self.inputs.plain}
            if variable.sensitive and variable.name.casefold() in plain:
                raise Invalid(
                    "secret-on-command-line",
                    f'the variable "{variable.name}" is sensitive; a plain value would show in process lists',
                    hint=f"use --var {variable.name}=@FILE or --var {variable.name}=- (standard input)",
                )
        steps = {step.name.casefold(): step for step in self.process.steps}
        for name in self.inputs.skip:
            step = steps.get(name.casefold())
            if step is None:
                raise _unknown("step", name, [step.name for step in self.process.steps])
            if step.required:
                raise Invalid("required-step", f'step "{step.name}" is required and can not be skipped')
        known = {target.name.casefold() for target in self.project.targets}
        for name in self.inputs.targets:
            if name.casefold() not in known:
                raise _unknown("target", name, [target.name for target in self.project.targets])
        if self.project.environments:
            names = {environment.name.casefold() for environment in self.project.environments}
            for index, step in enumerate(self.process.steps):
                for key in ("environments", "exclude_environments"):
                    for i, name in enumerate(getattr(step, key)):
                        if name.casefold() not in names:
                            self._problem(
                                ("steps", index, key, i),
                                "unknown-environment",
                                f'step "{step.name}" names environment "{name}", which is not defined',
                                _suggest(name, [e.name for e in self.project.environments]),
                            )

    def _targets(self, environment: Environment | None) -> list[Target]:
        chosen = {name.casefold() for name in self.inputs.targets}
        return [
            target
            for target in self.project.targets
            if (not chosen or target.name.casefold() in chosen)
            and (environment is None or environment.name.casefold() in _folded(target.environments))
        ]

    def _step(
        self, index: int, step: Step, environment: Environment | None, targets: list[Target]
    ) -> PlannedStep:
        skip, detail = self._skip(step, environment)
        matching: list[Target | None] = [None]
        if step.roles:
            wanted = _folded(step.roles)
            matching = [target for target in targets if wanted & _folded(target.roles)]
            if not matching and skip is None:
                skip, detail = SkipReason.NO_TARGETS, f"no target with role {_or(step.roles)}"
                if environment:
                    detail += f" in {environment.name}"
                if step.fail_without_targets:
                    self._problem(
                        ("steps", index, "roles"),
                        "no-targets",
                        f'step "{step.name}": {detail}',
                        "give a target the role, or set on_no_targets: skip",
                    )
        script, pin = self._action(index, step)
        actions: tuple[PlannedAction, ...] = ()
        if script is not None and skip is None:
            actions = tuple(
                self._planned(index, step, script, pin, environment, target) for target in matching
            )
        return PlannedStep(
            number=index + 1,
            name=step.name,
            condition=step.condition,
            actions=actions,
            max_parallel=step.max_parallel,
            timeout=step.timeout,
            skip=skip,
            skip_detail=detail,
            notes=step.notes,
        )

    def _skip(self, step: Step, environment: Environment | None) -> tuple[SkipReason | None, str]:
        """The first rule that excludes a step (process-wide order: disabled, environment, chosen by the user)."""
        name = environment.name.casefold() if environment else None
        if step.disabled:
            return SkipReason.DISABLED, "the step is disabled"
        if step.environments and name not in _folded(step.environments):
            return SkipReason.ENVIRONMENT, f"only in {_or(step.environments)}"
        if name is not None and name in _folded(step.exclude_environments):
            return SkipReason.ENVIRONMENT, f"not in {environment.name if environment else name}"
        if step.name.casefold() in _folded(self.inputs.skip):
            return SkipReason.SKIPPED_BY_USER, "skipped by --skip"
        return None, ""

    # --- actions -----------------------------------------------------------------------------------------

    def _action(self, index: int, step: Step) -> tuple[ScriptAction | None, TemplatePin | None]:
        """The script of a step, and its template made exact; problems are noted."""
        if isinstance(step.action, InlineScript):
            return from_inline(step.action, step.properties), None
        at: Path = ("steps", index, "uses")
        try:
            resolved = self.resolve(step.action.reference)
            script = from_template(resolved.template, step.properties)
        except UserError as error:
            self._problem(at, error.code, f'step "{step.name}": {error.message}', error.hint)
            return None, None
        except NotRunnableError as error:
            message = f'step "{step.name}": the template {step.action.reference} {error}'
            self._problem(at, "not-runnable", message, error.hint)
            return None, None
        if script.warning:
            self._warning(
                at, "assumed-syntax", f"the template {step.action.reference} {script.warning}", None
            )
        self._check_given(index, step, step.action, resolved.template.parameters)
        template = resolved.template
        pin = TemplatePin(
            reference=str(step.action.reference),
            id=template.id,
            name=template.name,
            version=template.version,
            action_type=template.action_type,
            provenance=resolved.provenance,
            parameters=template.parameters,
        )
        return script, pin

    def _check_given(
        self, index: int, step: Step, use: TemplateUse, parameters: tuple[Parameter, ...]
    ) -> None:
        by_name = {parameter.name: parameter for parameter in parameters}
        for name, value in use.values.items():
            at: Path = ("steps", index, "with", name)
            parameter = by_name.get(name)
            if parameter is None:
                self._problem(
                    at,
                    "unknown-parameter",
                    f'step "{step.name}": {use.reference} has no parameter "{name}"',
                    _suggest(name, list(by_name)),
                )
            elif parameter.sensitive and value and "#{" not in value:
                self._warning(
                    at,
                    "plain-secret",
                    f'step "{step.name}": "{name}" is sensitive, but its value stands here in clear',
                    "refer to a sensitive variable: " + name + ': "#{My.Secret}"',
                )
        for parameter in parameters:
            given = use.values.get(parameter.name, parameter.default)
            if parameter.required and (given is None or given == ""):
                self._problem(
                    ("steps", index, "uses"),
                    "missing-parameter",
                    f'step "{step.name}": {use.reference} needs a value for "{parameter.name}"'
                    + (f" ({parameter.label})" if parameter.label else ""),
                    f"add under with: {parameter.name}: ...",
                )

    def _planned(
        self,
        index: int,
        step: Step,
        script: ScriptAction,
        pin: TemplatePin | None,
        environment: Environment | None,
        target: Target | None,
    ) -> PlannedAction:
        action_id = f"{index + 1}-{_slug(step.name)}" + (f"@{target.name}" if target else "")
        place = Place(environment.name if environment else None, step.name, step.roles, target)
        variables = [
            *planned_system_values(
                self.process, self.project, environment, step, index, target, pin, self.project.targets
            ),
            *self._project_values(place),
            *self._input_values(),
            *(_property(name, value) for name, value in script.properties.items() if _is_variable(name)),
        ]
        parameters = self._parameter_values(index, step, pin)
        bound, preview = self._evaluate(index, step, script, variables, parameters)
        by_name = {value.name: value for value in bound.values} if bound else {}
        return PlannedAction(
            id=action_id,
            step=step.name,
            name=step.name,
            target=target,
            syntax=script.syntax,
            script=script.body,
            preview=preview,
            image=step.container.image or self.default_image,
            container=step.container,
            template=pin,
            parameters=tuple(_seen(value, by_name) for value in parameters),
            variables=tuple(_seen(value, by_name) for value in _strongest(variables)),
            properties=script.properties,
        )

    def _project_values(self, place: Place) -> list[PlannedValue]:
        values: list[PlannedValue] = []
        for variable in self.project.variables:
            winners = select(variable, place)
            if not winners:
                continue
            if len(winners) > 1:
                self.warnings.append(
                    Problem(
                        message=f'variable "{variable.name}" has {len(winners)} equally specific values'
                        f' for step "{place.step}"; the first one is used',
                        code="ambiguous-variable",
                        severity=Severity.WARNING,
                        file=self.project.file,
                        hint="make one of the scopes narrower",
                    )
                )
            values.append(self._project_value(variable, winners[0]))
        return values

    def _project_value(self, variable: Variable, winner: ScopedValue) -> PlannedValue:
        content = winner.value
        if winner.source is not None:
            try:
                content = self.read_source(winner.source)
            except UserError as error:
                problem = Problem(
                    message=f'variable "{variable.name}": {error.message}',
                    code=error.code,
                    hint=error.hint,
                    file=self.project.file,
                    path=f"variables.{variable.name}",
                )
                if problem not in self.problems:
                    self.problems.append(problem)
        detail = _scope_text(winner) if variable.values else ""
        return PlannedValue(
            variable.name, content, Origin(OriginKind.PROJECT, detail), sensitive=variable.sensitive
        )

    def _input_values(self) -> list[PlannedValue]:
        secret = {v.name.casefold() for v in self.project.variables if v.sensitive}
        return [
            PlannedValue(
                name,
                content,
                Origin(OriginKind.INPUT, self.inputs.origins.get(name, "--var")),
                sensitive=name.casefold() in secret,
            )
            for name, content in self.inputs.variables.items()
        ]

    def _parameter_values(self, index: int, step: Step, pin: TemplatePin | None) -> list[PlannedValue]:
        if pin is None or not isinstance(step.action, TemplateUse):
            return []
        origins = {
            name: Origin(OriginKind.GIVEN, self._place(("steps", index, "with", name)))
            for name in step.action.values
        }
        default = Origin(OriginKind.DEFAULT, f"{pin.provenance.source}/{pin.provenance.slug}@{pin.version}")
        return parameter_values(
            pin.parameters, step.action.values, origins, default, self.process.blank_parameters_empty
        )

    def _evaluate(
        self,
        index: int,
        step: Step,
        script: ScriptAction,
        variables: list[PlannedValue],
        parameters: list[PlannedValue],
    ) -> tuple[Bound | None, str]:
        """The action's values as far as they are known now, and its script with secrets masked."""
        key = "with" if isinstance(step.action, TemplateUse) else "run"
        at: Path = ("steps", index, key)
        try:
            bound = bind(_strongest(variables), parameters)
            hidden = bound.scope.child({value.name: MASK for value in bound.values if value.sensitive})
            preview = hidden.evaluate(script.body, halt_on_error=False)
        except OctostacheError as error:
            where = "".join(f", {note}" for note in getattr(error, "__notes__", ()))
            self._problem(at, "expression", f'step "{step.name}": {error}{where}', None)
            return None, script.body
        for value in bound.values:
            if value.origin.kind is OriginKind.GIVEN:
                self._report_missing((*at, value.name), step, f'"{value.name}"', value.missing)
                self._check_value(step, (*at, value.name), value, script, bound)
        if isinstance(step.action, InlineScript):
            self._report_missing(at, step, "the script", preview.missing)
        return bound, preview.text if preview.text is not None else script.body

    def _report_missing(self, at: Path, step: Step, what: str, missing: Iterable[str]) -> None:
        earlier = [other.name for other in self.process.steps]
        earlier = earlier[: earlier.index(step.name)]
        for name in map(_name_in, missing):
            if known_at_run_time(name, earlier):
                continue
            self._warning(
                at,
                "unknown-variable",
                f'step "{step.name}": {what} reads "{name}", which nothing defines; it will stay as it is',
                _suggest(name, [v.name for v in self.project.variables] + list(self.inputs.variables)),
            )

    def _check_value(
        self, step: Step, at: Path, value: PlannedValue, script: ScriptAction, bound: Bound
    ) -> None:
        """A given value against its parameter's typed extras; what isn't known yet is checked by nobody."""
        if value.missing or value.value is None or not isinstance(step.action, TemplateUse):
            return
        parameter = next((p for p in self._parameters_of(step.action) if p.name == value.name), None)
        complaint = parameter and violation(parameter, value.value)
        if complaint:
            shown = MASK if value.sensitive else value.value
            self._problem(
                at,
                "parameter-value",
                f'step "{step.name}": "{value.name}" is "{shown}", but {complaint}',
                None,
            )

    def _parameters_of(self, use: TemplateUse) -> tuple[Parameter, ...]:
        return self.resolve(use.reference).template.parameters

    # --- problems ----------------------------------------------------------------------------------------

    def _problem(self, at: Path, code: str, message: str, hint: str | None) -> None:
        problem = self._at(at, code, message, hint, Severity.ERROR)
        if problem not in self.problems:
            self.problems.append(problem)

    def _warning(self, at: Path, code: str, message: str, hint: str | None) -> None:
        warning = self._at(at, code, message, hint, Severity.WARNING)
        if warning not in self.warnings:
            self.warnings.append(warning)

    def _at(self, at: Path, code: str, message: str, hint: str | None, severity: Severity) -> Problem:
        line, column = self._position(at)
        path = ".".join(map(str, at))
        return Problem(message, code, path, hint, severity, self.process.file, line, column)

    def _position(self, at: Path) -> tuple[int | None, int | None]:
        while at:
            if at in self.process.positions:
                return self.process.positions[at]
            at = at[:-1]
        return None, None

    def _place(self, at: Path) -> str:
        line, column = self._position(at)
        return f"{self.process.file}:{line}:{column}" if line else self.process.file


def violation(parameter: Parameter, value: str) -> str | None:
    """What a value breaks of its parameter's rules, as the end of a sentence; None if nothing."""
    if parameter.pattern is not None and not re.fullmatch(parameter.pattern, value):
        return f"it must match {parameter.pattern}"
    if parameter.minimum is None and parameter.maximum is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return "it must be a number"
    if parameter.minimum is not None and number < parameter.minimum:
        return f"it must be at least {parameter.minimum:g}"
    if parameter.maximum is not None and number > parameter.maximum:
        return f"it must be at most {parameter.maximum:g}"
    return None


def _environment(project: Project, name: str | None) -> Environment | None:
    """The environment of that name; with no project any name will do."""
    names = [environment.name for environment in project.environments]
    if name is None:
        if len(names) == 1:
            return project.environments[0]
        if names:
            raise Invalid(
                "environment-missing",
                "no environment was given",
                hint=f"add -e with one of: {', '.join(names)}",
            )
        return None
    if not names:
        return Environment(name)
    for environment in project.environments:
        if environment.name.casefold() == name.casefold():
            return environment
    raise _unknown("environment", name, names)


def _strongest(values: Iterable[PlannedValue]) -> list[PlannedValue]:
    """One value a name; later ones win, in the place of the first."""
    by_name: dict[str, PlannedValue] = {}
    for value in values:
        by_name[value.name.casefold()] = value
    return list(by_name.values())


def _seen(value: PlannedValue, evaluated: Mapping[str, PlannedValue]) -> PlannedValue:
    """The value as written, with what the plan knows about it; the run evaluates the text anew."""
    known = evaluated.get(value.name)
    if known is None:
        return value
    return replace(
        value, value=known.value, sensitive=known.sensitive, reads=known.reads, missing=known.missing
    )


def _property(name: str, content: str) -> PlannedValue:
    return PlannedValue(name, content, Origin(OriginKind.PROPERTY))


def _is_variable(name: str) -> bool:
    """All properties of an action are variables, but for the body: it is evaluated as a file, once."""
    return not name.startswith("Octopus.Action.Script.ScriptBody")


def _scope_text(value: ScopedValue) -> str:
    scope = value.scope
    parts = [
        f"{label}: {_or(names)}"
        for label, names in (
            ("step", scope.steps),
            ("target", scope.targets),
            ("role", scope.roles),
            ("environment", scope.environments),
        )
        if names
    ]
    if value.source is not None:
        parts.append(
            f"from environment variable {value.source.env}"
            if value.source.env
            else f"from {value.source.file}"
        )
    return ", ".join(parts)


def _unknown(kind: str, name: str, names: list[str]) -> NotFound:
    return NotFound(f"unknown-{kind}", f'there is no {kind} "{name}"', hint=_suggest(name, names))


def _suggest(name: str, names: list[str]) -> str | None:
    folded = {other.casefold(): other for other in names}
    close = get_close_matches(name.casefold(), list(folded), n=1)
    if close:
        return f'did you mean "{folded[close[0]]}"?'
    return f"there are: {', '.join(names)}" if names else None


def _name_in(token: str) -> str:
    """The variable's name in a token such as `#{Name | Filter}`."""
    return token.removeprefix("#{").removesuffix("}").partition("|")[0].strip()


def _or(names: Iterable[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40] or "step"
