from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from registry.cli.output import rendered
from runner.cli.run_view import LiveView, PlainView
from runner.execution import events
from runner.execution.events import Event
from runner.model import ActionResult, Level, RunResult, Status, StepResult
from runner.plan import Plan
from tests.support.plans import TWO_ENVIRONMENTS, Desk, execution


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    steps: list[dict[str, Any]] = [
        {"name": "Web", "run": "x", "roles": ["web-server"]},
        {"name": "Last", "run": "y"},
    ]
    return Desk(tmp_path).plan(steps, TWO_ENVIRONMENTS, environment="Production")


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80, height=30, color_system=None)


@pytest.fixture
def live(plan: Plan, console: Console) -> Iterator[LiveView]:
    with LiveView(plan, verbose=False, console=console) as view:
        yield view


def drawn(view: LiveView) -> list[str]:
    """The tree as it stands, without durations."""
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(view._tree())
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [re.sub(r"  \d+\.\d s", "", line).rstrip() for line in text.splitlines()]


def start_web() -> list[Event]:
    return [
        events.run_started("1qf00000000", "Deploy", "Production", "shop"),
        events.step_started("Web"),
        events.action_started(execution("1-web@web-2", "Web", "web-2"), 1),
    ]


class TestLive:
    def test_shows_all_steps_from_the_start(self, live: LiveView) -> None:
        assert drawn(live) == ["deploy", "├── · Web", "└── · Last"]

    def test_shows_the_targets_of_what_runs(self, live: LiveView) -> None:
        for event in start_web():
            live.show(event)
        shown = drawn(live)
        assert shown == ["deploy", "├── ● Web", "│   ├── ● web-2", "│   └── · web-3", "└── · Last"]

    def test_shows_how_things_ended(self, live: LiveView) -> None:
        for event in start_web():
            live.show(event)
        live.show(
            events.action_finished(
                ActionResult("1-web@web-2", Status.FAILED, 1, "no", 1.0),
                execution("1-web@web-2", "Web", "web-2"),
                1,
            )
        )
        assert "│   ├── ✗ web-2" in drawn(live)
        live.show(events.step_finished(StepResult("Web", Status.FAILED, "no", 1.0)))
        live.show(events.step_finished(StepResult("Last", Status.SKIPPED, "an earlier step failed")))
        assert drawn(live) == ["deploy", "├── ✗ Web", "└── - Last"]

    def test_of_many_targets_it_shows_what_runs_and_counts_the_rest(self, tmp_path: Path) -> None:
        targets = {f"web-{n:02}": {"environments": ["Test"], "roles": ["web"]} for n in range(30)}
        project = {"environments": {"Test": {}}, "targets": targets}
        plan = Desk(tmp_path).plan(
            [{"name": "Web", "run": "x", "roles": ["web"]}, {"name": "Last", "run": "y"}],
            project,
            environment="Test",
        )
        console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24, color_system=None)
        with LiveView(plan, verbose=False, console=console) as view:
            view.show(events.run_started("1qf00000000", "Deploy", "Test", "shop"))
            view.show(events.step_started("Web"))
            actions = [action.id for action in plan.actions][:20]
            for number, action in enumerate(actions):
                view.show(events.action_started(execution(action, "Web", f"web-{number:02}"), 1))
            for number, action in enumerate(actions[:16]):
                status = Status.FAILED if number == 3 else Status.SUCCESS
                result = ActionResult(action, status, 0, "no" if number == 3 else "", 1.0)
                view.show(
                    events.action_finished(result, execution(result.action, "Web", f"web-{number:02}"), 1)
                )
            shown = drawn(view)
            view.notice("Cancelling")
            assert drawn(view)[0] == "deploy  Cancelling"
        assert shown == [
            "deploy",
            "├── ● Web",
            "│   ├── ✗ web-03",
            "│   ├── ● web-16",
            "│   ├── ● web-17",
            "│   ├── ● web-18",
            "│   ├── ● web-19",
            "│   └── … ✓ 15 success, · 10 queued",
            "└── · Last",
        ]

    def test_names_command_no_terminal(self, tmp_path: Path) -> None:
        plan = Desk(tmp_path).plan([{"name": "We\x9b2Jb\u202e", "run": "x"}], {}, environment=None)
        console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24, color_system=None)
        with LiveView(plan, verbose=False, console=console) as view:
            assert drawn(view) == ["deploy", "└── · We\\u009b2Jb\\u202e"]

    def test_prints_the_log_above_it(self, live: LiveView, console: Console) -> None:
        for event in [*start_web(), events.log("1-web@web-2", Level.INFO, ["[bold]not markup[/bold]"])]:
            live.show(event)
        live.show(events.run_finished(RunResult("1qf00000000", Status.SUCCESS, 1.0, ())))
        assert "web-2  │ [bold]not markup[/bold]" in console.file.getvalue()  # type: ignore[attr-defined]


class TestPlain:
    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            (events.log("1-web@web-2", Level.INFO, ["a", "b"]), ["    web-2  │ a", "    web-2  │ b"]),
            (events.log("1-web@web-2", Level.VERBOSE, ["a"]), []),
            (
                events.warning("artifact-missing", "it is not there", "1-web@web-2"),
                ["    web-2  ! it is not there"],
            ),
            (events.step_started("Last"), ["[2/2] Last"]),
            (
                events.step_finished(StepResult("Last", Status.CANCELLED, "the run was cancelled")),
                ["[2/2] Last  ■ cancelled: the run was cancelled"],
            ),
        ],
    )
    def test_an_event_is_lines(self, plan: Plan, event: Event, expected: list[str]) -> None:
        assert [
            rendered(line, colours=False) for line in PlainView(plan, verbose=False).lines(event)
        ] == expected

    def test_of_an_event_of_a_later_version_there_are_none(self, plan: Plan) -> None:
        assert PlainView(plan, verbose=True).lines({"event": "something-new"}) == []
