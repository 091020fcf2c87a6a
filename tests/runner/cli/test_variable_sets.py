"""Variables that several projects share, through the command line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

COMMON: dict[str, Any] = {
    "name": "Common",
    "variables": {
        "Log.Level": {"value": "info", "scopes": [{"value": "warning", "environment": "Production"}]},
        "Company": "Acme",
        "Licence": {"from": {"file": "licence.txt"}},
        "Mail.Password": {"sensitive": True, "from": {"env": "MAIL_PASSWORD"}},
    },
}
SHOP: dict[str, Any] = {
    "environments": {"Test": {}, "Production": {}},
    "variable_sets": ["../shared/common.yaml"],
    "variables": {"log.level": "debug", "Own": "x"},
}
STEPS: dict[str, Any] = {
    "steps": [{"name": "A", "run": "echo '#{Log.Level} #{Company} #{Licence} #{Mail.Password}'"}]
}


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    monkeypatch.setenv("MAIL_PASSWORD", "s3cret-password")
    return make_project(
        {
            "../shared/common.yaml": COMMON,
            "../shared/licence.txt": "key-1\n",
            "treadle.yaml": SHOP,
            "deploy.yaml": STEPS,
        }
    )


def values(shop: ProjectTree, environment: str) -> dict[str, Any]:
    done = shop.treadle("plan", "deploy", "-e", environment, "--json")
    assert done.exit_code == 0, done.stderr
    return {one["name"]: one for one in done.json["steps"][0]["actions"][0]["variables"]}


def test_a_project_reads_the_variables_of_its_sets(shop: ProjectTree) -> None:
    found = values(shop, "Test")
    assert (found["Company"]["value"], found["Company"]["detail"]) == ("Acme", "of Common")
    assert found["Licence"]["value"] == "key-1"
    assert found["Mail.Password"]["value"] == "********"


def test_the_projects_value_wins_unless_the_sets_is_more_specific(shop: ProjectTree) -> None:
    assert values(shop, "Test")["log.level"]["value"] == "debug"
    assert values(shop, "Production")["log.level"]["value"] == "warning"


def test_a_set_validates_by_itself_and_with_its_project(shop: ProjectTree) -> None:
    done = shop.treadle("validate", ".", "../shared")
    assert (done.exit_code, done.stdout) == (0, "3 documents checked: no problems\n")


@pytest.mark.parametrize(
    ("files", "code", "words"),
    [
        ({"treadle.yaml": {**SHOP, "variable_sets": ["nope.yaml"]}}, "file-not-found", "nope.yaml"),
        ({"../shared/common.yaml": "version: 1\nvariables: [x]\n"}, "wrong-type", "common.yaml:2:12"),
        ({"../shared/common.yaml": "secret: s3cret-password\n"}, "not-a-variable-set", "treadle.yaml:"),
        ({"../shared/common.yaml": "root:x:0:0\n"}, "not-a-variable-set", "treadle.yaml:"),
        ({"../shared/common.yaml": "version: 9\nvariables: {}\n"}, "format-version", "common.yaml:1"),
        (
            {"../shared/common.yaml": "version: 1\nvariables: {A: {scopes: [{value: x, step: S}]}}\n"},
            "scope-of-a-set",
            "which only a project has",
        ),
        (
            {"treadle.yaml": {**SHOP, "variables": {"mail.password": "s3cret-password"}}},
            "plain-secret",
            "as a variable set says",
        ),
        ({"treadle.yaml": {**SHOP, "variable_sets": "x"}}, "wrong-type", "variable_sets"),
    ],
)
def test_what_is_wrong_with_a_set_is_told_by_plan_and_validate(
    shop: ProjectTree, files: dict[str, Any], code: str, words: str
) -> None:
    shop.write(files)
    planned = shop.treadle("plan", "deploy", "-e", "Test")
    assert planned.exit_code == 2
    assert f"[{code}]" in planned.stderr
    assert words in planned.stderr
    assert not any(secret in planned.stderr for secret in ("s3cret-password", "root:x"))
    checked = shop.treadle("validate", "treadle.yaml")
    assert checked.exit_code == 1
    assert f"[{code}]" in checked.stdout


class TestScopes:
    def test_a_value_may_be_for_a_process_by_its_name_or_its_file(self, shop: ProjectTree) -> None:
        scopes = [{"value": "named", "process": "Web shop"}, {"value": "filed", "process": ["clean", "x"]}]
        shop.write(
            {
                "treadle.yaml": {**SHOP, "variables": {"Own": {"value": "else", "scopes": scopes}}},
                "deploy.yaml": {"name": "Web Shop", **STEPS},
                "clean.yaml": STEPS,
                "x.yaml": STEPS,
                "other.yaml": STEPS,
            }
        )
        found = {}
        for process in ("deploy", "clean", "other"):
            plan = shop.treadle("plan", process, "-e", "Test", "--json").json
            variables = plan["steps"][0]["actions"][0]["variables"]
            found[process] = next(one["value"] for one in variables if one["name"] == "Own")
        assert found == {"deploy": "named", "clean": "filed", "other": "else"}

    def test_a_process_that_is_not_there_is_told(self, shop: ProjectTree) -> None:
        scopes = [{"value": "x", "process": "delpoy"}]
        shop.write({"treadle.yaml": {**SHOP, "variables": {"Own": {"scopes": scopes}}}})
        for done in (shop.treadle("plan", "deploy", "-e", "Test"), shop.treadle("validate", "treadle.yaml")):
            assert done.exit_code != 0
            said = done.stdout + done.stderr
            assert 'is for process "delpoy", which is not here [unknown-process]' in said
            assert 'Did you mean "deploy"?' in said

    def test_equal_values_are_an_error_of_validate_and_a_warning_of_a_plan(self, shop: ProjectTree) -> None:
        scopes = [
            {"value": "a", "environment": "Test"},
            {"value": "b", "environment": ["test", "Production"]},
        ]
        shop.write({"treadle.yaml": {**SHOP, "variables": {"Own": {"scopes": scopes}}}})
        checked = shop.treadle("validate", "treadle.yaml")
        assert checked.exit_code == 1
        assert "ambiguous-variable" in checked.stdout
        assert "two values for the same places, treadle.yaml:" in checked.stdout
        planned = shop.treadle("plan", "deploy", "-e", "Test", "--json")
        assert planned.exit_code == 0
        own = planned.json["steps"][0]["actions"][0]["variables"]
        assert next(one["value"] for one in own if one["name"] == "Own") == "a"
