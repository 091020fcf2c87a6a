"""Problems as golden text: what a user reads, less the name of the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from registry.errors import UserError
from registry.model import Problem


def problem_line(problem: Problem) -> str:
    """`4:12 message [code] > hint`."""
    place = f"{problem.line}:{problem.column} " if problem.line else ""
    hint = f" > {problem.hint}" if problem.hint else ""
    return f"{place}{problem.message} [{problem.code}]{hint}"


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    return [problem_line(problem) for problem in problems]


def refusal(call: Callable[[], object]) -> list[str]:
    """The problems with which `call` refuses; of an error without any, `message [code] > hint`."""
    with pytest.raises(UserError) as caught:
        call()
    error = caught.value
    if error.problems:
        return problem_lines(error.problems)
    return [f"{error.message} [{error.code}]" + (f" > {error.hint}" if error.hint else "")]


def golden_cases(path: Path) -> list[Any]:
    """Parameters `text`, `expected` of a test, from a file of cases::

    === what the case is about
    the document
    --- refused with
    one line for each problem, as `problem_line` writes it
    """
    cases = []
    for section in path.read_text(encoding="utf-8").split("=== ")[1:]:
        title, _, rest = section.partition("\n")
        text, _, expected = rest.partition("--- refused with\n")
        cases.append(pytest.param(text, expected.rstrip("\n").split("\n"), id=title))
    return cases
