from __future__ import annotations

import pytest

from runner.execution.substitution import ScriptContext, prepare_request
from runner.model import Level
from runner.plan import OriginKind, PlannedAction, PlannedValue, ValueOrigin
from runner.variables.binding import Bound, bind

FEATURE = {"Octopus.Action.EnabledFeatures": "Octopus.Features.X,Octopus.Features.SubstituteInFiles"}
TARGETS = "Octopus.Action.SubstituteInFiles.TargetFiles"


def _value(name: str, text: str, sensitive: bool = False) -> PlannedValue:
    return PlannedValue(name, text, ValueOrigin(OriginKind.INPUT), sensitive)


def _action(script: str = "echo") -> PlannedAction:
    return PlannedAction("1-a", "A", "A", None, "Bash", script, script)


def _bound(**more: str) -> Bound:
    values = {**FEATURE, "Name": "world", **more}
    return bind([*(_value(*item) for item in values.items()), _value("Token", "s3cr3t", True)], [])


def test_scripts_are_substituted_always_and_files_where_the_action_says_so() -> None:
    files = {"conf/a.json": b'{"n": "#{Name}"}', "conf/deep/b.json": b"#{Name}", "c.txt": b"#{Name}"}
    bound = _bound(**{TARGETS: "conf/*.json\n./c.{txt,md}"})
    made = prepare_request(_action("echo #{Name}"), bound, ScriptContext(files)).request
    assert made.body == "echo world"
    assert made.files == {"conf/a.json": b'{"n": "world"}', "conf/deep/b.json": b"#{Name}", "c.txt": b"world"}


def test_without_the_feature_files_stay_as_they_are() -> None:
    bound = bind([_value(TARGETS, "*"), _value("Name", "world")], [])
    made = prepare_request(_action(), bound, ScriptContext({"a": b"#{Name}"}))
    assert made.request.files == {"a": b"#{Name}"}


def test_files_that_read_a_secret_are_secret_themselves() -> None:
    files = {"a": b"#{Token}", "b": b"#{Name}", "c": b"#{Indirect}"}
    bound = _bound(**{TARGETS: "*", "Indirect": "<#{Token}>"})
    made = prepare_request(_action(), bound, ScriptContext(files)).request
    assert made.secret_files == {"a", "c"}


@pytest.mark.parametrize(
    ("flag", "told"), [({}, 1), ({"Octopus.Action.SubstituteInFiles.EnableNoMatchWarning": "False"}, 0)]
)
def test_a_pattern_without_a_file_is_a_warning(flag: dict[str, str], told: int) -> None:
    made = prepare_request(_action(), _bound(**{TARGETS: "**/*.xml"}, **flag), ScriptContext({"a": b""}))
    assert [level for level, _ in made.notes] == [Level.WARNING] * told


def test_errors_are_told_and_fail_only_who_asks_for_it() -> None:
    files = {"a": b"#{Nope}"}
    lenient = prepare_request(_action("#{Gone}"), _bound(**{TARGETS: "a"}), ScriptContext(files))
    assert [level for level, _ in lenient.notes] == [Level.VERBOSE] * 2
    assert lenient.complaint is None
    assert lenient.request.files == files
    strict = {TARGETS: "a", "OctopusShouldFailDeploymentOnSubstitutionFails": "True"}
    made = prepare_request(_action("#{Gone}"), _bound(**strict), ScriptContext(files))
    assert made.complaint is not None
    assert "#{Gone}" in made.complaint
    assert '"a"' in made.complaint


def test_an_action_can_keep_its_environment_out_of_the_log() -> None:
    suppressed = _bound(**{"Octopus.Action.Script.SuppressEnvironmentLogging": "True"})
    assert prepare_request(_action(), _bound(), ScriptContext()).request.log_environment
    assert not prepare_request(_action(), suppressed, ScriptContext()).request.log_environment
