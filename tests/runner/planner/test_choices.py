from __future__ import annotations

from typing import Any

import pytest

from runner.model import SkipReason
from tests.support.plans import TWO_ENVIRONMENTS, Desk
from tests.support.problems import refusal

ON_WEB: dict[str, Any] = {"name": "Web", "run": "x", "roles": ["web-server"]}
ONCE: dict[str, Any] = {"name": "Once", "run": "x"}


def targets(desk: Desk, *steps: dict[str, Any], **inputs: Any) -> list[str | None]:
    plan = desk.plan(list(steps), TWO_ENVIRONMENTS, **inputs)
    return [action.target.name if action.target else None for action in plan.actions]


class TestEnvironment:
    def test_is_found_in_any_case_and_called_as_it_is_defined(self, desk: Desk) -> None:
        assert desk.plan([ONCE], TWO_ENVIRONMENTS, environment="pRODUCTION").environment == "Production"

    def test_must_be_chosen_where_there_are_several(self, desk: Desk) -> None:
        assert refusal(lambda: desk.plan([ONCE], TWO_ENVIRONMENTS)) == [
            "no environment was given [environment-missing] > Add -e with one of: Test, Production."
        ]

    def test_the_only_one_needs_no_choice(self, desk: Desk) -> None:
        assert desk.plan([ONCE], {"environments": {"Test": {}}}).environment == "Test"

    def test_must_be_defined(self, desk: Desk) -> None:
        assert refusal(lambda: desk.plan([ONCE], TWO_ENVIRONMENTS, environment="Prod")) == [
            'there is no environment "Prod" [unknown-environment] > Did you mean "Production"?'
        ]

    @pytest.mark.parametrize("project", [None, TWO_ENVIRONMENTS])
    def test_must_not_be_empty(self, desk: Desk, project: Any) -> None:
        (line,) = refusal(lambda: desk.plan([ONCE], project, environment=" "))
        assert line.startswith("the name of the environment is empty [environment-missing]")

    def test_without_project_any_name_will_do(self, desk: Desk) -> None:
        assert desk.plan([ONCE], environment="Anywhere").environment == "Anywhere"
        assert desk.plan([ONCE]).environment is None


class TestTargets:
    def test_a_step_with_roles_runs_on_every_target_of_the_environment_that_has_one(self, desk: Desk) -> None:
        assert targets(desk, ON_WEB, environment="Test") == ["web-1"]
        assert targets(desk, ON_WEB, environment="Production") == ["web-2", "web-3"]

    def test_a_target_with_two_of_the_roles_is_taken_once(self, desk: Desk) -> None:
        both = {**ON_WEB, "roles": ["PRIMARY", "web-server", "database"]}
        assert targets(desk, both, environment="Production") == ["web-2", "web-3", "db-1"]

    def test_a_step_without_roles_runs_once_on_the_worker(self, desk: Desk) -> None:
        assert targets(desk, ONCE, environment="Production") == [None]

    def test_can_be_chosen(self, desk: Desk) -> None:
        assert targets(desk, ON_WEB, ONCE, environment="Production", targets=("WEB-3",)) == ["web-3", None]

    def test_one_that_is_chosen_must_be_there(self, desk: Desk) -> None:
        assert refusal(lambda: targets(desk, ON_WEB, environment="Test", targets=("web-9",))) == [
            'there is no target "web-9" [unknown-target] > Did you mean "web-3"?'
        ]
        assert refusal(lambda: targets(desk, ON_WEB, environment="Test", targets=("web-2",))) == [
            'target "web-2" is not in Test [target-elsewhere] > It belongs to Production.'
        ]


class TestSkipping:
    @pytest.mark.parametrize(
        ("changes", "reason", "detail"),
        [
            ({"disabled": True}, SkipReason.DISABLED, "the step is disabled"),
            ({"environments": ["Production"]}, SkipReason.ENVIRONMENT, 'only in "Production"'),
            ({"exclude_environments": ["TEST"]}, SkipReason.ENVIRONMENT, "not in Test"),
            ({"name": "Skipped"}, SkipReason.SKIPPED_BY_USER, "skipped by --skip"),
            ({"roles": ["mail"]}, SkipReason.NO_TARGETS, 'no target with role "mail" in Test'),
            (
                {"roles": ["mail", "primary"]},
                SkipReason.NO_TARGETS,
                'no target with role "mail" or "primary" in Test',
            ),
        ],
    )
    def test_tells_the_first_rule_that_excludes_a_step(
        self, desk: Desk, changes: dict[str, Any], reason: SkipReason, detail: str
    ) -> None:
        skipped = {"name": "Other", "run": "x", **changes}
        plan = desk.plan(
            [{"name": "Skipped", "run": "x"} if "name" not in changes else ONCE, skipped],
            TWO_ENVIRONMENTS,
            environment="Test",
            skip=("skipPED",),
        )
        step = plan.steps[1]
        assert (step.skip, step.skip_detail, step.actions) == (reason, detail, ())

    def test_disabled_comes_before_everything_else(self, desk: Desk) -> None:
        step = {**ON_WEB, "disabled": True, "environments": ["Production"], "roles": ["mail"]}
        plan = desk.plan([step], TWO_ENVIRONMENTS, environment="Test", skip=("web",))
        assert plan.steps[0].skip is SkipReason.DISABLED

    def test_no_target_left_after_the_choice_says_so(self, desk: Desk) -> None:
        plan = desk.plan([ON_WEB], TWO_ENVIRONMENTS, environment="Test", targets=("db-1",))
        assert plan.steps[0].skip_detail == 'no target with role "web-server" in Test among "db-1"'

    def test_a_step_must_be_there_and_not_required(self, desk: Desk) -> None:
        steps = [{**ONCE, "required": True}, ON_WEB]
        assert refusal(lambda: desk.plan(steps, TWO_ENVIRONMENTS, environment="Test", skip=("Wbe",))) == [
            'there is no step "Wbe" [unknown-step] > Did you mean "Web"?'
        ]
        assert refusal(lambda: desk.plan(steps, TWO_ENVIRONMENTS, environment="Test", skip=("once",))) == [
            'step "Once" is required and cannot be skipped [required-step]'
        ]


def test_a_step_may_insist_on_targets(desk: Desk) -> None:
    step = {**ON_WEB, "roles": ["mail"], "on_no_targets": "fail"}
    assert refusal(lambda: desk.plan([step], TWO_ENVIRONMENTS, environment="Test")) == [
        '6:7 step "Web": no target with role "mail" in Test [no-targets]'
        " > Give a target the role, or set on_no_targets: skip."
    ]
    elsewhere = {**step, "environments": ["Production"]}
    assert (
        desk.plan([elsewhere], TWO_ENVIRONMENTS, environment="Test").steps[0].skip is SkipReason.ENVIRONMENT
    )


def test_environments_of_steps_must_be_defined(desk: Desk) -> None:
    steps = [{**ONCE, "environments": ["test", "Tset"]}, {**ON_WEB, "exclude_environments": ["Prodction"]}]
    assert refusal(lambda: desk.plan(steps, TWO_ENVIRONMENTS, environment="Test")) == [
        '7:9 step "Once" names environment "Tset", which is not defined [unknown-environment] > Did you mean "Test"?',
        '13:9 step "Web" names environment "Prodction", which is not defined [unknown-environment]'
        ' > Did you mean "Production"?',
    ]
    assert desk.plan(steps, environment="Test").environment == "Test"


@pytest.mark.parametrize("name", ["Slack.Hook", "SLACK.hook"])
def test_a_secret_must_not_stand_on_the_command_line(desk: Desk, name: str) -> None:
    project = {"variables": {"Slack.Hook": {"sensitive": True, "from": {"env": "HOOK"}}}}
    plain: dict[str, Any] = {"variables": {name: "s3cret-hook"}, "plain": frozenset({name})}
    assert refusal(lambda: desk.plan([ONCE], project, **plain)) == [
        'the variable "Slack.Hook" is sensitive; a plain value would show in process lists [secret-on-command-line]'
        " > Use --var Slack.Hook=@FILE or --var Slack.Hook=- (standard input)."
    ]
    from_file: dict[str, Any] = {"variables": {name: "s3cret-hook"}}
    assert "s3cret-hook" not in repr(desk.plan([ONCE], project, **from_file))
