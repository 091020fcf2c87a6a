"""What a process needs from the project that it runs in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from registry.catalog.catalog import Catalog
from registry.errors import Invalid
from registry.home import Home
from registry.publishing.import_ import import_templates
from registry.publishing.publish import publish
from registry.sharing.bundle import NeededVariable, Needs
from registry.text.yaml_document import dump_yaml
from runner.bundle_needs import make_bundle, names_in, names_read_by
from tests.support.repository import parameter, template


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("no expression", []),
        ("#{Site.Host | ToUpper} and #{Site.Host}", ["Site.Host"]),
        ("#{if A.B == C}#{Slack.Hook}#{else}#{D}#{/if}", ["A.B", "C", "Slack.Hook", "D"]),
        ("#{each site in Sites}#{site.Url}#{Suffix}#{/each}", ["Sites", "Suffix"]),
        ("#{Url[#{Name}].Port} #{List[0].Url}", ["Name", "Url", "List[0].Url"]),
        ("##{Escaped} #{Open", []),
    ],
)
def test_names_in_expressions(text: str, names: list[str]) -> None:
    assert names_in(text) == names


def test_names_that_scripts_ask_for() -> None:
    assert names_read_by(
        "a=$(get_octopusvariable 'Bash.Name')\n"
        'get_octopusvariable("Python.Name")\n'
        "$OctopusParameters['Shell.Name'] $OctopusParameters[\"$name\"]\n"
        'get_octopusvariable "$computed"\n'
    ) == ["Bash.Name", "Python.Name", "Shell.Name"]


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(Home.at(tmp_path / "home"), None, {}) as catalog:
        parameters = [
            parameter("Hook", control="Sensitive"),
            parameter("Text", DefaultValue="#{Greeting}, #{Hook}"),
        ]
        (tmp_path / "tell.json").write_bytes(
            template(
                "Team - Tell", 1, "echo '#{Text}' #{Octopus.Machine.Name} #{Site.Mark}", Parameters=parameters
            )
        )
        publish(catalog, tmp_path / "tell.json")
        yield catalog


def _write(folder: Path, name: str, value: Mapping[str, Any]) -> Path:
    (folder / name).write_text(dump_yaml({"version": 1, **value}))
    return folder / name


def test_needs_are_what_nobody_else_defines(catalog: Catalog, tmp_path: Path) -> None:
    project = _write(
        tmp_path,
        "treadle.yaml",
        {
            "environments": {"Test": {}, "Production": {}},
            "variables": {
                "site.host": {
                    "value": "test.example.com",
                    "scopes": [{"value": "www.example.com", "environment": "Production"}],
                },
                "Known.Secret": {"sensitive": True, "from": {"env": "KNOWN"}},
                "Unused": "x",
            },
        },
    )
    process = _write(
        tmp_path,
        "deploy.yaml",
        {
            "steps": [
                {
                    "name": "Tell",
                    "roles": ["web", "db"],
                    "environments": ["Production"],
                    "uses": "library/tell",
                    "with": {"Hook": "#{Slack.Hook}"},
                },
                {
                    "name": "Own",
                    "exclude_environments": ["Test"],
                    "run": "echo #{Site.Host} #{Octopus.Action[Tell].Output.X} #{env:PATH} #{Known.Secret}",
                },
            ]
        },
    )
    bundle, _ = make_bundle(catalog, tmp_path, project, [process])
    assert bundle.needs == Needs(
        variables=(
            NeededVariable("Greeting"),
            NeededVariable("Known.Secret", sensitive=True),
            NeededVariable("site.host", value="test.example.com"),
            NeededVariable("Site.Mark"),
            NeededVariable("Slack.Hook", sensitive=True),
        ),
        roles=("db", "web"),
        environments=("Production", "Test"),
    )
    assert [item.references for item in bundle.templates] == [("library/tell",)]


def test_a_secret_in_clear_is_not_shared(catalog: Catalog, tmp_path: Path) -> None:
    step = {"name": "Tell", "uses": "library/tell", "with": {"hook": "hunter2"}}
    process = _write(tmp_path, "deploy.yaml", {"steps": [step]})
    with pytest.raises(Invalid, match='gives the sensitive "hook" in clear') as refused:
        make_bundle(catalog, tmp_path, None, [process])
    assert "hunter2" not in str(refused.value.problems)


def test_a_secret_in_a_template_is_not_shared(catalog: Catalog, tmp_path: Path) -> None:
    hook = parameter("Hook", control="Sensitive", DefaultValue="hunter2")
    (tmp_path / "loud.json").write_bytes(template("Team - Loud", 1, Parameters=[hook]))
    import_templates(catalog, [tmp_path / "loud.json"])
    process = _write(tmp_path, "deploy.yaml", {"steps": [{"name": "Loud", "uses": "library/loud"}]})
    with pytest.raises(Invalid, match='default of the sensitive parameter "Hook" is a secret'):
        make_bundle(catalog, tmp_path, None, [process])


def test_two_processes_of_one_name_are_refused(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    step = {"name": "Own", "run": "true"}
    files = [_write(folder, "deploy.yaml", {"steps": [step]}) for folder in (tmp_path, tmp_path / "other")]
    with pytest.raises(Invalid, match="two processes are called"):
        make_bundle(catalog, tmp_path, None, files)
