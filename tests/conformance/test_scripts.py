"""Every conformance case of Bash and Python, in a container of its own.

TREADLE_CONFORMANCE_DIR names a folder whose cases (`*.jsonl`) are run instead of ours.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runner.engine.docker import DockerEngine
from runner.engine.worker_image import worker_reference
from tests.conformance.script_cases import Case, differences, read_cases, run_case
from tests.support.containers import ContainerStock

pytestmark = pytest.mark.docker

CASES = read_cases()
assert CASES, "there is not one script case in the folder that TREADLE_CONFORMANCE_DIR names"


@pytest.fixture(scope="module")
def stock() -> Iterator[ContainerStock]:
    with DockerEngine() as engine:
        engine.ensure_image(worker_reference())
        with ContainerStock(engine, worker_reference()) as stock:
            yield stock


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_script_is_heard_as_expected(case: Case, stock: ContainerStock) -> None:
    with stock.lend() as container:
        outcome = run_case(case, container)
    assert differences(case, outcome) == [], case["script"]
