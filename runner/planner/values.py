"""The values of one planned action: all that could apply, which of them win, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from registry.errors import UserError
from registry.model import Severity
from registry.suggest import did_you_mean
from registry.text.document import KeyPath
from runner.actions.script import ScriptAction
from runner.model import MASK, Action, InlineScript, Process, TemplateUse
from runner.octostache import Evaluation, OctostacheError, Variables
from runner.plan import NOT_READ, OriginKind, PlannedValue, TemplatePin, ValueOrigin
from runner.planner.choices import Inputs, folded
from runner.planner.findings import Findings
from runner.planner.prompts import Prompted
from runner.planner.reading import NameJudge, check_spelling, check_unset
from runner.planner.rules import check_value
from runner.project import Project, ScopedValue, Variable, VariableSource
from runner.variables.binding import (
    Bound,
    VariableError,
    bind,
    bind_environment,
    explain_error,
    parameter_values,
    strongest,
)
from runner.variables.names import mistakes_in, name_in, no_answer, offset_of, refusing_filter
from runner.variables.readers import ReadingText, is_read
from runner.variables.scopes import ActionPlace, scope_text, select
from runner.variables.sources.kinds import kind_of, label

if TYPE_CHECKING:
    from runner.masking.masker import Masker

ReadSource = Callable[[Variable, VariableSource], str]
"""The text behind a variable's `from`. Raises UserError."""
Knowledge = Mapping[tuple[str, ValueOrigin], PlannedValue]


@dataclass(frozen=True, slots=True)
class ActionValues:
    """Works out values for the actions of one plan."""

    process: Process
    project: Project
    inputs: Inputs
    read_source: ReadSource
    findings: Findings
    prompted: Prompted
    errors: dict[str, UserError] = field(default_factory=dict)
    """Why sources could not be read, by what `PlannedValue.unset` says."""

    def variables(
        self,
        system: Iterable[PlannedValue],
        place: ActionPlace,
        script: ScriptAction,
        texts: Sequence[ReadingText],
    ) -> list[PlannedValue]:
        """Everything but parameters, one value a name: inputs beat the project, the project the system.

        `texts` is what the action reads: a deferred source that none of them leads to is left alone.
        """
        properties = (
            PlannedValue(name, content, ValueOrigin(OriginKind.PROPERTY))
            for name, content in script.properties.items()
            if not name.startswith("Octopus.Action.Script.ScriptBody")  # evaluated as a file, once
        )
        values = strongest([*system, *properties, *self._from_project(place), *self._from_inputs()])
        return self._read_deferred(values, place, texts)

    def parameters(self, action: Action, pin: TemplatePin | None) -> list[PlannedValue]:
        """What the template's parameters are given, or default to."""
        if pin is None or not isinstance(action.does, TemplateUse):
            return []
        origins = {
            name: ValueOrigin(OriginKind.GIVEN, self.findings.place((*action.at, "with", name)))
            for name in action.does.values
        }
        default = ValueOrigin(
            OriginKind.DEFAULT, f"{pin.provenance.source}/{pin.provenance.slug}@{pin.version}"
        )
        blank_is_empty = self.process.blank_parameters_empty
        return parameter_values(pin.parameters, action.does.values, origins, default, blank_is_empty)

    def environment(self, action: Action) -> list[PlannedValue]:
        """What the step puts into its script's environment."""
        return [
            PlannedValue(
                name, text, ValueOrigin(OriginKind.GIVEN, self.findings.place((*action.at, "env", name)))
            )
            for name, text in action.env.items()
        ]

    def evaluate(
        self,
        action: Action,
        earlier: Collection[str],
        script: ScriptAction,
        pin: TemplatePin | None,
        variables: list[PlannedValue],
        parameters: list[PlannedValue],
        environment: Sequence[PlannedValue] = (),
        texts: Sequence[ReadingText] = (),
    ) -> tuple[Knowledge, str]:
        """The values by name and origin as far as they are known now, and the script with its secrets masked.

        `earlier` are the names, folded, of what has ended when the action begins.
        """
        inline = isinstance(action.does, InlineScript)
        at = (*action.at, "run" if inline else "with")
        self.prompted.note(variables, texts)
        check_unset(variables, texts, self.errors, self.findings, allowed=self.inputs.allow_unset)
        check_spelling(action, script, [*variables, *parameters], self.findings)
        try:
            bound = bind(variables, parameters)
            preview = _preview(bound, script)
            around, _ = bind_environment(bound, environment)
        except OctostacheError as error:
            self._report_expression(at, action, error)
            return {}, script.body
        for value in bound.values:
            self._warn_of_unmasked(at, value, bound)
        judge = NameJudge.of(earlier, variables, parameters)
        if pin is not None:
            for value in bound.values:
                if value.origin.kind is OriginKind.GIVEN:
                    check_value(action, pin, value, self.findings)
            self._report_template(action, pin, script)
        self._report_undefined(action, script, bound, preview, around, judge)
        text = preview.text if preview.text is not None else script.body
        masker = _masker(frozenset(bound.secrets()))
        known = {
            (value.name, value.origin): _judged(_guarded(value, masker), judge)
            for value in (*bound.values, *bound.hidden, *around)
        }
        return known, masker.mask_text(text)

    def _from_project(self, place: ActionPlace) -> Iterable[PlannedValue]:
        given = folded(self.inputs.variables)
        for variable in self.project.variables:
            if variable.name.casefold() in given:
                continue  # it would lose; and a source that isn't there then doesn't matter
            winners = select(variable, place)
            if len(winners) > 1:
                self._tell_ambiguous(variable, len(winners), place)
            if winners:
                yield self._project_value(variable, winners[0])
            elif variable.prompt is not None:
                yield self._not_given(variable)

    def _read_deferred(
        self, values: list[PlannedValue], place: ActionPlace, texts: Sequence[ReadingText]
    ) -> list[PlannedValue]:
        """The values; those that were put off are read where the texts lead to them, by way of other values too."""
        waiting = {value.name: number for number, value in enumerate(values) if value.unset == NOT_READ}
        contents = {value.name: value.text for value in values} if waiting else {}
        texts = [*texts, *map(ReadingText, self.inputs.reads)] if waiting else []
        while found := next((name for name in waiting if is_read(name, texts, contents)), None):
            variable = next(one for one in self.project.variables if one.name == found)
            value = self._project_value(variable, select(variable, place)[0], now=True)
            values[waiting.pop(found)] = value
            contents[found] = value.text
        return values

    def _project_value(self, variable: Variable, winner: ScopedValue, *, now: bool = False) -> PlannedValue:
        """The value as it applies; a deferred source is read `now` or never."""
        content, unset = winner.value, ""
        if winner.source is not None and kind_of(winner.source).deferred and not now:
            unset = NOT_READ
        elif winner.source is not None:
            try:
                content = self.read_source(variable, winner.source)
            except UserError as error:
                unset = error.message
                self.errors[unset] = error
        if not unset and (missing := self.prompted.missing(variable, content)):
            unset = missing.message
            self.errors[unset] = missing
        origin = ValueOrigin(OriginKind.PROJECT, _origin_text(winner))
        return PlannedValue(variable.name, content, origin, sensitive=variable.sensitive, unset=unset)

    def _not_given(self, variable: Variable) -> PlannedValue:
        """A prompted variable that has no value by itself: it is empty, unless it is required."""
        origin = ValueOrigin(OriginKind.PROJECT, "not given")
        error = self.prompted.missing(variable, None)
        if error is not None:
            self.errors[error.message] = error
        unset = error.message if error else ""
        return PlannedValue(variable.name, "", origin, sensitive=variable.sensitive, unset=unset)

    def _from_inputs(self) -> Iterable[PlannedValue]:
        secret = {v.name.casefold() for v in self.project.variables if v.sensitive}
        for name, content in self.inputs.variables.items():
            origin = ValueOrigin(OriginKind.INPUT, self.inputs.origins.get(name, "--var"))
            yield PlannedValue(name, content, origin, sensitive=name.casefold() in secret)

    def _tell_ambiguous(self, variable: Variable, count: int, place: ActionPlace) -> None:
        message = (
            f'variable "{variable.name}" has {count} equally specific values for step "{place.step}";'
            " the first one is used"
        )
        hint = "Make one of the scopes narrower."
        self.findings.variable(variable.name, "ambiguous-variable", message, hint, Severity.WARNING)

    def _warn_of_unmasked(self, at: tuple[str | int, ...], value: PlannedValue, bound: Bound) -> None:
        """Tell of a secret that is too short to be masked, once by its name; what only reads one is not told."""
        if not value.sensitive or {name.casefold() for name in value.reads} & bound.sensitive_names:
            return
        from runner.masking.patterns import not_hidden

        message = not_hidden(value.name, value.value or "")
        if message is None or any(warning.message == message for warning in self.findings.warnings):
            return
        hint = "Use a longer one; logs will show this one."
        if any(variable.name == value.name for variable in self.project.variables):
            self.findings.variable(value.name, "secret-unmasked", message, hint, Severity.WARNING)
        else:
            self.findings.warning((*at, value.name), "secret-unmasked", message, hint)

    def _report_expression(self, at: tuple[str | int, ...], action: Action, error: OctostacheError) -> None:
        """Where the expression stands: in a variable of the project, in a parameter's value, in the script."""
        name = error.name if isinstance(error, VariableError) else None
        if name is not None and any(variable.name == name for variable in self.project.variables):
            self.findings.variable(name, "expression", explain_error(error), None)
        else:
            place = (*at, name) if name is not None else at
            self.findings.problem(place, "expression", f"{action.label}: {explain_error(error)}")

    def _report_template(self, action: Action, pin: TemplatePin, script: ScriptAction) -> None:
        """Mistakes in a template, which stay whatever a process gives to it."""
        texts = [("the script", script.body)]
        texts += [(f'the default of "{p.name}"', p.default) for p in pin.parameters if p.default]
        for what, text in texts:
            for mistake in mistakes_in(text):
                message = f"{action.label}: {what} of {pin.provenance.slug}: {mistake.message}"
                self.findings.warning((*action.at, "uses"), mistake.code, message, mistake.hint)

    def _report_undefined(
        self,
        action: Action,
        script: ScriptAction,
        bound: Bound,
        preview: Evaluation,
        around: Iterable[PlannedValue],
        judge: NameJudge,
    ) -> None:
        """The names that nothing defines, each once, where the first text stands that reads it."""
        at: KeyPath = action.at
        inline = isinstance(action.does, InlineScript)
        told: set[str] = set()

        def report(place: KeyPath, what: str, text: str, missing: Iterable[str]) -> None:
            for token in judge.undefined(missing):
                if token.casefold() not in told:
                    told.add(token.casefold())
                    self._report_token(place, text, f"{action.label}: {what}", token, bound.scope)

        for value in bound.values:
            if value.origin.kind is OriginKind.GIVEN:
                written = _given(action).get(value.name) or ""
                report((*at, "with", value.name), f'"{value.name}"', written, value.missing)
        for value in bound.values:
            if value.origin.kind is OriginKind.DEFAULT:
                report((*at, "uses"), f'the default of "{value.name}"', value.text or "", value.missing)
            elif value.origin.kind is OriginKind.PROPERTY:
                key: KeyPath = ("properties", value.name) if value.name in action.properties else ("uses",)
                report((*at, *key), f'"{value.name}"', value.text or "", value.missing)
        for value in around:
            report((*at, "env", value.name), f'"{value.name}"', value.text or "", value.missing)
        what = "the script" if inline else "the script of the template"
        report((*at, "run" if inline else "uses"), what, script.body, preview.missing)

    def _report_token(self, at: KeyPath, text: str, whose: str, token: str, scope: Variables) -> None:
        """Why an expression comes to nothing: a mistake in it, a filter without an answer, a name."""
        name = name_in(token)
        known = {
            mistake.message for mistake in mistakes_in(text)
        }  # of this text they are reported by themselves
        mistakes = mistakes_in(token)
        for mistake in mistakes:
            if mistake.message not in known:
                message = f'{whose} reads "{name}": {mistake.message}'
                self.findings.expression(at, text, 0, mistake.code, message, mistake.hint)
        if mistakes:
            return
        if refused := refusing_filter(token, text, scope):
            mistake = no_answer(name, refused)
            code, reason, hint = mistake.code, f"{whose}: {mistake.message}", mistake.hint
        else:
            code, reason, hint = (
                "unknown-variable",
                f'{whose} reads "{name}", which nothing defines',
                self._hint(name),
            )
        message = f"{reason}; it will stay as it is"
        self.findings.expression(at, text, offset_of(name, text), code, message, hint)

    def _hint(self, name: str) -> str:
        known = [*(variable.name for variable in self.project.variables), *self.inputs.variables]
        define = f"Give it with --var {name}=..., or define it under variables in treadle.yaml."
        return did_you_mean(name, known) or define


def with_knowledge(value: PlannedValue, evaluated: Knowledge) -> PlannedValue:
    """The value as written, with what the plan knows about it; the run evaluates the text anew."""
    known = evaluated.get((value.name, value.origin))
    if known is None:
        return value
    if known.text == value.text:  # nothing was made of it on the way: the same, and more
        return known
    return replace(
        value,
        value=known.value,
        sensitive=known.sensitive,
        reads=known.reads,
        missing=known.missing,
        undefined=known.undefined,
    )


def _given(action: Action) -> Mapping[str, str | None]:
    return action.does.values if isinstance(action.does, TemplateUse) else {}


@lru_cache(maxsize=8)
def _masker(secrets: frozenset[str]) -> Masker:
    """The same for all actions that know the same secrets: most of a plan's do."""
    from runner.masking.masker import Masker

    return Masker(secrets)


def _guarded(value: PlannedValue, masker: Masker) -> PlannedValue:
    """The value, sensitive too if a secret that somebody wrote out stands in it."""
    if value.sensitive or not value.value or masker.mask_text(value.value) == value.value:
        return value
    return replace(value, sensitive=True)


def _judged(value: PlannedValue, judge: NameJudge) -> PlannedValue:
    return replace(value, undefined=judge.undefined(value.missing)) if value.missing else value


def _preview(bound: Bound, script: ScriptAction) -> Evaluation:
    """The script as it will run, without what reads a secret: a filtered one, or a choice by one, is secret too."""
    return bound.scope.evaluate(script.body, halt_on_error=False, conceal=MASK)


def _origin_text(value: ScopedValue) -> str:
    parts = [
        scope_text(value.scope),
        label(value.source) if value.source else "",
        f"of {value.from_set}" if value.from_set else "",
    ]
    return ", ".join(part for part in parts if part)
