"""`--fix` changes what it must, and no other byte."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from registry.lint.fixing import fix
from registry.lint.linter import lint
from registry.template.scaffold import new_template, write_new

TEMPLATE = """{
  "Id": "7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11",
  "Name": "Greeting - Say hello ",
  "Description":   "Greets everybody.",
  "ActionType": "Octopus.Script", "Version": 3,
  "Properties": { "Octopus.Action.Script.Syntax": "Bash",
    "Octopus.Action.Script.ScriptBody": "set -e\\r\\necho \\"$(get_octopusvariable Greeting.Count)\\"\\r\\n" },
  "Parameters": [ { "Name": "Greeting.Count", "Label": "Count", "HelpText": "How often.", "DefaultValue": 5,
    "DisplaySettings": { "Octopus.ControlType": "SingleLineText" } } ],
  "$Meta": { "ExportedAt": "2024-01-01T00:00:00.000Z", "Type": "ActionTemplate" },
  "LastModifiedBy": "me",
  "Category": "other"
}
"""


def commit(folder: Path) -> None:
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)


def test_values_are_replaced_where_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "greeting-say-hello.json"
    file.write_text("\ufeff" + TEMPLATE)
    (fixed,) = fix([tmp_path])
    assert fixed.rules == ("blank-in-name", "byte-order-mark", "default-not-text", "line-ends")
    expected = TEMPLATE.replace("hello ", "hello").replace(": 5,", ': "5",').replace("\\r\\n", "\\n")
    assert file.read_text() == expected
    assert list(lint([tmp_path]).problems) == []
    assert fix([tmp_path]) == []


def test_dry_run_and_left_out_rules_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "greeting-say-hello.json"
    file.write_text(TEMPLATE)
    assert len(fix([tmp_path], dry_run=True)) == 1
    assert fix([tmp_path], ["blank-in-name", "default-not-text", "line-ends"]) == []
    assert file.read_text() == TEMPLATE


def test_version_is_raised_above_the_committed_one(tmp_path: Path) -> None:
    file = tmp_path / "greeting-say-hello.json"
    file.write_text(TEMPLATE)
    fix([tmp_path])
    commit(tmp_path)
    assert list(lint([tmp_path]).problems) == []
    file.write_text(file.read_text().replace("everybody", "all"))
    assert [problem.code for problem in lint([tmp_path]).problems] == ["version-not-raised"]
    fix([tmp_path])
    assert json.loads(file.read_text())["Version"] == 4
    assert list(lint([tmp_path]).problems) == []


def test_folder_keeps_its_comments(tmp_path: Path) -> None:
    folder = tmp_path / "hello-team"
    write_new(folder, new_template("hello-team", "bash", "Hello - Greet the team"))
    commit(tmp_path)
    script = folder / "script.sh"
    script.write_bytes(script.read_bytes().replace(b"\n", b"\r\n"))
    before = (folder / "template.yaml").read_text()
    view = before.replace("name: Hello - Greet the team", 'name: "Hello - Greet the team "  # why')
    (folder / "template.yaml").write_text(view)
    assert {rule for fixed in fix([tmp_path]) for rule in fixed.rules} == {
        "blank-in-name",
        "line-ends",
        "version-not-raised",
    }
    after = (folder / "template.yaml").read_text()
    assert after == view.replace("team ", "team").replace("version: 1", "version: 2")
    assert b"\r" not in script.read_bytes()
    assert list(lint([tmp_path]).problems) == []


def test_file_outside_of_git_has_no_version_to_raise(tmp_path: Path) -> None:
    (tmp_path / "greeting-say-hello.json").write_text(TEMPLATE.replace("hello ", "hello"))
    assert "version-not-raised" not in {problem.code for problem in lint([tmp_path]).problems}
