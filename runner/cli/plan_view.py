"""A plan as text for people: steps, targets, template versions, and every value with where it came from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from registry.cli.output import aligned, folded, is_terminal, one_line, style, terminal_width
from registry.model import LOCAL_SOURCE
from runner.cli.marks import WORKER, ending
from runner.model import Condition
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
_CONDITIONS = {Condition.FAILURE: "on failure", Condition.ALWAYS: "always"}
_MAX_VALUE = 60
_MAX_FILES = 4
_VALUE_INDENT = " " * 7


def render_plan(plan: Plan, verbose: bool) -> str:
    """The whole plan; `verbose` adds the scripts as they will run and all variables."""
    where = f" in {plan.environment}" if plan.environment else ""
    lines = [style(f"{plan.process}{where}", bold=True), ""]
    for step in plan.steps:
        lines += _step(step, verbose)
        beside = [other.name for other in plan.steps if other.group == step.group and other is not step]
        if beside:
            lines.insert(-1, folded(f"beside {', '.join(map(one_line, beside))}", "     "))
    count = len(plan.scripts)
    skipped = sum(1 for step in plan.steps if step.skip)
    summary = (
        f"{count} {'action' if count == 1 else 'actions'}, one container each" if count else "nothing to run"
    )
    if skipped:
        summary += f"; {skipped} of {len(plan.steps)} steps skipped"
    return "\n".join([*lines, summary])


def _step(step: PlannedStep, verbose: bool) -> list[str]:
    lines = [style(f"{step.number:>3}  {one_line(step.name)}", bold=True) + _remarks(_of_step(step))]
    if step.notes:
        lines += [f"     {line}" for line in step.notes.strip().splitlines()]
    if step.skip is not None:
        return [*lines, style(f"     {ending('skipped', step.skip_detail)}", fg="yellow"), ""]
    executions: dict[str, list[PlannedAction]] = {}
    for action in step.actions:
        executions.setdefault(action.name, []).append(action)
    lone = len(executions) == 1 and step.name in executions
    for number, (name, actions) in enumerate(executions.items(), start=1):
        body = _action(actions, verbose)
        if not lone:
            head = style(f"{step.number}.{number} {one_line(name)}", bold=True)
            body = [f"     {head}{_remarks(_of_action(actions[0]))}", *(f"    {line}" for line in body)]
        elif remarks := _remarks(_of_lone(actions[0])):
            body.insert(0, f"    {remarks.removeprefix(' ')}")
        lines += body
    return [*lines, ""]


def _of_step(step: PlannedStep) -> Iterator[str]:
    if step.condition in _CONDITIONS:
        yield _CONDITIONS[step.condition]
    if step.window is not None:
        yield f"rolling, {step.at_once} at a time"
    if step.continue_on_error:
        yield "its failure is a warning"
    if step.on_cancel:
        yield "after a cancellation too"


def _of_lone(action: PlannedAction) -> Iterator[str]:
    if action.retries:
        yield f"{_times(action.retries)} again if it fails, after {action.retry_delay:g} s"


def _of_action(action: PlannedAction) -> Iterator[str]:
    if action.condition in _CONDITIONS:
        yield _CONDITIONS[action.condition]
    if action.continue_on_error:
        yield "its failure is a warning"
    yield from _of_lone(action)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _remarks(parts: Iterator[str]) -> str:
    text = ", ".join(parts)
    return f"  ({text})" if text else ""


def _action(actions: Sequence[PlannedAction], verbose: bool) -> list[str]:
    """One action on all its targets."""
    running = [action for action in actions if action.skip is None]
    lines = _decisions(running)
    for detail in dict.fromkeys(action.skip_detail for action in actions if action.skip is not None):
        skipped = [action for action in actions if action.skip is not None and action.skip_detail == detail]
        where = f" on {_names(skipped)}" if running else ""
        lines.append(style(f"     {ending(f'skipped{where}', detail)}", fg="yellow"))
    if not running:
        return lines
    first = running[0]
    lines.append(folded(_what(first), "     "))
    if first.target is not None or not first.manual:
        lines.append(folded(_where(running), "     "))
    lines += _asks(running)
    files = [file.path for file in first.files if not file.path.endswith("/")]
    if files:
        more = f" and {len(files) - _MAX_FILES} more" if len(files) > _MAX_FILES else ""
        lines.append(folded(f"with {', '.join(files[:_MAX_FILES])}{more}", "     "))
    groups = _groups(running)
    for alike in groups:
        if len(groups) > 1:
            lines.append(folded(f"on {_names(alike)}:", "     "))
        lines += _values_of(alike[0], verbose)
    return lines


def _decisions(actions: Sequence[PlannedAction]) -> list[str]:
    """The conditions that the run decides, each once."""
    open_ends = {
        expression
        for action in actions
        for expression in (action.gate, action.when)
        if expression is not None and expression.holds is None
    }
    return [
        folded(
            f"decided at run time: {one_line(expression.text)}, which reads {', '.join(expression.reads)}",
            "     ",
        )
        for expression in sorted(open_ends, key=lambda one: one.text)
    ]


def _values_of(action: PlannedAction, verbose: bool) -> list[str]:
    unset = {value.name.casefold() for value in action.variables if value.unset}
    lines = _values(action.parameters, unset, absent="(no value)")
    lines += _values((replace(value, name=f"env {value.name}") for value in action.environment), unset)
    if verbose:
        hidden = {value.name.casefold() for value in action.parameters}
        lines += _values(action.variables, unset, hidden=hidden)
        lines += ["     script:", *(f"       │ {line}" for line in action.preview.splitlines())]
    return lines


def _names(actions: Iterable[PlannedAction]) -> str:
    return ", ".join(action.target.name for action in actions if action.target) or WORKER


def _what(action: PlannedAction) -> str:
    pin = action.template
    if action.manual:
        who = ", ".join(person.display or person.name for person in action.responsible) or "anybody"
        return f"asks {who}: {one_line(action.preview)}"
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


def _where(actions: Sequence[PlannedAction]) -> str:
    if actions[0].target is None:
        return "once, on the worker"
    return f"{'on the worker for' if actions[0].for_target else 'on'} {_names(actions)}"


def _asks(actions: Sequence[PlannedAction]) -> list[str]:
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
    return f"{_names(actions)} "


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
