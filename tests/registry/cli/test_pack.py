"""`treadle pack` and `treadle unpack`: there and back."""

from __future__ import annotations

from registry.text.json_document import dump_json
from tests.conftest import MakeProject

TEMPLATE = dump_json(
    {
        "Id": "7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11",
        "Name": "Greeting",
        "ActionType": "Octopus.Script",
        "Version": 1,
        "Properties": {
            "Octopus.Action.Script.Syntax": "Bash",
            "Octopus.Action.Script.ScriptBody": "echo hello\r\n",
        },
        "Parameters": [],
    }
)


def test_there_and_back(make_project: MakeProject) -> None:
    project = make_project({"greeting.json": TEMPLATE})
    outcome = project.treadle("unpack", "greeting.json")
    assert (outcome.exit_code, outcome.stdout) == (
        0,
        "wrote greeting\n  greeting/template.yaml\n  greeting/script.sh\n  greeting/.gitattributes\n",
    )
    assert (project.root / "greeting/script.sh").read_bytes() == b"echo hello\r\n"
    packed = project.treadle("pack", "greeting", "-o", "back.json")
    assert (packed.exit_code, packed.stdout) == (0, "wrote back.json\n")
    assert (project.root / "back.json").read_bytes() == TEMPLATE


def test_doing_it_again_changes_nothing(make_project: MakeProject) -> None:
    project = make_project({"greeting.json": TEMPLATE})
    project.treadle("unpack", "greeting.json")
    assert project.treadle("unpack", "greeting.json").stdout == "greeting is up to date\n"
    assert project.treadle("pack", "greeting").stdout == "greeting.json is up to date\n"


def test_other_content_is_overwritten_by_force_only(make_project: MakeProject) -> None:
    project = make_project(
        {"greeting.json": TEMPLATE, "greeting/script.sh": "mine", "greeting/notes.txt": "mine"}
    )
    outcome = project.treadle("unpack", "greeting.json")
    assert outcome.exit_code == 2
    assert outcome.complaint.startswith('error: "greeting/script.sh" exists and has other content\n')
    assert not (project.root / "greeting/template.yaml").exists()
    assert project.treadle("unpack", "--force", "greeting.json").exit_code == 0
    assert (project.root / "greeting/script.sh").read_bytes() == b"echo hello\r\n"
    assert (project.root / "greeting/notes.txt").read_text() == "mine"


def test_dry_run_writes_nothing(make_project: MakeProject) -> None:
    project = make_project({"greeting.json": TEMPLATE})
    outcome = project.treadle("unpack", "--dry-run", "greeting.json", "-o", "other")
    assert outcome.stdout.startswith("would write other\n  other/template.yaml\n")
    assert not (project.root / "other").exists()


def test_pack_to_the_terminal(make_project: MakeProject) -> None:
    project = make_project({"greeting.json": TEMPLATE})
    project.treadle("unpack", "greeting.json")
    assert project.treadle("pack", "greeting", "-o", "-").stdout.encode() == TEMPLATE


def test_what_cannot_be_read_is_told(make_project: MakeProject) -> None:
    project = make_project({"x.json": "{}", "folder/notes.txt": ""})
    refused = project.treadle("unpack", "x.json")
    assert refused.exit_code == 2
    assert 'x.json: this is not a step template: it has no text "Name"' in refused.stderr
    assert '"missing.json" is not a file' in project.treadle("unpack", "missing.json").stderr
    assert '"folder" is not a template folder' in project.treadle("pack", "folder").stderr


def test_files_that_lead_outside_or_are_too_large_are_refused(make_project: MakeProject) -> None:
    project = make_project({"greeting.json": TEMPLATE})
    project.treadle("unpack", "greeting.json")
    (project.root / "greeting/big.bin").write_bytes(b"x" * 10_500_000)
    assert '"greeting/big.bin" is 10 MB large' in project.treadle("pack", "greeting").stderr
    (project.root / "greeting/big.bin").unlink()
    (project.root / "greeting/link").symlink_to("/etc/passwd")
    outcome = project.treadle("pack", "greeting")
    assert outcome.exit_code == 2
    assert 'error: "greeting/link" is a link: links are not followed' in outcome.complaint
