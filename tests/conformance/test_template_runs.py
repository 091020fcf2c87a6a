"""Whole PowerShell templates of the community library, run against mocks of the services they call.

The runs were recorded with the reference implementation. TREADLE_CONFORMANCE_DIR names a folder with another
`powershell-runs.json`; without one, and without the record beside the project, nothing is run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runner.bootstrap import Syntax
from runner.engine.docker import DockerEngine
from runner.engine.worker_image import POWERSHELL
from tests.conformance.mock_service import mock_service
from tests.conformance.script_cases import RECORDED
from tests.conformance.template_runs import Run, TemplateRun
from tests.support.containers import ContainerStock, script_stock
from tests.support.library import CommunityLibrary

pytestmark = [pytest.mark.docker, pytest.mark.powershell, pytest.mark.slow]

_FILE = Path(os.environ.get("TREADLE_CONFORMANCE_DIR") or RECORDED) / "powershell-runs.json"
RECORD: dict[str, Any] = json.loads(_FILE.read_text("utf-8")) if _FILE.is_file() else {"runs": []}


def named(number: int, run: Run) -> Any:
    return pytest.param(run, id=f"{number}-{run['slug']}")


@pytest.fixture(scope="module")
def stock() -> Iterator[ContainerStock]:
    with DockerEngine() as engine:
        engine.ensure_image(POWERSHELL.reference)
        # The environment of each is its own, so none of them is started ahead.
        with script_stock(
            engine, Syntax.POWERSHELL, POWERSHELL.reference, ahead=2, network="bridge", ahead_command=()
        ) as stock:
            yield stock


@pytest.mark.parametrize("run", [named(number, run) for number, run in enumerate(RECORD["runs"])])
def test_a_template_does_what_was_recorded(
    run: Run, stock: ContainerStock, community_library: CommunityLibrary
) -> None:
    template = json.loads(community_library.content(run["blob"]).decode("utf-8-sig"))
    with ExitStack() as stack:
        service = None
        if "mock" in run:
            service = stack.enter_context(mock_service(run["mock"], run.get("hosts", ())))
        container = stack.enter_context(stock.lend())
        attempt = TemplateRun(run, template, RECORD["system_variables"], service)
        heard = attempt.execute(container)
        assert list(attempt.differences(heard, container)) == []
