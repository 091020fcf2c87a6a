"""Runs taken up again: one whose process died goes on; one that ended is done once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.errors import Conflict, Undecided
from runner.execution import events
from runner.execution.cancellation import Cancellation
from runner.execution.events import Event, Kind
from runner.execution.outputs import Outputs
from runner.execution.questions import Answerer, outputs_of_answer
from runner.execution.state import RunState, fold
from runner.masking.masker import Masker
from runner.model import RunResult, SkipReason, Status
from runner.plan import PlannedAction
from runner.runs.journal import Journal, is_live, read_result
from runner.runs.live_run import Listener, LiveRun, Supplies, remaining, secrets_of
from runner.runs.snapshot import Past

Supply = Callable[[list[PlannedAction]], Supplies]
"""Sees to it that what these actions need is there."""

_OF_THE_EXPRESSION = (SkipReason.VARIABLE, SkipReason.DISABLED, SkipReason.ENVIRONMENT)


def refuse_live(folder: Path) -> None:
    """Raises Conflict for a run that a process works on."""
    if is_live(folder):
        message = f"run {folder.name} is at work"
        raise Conflict("run-live", message, f"Watch it with `treadle runs logs {folder.name} -f`.")


def refuse_finished(folder: Path) -> None:
    """Raises Conflict for a run that has ended."""
    result = read_result(folder)
    if result is not None:
        message = f"run {folder.name} has ended: {result['status']}"
        raise Conflict("run-finished", message, f"Do it once more with `treadle runs retry {folder.name}`.")


@dataclass(frozen=True, slots=True)
class Resumption:
    """A run whose process has died, taken up again.

    restart: what becomes of actions that were cut off and may not be repeated: they are (True), they count as failed
    (False), or nobody has said (None)
    answers: what somebody says to its open questions, as events; raises UserError for what nobody asks
    """

    folder: Path
    read: Callable[[], Past]
    restart: bool | None = None
    answers: Callable[[RunState], list[Event]] = lambda _: []

    def carry_out(
        self, supply: Supply, cancellation: Cancellation, listen: Listener, ask: Answerer | None = None
    ) -> RunResult:
        """Go on from the first unfinished action.

        Raises Conflict for a run that is live or has ended, Undecided where somebody has to say whether an action is
        repeated; as `read_past` and `RunService.run`.
        """
        refuse_finished(self.folder)
        past = self.read()
        masker = Masker([*secrets_of(past.plan), *(one.value for one in past.outputs if one.sensitive)])
        journal = Journal.reopen(self.folder, masker)
        try:
            refuse_finished(self.folder)  # somebody else may have been faster
            past = self.read()
            state = fold(past.plan, past.events)
            said = self.answers(state)
            news = [events.run_resumed(self.folder.name), *self._interruptions(state), *said]
            supplies = supply(remaining(state))
        except BaseException:
            journal.close()
            raise
        outputs = _restored(past, state, news)
        run = LiveRun(past.plan, supplies, cancellation, listen, masker, state, outputs, ask=ask)
        return run.carry_out(journal, news, journal.seq)

    def _interruptions(self, state: RunState) -> Iterator[Event]:
        """What is said of the actions that were cut off. Raises Undecided."""
        open_ends = [one for one in state.running if not one.restartable and self.restart is None]
        if open_ends:
            names = ", ".join(
                f'"{one.name}"' + (f" on {one.target.name}" if one.target else "") for one in open_ends
            )
            raise Undecided(
                "interrupted-action",
                f"run {self.folder.name} was interrupted in the middle of {names}, which may not be repeated unasked",
                "Repeat it with --restart, or let it count as failed with --no-restart.",
            )
        for action in state.running:
            again = action.restartable if self.restart is None else self.restart or action.restartable
            yield events.action_interrupted(action, state.actions[action.id].attempts, restart=again)


def retried(
    past: Past,
    supply: Supply,
    cancellation: Cancellation,
    listen: Listener,
    *,
    failed_only: bool,
    ask: Answerer | None = None,
) -> RunResult:
    """Another run of the same plan; `failed_only`: what succeeded counts here, too. Raises as `RunService.run`."""
    reused = list(_reusable(past)) if failed_only else []
    state = fold(past.plan, reused)
    supplies = supply(remaining(state))
    run = LiveRun.new(past.plan, supplies, cancellation, listen)
    ids = {event["action"] for event in reused}
    run.outputs.restore(past.outputs_of(one for one in past.plan.actions if one.id in ids), ())
    run.masker.add(*(one.value for one in past.outputs if one.sensitive))
    run.news, run.ask = reused, ask
    return run.begin()


def _reusable(past: Past) -> Iterator[Event]:
    """The actions at the beginning of each lane that succeeded, and those there that an expression left out."""
    state = fold(past.plan, past.events)
    for step in past.plan.steps:
        for lane in step.lanes:
            for action in lane:
                end = state.actions[action.id]
                if end.status is Status.SUCCESS:
                    yield events.action_reused(action, past.run)
                elif end.skip in _OF_THE_EXPRESSION:
                    yield events.action_skipped(action, end.skip, end.message)
                else:
                    break


def _restored(past: Past, state: RunState, news: Iterable[Event]) -> Outputs:
    """What a run had set, what people had answered included."""
    outputs = Outputs()
    ended = [one.step for one in state.steps.values() if one.result is not None]
    actions = {action.id: action for action in past.plan.actions}
    said = (event for event in (*past.events, *news) if event["event"] == Kind.QUESTION_ANSWERED)
    answers = [
        (action, list(outputs_of_answer(action, event["choice"], event["by"], event["notes"])))
        for event in said
        if (action := actions.get(event["action"])) is not None
    ]
    outputs.restore([*past.outputs_of(past.plan.actions), *answers], ended)
    return outputs
