"""Test results as JUnit XML, the form that CI services read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from registry.text.visible import visible
from runner.testing.model import TestResult


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
    _make_visible(root)
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
        ElementTree.SubElement(case, "error", message=result.error)
    if result.failures:
        told = [str(failure) for failure in result.failures]
        ElementTree.SubElement(case, "failure", message=told[0]).text = "\n".join(told)
    if result.log:
        lines = (f"{level}: {line}" for level, line in result.log)
        ElementTree.SubElement(case, "system-out").text = "\n".join(lines)


def _make_visible(element: ElementTree.Element) -> None:
    """Write out the characters that XML cannot hold, with those that nobody sees, wherever they stand."""
    for part in element.iter():
        part.text = visible(part.text) if part.text else part.text
        part.attrib.update({name: visible(value) for name, value in part.attrib.items()})
