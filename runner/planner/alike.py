"""Targets that an action is alike on: planned once, taken over with the names of the others.

Most targets of a step differ in nothing but their names; working out the values of each would take a plan of a thousand
targets minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace

from runner.plan import PlannedAction, PlannedValue
from runner.project import Project, Target
from runner.variables.readers import mentions
from runner.variables.system import name_values

_NAMES = tuple(name_values("").keys())


@dataclass
class AlikeTargets:
    """An action on one target after the other; `plan` makes it, for the first of each kind of them."""

    project: Project
    plan: Callable[[Target | None], PlannedAction | None]
    _made: dict[Hashable, tuple[PlannedAction | None, bool]] = field(default_factory=dict)
    _named: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        scopes = [value.scope for variable in self.project.variables for value in variable.values]
        self._named = frozenset(name.casefold() for scope in scopes for name in scope.targets)

    def on(self, target: Target | None) -> PlannedAction | None:
        """The action on a target."""
        if target is None:
            return self.plan(None)
        key = self._key(target)
        if key not in self._made:
            made = self.plan(target)
            self._made[key] = made, made is not None and not _reads_names(made)
            return made
        made, is_alike = self._made[key]
        return _renamed(made, target) if made is not None and is_alike else self.plan(target)

    def _key(self, target: Target) -> Hashable:
        """What matters of a target beside its name; the name too, if a variable's value is for it."""
        return (
            target.name if target.name.casefold() in self._named else "",
            target.roles,
            target.engine and (target.engine.host, tuple(target.engine.tls.items())),
            target.network,
            tuple(target.volumes.items()),
            target.ca,
        )


def _reads_names(action: PlannedAction) -> bool:
    """Whether something that the plan has worked out may read the name of the target."""
    conditions = [one.text for one in (action.gate, action.when) if one is not None]
    files = (file.content.decode(errors="replace") for file in action.files if b"#{" in file.content)
    values: Iterable[PlannedValue] = (*action.variables, *action.parameters, *action.environment)
    texts = [action.script, *conditions, *files, *(value.text for value in values if value.text)]
    return any(mentions(text, name) for text in texts if "#{" in text for name in _NAMES)


def _renamed(action: PlannedAction, target: Target) -> PlannedAction:
    names = name_values(target.name)
    variables = tuple(
        replace(value, text=names[value.name], value=names[value.name]) if value.name in names else value
        for value in action.variables
    )
    id_ = f"{action.id.rpartition('@')[0]}@{target.name}"
    return replace(action, id=id_, target=target, variables=variables)
