"""Says in the summary if conformance cases had to be left out."""

import pytest

from tests.runner.octostache.cases import VECTORS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not VECTORS.is_file():
        terminalreporter.write_line(f"left out: the reference's own cases of #{{...}}, there is no {VECTORS}")
