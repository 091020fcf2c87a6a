"""`treadle export`, and `treadle import` of files and bundles."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, template


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    project = make_project(
        {
            "treadle.yaml": {"name": "shop", "library": {"git": "./library"}, "variables": {"Site": "x"}},
            "tell.json": template("Team - Tell", 1),
            "deploy.yaml": {
                "steps": [
                    {"name": "Tell", "uses": "library/tell"},
                    {"name": "Own", "run": "echo #{Site} #{Secret}"},
                ]
            },
        }
    )
    assert project.treadle("publish", "tell.json").exit_code == 0
    return project


def _receiver(project: ProjectTree, tmp_path: Path) -> ProjectTree:
    """Another project in another home."""
    receiver = ProjectTree(tmp_path / "receiver", tmp_path / "receiver-home", project.monkeypatch)
    receiver.root.mkdir()
    receiver.write({"treadle.yaml": {"library": {"git": "./library"}}})
    return receiver


def test_the_ending_says_the_format(project: ProjectTree) -> None:
    assert project.treadle("export", "library/tell", "-o", "out.json").stdout == "wrote out.json\n"
    assert json.loads((project.root / "out.json").read_bytes())["$Meta"]["Type"] == "ActionTemplate"
    assert project.treadle("export", "library/tell", "-o", "out.json").stdout == "out.json is up to date\n"
    tried = project.treadle("export", "library/tell", "-o", "out", "--dry-run")
    assert "would write out/template.yaml\n" in tried.stdout
    assert not (project.root / "out").exists()
    assert project.treadle("export", "deploy", "-o", "out.tar.gz").stdout == "wrote out.tar.gz\n"
    assert tarfile.is_tarfile(project.root / "out.tar.gz")


def test_a_process_is_exported_as_a_bundle_only(project: ProjectTree) -> None:
    refused = project.treadle("export", "deploy", "-o", "deploy.json")
    assert refused.exit_code == 2
    assert "it can be exported as a share bundle only" in refused.stderr
    assert 'no process "nothing"' in project.treadle("export", "nothing", "-o", "x.tgz").stderr


def test_the_lock_says_what_is_exported(project: ProjectTree) -> None:
    assert project.treadle("lock").exit_code == 0
    project.write({"tell.json": template("Team - Tell", 1, "echo two\n")})
    assert project.treadle("publish", "tell.json").exit_code == 0
    assert project.treadle("export", "deploy", "-o", "out.tar.gz").exit_code == 0
    with tarfile.open(project.root / "out.tar.gz") as archive:
        manifest = json.load(archive.extractfile("manifest.json") or io.BytesIO())
    assert [(item["references"], item["version"]) for item in manifest["templates"]] == [
        (["library/tell"], 1)
    ]


def test_a_bundle_is_told_before_and_after(project: ProjectTree, tmp_path: Path) -> None:
    project.treadle("export", "deploy", "-o", "out.tar.gz")
    bundle = str(project.root / "out.tar.gz")
    receiver = _receiver(project, tmp_path)
    assert receiver.treadle("import", bundle, "--dry-run").stdout == (
        'Bundle of "shop": complete and unaltered.\n'
        "  library/tell@1  would be added\n"
        "  deploy.yaml  would be written\n"
        "  treadle.lock  would be updated\n"
        "Define what the processes need in treadle.yaml:\n"
        "\n"
        "variables:\n"
        "  Secret:\n"
        "    value: '...'\n"
        "  Site:\n"
        "    value: x\n"
    )
    assert sorted(path.name for path in receiver.root.iterdir()) == ["treadle.yaml"]
    done = receiver.treadle("import", bundle, "--json").json
    assert [(item["reference"], item["status"]) for item in done["templates"]] == [
        ("library/tell@1", "added")
    ]
    assert done["missing"]["variables"][1] == {"name": "Site", "sensitive": False, "value": "x"}
    assert receiver.treadle("verify").exit_code == 0
    assert receiver.treadle("plan", "deploy", "--locked").exit_code == 0
    again = receiver.treadle("import", bundle, "--json").json
    assert (again["commit"], again["lock_changed"]) == (None, False)


def test_a_bundle_first_and_the_project_second(project: ProjectTree, tmp_path: Path) -> None:
    project.treadle("export", "deploy", "-o", "out.tar.gz")
    receiver = _receiver(project, tmp_path)
    (receiver.root / "treadle.yaml").unlink()
    told = receiver.treadle("import", str(project.root / "out.tar.gz")).stdout
    assert "Start a project with: treadle init. Define what the processes need in treadle.yaml:" in told
    before = (receiver.root / "deploy.yaml").read_bytes()
    started = receiver.treadle("init")
    assert (started.exit_code, started.stdout.splitlines()[0]) == (0, "wrote treadle.yaml")
    assert (receiver.root / "deploy.yaml").read_bytes() == before
    assert receiver.treadle("init").exit_code == 2
    block = told.partition("variables:\n")[2]
    (receiver.root / "treadle.yaml").write_text(f"version: 1\nvariables:\n{block}")
    assert receiver.treadle("validate", "treadle.yaml").exit_code == 0
    again = receiver.treadle("import", str(project.root / "out.tar.gz"), "--json").json
    assert again["missing_yaml"] == ""


def test_a_hostile_bundle_leaves_no_trace(project: ProjectTree, tmp_path: Path) -> None:
    receiver = _receiver(project, tmp_path)
    with tarfile.open(receiver.root / "evil.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("../../evil.sh")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    refused = receiver.treadle("import", "evil.tar.gz")
    assert refused.exit_code == 2
    assert 'holds "../../evil.sh", which leads out of its folder' in refused.stderr
    assert sorted(path.name for path in receiver.root.iterdir()) == ["evil.tar.gz", "treadle.yaml"]
    assert "import it alone" in receiver.treadle("import", "evil.tar.gz", "builtin/sleep").stderr


def test_files_and_folders_are_imported(project: ProjectTree, tmp_path: Path) -> None:
    receiver = _receiver(project, tmp_path)
    project.treadle("export", "builtin/sleep", "-o", str(receiver.root / "pause"))
    receiver.write({"roll.json": template("Team - Roll", 4)})
    done = receiver.treadle("import", "pause", "./roll.json")
    assert "Imported file/pause@1 as library/pause.\n" in done.stdout
    assert "Imported file/roll@4 as library/roll.\n" in done.stdout
    library = SourceRepository(receiver.root / "library")
    assert library.git("rev-list", "--count", "HEAD") == "1"
    assert "nothing to do" in receiver.treadle("import", "roll.json").stdout
    receiver.write({"roll.json": template("Team - Roll", 5)})
    assert receiver.treadle("import", "roll.json").stdout.startswith("Updated library/roll to file/roll@5.")


def test_a_file_with_problems_is_not_imported(project: ProjectTree) -> None:
    project.write({"bad.json": '{"Name": "x"}'})
    refused = project.treadle("import", "bad.json")
    assert refused.exit_code == 2
    assert "expected an Octopus step template" in refused.stderr
    for name in ("missing.json", "./missing", "/missing.tar.gz"):
        assert f'there is no "{name}"' in project.treadle("import", name).stderr
    assert 'no source has a template "missing"' in project.treadle("import", "missing").stderr
