"""What a run looks like while it goes on: a live tree on a terminal, plain lines in a pipe, JSON lines on request.

All three follow the same events (`runner.execution.events`).
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from registry.cli.output import echo, one_line, print_json_line, rendered, size_text, style, tell, wrapped
from registry.text.visible import visible_line
from runner.cli.marks import WORKER, ending, level_line, mark_of
from runner.plan import Plan, PlannedAction

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

Event = Mapping[str, Any]

_LEAST_ROWS = 6
_FAILED_SHOWN = 3


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

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """While somebody is asked, nothing is drawn."""
        yield

    def notice(self, text: str) -> None:
        """A word to whoever watches, from outside the run."""
        echo(f"{text} ...", err=True)


class JsonView(RunView):
    """The events themselves, one JSON object a line; the last one is `run-finished`."""

    def show(self, event: Event) -> None:
        print_json_line(event)


class SilentView(RunView):
    """Nothing: the result is all that was asked for."""

    def show(self, event: Event) -> None:
        """Not shown."""


class QuietView(RunView):
    """Nothing but the end of what failed, and the result."""

    def show(self, event: Event) -> None:
        if event["event"] == "run-waiting":
            echo(f"waiting for an answer: treadle runs intervene {event['run']}")
        elif event["event"] == "action-finished" and event["status"] == "failed":
            echo(_finished_action(event), err=True)
        elif event["event"] == "run-finished":
            tell(_finished_run(event))


class PlainView(RunView):
    """One line per thing that happened, for pipes and CI."""

    def __init__(self, plan: Plan, verbose: bool) -> None:
        self._verbose = verbose
        self._title = plan.process + (f" in {plan.environment}" if plan.environment else "")
        groups = Counter(step.group for step in plan.steps if step.skip is None)
        self._beside = {step.name for step in plan.steps if groups[step.group] > 1}
        self._labels = {
            action.id: _label(action, beside=step.name in self._beside)
            for step in plan.steps
            for action in step.actions
        }
        self._numbers = {step.name: step.number for step in plan.steps}
        names = set(self._labels.values())
        self._width = max(map(len, names)) if names - {WORKER} else 0

    def show(self, event: Event) -> None:
        lines = self.lines(event)
        if lines:
            self.write("\n".join(lines))

    def write(self, text: str) -> None:
        tell(text)

    def lines(self, event: Event) -> list[str]:
        """The event as lines of text; none for what people need not see."""
        describe = getattr(self, "_" + event["event"].replace("-", "_"), None)
        return describe(event) if describe else []

    def _run_started(self, event: Event) -> list[str]:
        where = f" in {event['environment']}" if event.get("environment") else ""
        return [style(f"{event['process']}{where}", bold=True) + f"  (run {event['run']})"]

    def _run_resumed(self, event: Event) -> list[str]:
        return [style(f"{self._title}", bold=True) + f"  (run {event['run']}, taken up again)"]

    def _action_reused(self, event: Event) -> list[str]:
        return [self._note(event, "success", f"done in run {event['of']}: {event['name']}")]

    def _step_started(self, event: Event) -> list[str]:
        return [style(f"[{self._number(event)}] {event['step']}", bold=True)]

    def _step_finished(self, event: Event) -> list[str]:
        glyph, colour = mark_of(event["status"])
        if event["status"] in ("skipped", "cancelled") and not event.get("seconds"):
            head = style(f"[{self._number(event)}] {event['step']}", bold=True)
            why = ending(event["status"], event.get("reason"))
            return [f"{head}  {style(f'{glyph} {why}', fg=colour)}"]
        name = f"{event['step']}: " if event["step"] in self._beside else ""
        text = f"    {glyph} {name}{event['status']} in {event['seconds']:.1f} s"
        if event.get("reason"):
            text += f": {event['reason']}"
        return [style(text, fg=colour)]

    def _log(self, event: Event) -> list[str]:
        level = event["level"]
        if level == "verbose" and not self._verbose:
            return []
        return [level_line(level, line, f"    {self._target(event)}") for line in event["lines"]]

    def _action_finished(self, event: Event) -> list[str]:
        if event["status"] not in ("failed", "interrupted") or not self._target(event).strip():
            return []  # of a lone action the step says it
        glyph, colour = mark_of(event["status"])
        why = one_line(event["message"])
        return [f"    {self._target(event)}{style(f'{glyph} {why}', fg=colour)}"]

    def _action_skipped(self, event: Event) -> list[str]:
        return [self._note(event, "skipped", event["reason"])]

    def _condition_decided(self, event: Event) -> list[str]:
        return [self._note(event, "failed", event["error"])] if "error" in event else []

    def _question_asked(self, event: Event) -> list[str]:
        lines = event["text"].strip().splitlines() if event["kind"] == "manual" else []
        head = self._note(event, "waiting", f"asks: {', '.join(event['choices'])}")
        return [head, *(f"    {self._target(event)}  {line}" for line in lines)]

    def _question_answered(self, event: Event) -> list[str]:
        notes = f": {event['notes']}" if event["notes"] else ""
        return [self._note(event, "success", f"{event['choice']}, says {event['by']}{notes}")]

    def _question_taken(self, event: Event) -> list[str]:
        return [f"    {event['by']} takes responsibility"]

    def _run_waiting(self, event: Event) -> list[str]:
        glyph, colour = mark_of("waiting")
        text = f"{glyph} waiting for an answer  (run {event['run']}): treadle runs intervene {event['run']}"
        return ["", style(text, fg=colour, bold=True)]

    def _retry_scheduled(self, event: Event) -> list[str]:
        return [self._note(event, "waiting", f"attempt {event['attempt']} follows")]

    def _note(self, event: Event, status: str, text: str) -> str:
        glyph, colour = mark_of(status)
        return f"    {self._target(event)}{style(f'{glyph} {one_line(text)}', fg=colour)}"

    def _output(self, event: Event) -> list[str]:
        value = event["value"].splitlines() or [""]
        more = " …" if len(value) > 1 else ""
        return [f"    {self._target(event)}→ {event['name']} = {value[0]}{more}"]

    def _artifact(self, event: Event) -> list[str]:
        return [f"    {self._target(event)}+ artifact {event['name']} ({size_text(event['size'])})"]

    def _progress(self, event: Event) -> list[str]:
        message = f" {event['message']}" if event.get("message") else ""
        return [f"    {self._target(event)}{event['percentage']} %{message}"]

    def _warning(self, event: Event) -> list[str]:
        text = f"    {self._target(event)}! {event['message']}"
        return [style(text, fg="yellow")]

    def _run_finished(self, event: Event) -> list[str]:
        return ["", _finished_run(event)]

    def _number(self, event: Event) -> str:
        return f"{self._numbers.get(event['step'], '?')}/{len(self._numbers)}"

    def _target(self, event: Event) -> str:
        name = self._labels.get(event.get("action", ""), WORKER)
        return f"{name:<{self._width}} " if self._width else ""


class LiveView(PlainView):
    """A tree of steps and targets with durations at the foot of the terminal; lines scroll above it.

    It takes half of the terminal at most: where that is too little, it shows what runs and counts the rest.
    """

    def __init__(self, plan: Plan, verbose: bool, console: Console) -> None:
        from rich.live import Live

        super().__init__(plan, verbose)
        self._plan = plan
        self._console = console
        self._steps: dict[str, tuple[str, float | None]] = {}
        self._actions: dict[str, tuple[str, float | None]] = {}
        self._started: dict[str, float] = {}
        self._notice = ""
        self._terminal = ExitStack()
        self._live = Live(get_renderable=self._tree, console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._terminal.enter_context(_keys_unseen())
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        self._terminal.close()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def notice(self, text: str) -> None:
        self._notice = text  # drawn with the tree: whoever calls may be a signal's handler

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
            case "action-skipped":
                self._actions[event["action"]] = ("skipped", None)
            case "question-asked":
                self._actions[event["action"]] = ("waiting", None)
            case "action-reused":
                self._actions[event["action"]] = ("success", None)
            case "run-finished":
                self._live.stop()
        super().show(event)

    def write(self, text: str) -> None:
        from rich.text import Text

        # Colours are the console's affair: it knows what the terminal can show.
        self._console.print(Text.from_ansi(rendered(wrapped(text), colours=True)), soft_wrap=True)

    def _tree(self) -> Tree:
        from rich.text import Text
        from rich.tree import Tree

        head = Text(visible_line(self._plan.process), style="bold", no_wrap=True, overflow="ellipsis")
        if self._notice:
            head.append(f"  {self._notice}", style="yellow")
        tree = Tree(head, guide_style="dim")
        steps = [(step.name, step.name) for step in self._plan.steps]
        room = max(self._console.height // 2, _LEAST_ROWS)
        for key, label in self._rows(steps, self._steps, room):
            branch = tree.add(label)
            if key is not None and self._steps.get(key, ("",))[0] == "running":
                step = next(step for step in self._plan.steps if step.name == key)
                actions = [
                    (action.id, _label(action, beside=False))
                    for action in step.actions
                    if len(step.actions) > 1 or action.target
                ]
                for _, below in self._rows(actions, self._actions, max(room - len(steps), _LEAST_ROWS)):
                    branch.add(below)
        return tree

    def _rows(
        self, items: Sequence[tuple[str, str]], states: Mapping[str, tuple[str, float | None]], room: int
    ) -> Iterator[tuple[str | None, Text]]:
        """A row for each item, as (key, label); where there is no room, for those that count now, and how many the
        others are."""
        shown = [key for key, _ in items]
        if len(items) > room:
            status = {key: states.get(key, ("queued", None))[0] for key in shown}
            failed = [key for key in shown if status[key] == "failed"][-_FAILED_SHOWN:]
            running = [key for key in shown if status[key] == "running"]
            shown = [*failed, *running][: room - 1]
        for key, name in items:
            if key in shown:
                yield key, self._label(name, states.get(key), key)
        hidden = Counter(states.get(key, ("queued", None))[0] for key, _ in items if key not in shown)
        if hidden:
            yield None, _summary(hidden)

    def _label(self, name: str, state: tuple[str, float | None] | None, key: str) -> Text:
        import time

        from rich.text import Text

        status, seconds = state or ("queued", None)
        if status == "running":
            seconds = time.monotonic() - self._started[key]
        glyph, colour = mark_of(status)
        label = Text(no_wrap=True, overflow="ellipsis")
        label.append(f"{glyph} ", style=colour).append(visible_line(name))
        if seconds:
            label.append(f"  {seconds:.1f} s", style="dim")
        return label


def _label(action: PlannedAction, *, beside: bool) -> str:
    """What stands before the lines of an action: where it runs, and what tells it from others there."""
    parts = [action.step] if beside else []
    parts.append(action.target.name if action.target else WORKER)
    if action.name != action.step:
        parts.append(action.name)
    return one_line(" ".join(parts))


def _summary(counts: Mapping[str, int]) -> Text:
    from rich.text import Text

    label = Text("… ", style="dim", no_wrap=True, overflow="ellipsis")
    for number, (status, count) in enumerate(counts.items()):
        glyph, colour = mark_of(status)
        label.append(", " if number else "").append(f"{glyph} ", style=colour).append(f"{count} {status}")
    return label


@contextmanager
def _keys_unseen() -> Iterator[None]:
    """Keep the terminal from writing `^C` into the tree."""
    import termios

    try:
        before = termios.tcgetattr(sys.stdin)
    except (termios.error, OSError, ValueError):
        yield  # not a terminal
        return
    changed = [*before[:3], before[3] & ~termios.ECHOCTL, *before[4:]]
    termios.tcsetattr(sys.stdin, termios.TCSANOW, changed)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


def _finished_run(event: Event) -> str:
    glyph, colour = mark_of(event["status"])
    text = f"{glyph} {event['status']} in {event['seconds']:.1f} s  (run {event['run']})"
    if event.get("message"):
        text += f": {event['message']}"
    return style(text, fg=colour, bold=True)


def _finished_action(event: Event) -> str:
    where = f" on {event['target']}" if event.get("target") else ""
    return f"{event['step']}{where}: {event['message']}"
