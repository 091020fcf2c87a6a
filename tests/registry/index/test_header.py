"""The header of a template: what enters the index."""

from __future__ import annotations

import pytest

from registry.errors import Invalid
from registry.index.header import TemplateId, read_header
from registry.model import MAX_VERSION, TemplateForm
from tests.conftest import MakeProject
from tests.support.repository import SourceRepository, template

NUMBERS = [str(2**63), str(-(2**63) - 1), str(2**31), "-1", "1e300", "1" + "0" * 400, "1e999999"]


def test_a_header_names_the_template() -> None:
    assert read_header(template("Hello", MAX_VERSION, Id="x"), TemplateForm.JSON, "x") == TemplateId(
        "x", MAX_VERSION
    )


@pytest.mark.parametrize("number", NUMBERS)
def test_a_version_that_no_index_can_hold_is_refused_with_its_place(number: str) -> None:
    json = template("Hello", 1).replace(b'"Version": 1', b'"Version": ' + number.encode())
    yaml = f"schema: 1\naction_type: Octopus.Script\nversion: {number}\n".encode()
    forms = [(json, TemplateForm.JSON), (yaml, TemplateForm.FOLDER)]
    # In YAML a numeral beyond all numbers is a text, which is not a version.
    for data, form in forms if len(number) < 30 and "99" not in number else forms[:1]:
        with pytest.raises(Invalid) as refused:
            read_header(data, form, "x")
        (problem,) = refused.value.problems
        assert (problem.line, problem.column) == ((6, 14) if form is TemplateForm.JSON else (3, 10))


@pytest.mark.parametrize("number", NUMBERS)
def test_such_a_version_spoils_neither_a_sync_nor_the_library(make_project: MakeProject, number: str) -> None:
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\nlibrary: {git: ./library}\n"})
    bad = template("Bad", 1).replace(b'"Version": 1', b'"Version": ' + number.encode())
    SourceRepository.create(project.root / "ours").commit({"good.json": template("Good", 1), "bad.json": bad})
    project.write({"bad.json": bad})
    assert project.treadle("source", "sync", "ours").exit_code == 0
    assert project.treadle("show", "ours/good").exit_code == 0
    for command in ("import", "publish", "validate"):
        refused = project.treadle(command, "bad.json")
        assert refused.exit_code in (1, 2)
        assert "bad.json:6:14" in refused.stderr + refused.stdout
    assert project.treadle("import", "builtin/sleep").exit_code == 0
