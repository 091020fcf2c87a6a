"""What differs between two versions of a template, and what that means for a step that uses it.

Semantic first: action type, parameters, outputs, packages, properties. What a script does can only be suspected from
its text, and is marked so. The class of a pair is that of its gravest difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.compatibility.script_facts import ScriptFacts, script_facts
from registry.model import Parameter, StepTemplate
from registry.template.octopus import SCRIPT_BODY, SCRIPT_SYNTAX, syntaxes


class ChangeClass(StrEnum):
    """What a change asks of a step that uses the template; the gravest last."""

    COMPATIBLE = "compatible"
    BEHAVIOUR_CHANGED = "behaviour changed"
    NEEDS_INPUT = "needs input"
    INCOMPATIBLE = "incompatible"

    def graver_than(self, other: ChangeClass) -> bool:
        return _GRAVITY[self] > _GRAVITY[other]


_GRAVITY = {change: gravity for gravity, change in enumerate(ChangeClass)}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `code` is stable, `parameter` the one concerned by its old name (its only one when new);
    `suspected`: found by its looks in a script, not known."""

    code: str
    message: str
    change: ChangeClass
    parameter: str | None = None
    suspected: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, the gravest first; none for templates that say the same."""

    differences: tuple[Difference, ...]

    @property
    def change(self) -> ChangeClass:
        return self.differences[0].change if self.differences else ChangeClass.COMPATIBLE


def compare(old: StepTemplate, new: StepTemplate) -> Comparison:
    """What changed from `old` to `new`, but for the version number itself."""
    found = [
        *_action_type(old, new),
        *_parameters(old, new),
        *_outputs(old, new),
        *_packages(old, new),
        *_properties(old, new),
        *_script(old, new),
        *_words(old, new),
    ]
    return Comparison(tuple(sorted(found, key=lambda item: -_GRAVITY[item.change])))


def interface_breaks(old: StepTemplate, new: StepTemplate) -> tuple[str, ...]:
    """Why a step that was written for `old` cannot simply use `new`; empty when it can.

    The interface is the action type and the parameters: none may be gone or renamed, none new without a
    default, and each keeps its control and its secrecy. What the script does is not looked at.
    """
    found = [*_action_type(old, new), *_parameters(old, new)]
    return tuple(item.message for item in found if item.code in _BREAKING)


_BREAKING = frozenset(
    {
        "action-type-changed",
        "parameter-removed",
        "parameter-renamed",
        "parameter-added-without-default",
        "parameter-secret",
        "parameter-not-secret",
        "parameter-control-changed",
    }
)


def _action_type(old: StepTemplate, new: StepTemplate) -> Iterator[Difference]:
    if old.action_type != new.action_type:
        message = f'action type "{old.action_type}" became "{new.action_type}"'
        yield Difference("action-type-changed", message, ChangeClass.INCOMPATIBLE)


# --- parameters


def _parameters(old: StepTemplate, new: StepTemplate) -> Iterator[Difference]:
    renamed = renamed_parameters(old, new)
    for before in old.parameters:
        after = new.parameter(renamed.get(before.name, before.name))
        if after is None:
            message = f'parameter "{before.name}" is gone'
            yield Difference("parameter-removed", message, ChangeClass.INCOMPATIBLE, before.name)
            continue
        if before.name in renamed:
            message = f'parameter "{before.name}" is now "{after.name}"'
            yield Difference("parameter-renamed", message, ChangeClass.INCOMPATIBLE, before.name)
        yield from _parameter(before, after)
    for after in new.parameters:
        if old.parameter(after.name) is None and after.name not in renamed.values():
            yield _added(after)


def renamed_parameters(old: StepTemplate, new: StepTemplate) -> dict[str, str]:
    """Old name to new name, where only the `Id` proves that it is the same parameter."""
    found = {}
    free = {item.id.lower(): item for item in new.parameters if item.id and old.parameter(item.name) is None}
    for item in old.parameters:
        if item.id and new.parameter(item.name) is None and item.id.lower() in free:
            found[item.name] = free.pop(item.id.lower()).name
    return found


def _added(new: Parameter) -> Difference:
    if new.default:
        message = f'parameter "{new.name}" is new, with a default'
        return Difference("parameter-added", message, ChangeClass.COMPATIBLE, new.name)
    message = f'parameter "{new.name}" is new and has no default'
    return Difference("parameter-added-without-default", message, ChangeClass.NEEDS_INPUT, new.name)


def _parameter(old: Parameter, new: Parameter) -> Iterator[Difference]:
    """What became of one parameter."""
    name = new.name

    def found(code: str, message: str, change: ChangeClass) -> Difference:
        return Difference(code, f'parameter "{name}" {message}', change, old.name)

    if old.sensitive != new.sensitive:
        code, message = (
            ("parameter-secret", "is a secret now")
            if new.sensitive
            else (
                "parameter-not-secret",
                "is not a secret any more",
            )
        )
        yield found(code, message, ChangeClass.BEHAVIOUR_CHANGED)
    elif old.control != new.control:
        message = f"was {old.control} and is {new.control}"
        yield found("parameter-control-changed", message, ChangeClass.INCOMPATIBLE)
    if old.default and not new.default:
        yield found("parameter-default-removed", "has no default any more", ChangeClass.NEEDS_INPUT)
    elif (old.default or "") != (new.default or ""):
        shown = (
            ""
            if new.sensitive or old.sensitive
            else f': "{_short(old.default)}" became "{_short(new.default)}"'
        )
        yield found("parameter-default-changed", f"has another default{shown}", ChangeClass.BEHAVIOUR_CHANGED)
    if new.required and not old.required and not new.default:
        yield found("parameter-required", "must be given now", ChangeClass.NEEDS_INPUT)
    gone = {value for value, _ in old.options} - {value for value, _ in new.options}
    if gone and new.options:
        values = ", ".join(f'"{value}"' for value in sorted(gone))
        message = f"no longer offers {values}"
        yield found("parameter-options-removed", message, ChangeClass.NEEDS_INPUT)
    if (old.pattern, old.minimum, old.maximum) != (new.pattern, new.minimum, new.maximum):
        yield found("parameter-limits-changed", "has other limits", ChangeClass.BEHAVIOUR_CHANGED)


def _short(text: str | None) -> str:
    line = " ".join((text or "").split())
    return line if len(line) <= 40 else line[:39] + "…"


# --- the rest of the document


def _outputs(old: StepTemplate, new: StepTemplate) -> Iterator[Difference]:
    kept = {item.name.casefold() for item in new.outputs}
    for item in old.outputs:
        if item.name.casefold() not in kept:
            message = f'output "{item.name}" is gone'
            yield Difference("output-removed", message, ChangeClass.BEHAVIOUR_CHANGED)


def _packages(old: StepTemplate, new: StepTemplate) -> Iterator[Difference]:
    def names(template: StepTemplate) -> list[str]:
        return sorted(str(package.get("Name") or "") for package in template.packages)

    if names(old) != names(new):
        yield Difference("packages-changed", "it takes other packages", ChangeClass.INCOMPATIBLE)
    elif old.packages != new.packages:
        message = "its packages are chosen in another way"
        yield Difference("package-settings-changed", message, ChangeClass.BEHAVIOUR_CHANGED)


def _properties(old: StepTemplate, new: StepTemplate) -> Iterator[Difference]:
    if syntaxes(old) != syntaxes(new):
        message = f"the script is {_languages(new)} now, it was {_languages(old)}"
        yield Difference("syntax-changed", message, ChangeClass.BEHAVIOUR_CHANGED)
    for key in sorted(old.properties.keys() | new.properties.keys()):
        if key not in (SCRIPT_BODY, SCRIPT_SYNTAX) and (old.properties.get(key) or "") != (
            new.properties.get(key) or ""
        ):
            yield Difference("property-changed", f'property "{key}" changed', ChangeClass.BEHAVIOUR_CHANGED)


def _languages(template: StepTemplate) -> str:
    return " and ".join(syntaxes(template)) or "none"


def _words(old: StepTemplate, new: StepTemplate) -> Iterator[Difference]:
    """What only people read."""

    def words(template: StepTemplate) -> list[Any]:
        about = [(item.name, item.label, item.help) for item in template.parameters]
        return [template.name, template.description, template.category, about]

    if old.name != new.name:
        yield Difference("name-changed", f'its title is "{new.name}" now', ChangeClass.COMPATIBLE)
    elif [item.name for item in old.parameters] == [item.name for item in new.parameters] and words(
        old
    ) != words(new):
        yield Difference(
            "words-changed", "descriptions, labels or help texts changed", ChangeClass.COMPATIBLE
        )


# --- the script


def _script(old: StepTemplate, new: StepTemplate) -> Iterator[Difference]:
    bodies = old.properties.get(SCRIPT_BODY) or "", new.properties.get(SCRIPT_BODY) or ""
    if bodies[0] == bodies[1]:
        return
    before, after = script_facts(bodies[0]), script_facts(bodies[1])
    if before.text == after.text:
        message = "only comments and blanks of the script changed"
        yield Difference("script-comments-changed", message, ChangeClass.COMPATIBLE)
        return
    suspicions = list(_suspicions(before, after))
    yield from suspicions
    message = "the script changed" + (
        "" if suspicions else "; nothing in it suggests that it acts differently"
    )
    yield Difference("script-changed", message, ChangeClass.COMPATIBLE, suspected=not suspicions)


def _suspicions(old: ScriptFacts, new: ScriptFacts) -> Iterator[Difference]:
    endings = _endings(old.endings, new.endings)
    if endings:
        message = f"errors may end it differently: {endings}"
        yield Difference("error-handling-changed", message, ChangeClass.BEHAVIOUR_CHANGED, suspected=True)
    for code, what, before, after in (
        ("hosts-changed", "contacts", old.hosts, new.hosts),
        ("tools-changed", "uses", old.tools, new.tools),
        ("outputs-changed", "sets the output", old.outputs, new.outputs),
    ):
        message = _moved(what, before, after)
        if message:
            yield Difference(code, message, ChangeClass.BEHAVIOUR_CHANGED, suspected=True)


def _endings(old: Mapping[str, int], new: Mapping[str, int]) -> str:
    """Ways to end that came or went: a mere change of how often says little."""
    came = [f'"{name}" is new' for name in new if name not in old]
    went = [f'"{name}" is gone' for name in old if name not in new]
    return ", ".join([*came, *went])


def _moved(what: str, old: Set[str], new: Set[str]) -> str:
    came, went = ", ".join(sorted(new - old)), ", ".join(sorted(old - new))
    parts = [f"it {what} {came} now"] if came else []
    return " and ".join(
        parts + ([f"no longer {what} {went}" if parts else f"it no longer {what} {went}"] if went else [])
    )
