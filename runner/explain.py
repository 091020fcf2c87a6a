"""Why a variable has the value that it has at a place: the winner, and every loser with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from registry.errors import Invalid, NotFound, UserError
from registry.suggest import suggest
from runner.documents import read_project
from runner.expand import lone_action
from runner.model import MASK, Process, Step, TemplateUse
from runner.plan import NOT_READ, OriginKind, PlannedAction, PlannedValue
from runner.planner import Inputs
from runner.planner.choices import choose_environment, choose_targets
from runner.project import Project, ScopedValue, Target, Variable
from runner.runs.service import RunService
from runner.variables.scopes import ActionPlace, Verdict, judge, scope_text, select
from runner.variables.sources.kinds import label
from runner.variables.system import known_at_run_time


@dataclass(frozen=True, slots=True)
class Candidate:
    """One value that a name could have.

    origin: who says so; verdict, reason: what became of it
    scope, source, place: where it applies, where it comes from, where it stands; for people
    value: as written, secrets masked; None where it comes from a source, or is a null
    """

    origin: OriginKind
    verdict: Verdict
    reason: str
    scope: str = ""
    source: str = ""
    place: str = ""
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A variable at a place.

    value: what the name comes to, secrets masked; None where nothing defines it or only a run knows
    unset: why its source has no value here
    candidates: strongest first, so that a winner is the first
    notes: sentences beside
    """

    name: str
    environment: str | None
    target: str | None
    step: str | None
    process: str | None
    sensitive: bool
    value: str | None
    unset: str
    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...] = ()


def explain(
    service: RunService, name: str, inputs: Inputs, step: str | None = None, process: str | None = None
) -> Explanation:
    """Explain the variable `name` in an environment, on the worker or the one target that `inputs` name.

    No command runs, and no sealed value is opened. Raises NotFound for a name that nothing defines, and for an
    unknown environment, target, step or process; Invalid for several targets, or a step that several processes have.
    """
    project = read_project(service.project_file, service.directory)
    found = _step(service, step, process)
    where, inputs = _place(project, inputs, found)
    action = lone_action(service, replace(inputs, allow_unset=True), found.step, found.process)
    candidates = [*_candidates(service, project, name, inputs, where, found.step, action)]
    if not candidates and not known_at_run_time(name, ()):
        raise _unknown(name, project, action)
    value = next((one for one in action.variables if one.name.casefold() == name.casefold()), None)
    variable = _variable(project, name)
    inside = next((one.value for one in candidates if one.origin is OriginKind.GIVEN), None)
    return Explanation(
        variable.name if variable else value.name if value else name,
        where.environment,
        where.target.name if where.target else None,
        found.step.name if found.step else None,
        found.process.name if found.process else None,
        value.sensitive if value else False,
        inside if inside is not None else value.shown if value and not value.unset else None,
        value.unset if value else "",
        tuple(candidates),
        (*_notes(name, value, candidates), *_notes_on_the_place(found.step, where.target)),
    )


def winners(service: RunService, inputs: Inputs, step: str | None = None) -> tuple[Variable, ...]:
    """The project's variables with the one value that wins at a place, without those that have none there. Raises as
    `explain`."""
    project = read_project(service.project_file, service.directory)
    where, _ = _place(project, inputs, _step(service, step, None))
    found = ((variable, select(variable, where)[:1]) for variable in project.variables)
    return tuple(replace(variable, values=values) for variable, values in found if values or variable.prompt)


# --- where


def _place(project: Project, inputs: Inputs, found: _Found) -> tuple[ActionPlace, Inputs]:
    """The place that is meant, and the inputs that lead there. Raises as `explain`."""
    if len(inputs.targets) > 1:
        raise Invalid("one-target", "a variable is explained on one target", "Give --target once.")
    environment = choose_environment(project, inputs.environment)
    roles = found.step.roles if found.step else ()
    if found.step is not None and not roles:
        inputs = replace(inputs, targets=())  # such a step runs on the worker
    target = next(iter(choose_targets(project, environment, inputs)), None) if inputs.targets else None
    name = environment.name if environment else None
    return ActionPlace(name, found.step.name if found.step else "", roles, target, found.names), inputs


@dataclass(frozen=True, slots=True)
class _Found:
    step: Step | None = None
    process: Process | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the process is called: by its name, and by its file."""
        if self.process is None:
            return ()
        return (self.process.name, self.process.file.rpartition("/")[2].rpartition(".")[0])


def _step(service: RunService, step: str | None, process: str | None) -> _Found:
    """The step and process that are meant. Raises NotFound, Invalid."""
    if step is None and process is None:
        return _Found()
    processes = service.processes(process)
    if step is None:
        return _Found(None, processes[0])
    named = [
        _Found(one, other)
        for other in processes
        for one in other.steps
        if one.name.casefold() == step.casefold()
    ]
    if not named:
        known = [one.name for other in processes for one in other.steps]
        raise NotFound("unknown-step", f'there is no step "{step}"', suggest(step, known))
    if len(named) > 1:
        files = ", ".join(one.process.file for one in named if one.process)
        raise Invalid(
            "step-ambiguous", f'several processes have a step "{step}": {files}', "Add --process NAME."
        )
    return named[0]


# --- who says what


def _candidates(
    service: RunService,
    project: Project,
    name: str,
    inputs: Inputs,
    where: ActionPlace,
    step: Step | None,
    action: PlannedAction,
) -> Iterator[Candidate]:
    """Every value of the name, the strongest kinds first, and of the project's own the winner first."""
    won = False
    for candidate in _of_the_template(service, name, step):
        yield candidate
        won = True
    variable = _variable(project, name)
    secret = variable is not None and variable.sensitive
    for given, content in inputs.variables.items():
        if given.casefold() == name.casefold():
            reason = "it was given for this command"
            yield Candidate(
                OriginKind.INPUT,
                Verdict.OVERRIDDEN if won else Verdict.WINS,
                "the template's own parameter hides it" if won else reason,
                source=inputs.origins.get(given, "--var"),
                value=MASK if secret and content else content,
            )
            won = True
    over = "a given value beats it" if inputs.variables and won else "the template's own parameter hides it"
    for candidate in _of_the_project(variable, where, over if won else ""):
        yield candidate
        won = won or candidate.verdict is Verdict.WINS
    for value in action.variables:
        if value.name.casefold() == name.casefold() and value.origin.kind in _OWN:
            verdict = Verdict.OVERRIDDEN if won else Verdict.WINS
            yield Candidate(value.origin.kind, verdict, _OWN[value.origin.kind], value=value.shown)


_OWN = {OriginKind.SYSTEM: "Treadle defines it", OriginKind.PROPERTY: "a property of the action"}


def _of_the_template(service: RunService, name: str, step: Step | None) -> Iterator[Candidate]:
    """The parameter of that name, if a template of the step has one: inside, it hides everything else."""
    for use in (action.does for action in step.actions) if step else ():
        if not isinstance(use, TemplateUse):
            continue
        try:
            template = service.resolve(use.reference).template
        except UserError:
            continue  # what is wrong with it is told by a plan
        for parameter in template.parameters:
            if parameter.name.casefold() == name.casefold():
                given = use.values.get(parameter.name, parameter.default)
                shown = MASK if parameter.sensitive and given else given
                source = "with" if parameter.name in use.values else "default"
                reason = f"inside {use.reference} its own parameter hides all others"
                yield Candidate(OriginKind.GIVEN, Verdict.WINS, reason, source=source, value=shown)


def _of_the_project(variable: Variable | None, where: ActionPlace, overridden: str) -> Iterator[Candidate]:
    if variable is None:
        return
    judgements = judge(variable, where)
    for judgement in sorted(judgements, key=lambda one: list(Verdict).index(one.verdict)):
        wins = judgement.verdict is Verdict.WINS
        yield _of_a_value(
            variable,
            judgement.value,
            Verdict.OVERRIDDEN if wins and overridden else judgement.verdict,
            overridden if wins and overridden else judgement.reason,
        )


def _of_a_value(variable: Variable, value: ScopedValue, verdict: Verdict, reason: str) -> Candidate:
    return Candidate(
        OriginKind.PROJECT,
        verdict,
        reason,
        scope_text(value.scope),
        label(value.source) if value.source else (f"set {value.from_set}" if value.from_set else ""),
        str(value.place) if value.place else "",
        MASK if variable.sensitive and value.value else value.value,
    )


def _variable(project: Project, name: str) -> Variable | None:
    return next((one for one in project.variables if one.name.casefold() == name.casefold()), None)


def _notes(name: str, value: PlannedValue | None, candidates: list[Candidate]) -> Iterator[str]:
    if not candidates:
        yield "Only a run knows it."
    if value is not None and value.unset == NOT_READ:
        yield "Its source is read only where something in a run may read the variable."
    elif value is not None and value.unset:
        yield f"It is not set here: {value.unset}."
    if value is not None and value.reads:
        yield f"It reads {', '.join(dict.fromkeys(value.reads))}."
    if value is not None and value.missing:
        yield f"Missing here: {', '.join(value.missing)}."


def _notes_on_the_place(step: Step | None, target: Target | None) -> Iterator[str]:
    if step is not None and step.roles and target is None:
        yield "The step runs on targets: --target says on which."
    if step is not None and not step.roles:
        yield "The step has no roles: it runs on the worker."


def _unknown(name: str, project: Project, action: PlannedAction) -> NotFound:
    known = [*(one.name for one in project.variables), *(one.name for one in action.variables)]
    return NotFound("variable-not-found", f'there is no variable "{name}"', suggest(name, known))
