"""What every built-in template must have; that they work is shown by their own tests."""

from __future__ import annotations

import ast
import struct
import subprocess

import pytest

from registry.resources import builtin_templates
from registry.template.document import TemplateDocument
from registry.template.files import load_folder
from registry.text.yaml_document import load_yaml
from registry.validation.check import check_path

SLUGS = sorted(path.parent.name for path in builtin_templates().glob("*/template.yaml"))
SCRIPT = "Octopus.Action.Script."


def template(slug: str) -> TemplateDocument:
    return load_folder(builtin_templates() / slug)


def test_all_are_there() -> None:
    assert SLUGS == [
        "http-request",
        "notify-webhook",
        "render-a-file",
        "run-a-script",
        "sleep",
        "wait-for-http",
        "wait-for-port",
    ]


def test_ids_and_names_are_unique() -> None:
    templates = [template(slug).template for slug in SLUGS]
    parameters = [parameter.id for one in templates for parameter in one.parameters]
    assert len({one.id for one in templates}) == len({one.name for one in templates}) == len(templates)
    assert len(set(parameters)) == len(parameters)
    assert None not in parameters


@pytest.mark.parametrize("slug", SLUGS)
def test_template_and_its_tests_are_valid(slug: str) -> None:
    checked = list(check_path(builtin_templates() / slug))
    assert [problem for one in checked for problem in one.problems] == []
    assert sorted({one.kind for one in checked}) == ["template-folder", "template-test"]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_input_is_described_and_has_the_templates_prefix(slug: str) -> None:
    one = template(slug).template
    prefix = "".join(word.capitalize() for word in slug.split("-"))
    for parameter in one.parameters:
        assert parameter.name.startswith(f"{prefix}."), parameter.name
        assert parameter.label
        assert parameter.help
        assert parameter.help.endswith("."), parameter.help
    assert one.description.endswith(".")


@pytest.mark.parametrize("slug", SLUGS)
def test_script_reads_its_parameters_and_sets_its_outputs_only(slug: str) -> None:
    document = template(slug)
    script = document.template.properties[f"{SCRIPT}ScriptBody"] or ""
    for parameter in document.template.parameters:
        assert parameter.name.rpartition(".")[2] in script, parameter.name
    for output in document.template.outputs:
        assert (
            f'set_octopusvariable("{output.name}"' in script
            or f'set_octopusvariable "{output.name}"' in script
        )
    assert "#{" not in script, "the runner would evaluate it"


@pytest.mark.parametrize("slug", SLUGS)
def test_script_is_valid_in_its_language(slug: str) -> None:
    properties = template(slug).template.properties
    script = properties[f"{SCRIPT}ScriptBody"] or ""
    if properties[f"{SCRIPT}Syntax"] == "Python":
        ast.parse(script)
    else:
        subprocess.run(["bash", "-n"], input=script.encode(), check=True)


@pytest.mark.parametrize("slug", SLUGS)
def test_files_beside_it(slug: str) -> None:
    files = template(slug).files
    assert files["README.md"].decode().startswith(f"# {template(slug).template.name}\n")
    logo = files["logo.png"]
    assert logo.startswith(b"\x89PNG")
    assert struct.unpack(">II", logo[16:24]) == (200, 200)
    assert len(logo) < 8192


@pytest.mark.parametrize("slug", SLUGS)
def test_tests_give_inputs_that_exist_and_show_a_failure(slug: str) -> None:
    one = template(slug).template
    codes = set()
    for file in sorted((builtin_templates() / slug / "tests").glob("*.yaml")):
        test = load_yaml(file.read_text(), file.name).value
        assert all(one.parameter(name) for name in test["inputs"])
        codes.add(test["expect"]["exit_code"])
    assert 0 in codes
    assert slug == "notify-webhook" or len(codes) > 1
