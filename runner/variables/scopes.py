"""Which value of a variable applies at a place, and why the others do not.

A scope names dimensions; names within one are alternatives, dimensions add up. Of the values that apply, the most
specific wins: they are compared dimension by dimension, strongest first, so that each added dimension makes a value
more specific. The order is Octopus's: https://octopus.com/docs/projects/variables/getting-started#scope-specificity
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from runner.project import Scope, ScopedValue, Target, Variable


@dataclass(frozen=True)
class ActionPlace:
    """Where an action runs, as far as scopes care. `processes` are the names that its process goes by."""

    environment: str | None
    step: str
    step_roles: tuple[str, ...] = ()
    target: Target | None = None
    processes: tuple[str, ...] = ()
    channel: str | None = None
    tenant: str | None = None
    tenant_tags: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[frozenset[str], ...]:
        """What there is in each dimension of a scope, in the order of `_sides`; folded, since case does not matter."""
        target = self.target
        return (
            _folded((self.step,)),
            _folded((target.name,) if target else ()),
            _folded(target.roles if target else ()),
            _folded(_one(self.tenant)),
            _folded(self.tenant_tags),
            _folded(_one(self.environment)),
            _folded(_one(self.channel)),
            _folded(self.processes),
        )

    @cached_property
    def asked_roles(self) -> frozenset[str]:
        """The target's roles that the step asks for, folded."""
        return self.names[2] & _folded(self.step_roles)


DIMENSIONS = (
    "step",
    "target",
    "role that the step asks for",
    "role",
    "tenant",
    "tenant tag",
    "environment",
    "channel",
    "process",
)
"""Strongest first. A value of the project itself then beats one of a variable set."""

Specificity = tuple[int, ...]
"""For each dimension whether a scope names it, then whether the project itself says so: compared as tuples."""


class Verdict(StrEnum):
    """What became of a value at a place."""

    WINS = "wins"
    ELSEWHERE = "elsewhere"
    WEAKER = "weaker"
    AMBIGUOUS = "ambiguous"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A value with its verdict, and the reason as the end of a sentence."""

    value: ScopedValue
    verdict: Verdict
    reason: str


def select(variable: Variable, place: ActionPlace) -> tuple[ScopedValue, ...]:
    """The values of a variable that win at a place: none, one, or several that are equally specific."""
    matches = [(rank, value) for value in variable.values if (rank := specificity(value, place))]
    best = max((rank for rank, _ in matches), default=None)
    return tuple(value for rank, value in matches if rank == best)


def judge(variable: Variable, place: ActionPlace) -> list[Judgement]:
    """Every value of a variable at a place, in the order of the files, with the reason why it wins or loses."""
    winners = select(variable, place)
    if not winners:
        return [
            Judgement(value, Verdict.ELSEWHERE, _why_not(value.scope, place)) for value in variable.values
        ]
    winner = winners[0]
    best = specificity(winner, place)
    assert best is not None, "a winner applies"
    judgements = []
    for value in variable.values:
        rank = specificity(value, place)
        if value is winner:
            judgements.append(Judgement(value, Verdict.WINS, _why_it_wins(best)))
        elif rank is None:
            judgements.append(Judgement(value, Verdict.ELSEWHERE, _why_not(value.scope, place)))
        elif rank == best:
            reason = "it is as specific as the winner, and comes after it"
            judgements.append(Judgement(value, Verdict.AMBIGUOUS, reason))
        else:
            judgements.append(Judgement(value, Verdict.WEAKER, _why_weaker(rank, best)))
    return judgements


def specificity(value: ScopedValue, place: ActionPlace) -> Specificity | None:
    """How specific a value is at a place; None where it does not apply."""
    scope, here = value.scope, place.names
    ranks = [0] * len(here)
    for number, names in _dimensions_of(scope):
        if names.isdisjoint(here[number]):
            return None
        ranks[number] = 1
    asked = bool(scope.roles) and _meet(scope.roles, place.asked_roles)
    # A role that the step asks for is a dimension of its own, above that of any role.
    return (*ranks[:2], int(asked), *ranks[2:], 0 if value.from_set else 1, 1)


def scope_text(scope: Scope) -> str:
    """A scope as people read it: `role: "web-server", environment: "Production"`; empty for none."""
    return ", ".join(f"{label}: {_either(names)}" for label, names in _labelled(scope) if names)


def overlap(one: ScopedValue, other: ScopedValue) -> bool:
    """Whether two values are equally specific wherever both apply, and there is such a place."""
    if bool(one.from_set) != bool(other.from_set):
        return False
    pairs = list(zip(_sides(one.scope), _sides(other.scope), strict=True))
    return all(
        bool(here) == bool(there) and (not here or _meet(here, _folded(there))) for here, there in pairs
    )


def _sides(scope: Scope) -> tuple[tuple[str, ...], ...]:
    return (
        scope.steps,
        scope.targets,
        scope.roles,
        scope.tenants,
        scope.tenant_tags,
        scope.environments,
        scope.channels,
        scope.processes,
    )


@lru_cache(maxsize=4096)
def _dimensions_of(scope: Scope) -> tuple[tuple[int, frozenset[str]], ...]:
    """The dimensions that a scope names, by their places in `_sides`, with the names folded."""
    return tuple((number, _folded(names)) for number, names in enumerate(_sides(scope)) if names)


def _labelled(scope: Scope) -> list[tuple[str, tuple[str, ...]]]:
    labels = ("step", "target", "role", "tenant", "tenant tag", "environment", "channel", "process")
    return list(zip(labels, _sides(scope), strict=True))


def _why_not(scope: Scope, place: ActionPlace) -> str:
    """The first dimension that does not fit."""
    for (label, names), known in zip(_labelled(scope), place.names, strict=True):
        if names and not _meet(names, known):
            return f"it is for {label} {_either(names)}"
    raise AssertionError("the scope fits")


def _why_it_wins(best: Specificity) -> str:
    label = next((label for label, named in zip(DIMENSIONS, best, strict=False) if named), None)
    return f"it is for this {label}" if label else "no scope is more specific"


def _why_weaker(rank: Specificity, best: Specificity) -> str:
    """The strongest dimension in which the winner is ahead."""
    ahead = next(number for number, (own, its) in enumerate(zip(rank, best, strict=True)) if own < its)
    if ahead == len(DIMENSIONS):
        return "it is of a variable set, and the winner is the project's own"
    return f"the winner is for this {DIMENSIONS[ahead]}"


def _either(names: Iterable[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)


def _meet(names: Iterable[str], known: Collection[str]) -> bool:
    """Whether one of the names is among the known ones, which are folded."""
    return any(name.casefold() in known for name in names)


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)


def _one(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)
