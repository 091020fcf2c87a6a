"""What a process file may not say of its steps and their actions, beyond what its schema can express."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from registry.model import Problem, Reference, Severity, path_text
from registry.text.document import KeyPath, problem_at
from registry.text.yaml_document import YamlDocument
from registry.validation.json_schema import is_sound
from runner.documents.containers import container_rules
from runner.documents.quantities import LONGEST, is_duration

_OF_SCRIPTS = (
    "env",
    "files",
    "timeout",
    "retries",
    "retry_delay",
    "restartable",
    "properties",
    "container",
)
"""Keys of what runs in a container."""

_OF_ACTIONS = (
    "manual",
    "uses",
    "with",
    "run",
    "shell",
    "fail_fast",
    "aliases",
    "env",
    "files",
    "run_on",
    "timeout",
    "retries",
    "retry_delay",
    "restartable",
    "properties",
    "container",
)
"""Keys of what runs: a step with `actions` leaves them to these."""


def named_steps(document: YamlDocument) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The steps that have a name, with their places in the list, whatever else is wrong with the document."""
    value = document.value
    return _named(value.get("steps") if isinstance(value, dict) else None)


def _named(items: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for index, raw in enumerate(items if isinstance(items, list) else ()):
        if isinstance(raw, dict) and isinstance(raw.get("name"), str):
            yield index, raw


def all_names(document: YamlDocument) -> list[str]:
    """The names of all steps and actions, whatever else is wrong with the document."""
    return [
        one["name"]
        for _, raw in named_steps(document)
        for one in (raw, *(action for _, action in _named(raw.get("actions"))))
    ]


def reference_of(text: str) -> Reference:
    """Raises ValueError."""
    return Reference.local(text) or Reference.parse(text)


def same_names(document: YamlDocument, steps: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[Problem]:
    """Names of steps and actions that are there twice. An action may have the name of its own step."""
    seen: dict[str, tuple[str, int]] = {}
    for index, raw in steps:
        name = raw["name"]
        first, owner = seen.setdefault(name.casefold(), (f"step {index + 1}", index))
        if owner != index:
            yield _twice(document, ("steps", index, "name"), f"step {index + 1}", first, name)
        own: dict[str, int] = {}
        for number, action in _named(raw.get("actions")):
            inner, folded = action["name"], action["name"].casefold()
            at, what = ("steps", index, "actions", number, "name"), f'action {number + 1} of step "{name}"'
            if folded in own:
                yield _twice(document, at, what, f"action {own[folded] + 1}", inner)
                continue
            own[folded] = number
            first, owner = seen.setdefault(folded, (what, index))
            if owner != index:
                yield _twice(document, at, what, first, inner)


def _twice(document: YamlDocument, at: KeyPath, what: str, first: str, name: str) -> Problem:
    message = f'{what} has the name of {first}, "{name}"'
    hint = "Names are looked up to find outputs; make each its own."
    return problem_at(document, at, message, "duplicate-step", hint)


def step_rules(
    document: YamlDocument, index: int, raw: Mapping[str, Any], found: Sequence[Problem]
) -> list[Problem]:
    """The problems of a step and its actions; `found` are those that the schema knows already."""
    at: KeyPath = ("steps", index)
    inside = path_text((*at, "actions"))
    own = [problem for problem in found if not problem.path.startswith(f"{inside}[")]
    place = _Place(document, at, f'step "{raw["name"]}"', is_sound(at, own))
    problems = [*_shared_rules(place, raw), *_only_steps(place, raw)]
    for number, action in _named(raw.get("actions")):
        here = (*at, "actions", number)
        inner = _Place(document, here, f'action "{action["name"]}"', is_sound(here, found))
        problems += [*_shared_rules(inner, action), *_only_actions(inner, action, raw)]
    return problems


@dataclass(frozen=True, slots=True)
class _Place:
    """A step or an action; `sound`: the schema has nothing against it, so a key that is not there was not misspelt."""

    document: YamlDocument
    at: KeyPath
    whose: str
    sound: bool

    def problem(self, key: str, code: str, message: str, hint: str) -> Problem:
        return problem_at(self.document, (*self.at, key), f"{self.whose} {message}", code, hint)


def _shared_rules(place: _Place, raw: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _script_rules(place, raw)
    if raw.get("environments") and raw.get("exclude_environments"):
        message = "has both `environments` and `exclude_environments`"
        yield place.problem("exclude_environments", "environments-twice", message, "Use one of the two.")
    if isinstance(raw.get("uses"), str):
        try:
            reference_of(raw["uses"])
        except ValueError:
            yield place.problem(
                "uses",
                "bad-reference",
                f'uses "{raw["uses"]}", which is not a template reference',
                "Write source/slug, source/slug@12, @12+ or @latest"
                + (", or ./folder below treadle.yaml." if raw["uses"].startswith(".") else "."),
            )
    if not place.sound:
        return
    if "when" in raw and raw.get("condition") != "variable":
        message = "has a `when`, but its condition is not `variable`"
        yield place.problem("when", "when-without-variable", message, "Add condition: variable.")
    if raw.get("condition") == "variable" and "when" not in raw:
        message = "has the condition `variable`, but no `when`"
        hint = 'Add what has to hold, such as when: "#{Octopus.Action[Build].Output.Changed}".'
        yield place.problem("condition", "variable-without-when", message, hint)
    if "retry_delay" in raw and not raw.get("retries"):
        message = "has a `retry_delay`, but no `retries`"
        yield place.problem("retry_delay", "delay-without-retries", message, "Add retries: 1, or more.")
    for key, least in (("timeout", 0.001), ("retry_delay", 0)):
        if not is_duration(raw.get(key), at_least=least):
            message = (
                f'has "{raw[key]}" as `{key}`, expected more than nothing and at most {LONGEST // 3600}h'
            )
            yield place.problem(key, "wrong-value", message, "Write 90s, 5m or 1h, or leave it out.")
    at = (*place.at, "container")
    yield from container_rules(place.document, at, raw.get("container") or {}, place.whose)


def _script_rules(place: _Place, raw: Mapping[str, Any]) -> Iterator[Problem]:
    """What is said of a script or a template that is not there."""
    if not place.sound:
        return
    there = [key for key in ("uses", "run", "manual") if key in raw]
    if "actions" not in raw and len(there) != 1:
        both = f"both `{there[0]}` and `{there[1]}`" if there else "neither `uses` nor `run`"
        yield place.problem("name", "step-action", f"has {both}", "Give exactly one of them.")
    if "manual" in raw:
        for key in _OF_SCRIPTS:
            if key in raw:
                message = f"asks a person, but has `{key}`"
                yield place.problem(key, "key-of-a-script", message, "Leave it out: nothing runs.")
    if "actions" in raw:
        return
    if "shell" in raw and "run" not in raw:
        message = "has a `shell` but no `run`"
        yield place.problem("shell", "shell-without-run", message, "A template says its own syntax.")
    if "fail_fast" in raw and "run" not in raw:
        message = "has `fail_fast` but no `run`"
        yield place.problem(
            "fail_fast", "fail-fast-without-run", message, "A template says itself what fails it."
        )
    if "aliases" in raw and "run" in raw and raw.get("shell") != "powershell":
        message = "has `aliases`, which are for PowerShell alone"
        yield place.problem(
            "aliases",
            "aliases-without-powershell",
            message,
            "Write shell: powershell, or leave them out.",
        )
    if "with" in raw and "uses" not in raw:
        message = "has `with` but no `uses`"
        yield place.problem("with", "with-without-uses", message, "Give values to a script with --var.")


def _only_steps(place: _Place, raw: Mapping[str, Any]) -> Iterator[Problem]:
    """What only steps have: targets, an order, actions."""
    if not place.sound:
        return
    if place.at[-1] == 0 and raw.get("start") == "with-previous":
        message = "starts with the previous step, but it is the first one"
        yield place.problem("start", "no-previous-step", message, "Leave start out, or move the step down.")
    if "window" in raw and not raw.get("roles"):
        message = "has a `window`, but no `roles`: it has no targets"
        yield place.problem("window", "window-without-roles", message, "Add roles: [...].")
    if "actions" in raw:
        for key in _OF_ACTIONS:
            if key in raw:
                message = f"has both `actions` and `{key}`"
                yield place.problem(
                    key, "key-of-an-action", message, f"Write {key} in the actions that need it."
                )
        return
    if raw.get("run_on") == "worker-per-target" and not raw.get("roles"):
        message = "runs on the worker for each target, but it has no `roles`"
        yield place.problem("run_on", "run-on-without-roles", message, "Add roles: [...].")
    if raw.get("run_on") == "worker":
        yield from _once_on_the_worker(place, raw)


def _once_on_the_worker(place: _Place, raw: Mapping[str, Any]) -> Iterator[Problem]:
    for key in ("roles", "window"):
        if raw.get(key):
            message = f"runs once, on the worker: its `{key}` changes nothing"
            hint = "Write run_on: worker-per-target to run it for each target, or leave it out."
            problem = place.problem(key, "worker-with-targets", message, hint)
            yield replace(problem, severity=Severity.WARNING)


def _only_actions(place: _Place, raw: Mapping[str, Any], step: Mapping[str, Any]) -> Iterator[Problem]:
    """What an action asks of the targets of its step."""
    if not place.sound:
        return
    if step.get("roles") and raw.get("run_on") == "worker":
        message = "runs once, on the worker, but its step runs on each of its targets"
        hint = "Write run_on: worker-per-target, or make it a step of its own."
        yield place.problem("run_on", "worker-with-targets", message, hint)
    if not step.get("roles") and raw.get("run_on") == "worker-per-target":
        message = "runs on the worker for each target, but its step has no `roles`"
        yield place.problem("run_on", "run-on-without-roles", message, "Add roles: [...] to the step.")
