"""What the environment sets: how much a run may print and keep.

Every limit has a variable: bytes, with `k`, `m` or `g` for powers of 1024, or a plain number where it counts
things. docs/reliability.md lists them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.errors import Invalid
from runner.execution.artifacts import ArtifactLimits
from runner.execution.pump import PumpLimits

_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}

OUTPUT_VARIABLES = {
    "TREADLE_MAX_LOG": "log_bytes",
    "TREADLE_MAX_LINE": "line_length",
    "TREADLE_MAX_OUTPUTS": "outputs",
    "TREADLE_MAX_OUTPUT": "output_bytes",
    "TREADLE_MAX_MESSAGES": "messages",
}
ARTIFACT_VARIABLES = {
    "TREADLE_MAX_ARTIFACT": "bytes_each",
    "TREADLE_MAX_ARTIFACTS": "number",
    "TREADLE_MAX_ARTIFACTS_TOTAL": "bytes_total",
}
KEEP_RUNS = "TREADLE_KEEP_RUNS"


@dataclass(frozen=True, slots=True)
class RunLimits:
    """`output` holds for each action, `artifacts` for the whole run.

    `keep_runs`: how many runs of each project are kept; None: all.
    """

    output: PumpLimits = field(default_factory=PumpLimits)
    artifacts: ArtifactLimits = field(default_factory=ArtifactLimits)
    keep_runs: int | None = None


def read_limits(environment: Mapping[str, str]) -> RunLimits:
    """Raises Invalid for a value that is not a size."""
    return RunLimits(
        PumpLimits(**_sizes(environment, OUTPUT_VARIABLES)),
        ArtifactLimits(**_sizes(environment, ARTIFACT_VARIABLES)),
        _sizes(environment, {KEEP_RUNS: KEEP_RUNS}).get(KEEP_RUNS),
    )


def _sizes(environment: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, int]:
    return {
        key: _size(variable, environment[variable])
        for variable, key in variables.items()
        if environment.get(variable)
    }


def _size(variable: str, text: str) -> int:
    match = re.fullmatch(r"([0-9]+)([kmg]?)", text.strip().lower(), re.ASCII)
    if match is None or int(match[1]) == 0:
        raise Invalid(
            "bad-limit",
            f'{variable} is "{text}", which is not a size',
            hint="Give a whole number above 0, if you like with k, m or g: 512m.",
        )
    return int(match[1]) * _UNITS[match[2]]
