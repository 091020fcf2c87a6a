"""What it takes to take a run up again: its whole plan and its outputs, sealed, beside its journal.

    <runs>/<run>/plan.sealed       the plan with its secrets
                 outputs.sealed    one output variable a line, in the order in which they were set

Both are sealed with the user's key (`runner.variables.keys`): without it they tell nothing, and the run cannot be taken
up again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.errors import Invalid, NotFound, Unavailable
from registry.home import write_private
from runner.execution.events import Event
from runner.plan import Plan, PlannedAction
from runner.planner.plan_codec import decode_plan, encode_plan
from runner.runs import journal
from runner.variables.binding import OutputValue
from runner.variables.sealing import SealingKey, open_sealed, seal

_PLAN = "plan.sealed"
_OUTPUTS = "outputs.sealed"


class Vault:
    """Keeps what a live run would need to be taken up again. Safe from many threads."""

    def __init__(self, folder: Path, key: SealingKey) -> None:
        self._folder = folder
        self._key = key

    def keep_plan(self, plan: Plan) -> None:
        """Raises Unavailable."""
        sealed = seal(self._key, encode_plan(plan), _context(self._folder, _PLAN))
        write_private(self._folder / _PLAN, sealed.encode())

    def keep_output(self, output: OutputValue) -> None:
        """Raises Unavailable."""
        content = [output.action, output.target, output.name, output.value, output.sensitive]
        sealed = seal(self._key, json.dumps(content), _context(self._folder, _OUTPUTS))
        path = self._folder / _OUTPUTS
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, f"{sealed}\n".encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            message = f'cannot keep an output in "{path}": {error.strerror}'
            raise Unavailable("journal-not-written", message, "Make room on that disk.") from error


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier run, or the earlier part of one: its plan, what happened, and what its actions had set, in order."""

    run: str
    plan: Plan
    events: tuple[Event, ...]
    outputs: tuple[OutputValue, ...]

    def outputs_of(
        self, actions: Iterable[PlannedAction]
    ) -> Iterator[tuple[PlannedAction, list[OutputValue]]]:
        """What each of these actions had set."""
        by_action: dict[tuple[str, str | None], list[OutputValue]] = {}
        for output in self.outputs:
            by_action.setdefault((output.action, output.target), []).append(output)
        for action in actions:
            place = action.name, action.target.name if action.target else None
            if place in by_action:
                yield action, by_action[place]


def read_past(folder: Path, keys: Iterable[SealingKey]) -> Past:
    """What is known of a run. Raises NotFound (of the key, too), Invalid."""
    ring = tuple(keys)
    try:
        sealed = (folder / _PLAN).read_text()
    except FileNotFoundError:
        message = f"of run {folder.name} there is no sealed plan: it cannot be taken up again"
        raise NotFound("not-resumable", message, "Start another run of its process.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("journal-damaged", f'"{folder / _PLAN}" cannot be read: {error}') from error
    text = open_sealed(ring, sealed, _context(folder, _PLAN))
    try:
        plan = decode_plan(text)
    except ValueError as error:
        message = f"the plan of run {folder.name} was written by another version of Treadle: {error}"
        raise Invalid("journal-format", message, "Use that version, or start another run.") from error
    return Past(folder.name, plan, tuple(journal.read(folder, logs=False)), tuple(_outputs(folder, ring)))


def _outputs(folder: Path, keys: tuple[SealingKey, ...]) -> Iterator[OutputValue]:
    path = folder / _OUTPUTS
    if not path.exists():
        return
    for line in path.read_text().splitlines(keepends=True):
        if line.endswith("\n"):  # else torn: whoever wrote it had not got to its end
            content = json.loads(open_sealed(keys, line.strip(), _context(folder, _OUTPUTS)))
            yield OutputValue(*content)


def _context(folder: Path, file: str) -> str:
    return f"treadle run {folder.name} {file}"
