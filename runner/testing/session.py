"""A session of tests: what all its containers are labelled with, so that a killed one is swept like a dead run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from registry.home import Home, exclusive, make_folder
from runner.engine.base import Endpoint, Engine, EngineError
from runner.execution.cancellation import Cancellation
from runner.execution.container_pool import RunLabels
from runner.runs import journal
from runner.runs.engine_notes import note_engines
from runner.runs.sweep import home_identity


@dataclass(frozen=True, slots=True)
class Session:
    """`folder` is for what the tests fetch; it is gone when the session ends."""

    engine: Engine
    labels: RunLabels
    folder: Path
    cancellation: Cancellation


@contextmanager
def test_session(home: Home, engine: Engine, cancellation: Cancellation) -> Iterator[Session]:
    """A folder among the runs, hidden and locked while the session lasts."""
    run = f".test-{journal.new_run_id()}"
    folder = home.runs / run
    make_folder(folder)
    with exclusive(folder / journal.RUN_LOCK_FILE, "test templates"):
        note_engines(home, run, [Endpoint()])
        try:
            yield Session(engine, RunLabels(home_identity(home), run), folder, cancellation)
        except (EngineError, KeyboardInterrupt):
            raise  # containers may be left: the folder stays, for the sweep to go by
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        else:
            shutil.rmtree(folder, ignore_errors=True)
