"""Limits from the environment."""

from __future__ import annotations

import pytest

from registry.errors import Invalid
from runner.execution.artifacts import ArtifactLimits
from runner.execution.pump import PumpLimits
from runner.runs.limits import ARTIFACT_VARIABLES, OUTPUT_VARIABLES, RunLimits, read_limits


def test_without_variables_all_is_as_by_default() -> None:
    assert read_limits({"TREADLE_MAX_LOG": "", "HOME": "/root"}) == RunLimits(PumpLimits(), ArtifactLimits())


@pytest.mark.parametrize(("text", "size"), [("17", 17), ("3k", 3072), (" 2M ", 2 * 1024**2), ("1g", 1024**3)])
def test_sizes_have_units(text: str, size: int) -> None:
    assert read_limits({"TREADLE_MAX_LOG": text}).output.log_bytes == size


def test_every_variable_sets_its_own_limit() -> None:
    names = [*OUTPUT_VARIABLES, *ARTIFACT_VARIABLES]
    settings = read_limits({name: str(number) for number, name in enumerate(names, 1)})
    found = [getattr(settings.output, key) for key in OUTPUT_VARIABLES.values()]
    found += [getattr(settings.artifacts, key) for key in ARTIFACT_VARIABLES.values()]
    assert found == list(range(1, len(names) + 1))


@pytest.mark.parametrize("text", ["much", "-1", "0", "1.5g", "1t", "٣"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_limits({"TREADLE_MAX_ARTIFACT": text})
    assert caught.value.message == f'TREADLE_MAX_ARTIFACT is "{text}", which is not a size'
    assert "512m" in (caught.value.hint or "")
