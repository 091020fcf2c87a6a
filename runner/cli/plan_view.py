"""A plan as text for people: steps, targets, template versions, and every value with where it came from."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from registry.cli.output import aligned, folded, is_terminal, one_line, style, terminal_width
from registry.model import LOCAL_SOURCE
from runner.cli.marks import ending
from runner.plan import NOT_READ, OriginKind, Plan, PlannedAction, PlannedStep, PlannedValue
from runner.variables.names import name_in

_ORIGINS = {
    OriginKind.DEFAULT: "default",
    OriginKind.GIVEN: "with",
    OriginKind.INPUT: "input",
    OriginKind.NONE: "neither value nor default",
    OriginKind.PROJECT: "project",
    OriginKind.PROPERTY: "property",
    OriginKind.SYSTEM: "system",
}
_MAX_VALUE = 60
_MAX_FILES = 4
_VALUE_INDENT = " " * 7


def render_plan(plan: Plan, verbose: bool) -> str:
    """The whole plan; `verbose` adds the scripts as they will run and all variables."""
    where = f" in {plan.environment}" if plan.environment else ""
    lines = [style(f"{plan.process}{where}", bold=True), ""]
    for step in plan.steps:
        lines += _step(step, verbose)
    count = len(plan.actions)
    skipped = sum(1 for step in plan.steps if step.skip)
    summary = (
        f"{count} {'action' if count == 1 else 'actions'}, one container each" if count else "nothing to run"
    )
    if skipped:
        summary += f"; {skipped} of {len(plan.steps)} steps skipped"
    return "\n".join([*lines, summary])


def _step(step: PlannedStep, verbose: bool) -> list[str]:
    head = style(f"{step.number:>3}  {one_line(step.name)}", bold=True)
    if step.condition != "success":
        head += f"  ({'on failure' if step.condition == 'failure' else 'always'})"
    lines = [head]
    if step.notes:
        lines += [f"     {line}" for line in step.notes.strip().splitlines()]
    if step.skip is not None:
        return [*lines, style(f"     {ending('skipped', step.skip_detail)}", fg="yellow"), ""]
    first = step.actions[0]
    lines.append(folded(_what(first), "     "))
    lines.append(folded(_where(step.actions), "     "))
    lines += _asks(step.actions)
    files = [file.path for file in first.files if not file.path.endswith("/")]
    if files:
        more = f" and {len(files) - _MAX_FILES} more" if len(files) > _MAX_FILES else ""
        lines.append(folded(f"with {', '.join(files[:_MAX_FILES])}{more}", "     "))
    groups = _groups(step.actions)
    for actions in groups:
        if len(groups) > 1:
            lines.append(folded(f"on {', '.join(a.target.name for a in actions if a.target)}:", "     "))
        first = actions[0]
        unset = {value.name.casefold() for value in first.variables if value.unset}
        lines += _values(first.parameters, unset, absent="(no value)")
        lines += _values((replace(value, name=f"env {value.name}") for value in first.environment), unset)
        if verbose:
            hidden = {value.name.casefold() for value in first.parameters}
            lines += _values(first.variables, unset, hidden=hidden)
            lines += ["     script:", *(f"       │ {line}" for line in actions[0].preview.splitlines())]
    return [*lines, ""]


def _what(action: PlannedAction) -> str:
    pin = action.template
    if pin is None:
        return f"{action.syntax} script of the process, image {action.image}"
    if pin.provenance.source == LOCAL_SOURCE:
        return f"./{pin.provenance.slug} ({action.syntax}, local folder, unpublished), image {action.image}"
    commit = f", commit {pin.provenance.commit[:9]}" if pin.provenance.commit else ""
    patched = f", {pin.patches} with local changes" if pin.patches else ""
    return (
        f"{pin.provenance.source}/{pin.provenance.slug}@{pin.version} "
        f"({action.syntax}, blob {pin.provenance.blob[:9]}{commit}{patched}), image {action.image}"
    )


def _where(actions: tuple[PlannedAction, ...]) -> str:
    names = [action.target.name for action in actions if action.target]
    return f"on {', '.join(names)}" if names else "once, on the worker"


def _asks(actions: tuple[PlannedAction, ...]) -> list[str]:
    """What goes beyond the default isolation; for each target by itself where they differ."""
    groups: dict[tuple[str, ...], list[PlannedAction]] = {}
    for action in actions:
        groups.setdefault(action.extras, []).append(action)
    return [
        style(
            folded(f"{_by(asking) if len(groups) > 1 else ''}asks for: {', '.join(asked)}", "     "),
            fg="yellow",
        )
        for asked, asking in groups.items()
        if asked
    ]


def _by(actions: Iterable[PlannedAction]) -> str:
    return f"{', '.join(action.target.name for action in actions if action.target)} "


def _groups(actions: Iterable[PlannedAction]) -> list[list[PlannedAction]]:
    """Actions that would read alike, together: targets mostly differ in nothing that is shown."""
    groups: dict[object, list[PlannedAction]] = {}
    for action in actions:
        shown = (*action.parameters, *action.environment)
        key = tuple((value.name, value.shown) for value in shown)
        groups.setdefault(key, []).append(action)
    return list(groups.values())


def _values(
    values: Iterable[PlannedValue],
    unset: Collection[str],
    absent: str = "(null)",
    hidden: Collection[str] = (),
) -> list[str]:
    """`unset` are variables without a value here, `hidden` those that parameters hide, both folded; `absent` is shown
    where there is no value."""
    rows = [
        (
            value.name,
            _shown(value, absent),
            style(_origin(value, unset, value.name.casefold() in hidden), dim=True),
        )
        for value in values
    ]
    width = terminal_width() - len(_VALUE_INDENT) if is_terminal() else None
    return [_VALUE_INDENT + line for line in aligned(rows, width=width)]


def _shown(value: PlannedValue, absent: str) -> str:
    if value.unset == NOT_READ:
        return "(not read)"
    if value.unset:
        return "(not set here)"
    if value.shown is None:
        return absent
    lines = value.shown.splitlines() or ['""']
    text = lines[0] if len(lines) == 1 else f"{lines[0]} … ({len(lines)} lines)"
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"


def _origin(value: PlannedValue, unset: Collection[str], hidden: bool) -> str:
    origin = _ORIGINS[value.origin.kind]
    if value.origin.detail:
        origin += f" {value.origin.detail}"
    if hidden:
        origin += "; hidden by the parameter of that name"
    missing: dict[str, list[str]] = {
        "not set here": [],
        "known at run time": [],
        "nothing defines": list(value.undefined),
    }
    for token in value.missing:
        if token not in value.undefined:
            known = name_in(token).casefold() in unset
            missing["not set here" if known else "known at run time"].append(token)
    for what, tokens in missing.items():
        if tokens:
            origin += f"; {what}: {', '.join(tokens)}"
    return origin
