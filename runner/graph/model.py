"""The graph of a process, whatever it is drawn as."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runner.model import Action, Condition, InlineScript, Manual, Process, RunOn, Step

_READ = re.compile(
    r"Octopus\.(?:Action|Step)\[([^\]#$]+)\](?:\.Output(?:\[[^\]]*\])?\.([\w.\- ]*[\w]))?", re.IGNORECASE
)
_CONDITIONS = {Condition.FAILURE: "on failure", Condition.ALWAYS: "always", Condition.VARIABLE: "if"}


@dataclass(frozen=True, slots=True)
class GraphAction:
    """What a step does.

    what: the template's reference, or the kind of script
    remarks: what is special about when and where it runs
    """

    name: str
    what: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphStep:
    """A step.

    number: 1 is the first
    group: steps of one group run beside each other; 0 is the first group
    actions: a lone one has the name of the step
    """

    number: int
    name: str
    group: int
    actions: tuple[GraphAction, ...]
    remarks: tuple[str, ...] = ()

    @property
    def is_lone(self) -> bool:
        """Whether the step is its one action."""
        return len(self.actions) == 1 and self.actions[0].name == self.name


@dataclass(frozen=True, slots=True)
class GraphRead:
    """The step number `reader` reads outputs, or the status, of the step number `source`.

    names: of the outputs; empty where it only asks how that step ended
    """

    source: int
    reader: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProcessGraph:
    """The steps of a process in their order, and what they read of each other."""

    name: str
    steps: tuple[GraphStep, ...]
    reads: tuple[GraphRead, ...]

    @property
    def groups(self) -> list[list[GraphStep]]:
        """The steps that run beside each other, group by group."""
        groups: dict[int, list[GraphStep]] = {}
        for step in self.steps:
            groups.setdefault(step.group, []).append(step)
        return list(groups.values())


def graph_of(process: Process) -> ProcessGraph:
    """The graph of a process, for every environment."""
    steps: list[GraphStep] = []
    group = -1
    for number, step in enumerate(process.steps, start=1):
        group += not step.with_previous
        steps.append(
            GraphStep(
                number,
                step.name,
                group,
                tuple(_action(action, lone=step.is_lone) for action in step.actions),
                tuple(_step_remarks(step)),
            )
        )
    return ProcessGraph(process.name, tuple(steps), tuple(_reads(process)))


def _action(action: Action, *, lone: bool) -> GraphAction:
    what = _what(action)
    remarks = () if lone else tuple(_rule_remarks(action))
    return GraphAction(action.name, what, (*remarks, *_own_remarks(action)))


def _what(action: Action) -> str:
    if isinstance(action.does, Manual):
        return "asks a person"
    return (
        f"{action.does.shell} script" if isinstance(action.does, InlineScript) else str(action.does.reference)
    )


def _own_remarks(action: Action) -> Iterator[str]:
    if action.run_on is RunOn.WORKER_PER_TARGET:
        yield "on the worker, for each target"
    elif action.run_on is RunOn.WORKER:
        yield "on the worker"
    if action.retries:
        yield f"{action.retries} {'retry' if action.retries == 1 else 'retries'}"


def _step_remarks(step: Step) -> Iterator[str]:
    if step.roles:
        yield f"on {', '.join(step.roles)}"
    if step.window is not None:
        yield f"rolling, {step.window} at a time"
    yield from _rule_remarks(step)


def _rule_remarks(of: Step | Action) -> Iterator[str]:
    rules = of.rules
    if rules.disabled:
        yield "disabled"
    if condition := _CONDITIONS.get(rules.condition):
        yield f"{condition} {rules.when}".strip()
    if rules.filters.environments:
        yield f"in {', '.join(rules.filters.environments)}"
    if rules.filters.exclude_environments:
        yield f"not in {', '.join(rules.filters.exclude_environments)}"
    if rules.filters.channels:
        yield f"channel {', '.join(rules.filters.channels)}"
    if rules.on_cancel:
        yield "after a cancellation too"


# --- who reads whom


def _reads(process: Process) -> Iterator[GraphRead]:
    numbers = {
        name.casefold(): number
        for number, step in enumerate(process.steps, start=1)
        for name in (step.name, *(action.name for action in step.actions))
    }
    for reader, step in enumerate(process.steps, start=1):
        found: dict[int, dict[str, None]] = {}
        for text in _texts(step):
            for match in _READ.finditer(text):
                source = numbers.get(match[1].strip().casefold())
                if source is not None and source != reader:
                    found.setdefault(source, {}).update({match[2]: None} if match[2] else {})
        for source in sorted(found):
            yield GraphRead(source, reader, tuple(found[source]))


def _texts(step: Step) -> Iterator[str]:
    """Every text of a step that may read a variable."""
    yield step.rules.when
    for action in step.actions:
        yield action.rules.when
        if isinstance(action.does, InlineScript):
            yield action.does.body
        elif isinstance(action.does, Manual):
            yield action.does.instructions
        else:
            yield from _present(action.does.values)
        yield from _present(action.env)
        yield from _present(action.properties)


def _present(values: Mapping[str, str | None]) -> Iterator[str]:
    yield from (value for value in values.values() if value)
