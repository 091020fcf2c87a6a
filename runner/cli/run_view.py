"""What a run looks like while it goes on: a live tree on a terminal, plain lines in a pipe, JSON lines on request.

All three follow the same events (`runner.execution.events`).
"""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from runner.model import Plan

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

Event = Mapping[str, Any]

_GLYPHS = {
    "success": ("✓", "green"),
    "success-with-warnings": ("✓", "yellow"),
    "failed": ("✗", "red"),
    "skipped": ("-", "yellow"),
    "cancelled": ("■", "yellow"),
    "running": ("●", "cyan"),
    "queued": ("·", "white"),
}
_LEVELS: dict[str, dict[str, Any]] = {
    "verbose": {"dim": True},
    "info": {},
    "highlight": {"bold": True},
    "wait": {"fg": "cyan"},
    "warning": {"fg": "yellow"},
    "error": {"fg": "red"},
}
_MARKS = {"warning": "!", "error": "!"}


class RunView(ABC):
    """Shows events as they come; a context manager around the run."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    @abstractmethod
    def show(self, event: Event) -> None:
        """Called for every event, in order, from any thread, one at a time."""


class JsonView(RunView):
    """The events themselves, one JSON object a line; the last one is `run-finished`."""

    def show(self, event: Event) -> None:
        sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
        sys.stdout.flush()


class QuietView(RunView):
    """Nothing but the end of what failed, and the result."""

    def show(self, event: Event) -> None:
        if event["event"] == "action-finished" and event["status"] == "failed":
            click.echo(_finished_action(event), err=True)
        elif event["event"] == "run-finished":
            click.echo(_finished_run(event))


class PlainView(RunView):
    """One line per thing that happened, for pipes and CI."""

    def __init__(self, plan: Plan, verbose: bool) -> None:
        self._verbose = verbose
        self._targets = {action.id: action.target.name if action.target else "" for action in plan.actions}
        self._numbers = {step.name: step.number for step in plan.steps}
        self._width = max(map(len, self._targets.values()), default=0)

    def show(self, event: Event) -> None:
        lines = self.lines(event)
        if lines:
            self.write("\n".join(lines))

    def write(self, text: str) -> None:
        click.echo(text)

    def lines(self, event: Event) -> list[str]:
        """The event as lines of text; none for what people need not see."""
        describe = getattr(self, "_" + event["event"].replace("-", "_"), None)
        return describe(event) if describe else []

    def _run_started(self, event: Event) -> list[str]:
        where = f" in {event['environment']}" if event.get("environment") else ""
        return [click.style(f"{event['process']}{where}", bold=True) + f"  (run {event['run']})"]

    def _step_started(self, event: Event) -> list[str]:
        return [click.style(f"[{self._number(event)}] {event['step']}", bold=True)]

    def _step_finished(self, event: Event) -> list[str]:
        glyph, colour = _GLYPHS.get(event["status"], ("?", "white"))
        if event["status"] in ("skipped", "cancelled") and not event.get("seconds"):
            head = click.style(f"[{self._number(event)}] {event['step']}", bold=True)
            return [head + click.style(f"  {glyph} {event['status']}: {event.get('reason')}", fg=colour)]
        text = f"    {glyph} {event['status']} in {event['seconds']:.1f} s"
        if event.get("reason"):
            text += f": {event['reason']}"
        return [click.style(text, fg=colour)]

    def _log(self, event: Event) -> list[str]:
        level = event["level"]
        if level == "verbose" and not self._verbose:
            return []
        prefix = f"    {self._target(event)}{_MARKS.get(level, '│')} "
        style = _LEVELS.get(level)
        if not style:
            return [prefix + line for line in event["lines"]]
        return [prefix + click.style(line, **style) for line in event["lines"]]

    def _output(self, event: Event) -> list[str]:
        value = event["value"].splitlines() or [""]
        more = " …" if len(value) > 1 else ""
        return [f"    {self._target(event)}→ {event['name']} = {value[0]}{more}"]

    def _artifact(self, event: Event) -> list[str]:
        return [f"    {self._target(event)}+ artifact {event['name']} ({_size(event['size'])})"]

    def _progress(self, event: Event) -> list[str]:
        message = f" {event['message']}" if event.get("message") else ""
        return [f"    {self._target(event)}{event['percentage']} %{message}"]

    def _warning(self, event: Event) -> list[str]:
        text = f"    {self._target(event)}! {event['message']}"
        return [click.style(text, fg="yellow")]

    def _run_finished(self, event: Event) -> list[str]:
        return ["", _finished_run(event)]

    def _number(self, event: Event) -> str:
        return f"{self._numbers.get(event['step'], '?')}/{len(self._numbers)}"

    def _target(self, event: Event) -> str:
        name = self._targets.get(event.get("action", ""), "")
        return f"{name:<{self._width}} " if self._width else ""


class LiveView(PlainView):
    """A tree of steps and targets with durations at the foot of the terminal; lines scroll above it."""

    def __init__(self, plan: Plan, verbose: bool, console: Console) -> None:
        from rich.live import Live

        super().__init__(plan, verbose)
        self._plan = plan
        self._console = console
        self._steps: dict[str, tuple[str, float | None]] = {}
        self._actions: dict[str, tuple[str, float | None]] = {}
        self._started: dict[str, float] = {}
        self._live = Live(get_renderable=self._tree, console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        import time

        match event["event"]:
            case "step-started":
                self._started[event["step"]] = time.monotonic()  # first: another thread draws what runs
                self._steps[event["step"]] = ("running", None)
            case "step-finished":
                self._steps[event["step"]] = (event["status"], event["seconds"])
            case "action-started":
                self._started[event["action"]] = time.monotonic()
                self._actions[event["action"]] = ("running", None)
            case "action-finished":
                self._actions[event["action"]] = (event["status"], event["seconds"])
            case "run-finished":
                self._live.stop()
        super().show(event)

    def write(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text.from_ansi(text), soft_wrap=True)

    def _tree(self) -> Tree:
        from rich.text import Text
        from rich.tree import Tree

        tree = Tree(Text(self._plan.process, style="bold"), guide_style="dim")
        for step in self._plan.steps:
            branch = tree.add(self._label(step.name, self._steps.get(step.name), step.name))
            if self._steps.get(step.name, ("",))[0] == "running":
                for action in step.actions:
                    if action.target is not None:
                        branch.add(self._label(action.target.name, self._actions.get(action.id), action.id))
        return tree

    def _label(self, name: str, state: tuple[str, float | None] | None, key: str) -> Any:
        import time

        from rich.text import Text

        status, seconds = state or ("queued", None)
        if status == "running":
            seconds = time.monotonic() - self._started[key]
        glyph, colour = _GLYPHS[status]
        label = Text.assemble((f"{glyph} ", colour), name)
        if seconds:
            label.append(f"  {seconds:.1f} s", style="dim")
        return label


def _finished_run(event: Event) -> str:
    glyph, colour = _GLYPHS.get(event["status"], ("?", "white"))
    text = f"{glyph} {event['status']} in {event['seconds']:.1f} s  (run {event['run']})"
    if event.get("message"):
        text += f": {event['message']}"
    return click.style(text, fg=colour, bold=True)


def _finished_action(event: Event) -> str:
    where = f" on {event['target']}" if event.get("target") else ""
    return f"{event['step']}{where}: {event['message']}"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
