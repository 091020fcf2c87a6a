"""Every conformance case of Bash, PowerShell and Python, in a container of its own.

TREADLE_CONFORMANCE_DIR names a folder whose cases (`*.jsonl`) are run instead of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from runner.bootstrap import Syntax
from runner.engine.docker import DockerEngine
from runner.engine.worker_image import default_image
from tests.conformance.script_cases import SYNTAXES, Case, differences, read_cases, run_case
from tests.support.containers import ContainerStock, script_stock

pytestmark = pytest.mark.docker

CASES = read_cases()
assert CASES, "there is not one script case in the folder that TREADLE_CONFORMANCE_DIR names"


Stocks = Callable[[Syntax], ContainerStock]


@pytest.fixture(scope="module")
def stocks() -> Iterator[Stocks]:
    """A stock for each language, made when it is first asked for."""
    with DockerEngine() as engine, ExitStack() as stack:

        @cache
        def of(syntax: Syntax) -> ContainerStock:
            image = default_image(syntax)
            engine.ensure_image(image)
            return stack.enter_context(script_stock(engine, syntax, image))

        yield of


def marked(case: Case) -> object:
    marks = [pytest.mark.powershell] if case["language"] == "powershell" else []
    return pytest.param(case, id=case["id"], marks=marks)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_script_is_heard_as_expected(case: Case, stocks: Stocks) -> None:
    with stocks(SYNTAXES[case["language"]]).lend() as container:
        outcome = run_case(case, container)
    assert differences(case, outcome) == [], case["script"]
