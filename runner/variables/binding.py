"""Variables: which value wins where, where each came from, and what a text comes to.

Pure functions over frozen data; nothing here reads a file, the environment or the clock.

Rules (docs/variables.md tells them to users):

- A project variable's values are chosen by scope: `runner.variables.scopes`.
- A template parameter beats a variable of the same name, and hides it even if it has no value itself. What a process
  gives to a parameter is evaluated *outside* the template, so `uri: "#{uri}"` passes the project's `uri` on; defaults
  are evaluated inside.
- Output values are never evaluated again: what a script wrote is what the next one reads.
- A text that read a sensitive variable is itself sensitive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from registry.model import Parameter
from runner.octostache import EvaluationLimits, FilterError, OctostacheError, Variables, escape
from runner.plan import OriginKind, PlannedValue, ValueOrigin

_SECONDS = 30.0
"""What evaluating all texts of one action may take."""


@dataclass(frozen=True, slots=True)
class OutputValue:
    """An output variable that an action set on a target (None: on the worker)."""

    action: str
    target: str | None
    name: str
    value: str
    sensitive: bool = False


def output_values(outputs: Iterable[OutputValue], target: str | None) -> list[PlannedValue]:
    """Outputs as an action on `target` finds them.

    `outputs` come in the order of targets; without an index the own target's value is read, else the last.
    """
    found: dict[str, OutputValue] = {}
    own: set[str] = set()
    for output in outputs:
        prefix = f"Octopus.Action[{output.action}].Output"
        if output.target is not None:
            found[f"{prefix}[{output.target}].{output.name}"] = output
        plain = f"{prefix}.{output.name}"
        if output.target is not None and output.target == target:
            own.add(plain)
            found[plain] = output
        elif plain not in own:
            found[plain] = output
    return [
        PlannedValue(
            name=name,
            text=escape(output.value),
            origin=ValueOrigin(OriginKind.SYSTEM, f'output of "{output.action}"'),
            sensitive=output.sensitive,
        )
        for name, output in found.items()
    ]


def parameter_values(
    parameters: Iterable[Parameter],
    given: Mapping[str, str | None],
    origins: Mapping[str, ValueOrigin],
    default_origin: ValueOrigin,
    blank_is_empty: bool,
) -> list[PlannedValue]:
    """A template's parameters with the texts that they get; None for those that are absent.

    `given` is keyed by the parameters' exact names; None there means absent in spite of a default.
    """
    values: list[PlannedValue] = []
    for parameter in parameters:
        text = given.get(parameter.name, parameter.default)
        if text is None and blank_is_empty:
            text = ""
        origin = ValueOrigin(OriginKind.NONE) if text is None else default_origin
        origin = origins.get(parameter.name, origin)
        values.append(PlannedValue(parameter.name, text, origin, sensitive=parameter.sensitive))
    return values


class VariableError(OctostacheError):
    """A variable that cannot be evaluated: it refers to itself, say. `name` is its name."""

    def __init__(self, name: str, reason: OctostacheError) -> None:
        self.name = name
        super().__init__(f'variable "{name}": {explain_error(reason)}')


def explain_error(error: OctostacheError) -> str:
    """What is wrong, without the value that it is wrong with: that may be secret."""
    if isinstance(error, FilterError):
        return f"the filter {error.filter} cannot treat its input: {error.reason}"
    return str(error)


@dataclass(frozen=True, slots=True)
class Bound:
    """An action's variables, evaluated.

    values: what the script finds
    hidden: variables that a parameter of the same name hides, as they are outside of the template
    scope: evaluates further texts, the script body above all
    sensitive_names: folded
    outside: evaluates what the process says outside of its template
    derived: what expressions came to that read a sensitive variable, `#{Password | ToUpper}` for one
    """

    values: tuple[PlannedValue, ...]
    hidden: tuple[PlannedValue, ...]
    scope: Variables = field(repr=False)
    sensitive_names: frozenset[str]
    outside: Variables = field(repr=False)
    derived: frozenset[str] = field(default=frozenset(), repr=False)

    def texts(self) -> dict[str, str | None]:
        """What a script reads, by name and in order."""
        return {value.name: value.value for value in self.values}

    def secrets(self) -> set[str]:
        """Every text that has to be masked: sensitive values as written and as they evaluate."""
        return {
            text
            for value in self.values
            if value.sensitive
            for text in (value.value, value.text)
            if text is not None
        }


def strongest(values: Iterable[PlannedValue]) -> list[PlannedValue]:
    """One value a name; later ones win, in the place of the first."""
    return list({value.name.casefold(): value for value in values}.values())


def bind(variables: Collection[PlannedValue], parameters: Iterable[PlannedValue]) -> Bound:
    """Evaluate an action's variables and parameters.

    Raises VariableError when one cannot be: it refers to itself, say.
    """
    outside = [value for value in variables if not value.unset]
    parameters = list(parameters)
    sensitive = {value.name.casefold() for value in variables if value.sensitive}
    outer = _scope(outside)
    derived: set[str] = set()
    inside = [_enter_template(one, outer, sensitive, derived) for one in parameters if one.text is not None]
    secret_inside = [value.name for value in inside if value.sensitive]
    sensitive.update(map(str.casefold, secret_inside))
    own = {value.name.casefold() for value in parameters}
    kept = [value for value in outside if value.name.casefold() not in own]
    hidden = [value for value in outside if value.name.casefold() in own]
    base = outer
    if hidden and len(inside) < len(parameters):
        base = _scope(kept)
    scope = base.child({value.name: value.text for value in inside}, secret_inside)
    values = tuple(_evaluated(value, scope, sensitive, derived) for value in (*kept, *inside))
    names = frozenset(sensitive | {value.name.casefold() for value in values if value.sensitive})
    around = tuple(_outside(value, outer, sensitive, derived) for value in hidden)
    return Bound(values, around, scope, names, outer, telling(derived))


def _scope(values: Collection[PlannedValue]) -> Variables:
    return Variables(
        {value.name: value.text for value in values},
        limits=EvaluationLimits(total_seconds=_SECONDS),
        sensitive=(value.name for value in values if value.sensitive),
    )


def bind_environment(
    bound: Bound, values: Iterable[PlannedValue]
) -> tuple[list[PlannedValue], frozenset[str]]:
    """Evaluate what a step puts into its script's environment: outside of the template, as what it gives to
    parameters. With what its expressions derive from secrets. Raises VariableError."""
    derived: set[str] = set()
    evaluated = [_evaluated(one, bound.outside, set(bound.sensitive_names), derived) for one in values]
    return evaluated, telling(derived)


def telling(results: Iterable[str]) -> frozenset[str]:
    """The results of expressions over secrets that tell something of them: `true` and `false` do not."""
    return frozenset(text for text in results if text.casefold() not in ("true", "false"))


def _enter_template(
    value: PlannedValue, outer: Variables, sensitive: set[str], derived: set[str]
) -> PlannedValue:
    """A parameter with the text that it has inside its template; what it derives from secrets is noted."""
    if value.origin.kind is not OriginKind.GIVEN or value.text is None or "#{" not in value.text:
        return value
    outside = outer.evaluate(value.text)
    derived.update(outside.secret_results)
    secret = value.sensitive or any(name.casefold() in sensitive for name in outside.reads)
    if outside.error is not None or outside.text is None:
        # It names something that only the template's own scope may know, another parameter say.
        return replace(value, sensitive=secret)
    return replace(value, text=escape(outside.text), sensitive=secret, reads=outside.reads)


def _outside(value: PlannedValue, outer: Variables, sensitive: set[str], derived: set[str]) -> PlannedValue:
    """A variable that is hidden inside; whatever is wrong with it does no harm there."""
    try:
        return _evaluated(value, outer, sensitive, derived)
    except VariableError:
        return value.as_written()


def _evaluated(value: PlannedValue, scope: Variables, sensitive: set[str], derived: set[str]) -> PlannedValue:
    if value.text is None or "#{" not in value.text:
        return value.as_written()
    try:
        evaluation = scope.evaluate(value.text)
    except OctostacheError as error:
        raise VariableError(value.name, error) from error
    derived.update(evaluation.secret_results)
    return replace(
        value,
        value=evaluation.text if evaluation.text is not None else value.text,
        sensitive=value.sensitive or any(name.casefold() in sensitive for name in evaluation.reads),
        reads=value.reads + evaluation.reads,
        missing=evaluation.missing,
    )
