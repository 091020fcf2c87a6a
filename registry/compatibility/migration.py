"""Updating a step to another version of its template: which version, and what its values become.

Decisions only: nothing here reads or writes. A value that is given to a parameter follows it by its `Id`; what
cannot be decided without a person becomes a question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

from registry.compatibility.compare import Difference, compare, renamed_parameters
from registry.model import Parameter, StepTemplate, VersionInfo

ParameterValues = Mapping[str, str | None]
"""What a step gives to the parameters of its template; None leaves one absent."""

CheckValue = Callable[[Parameter, str], str | None]
"""What a literal value breaks of its parameter's rules, as the end of a sentence; None if nothing."""

_EXPRESSION = "#{"
_WHOLE_STEP = frozenset({"action-type-changed", "packages-changed"})


@dataclass(frozen=True, slots=True)
class VersionChoice:
    """`target` is the version to update to, None where there is nothing newer that is ripe; `held_back` the
    newest one that is too fresh."""

    target: VersionInfo | None = None
    held_back: VersionInfo | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A parameter whose value a person must give or confirm. `proposed` is what stands there now, or what held
    until now by default; `conflict`: there is a value, and it may no longer be right."""

    parameter: Parameter
    reason: str
    proposed: str | None = None
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class ValueMigration:
    """What becomes of a step's values, by the names they have now.

    `replaced` and `added` come from what was given for this update. `obstacles` concern the whole step: a person
    has to look at it. The merge is complete without obstacles and questions.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    obstacles: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.questions and not self.obstacles

    @property
    def needs_decision(self) -> bool:
        """Whether more than missing values stands in the way."""
        return bool(self.obstacles) or any(question.conflict for question in self.questions)

    def apply(self, values: ParameterValues) -> dict[str, str | None]:
        """The values after the update."""
        kept = {
            self.renamed.get(name, name): self.replaced.get(name, value)
            for name, value in values.items()
            if name not in self.dropped
        }
        return {**kept, **self.added}


def choose_version(
    versions: Sequence[VersionInfo], version: int, blob: str, ripe_until: datetime | None
) -> VersionChoice:
    """The newest version after the content `version`, `blob` that was committed until `ripe_until` (any, for
    None). `versions` are the newest first.

    The same number with other content counts as newer, as long as it is what the number means now.
    """
    newer = list(takewhile(lambda item: item.version != version, versions))
    if len(newer) == len(versions):
        newer = [item for item in newer if item.version > version]
    elif versions[len(newer)].blob != blob:
        newer.append(versions[len(newer)])
    ripe = [item for item in newer if _is_ripe(item, ripe_until)]
    held_back = newer[0] if newer and newer[0] not in ripe[:1] else None
    return VersionChoice(ripe[0] if ripe else None, held_back)


def _is_ripe(item: VersionInfo, until: datetime | None) -> bool:
    return until is None or item.date is None or datetime.fromisoformat(item.date) <= until


def merge_values(
    old: StepTemplate | None,
    new: StepTemplate,
    values: ParameterValues,
    given: Mapping[str, str],
    complain: CheckValue,
    *,
    accepted: bool = False,
) -> ValueMigration:
    """Carry the values of a step over from template `old` (None: unknown) to `new`.

    `given` are values for parameters of `new` that somebody chose for this update: they answer questions, and
    replace what is there. `accepted`: somebody has looked at what concerns the whole step.
    """
    renamed = {} if old is None else renamed_parameters(old, new)
    places = {name: _place(name, old, new, renamed) for name in values}
    kept = {name: parameter for name, parameter in places.items() if parameter is not None}
    taken = {parameter.name: name for name, parameter in kept.items()}
    known = {item.name: given[item.name] for item in new.parameters if item.name in given}
    return ValueMigration(
        renamed={name: item.name for name, item in kept.items() if item.name != name},
        dropped=tuple(name for name, item in places.items() if item is None),
        replaced={taken[name]: value for name, value in known.items() if name in taken},
        added={name: value for name, value in known.items() if name not in taken},
        questions=tuple(
            question
            for item in new.parameters
            if item.name not in known
            for question in _questions(old, item, renamed, values, taken, complain)
        ),
        obstacles=() if accepted else tuple(_obstacles(old, new)),
    )


def _place(
    name: str, old: StepTemplate | None, new: StepTemplate, renamed: Mapping[str, str]
) -> Parameter | None:
    """The parameter of `new` that the value belongs to; None where there is none any more."""
    before = old.parameter(name) if old else None
    return new.parameter(renamed.get(before.name, before.name) if before else name)


def _obstacles(old: StepTemplate | None, new: StepTemplate) -> Iterator[str]:
    if old is None:
        yield "the version that it uses now is unknown, so nothing can be compared"
        return
    yield from (item.message for item in compare(old, new).differences if item.code in _WHOLE_STEP)


def _questions(
    old: StepTemplate | None,
    item: Parameter,
    renamed: Mapping[str, str],
    values: ParameterValues,
    taken: Mapping[str, str],
    complain: CheckValue,
) -> Iterator[Question]:
    """What has to be asked about a parameter of the new version; at most one thing."""
    former = next((name for name, now in renamed.items() if now == item.name), item.name)
    before = old.parameter(former) if old else None
    value = values[taken[item.name]] if item.name in taken else None
    if item.name not in taken:
        yield from _absent(before, item)
    elif value is not None and (reason := _doubt(before, item, value, complain)):
        yield Question(item, reason, value, conflict=True)
    elif not value and item.required and not item.default:
        yield Question(item, "must be given", value)


def _absent(before: Parameter | None, item: Parameter) -> Iterator[Question]:
    """The questions about a parameter that the step gives no value to."""
    if item.default:
        return
    if before is None:
        yield Question(item, "is new and has no default")
    elif before.default:
        yield Question(item, "has no default any more", None if item.sensitive else before.default)
    elif item.required and not before.required:
        yield Question(item, "must be given now")


def _doubt(before: Parameter | None, item: Parameter, value: str, complain: CheckValue) -> str | None:
    """Why a value may no longer be right; None where it stays. What an expression comes to is not known yet."""
    literal = _EXPRESSION not in value
    if before is not None and before.control != item.control:
        if item.sensitive:
            return "is a secret now, and its value stands in clear" if literal and value else None
        if not before.sensitive:
            return f"was {before.control} and is {item.control}"
    if not literal:
        return None
    options = [option for option, _ in item.options]
    if before is not None and value in dict(before.options) and options and value not in options:
        return "no longer offers this value"
    return complain(item, value)


def explain_migration(differences: Sequence[Difference]) -> list[str]:
    """The differences as lines for people; what is only suspected says so."""
    return [item.message + (" (suspected)" if item.suspected else "") for item in differences]
