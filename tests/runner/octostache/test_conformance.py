"""Every conformance case by its name."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from runner.octostache import OctostacheError, TemplateSyntaxError, Variables, argument_names, parse_template
from tests.runner.octostache.cases import Case, agrees, evaluate, generated_cases, vectors

A_CASE: Case = {
    "id": "a-case-of-our-own",
    "api": "evaluate",
    "variables": {"Name": "x"},
    "template": "#{Name | ToUpper}#{Gone}",
    "expected": "X#{Gone}",
    "expect_error": True,
}
"""In the reference's form; where its own cases cannot be had, this one still tries the code that compares."""


@pytest.mark.parametrize("case", generated_cases(), ids=lambda case: case["id"])
def test_a_random_case_has_the_answer_of_the_reference(case: Case) -> None:
    answer = evaluate(case)

    assert agrees(case, answer), f"{case['template']!r} gave {answer!r}"


@pytest.mark.parametrize("case", [*vectors(), A_CASE], ids=lambda case: case["id"])
def test_a_case_of_the_reference_passes(case: Case) -> None:
    variables = Variables(case["variables"], functions=_functions(case.get("extensions", {})))

    if "expect_exception" in case:
        with pytest.raises(OctostacheError) as caught:
            variables.evaluate(case["template"])
        assert str(caught.value) == case.get("expected_message", str(caught.value))
        return
    answer, error = _APIS[case["api"]](variables, case)
    answer = _post(answer, case.get("post", []))

    if "check" in case:
        _check(answer, **case["check"])
    elif "expected" in case:
        assert answer == case["expected"]
    if "contains" in case:
        assert set(case["contains"]) <= set(answer)
        assert not set(case.get("not_contains", [])) & set(answer)
    if "expected_any" in case:
        assert answer in case["expected_any"]
    if case.get("expect_error"):
        assert error
    if "expected_error" in case:
        assert error == case["expected_error"]


def _evaluate(variables: Variables, case: Case) -> tuple[Any, str | None]:
    result = variables.evaluate(case["template"], halt_on_error=case.get("halt_on_error", True))
    return result.text, result.error


def _get(variables: Variables, case: Case) -> tuple[Any, str | None]:
    return variables.get(case["template"]), variables.evaluate(variables.get_raw(case["template"])).error


def _try_parse(_: Variables, case: Case) -> tuple[Any, str | None]:
    try:
        parse_template(case["template"], case.get("halt_on_error", True))
    except TemplateSyntaxError as error:
        return False, str(error)
    return True, None


_APIS: dict[str, Callable[[Variables, Case], tuple[Any, str | None]]] = {
    "evaluate": _evaluate,
    "get": _get,
    "try_parse": _try_parse,
    "get_raw": lambda variables, case: (variables.get_raw(case["template"]), None),
    "get_flag": lambda variables, case: (variables.get_flag(case["template"], case["default"]), None),
    "get_int": lambda variables, case: (variables.get_int(case["template"]), None),
    "save_as_string": lambda variables, case: (variables.save_as_string(), None),
    "evaluate_truthy": lambda variables, case: (variables.evaluate_truthy(case["template"]), None),
    "indexes": lambda variables, case: (variables.indexes(case["template"]), None),
    "argument_names": lambda _, case: (argument_names(case["template"]), None),
    "template_to_string": lambda _, case: (str(parse_template(case["template"])), None),
}


def _functions(names: dict[str, str]) -> dict[str, Callable[[str | None, Sequence[str]], str | None]]:
    known: dict[str, Callable[[str | None, Sequence[str]], str | None]] = {
        "lower": lambda text, _: (text or "").lower(),
        "letter_numbers": lambda text, _: "-".join(str(ord(char) - 64) for char in (text or "").upper()),
    }
    return {name: known[kind] for name, kind in names.items()}


def _post(answer: Any, steps: list[list[str]]) -> Any:
    for step, *values in steps:
        if step == "replace":
            answer = answer.replace(*values)
        elif step == "trim":
            answer = answer.strip()
        else:
            answer = "".join(answer.split())
    return answer


def _check(answer: str, type: str, **wanted: Any) -> None:  # noqa: A002 - the name in the case
    if type == "yaml_key_equals":
        assert yaml.safe_load(answer)[wanted["key"]] == wanted["value"]
        return
    now = datetime.now(UTC)
    local = now if wanted.get("tz") == "utc" else now.astimezone()
    if type == "close_to_now":
        moment = datetime.fromisoformat(answer[:26])
        apart = (moment - local.replace(tzinfo=None)).total_seconds() - wanted["plus_hours"] * 3600
        assert abs(apart) <= wanted["tolerance_seconds"]
    elif type == "now_strftime":
        assert answer == local.strftime(wanted["format"])
    else:
        assert answer == local.strftime("%z")[:3]
