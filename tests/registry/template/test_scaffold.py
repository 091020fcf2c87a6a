"""New templates are valid and complete from the first moment."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Conflict, Invalid
from registry.lint.linter import lint
from registry.resources import builtin_templates
from registry.template.document import read_folder
from registry.template.files import load_folder
from registry.template.scaffold import copied_template, new_template, write_new
from registry.validation.check import check_path

SYNTAXES = {"bash": "Bash", "python": "Python", "powershell": "PowerShell"}


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_new_template_is_valid(syntax: str, tmp_path: Path) -> None:
    write_new(tmp_path / "x", new_template("notify-team", syntax))
    checked = list(check_path(tmp_path / "x"))
    assert {one.kind for one in checked} == {"template-folder", "template-test"}
    assert [problem for one in checked for problem in one.problems] == []


@pytest.mark.parametrize("slug", ["tell", "notify-team", "a.b_c-d"])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_lint_has_nothing_against_a_new_template(syntax: str, slug: str, tmp_path: Path) -> None:
    write_new(tmp_path / slug, new_template(slug, syntax))
    assert lint([tmp_path / slug]).problems == ()


@pytest.mark.parametrize(("syntax", "written"), SYNTAXES.items())
def test_new_template_is_named_after_its_slug(syntax: str, written: str) -> None:
    document = read_folder(new_template("notify-team", syntax))
    assert document.template.name == "Notify - Team"
    assert document.template.parameters[0].name == "NotifyTeam.Message"
    assert document.template.properties["Octopus.Action.Script.Syntax"] == written
    script = document.template.properties["Octopus.Action.Script.ScriptBody"] or ""
    assert "NotifyTeam.Message" in script
    assert all(b"{{" not in content for content in new_template("notify-team", syntax).values())
    assert {"README.md", "logo.png", "tests/says.yaml"} <= set(document.files)


@pytest.mark.parametrize(
    "name",
    [
        'Say "it": now',
        "Chat: notify",
        "#1 - Deploy",
        "'",
        "null",
        "12",
        "- x",
        "*x",
        "{{ x }}",
        "${#x}",
        "Grüße - Sag",
        "a\\b",
        "Deploy - " + "a long name " * 20 + "end",
    ],
)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_any_name_is_written_as_it_is(syntax: str, name: str, tmp_path: Path) -> None:
    write_new(tmp_path / "x", new_template("x", syntax, name))
    assert load_folder(tmp_path / "x").template.name == name
    checked = [problem for one in check_path(tmp_path / "x") for problem in one.problems]
    assert [problem.code for problem in checked if problem.code.startswith("yaml")] == []


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_every_name_comes_back(name: str) -> None:
    assert read_folder(new_template("x", "bash", name)).template.name == name


def test_a_new_template_names_no_schema() -> None:
    assert all(b"$schema" not in content for content in new_template("x", "bash").values())


def test_every_new_template_has_ids_of_its_own() -> None:
    one, other = (read_folder(new_template("x", "bash")).template for _ in range(2))
    assert one.id != other.id
    assert one.parameters[0].id != other.parameters[0].id


def test_copy_has_its_own_identity_and_the_same_content() -> None:
    origin = load_folder(builtin_templates() / "http-request")
    copy = read_folder(copied_template("call-api", None, origin))
    assert copy.template.name == "Treadle - HTTP request (call-api)"
    assert copy.template.version == 1
    assert copy.template.id != origin.template.id
    assert [parameter.name for parameter in copy.template.parameters] == [
        parameter.name for parameter in origin.template.parameters
    ]
    assert not {p.id for p in copy.template.parameters} & {p.id for p in origin.template.parameters}
    assert copy.template.properties == origin.template.properties
    assert copy.template.parameters[0].required
    assert copy.files.keys() == origin.files.keys()


@pytest.mark.parametrize("slug", ["", "../x", "a/b", "with blank", "-x"])
def test_bad_slug_is_refused(slug: str) -> None:
    with pytest.raises(Invalid, match="cannot be the name of a template"):
        new_template(slug, "bash")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/mine").write_text("")
    with pytest.raises(Conflict, match="exists already"):
        write_new(tmp_path / "x", new_template("x", "bash"))
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["mine"]


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    write_new(tmp_path / "x", new_template("x", "bash"), dry_run=True)
    assert not (tmp_path / "x").exists()
