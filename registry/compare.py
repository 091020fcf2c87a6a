"""What differs between two versions of a template."""

from __future__ import annotations

from registry.model import Parameter, StepTemplate


def interface_breaks(old: StepTemplate, new: StepTemplate) -> tuple[str, ...]:
    """Why a step that was written for `old` can't simply use `new`; empty when it can.

    The interface is the action type and the parameters: none may be gone or renamed, none new without a
    default, and each keeps its control and its secrecy. What the script does is not looked at.
    """
    breaks = []
    if old.action_type != new.action_type:
        breaks.append(f'action type "{old.action_type}" became "{new.action_type}"')
    for parameter in old.parameters:
        breaks += _parameter_breaks(parameter, new)
    for parameter in new.parameters:
        if old.parameter(parameter.name) is None and not parameter.default:
            breaks.append(f'parameter "{parameter.name}" is new and has no default')
    return tuple(breaks)


def _parameter_breaks(old: Parameter, template: StepTemplate) -> list[str]:
    new = template.parameter(old.name)
    if new is None:
        renamed = next((item for item in template.parameters if old.id and item.id == old.id), None)
        return [f'parameter "{old.name}" ' + (f'is now "{renamed.name}"' if renamed else "is gone")]
    if old.sensitive != new.sensitive:
        return [f'parameter "{old.name}" is ' + ("a secret now" if new.sensitive else "no secret any more")]
    if old.control != new.control:
        return [f'parameter "{old.name}" was {old.control} and is {new.control}']
    return []
