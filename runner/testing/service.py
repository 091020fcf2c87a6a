"""The use-case behind `treadle test`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from registry.errors import NotFound
from registry.home import Home
from runner.engine.base import Endpoint
from runner.execution.cancellation import Cancellation
from runner.execution.connections import Connect, Connections
from runner.planner import DefaultImage, Resolve
from runner.runs.sweep import sweep
from runner.testing.cases import Case, FilesOf, find_cases, name_of
from runner.testing.model import TestResult
from runner.testing.running import run_test
from runner.testing.session import test_session


@dataclass(frozen=True, slots=True)
class TestService:
    """Finds and runs tests, on the engine of the current context."""

    __test__ = False  # no test itself, whatever pytest thinks of the name

    home: Home
    resolve: Resolve
    files_of: FilesOf
    connect: Connect
    default_image: DefaultImage

    def find(self, paths: Iterable[str], tests: Path | None, pattern: str = "") -> list[Case]:
        """The tests to run: those whose template or name holds `pattern`, in any case.

        Raises NotFound, also when there is not one, and Invalid.
        """
        wanted = pattern.casefold()
        cases = [
            case
            for case in find_cases(paths, tests, self.resolve, self.files_of)
            if wanted in f"{name_of(case.template)}: {case.test.name}".casefold()
        ]
        if not cases:
            which = f' with "{pattern}" in their name' if pattern else ""
            raise NotFound(
                "no-tests", f"there are no tests{which}", hint="Tests lie in tests/*.yaml beside a template."
            )
        return cases

    def run(
        self,
        cases: Sequence[Case],
        jobs: int,
        done: Callable[[TestResult], None],
        cancellation: Cancellation,
    ) -> list[TestResult]:
        """Run tests, several at once; `done` hears of each, one at a time. In the order of `cases`.

        After a cancel what runs is stopped, and no further test begins: the results are those there are by then.
        Raises EngineError.
        """
        engines = Connections(self.connect)
        lock = Lock()
        try:
            sweep(self.home, engines)
            with test_session(self.home, engines.at(Endpoint()), cancellation) as session:
                cancellation.begin()

                def run(case: Case) -> TestResult | None:
                    if cancellation.requested:
                        return None
                    result = run_test(session, case.template, case.test, self.default_image)
                    with lock:
                        if not cancellation.requested:
                            done(result)
                    return result

                pool = ThreadPoolExecutor(max_workers=jobs)
                try:
                    return [result for result in pool.map(run, cases) if result is not None]
                except KeyboardInterrupt:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
                finally:
                    pool.shutdown(wait=not cancellation.requested)
        finally:
            engines.close()
