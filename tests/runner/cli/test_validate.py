"""`treadle validate` and its neighbours on the files of a whole project."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

PROJECT: dict[str, Any] = {
    "environments": {"Test": {}},
    "targets": {"web-1": {"environments": ["Test"], "roles": ["web-server"]}},
}
HELLO: dict[str, Any] = {"name": "Hello", "run": "echo hello"}
PIPELINES = {
    "azure-pipelines.yml": "trigger: [main]\nsteps:\n  - script: echo hi\n",
    "cloudbuild.yaml": "steps:\n  - {name: gcr.io/x, args: [b]}\n",
}


@pytest.fixture
def shop(make_project: MakeProject) -> ProjectTree:
    return make_project({"treadle.yaml": PROJECT, "deploy.yaml": {"steps": [HELLO]}, **PIPELINES})


def codes(shop: ProjectTree, *paths: str) -> list[str]:
    return [problem["code"] for problem in shop.treadle("validate", *paths, "--json").json["problems"]]


class TestNames:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"roles": ["web-sever"]}, "unknown-role"),
            ({"environments": ["Tset"]}, "unknown-environment"),
            ({"run": "echo #{Octopus.Action[Hello].Output.X}"}, "unknown-step"),
        ],
    )
    def test_of_a_process_are_looked_up_in_its_project(
        self, shop: ProjectTree, changes: dict[str, Any], code: str
    ) -> None:
        shop.write({"typo.yaml": {"steps": [{"name": "A", "run": "x", **changes}]}})
        assert codes(shop, "typo.yaml") == [code]
        assert shop.treadle("validate", "typo.yaml").exit_code == 1
        assert shop.treadle("plan", "typo", "-e", "Test").exit_code == 2

    def test_of_steps_in_scopes_may_be_those_of_any_process(self, shop: ProjectTree) -> None:
        def scoped(step: str) -> dict[str, Any]:
            return {**PROJECT, "variables": {"V": {"value": "1", "scopes": [{"value": "2", "step": step}]}}}

        shop.write(
            {
                "treadle.yaml": scoped("Elsewhere"),
                "other/more.yaml": {"steps": [{**HELLO, "name": "Elsewhere"}]},
            }
        )
        assert codes(shop, "treadle.yaml") == []
        assert shop.treadle("plan", "deploy", "-e", "Test", "--strict").exit_code == 0
        shop.write({"treadle.yaml": scoped("Elsewere")})
        assert codes(shop, "treadle.yaml") == ["unknown-step"]
        assert 'Did you mean "Elsewhere"?' in shop.treadle("plan", "deploy", "-e", "Test").stderr

    def test_of_roles_without_a_project_are_warned_of(self, make_project: MakeProject) -> None:
        alone = make_project({"deploy.yaml": {"steps": [{**HELLO, "roles": ["web"]}]}})
        assert codes(alone, "deploy.yaml") == ["no-project"]
        assert alone.treadle("validate", "deploy.yaml").exit_code == 0


def test_all_problems_of_all_steps_are_told_at_once(shop: ProjectTree) -> None:
    steps = [
        {"name": "A", "rnu": "x"},
        {"name": "B", "uses": "not a reference"},
        {"name": "b", "run": "x", "with": {"P": "1"}},
        {"name": "C", "uses": "a/b", "timeout": "5 minutes"},
        {"name": "D"},
    ]
    shop.write({"bad.yaml": {"steps": steps}})
    expected = [
        "unknown-key",
        "bad-reference",
        "duplicate-step",
        "with-without-uses",
        "wrong-value",
        "step-action",
    ]
    assert codes(shop, "bad.yaml") == expected


def test_a_plan_tells_the_problems_of_process_and_project_at_once(shop: ProjectTree) -> None:
    shop.write({"bad.yaml": {"steps": [{"name": "A"}]}, "treadle.yaml": {**PROJECT, "variables": {"V": {}}}})
    said = shop.treadle("plan", "bad", "-e", "Test").stderr
    assert "[step-action]" in said
    assert "[value-missing]" in said


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("if", "condition: success"),
        ("working-directory", "cd"),
        ("runs-on", "roles"),
        ("timeout-minutes", "timeout: 5m"),
    ],
)
def test_keys_of_other_tools_lead_to_ours(shop: ProjectTree, key: str, hint: str) -> None:
    shop.write({"bad.yaml": {"steps": [{**HELLO, key: "x"}]}})
    (problem,) = shop.treadle("validate", "bad.yaml", "--json").json["problems"]
    assert (problem["code"], hint in problem["hint"]) == ("unknown-key", True)


class TestOtherFiles:
    def test_of_other_tools_are_passed_over(self, shop: ProjectTree) -> None:
        assert shop.treadle("lock").exit_code == 0
        assert shop.treadle("validate", ".").exit_code == 0
        said = shop.treadle("plan", "nope", "-e", "Test").stderr
        assert "deploy.yaml" in said
        assert "cloudbuild" not in said

    def test_that_are_ignored_are_no_processes(self, shop: ProjectTree) -> None:
        shop.write({"drafts/broken.yaml": "version: 1\nsteps: [{name: A, uses: x}]\n"})
        assert shop.treadle("lock").exit_code == 2
        assert shop.treadle("validate", ".").exit_code == 1
        shop.write({"treadle.yaml": {**PROJECT, "ignore": ["drafts/"]}})
        assert shop.treadle("lock").exit_code == 0
        assert shop.treadle("validate", ".").exit_code == 0


class TestBrokenProcesses:
    """One that cannot be read is told beside the results for the rest."""

    @pytest.fixture
    def broken(self, shop: ProjectTree) -> ProjectTree:
        uses = {"name": "Wait", "uses": "builtin/sleep@1", "with": {"Sleep.Duration": "1s"}}
        shop.write(
            {"good.yaml": {"steps": [uses]}, "bad.yaml": "version: 1\nsteps: [{name: A, uses: slack@x}]\n"}
        )
        return shop

    def test_in_lock(self, broken: ProjectTree) -> None:
        done = broken.treadle("lock", "--json")
        assert done.exit_code == 2
        assert list(done.json["templates"]) == ["builtin/sleep@1"]
        assert [problem["code"] for problem in done.json["problems"]] == ["bad-reference"]

    def test_lose_nothing_that_was_locked(self, broken: ProjectTree) -> None:
        broken.write({"bad.yaml": {"steps": [{"name": "A", "uses": "builtin/wait-for-port@1"}]}})
        broken.treadle("lock")
        broken.write({"bad.yaml": "version: 1\nsteps: [\n"})
        done = broken.treadle("lock", "--json")
        assert (done.exit_code, done.json["changed"]) == (2, False)
        assert len(done.json["templates"]) == 2

    @pytest.mark.parametrize("command", [["outdated", "--all"], ["update", "--all"]])
    def test_in_outdated_and_update(self, broken: ProjectTree, command: list[str]) -> None:
        done = broken.treadle(*command)
        assert done.exit_code == 2
        assert 'bad.yaml:2:25: error: step "A": "slack@x" is not a template reference' in done.stderr

    def test_in_the_json_of_outdated_are_entries(self, broken: ProjectTree) -> None:
        broken.write({"worse.yaml": "version: 1\nsteps: [\n"})
        entries = broken.treadle("outdated", "--all", "--json").json
        errors = {entry["process"]: entry["error"] and entry["error"]["code"] for entry in entries}
        assert errors == {"good.yaml": None, "bad.yaml": "bad-reference", "worse.yaml": "yaml-syntax"}
        assert len({tuple(entry) for entry in entries}) == 1, "all have the same keys"

    def test_in_the_json_of_update_are_problems(self, broken: ProjectTree) -> None:
        broken.write({"worse.yaml": "version: 1\nsteps: [\n"})
        problems = broken.treadle("update", "--all", "--json").json["problems"]
        found = [(problem["file"], problem["line"], problem["code"]) for problem in problems]
        assert found == [("bad.yaml", 2, "bad-reference"), ("worse.yaml", 3, "yaml-syntax")]

    def test_in_usage(self, broken: ProjectTree) -> None:
        broken.write({"bad.yaml": "version: 1\nsteps: [\n"})
        done = broken.treadle("usage", "builtin/sleep", "--json")
        assert [use["file"] for use in done.json["usages"]] == ["good.yaml"]
        assert [problem["code"] for problem in done.json["problems"]] == ["process-unreadable"]


class TestValues:
    """What a process gives to templates is checked where these can be read without asking anybody."""

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"HttpRequest.Method": "FETCH"}, "parameter-value"),
            ({"HttpRequest.SkipCertificateCheck": "maybe"}, "parameter-value"),
            ({"HttpRequest.Methd": "GET"}, "unknown-parameter"),
        ],
    )
    def test_that_a_template_does_not_take_are_errors(
        self, shop: ProjectTree, values: dict[str, str], expected: str
    ) -> None:
        given = {"HttpRequest.Url": "http://x", **values}
        shop.write({"bad.yaml": {"steps": [{"name": "A", "uses": "builtin/http-request", "with": given}]}})
        assert codes(shop, "bad.yaml") == [expected]

    def test_for_templates_that_are_not_there_are_left_to_the_plan(self, shop: ProjectTree) -> None:
        shop.write({"far.yaml": {"steps": [{"name": "A", "uses": "community/x", "with": {"P": "1"}}]}})
        assert codes(shop, "far.yaml") == []


class TestCollisions:
    def found(self, shop: ProjectTree, given: Any, variable: str = "sleep.duration") -> list[dict[str, Any]]:
        step = {"name": "Wait", "uses": "builtin/sleep@1", "with": given}
        shop.write(
            {"treadle.yaml": {**PROJECT, "variables": {variable: "5s"}}, "deploy.yaml": {"steps": [step]}}
        )
        done = shop.treadle("validate", "deploy.yaml", "--json")
        return [one for one in done.json["problems"] if one["code"] == "parameter-collision"]

    def test_a_parameter_with_the_name_of_a_variable_is_warned_of(self, shop: ProjectTree) -> None:
        (problem,) = self.found(shop, {"Sleep.Duration": "1s"})
        assert problem["severity"] == "warning"
        assert "which the template does not see" in problem["message"]
        assert problem["hint"].startswith(
            'To pass the variable on, write Sleep.Duration: "#{sleep.duration}"'
        )
        assert problem["line"] is not None

    @pytest.mark.parametrize("given", ["#{Sleep.Duration}", "#{sleep.duration | ToLower}"])
    def test_one_that_passes_the_variable_on_is_not(self, shop: ProjectTree, given: str) -> None:
        assert self.found(shop, {"Sleep.Duration": given}) == []

    def test_nor_is_one_of_another_name(self, shop: ProjectTree) -> None:
        assert self.found(shop, {"Sleep.Duration": "1s"}, "Sleep.Durations") == []
