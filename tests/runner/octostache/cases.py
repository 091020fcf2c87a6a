"""The conformance cases, and how an answer is compared.

`octostache-generated.jsonl` beside this file holds random cases in 51 families with the answers of the reference
implementation. The cases of the reference's own tests don't come with Treadle: they are looked for beside the
checkout, or in the folder that TREADLE_TEST_CONFORMANCE names.
"""

import json
import os
from pathlib import Path
from typing import Any, TypeAlias

from runner.octostache import Evaluation, OctostacheError, RecursiveDefinitionError, Variables
from runner.octostache.dotnet.characters import encodable

Case: TypeAlias = dict[str, Any]

_HERE = Path(__file__).parent
_BESIDE = Path(__file__).parents[4] / "shared" / "conformance"
VECTORS = Path(os.environ.get("TREADLE_TEST_CONFORMANCE", _BESIDE)) / "octostache.json"
MISSING_TOKENS = "The following tokens were unable to be evaluated:"


def generated_cases() -> list[Case]:
    """The random cases."""
    lines = (_HERE / "octostache-generated.jsonl").read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def vectors() -> list[Case]:
    """The cases of the reference's own tests; none where they are missing."""
    return json.loads(VECTORS.read_text("utf-8")) if VECTORS.is_file() else []


def evaluate(case: Case) -> Evaluation | OctostacheError:
    """What we make of a random case."""
    try:
        return Variables(case["variables"]).evaluate(case["template"], halt_on_error=case["halt_on_error"])
    except OctostacheError as error:
        return error


def agrees(case: Case, answer: Evaluation | OctostacheError) -> bool:
    """Whether the answer is the reference's; words of parser messages and of raw exceptions are ours to choose."""
    if isinstance(answer, OctostacheError):
        return _same_exception(case["exception"], answer)
    if case["exception"] is not None or _text(answer.text) != _text(case["text"]):
        return False
    expected = case["error"]
    if expected is not None and expected.startswith(MISSING_TOKENS):
        return _text(answer.error) == _text(expected)
    return (answer.error is None) == (expected is None)


def _same_exception(expected: str | None, answer: OctostacheError) -> bool:
    if expected is None:
        return False
    if expected.startswith("RecursiveDefinitionException"):
        return isinstance(answer, RecursiveDefinitionError) and expected.endswith(str(answer))
    return True


def _text(text: str | None) -> str | None:
    return None if text is None else encodable(text)
