"""Variables are spread over files evenly, whatever their names have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from runner.bootstrap import ScriptRequest, Syntax, build_payload
from runner.bootstrap.bash import bucket_of
from runner.bootstrap.language import VARIABLES_DIR


@pytest.mark.parametrize("buckets", [5, 13, 29, 67, 131, 257])
@pytest.mark.parametrize(
    "name",
    [
        lambda n: f"Project.Setting.{n}",
        lambda n: f"Octopus.Action[Step {n}].Output.ConnectionString",
        lambda n: f"V{n:04}",
        lambda n: f"{n}.Name",
        lambda n: f"Octopus.Action.Package[p{n % 40}].Version{n // 40}",
    ],
)
def test_no_bucket_gets_far_more_than_its_share(name: Callable[[int], str], buckets: int) -> None:
    share = 12
    fullest = Counter(bucket_of(name(n), buckets) for n in range(share * buckets)).most_common(1)[0][1]
    assert fullest <= 3 * share


@pytest.mark.parametrize(("variables", "files"), [(0, 1), (59, 1), (60, 5), (1000, 67), (100_000, 257)])
def test_more_variables_take_more_files(variables: int, files: int) -> None:
    payload = build_payload(ScriptRequest(Syntax.BASH, "", {f"V{n}": "v" for n in range(variables)}))
    assert sum(file.path.startswith(VARIABLES_DIR) for file in payload.files) == 1 + files
