"""Test results as JUnit XML, the form that CI services read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from runner.testing.model import TestResult

_NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32)))


def junit_xml(results: Sequence[TestResult]) -> bytes:
    """One suite a template, one case a test."""
    root = ElementTree.Element("testsuites")
    for template, group in groupby(results, key=lambda result: result.template):
        members = list(group)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=template,
            tests=str(len(members)),
            failures=str(sum(1 for result in members if result.failures)),
            errors=str(sum(1 for result in members if result.error)),
            time=f"{sum(result.seconds for result in members):.3f}",
        )
        for result in members:
            _case(suite, result)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _case(suite: ElementTree.Element, result: TestResult) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=result.template,
        name=result.test.name,
        file=result.test.file,
        time=f"{result.seconds:.3f}",
    )
    if result.error is not None:
        ElementTree.SubElement(case, "error", message=_clean(result.error))
    if result.failures:
        told = [str(failure) for failure in result.failures]
        ElementTree.SubElement(case, "failure", message=_clean(told[0])).text = _clean("\n".join(told))
    if result.log:
        lines = (f"{level}: {line}" for level, line in result.log)
        ElementTree.SubElement(case, "system-out").text = _clean("\n".join(lines))


def _clean(text: str) -> str:
    """Without the control characters that XML can't hold."""
    return text.translate(_NOT_XML)
