"""`treadle patch`: a copy, its changes, newer bases, conflicts, and the way back to the source."""

from __future__ import annotations

from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result

from registry.cli.context import Context
from registry.cli.patch import patch
from registry.cli.publish import publish_command
from registry.cli.show import show_command
from registry.cli.source import source
from registry.errors import Conflict, Invalid, NotFound, UserError
from registry.home import Home
from registry.text.yaml_document import load_yaml
from tests.support.repository import SourceRepository, parameter, template

ID = "9f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11"
BODY = "#!/bin/bash\necho one\necho two\necho three\necho four\necho five\necho six\n"
URL = parameter("Say.Url", Label="Address", HelpText="Where.", DefaultValue="http://x")


@pytest.fixture
def team(tmp_path: Path) -> SourceRepository:
    team = SourceRepository.create(tmp_path / "team")
    _offer(team, 12, BODY)
    return team


@pytest.fixture
def context(tmp_path: Path, team: SourceRepository) -> Context:
    folder = tmp_path / "project"
    folder.mkdir()
    text = f"library: {{git: ./library}}\nsources: {{team: {{git: {team.path}}}}}\n"
    (folder / "treadle.yaml").write_text(text)
    context = Context(folder, Home.at(tmp_path / "home"), color=False)
    _sync(context)
    return context


def _offer(team: SourceRepository, version: int, body: str, **more: object) -> None:
    content = template("Say - Hello", version, body, Id=ID, Parameters=[URL], **more)
    team.commit({"step-templates/hello.json": content})


def _run(context: Context, command: Command, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=context, catch_exceptions=False)


def _sync(context: Context) -> None:
    assert _run(context, source, "sync", "team").exit_code == 0


def _patched(context: Context, body: str) -> Path:
    """A copy of version 12 with another script."""
    assert _run(context, patch, "team/hello@12").exit_code == 0
    folder = context.directory / "library/hello"
    (folder / "script.sh").write_text(body)
    done = _run(context, publish_command, str(folder))
    assert "Published library/hello@13 (was 12)." in done.stdout, done.output
    return folder


def _fails(context: Context, error: type[UserError], match: str, *arguments: str) -> None:
    with pytest.raises(error, match=match):
        _run(context, patch, *arguments)


def test_a_copy_remembers_its_base(context: Context) -> None:
    tried = _run(context, patch, "team/hello@12", "--as", "greet", "--dry-run")
    assert tried.stdout == "Would copy team/hello@12 to the library.\n"
    done = _run(context, patch, "team/hello@12", "--as", "greet")
    assert done.stdout.splitlines()[0] == "library/greet@12 is a copy of team/hello@12."
    assert _run(context, patch, "team/hello@12", "--as", "greet").stdout == done.stdout
    assert "Imported from team/hello@12." in _run(context, show_command, "library/greet").stdout


def test_show_says_that_a_copy_is_patched(context: Context) -> None:
    _patched(context, BODY + "echo ours\n")
    assert "Patched: team/hello@12 with local changes." in _run(context, show_command, "library/hello").stdout
    assert "Imported from team/hello@12." in _run(context, show_command, "library/hello@12").stdout


def test_the_patch_is_applied_again_to_a_newer_base(context: Context, team: SourceRepository) -> None:
    folder = _patched(context, BODY + "echo ours\n")
    text = (folder / "template.yaml").read_text()
    (folder / "template.yaml").write_text(f"# our own\n{text}")
    assert "library/hello@14" in _run(context, publish_command, str(folder)).stdout
    _offer(team, 15, BODY.replace("echo one", "echo ONE"), Description="Says hello, louder.")
    _sync(context)
    held = _run(context, patch, "library/hello")
    assert held.stdout == "library/hello stands on the newest team/hello, 12.\n"
    tried = _run(context, patch, "library/hello", "--cool-down", "0", "--dry-run")
    assert tried.stdout.startswith("Would bring library/hello to team/hello@15, as version 15.\n")
    done = _run(context, patch, "library/hello", "--cool-down", "0")
    assert done.stdout.startswith("Brought library/hello to team/hello@15, as version 15.\n")
    assert (folder / "script.sh").read_text() == BODY.replace("echo one", "echo ONE") + "echo ours\n"
    yaml = (folder / "template.yaml").read_text()
    assert yaml.startswith("# our own\n")
    value = load_yaml(yaml, "").value
    assert (value["version"], value["description"]) == (15, "Says hello, louder.")
    assert "Patched: team/hello@15 with local changes." in _run(context, show_command, "library/hello").stdout
    assert (
        "Patched: team/hello@12 with local changes." in _run(context, show_command, "library/hello@14").stdout
    )
    log = SourceRepository(context.directory / "library").git("log", "-1", "--format=%B")
    assert log.startswith("Bring Say - Hello to team/hello 15\n")


def test_an_unchanged_copy_just_follows(context: Context, team: SourceRepository) -> None:
    assert _run(context, patch, "team/hello@12").exit_code == 0
    _offer(team, 15, "echo other\n")
    _sync(context)
    done = _run(context, patch, "library/hello", "--cool-down", "0")
    assert done.stdout.startswith("Brought library/hello to team/hello@15, as version 15.\n")
    assert "Imported from team/hello@15." in _run(context, show_command, "library/hello").stdout


def test_a_base_that_took_the_change_leaves_nothing_patched(context: Context, team: SourceRepository) -> None:
    _patched(context, BODY + "echo ours\n")
    _offer(team, 15, BODY + "echo ours\n", Description="Says hello, louder.")
    _sync(context)
    assert _run(context, patch, "library/hello", "--cool-down", "0").exit_code == 0
    assert "Imported from team/hello@15." in _run(context, show_command, "library/hello@15").stdout


def test_conflicts_are_written_to_a_folder_and_resolved_there(
    context: Context, team: SourceRepository
) -> None:
    library = SourceRepository(context.directory / "library")
    _patched(context, BODY.replace("echo two", "echo ours"))
    head = library.head()
    _offer(team, 15, BODY.replace("echo two", "echo theirs"))
    _sync(context)
    done = _run(context, patch, "library/hello", "--cool-down", "0")
    assert (done.exit_code, library.head()) == (4, head)
    aside = context.directory / "hello.merge"
    assert f"treadle patch --resolve {aside}" in done.stderr
    script = (aside / "script.sh").read_text()
    assert (
        "<<<<<<< library/hello@13\necho ours\n||||||| base 12\necho two\n=======\necho theirs\n>>>>>>> "
        in script
    )
    assert _run(context, patch, "library/hello", "--cool-down", "0").exit_code == 4
    assert (aside / "script.sh").read_text() == script
    with pytest.raises(Invalid) as refused:
        _run(context, patch, "--resolve", str(aside))
    assert [problem.line for problem in refused.value.problems] == [3, 5, 9]
    (aside / "script.sh").write_text(BODY.replace("echo two", "echo both"))
    done = _run(context, patch, "--resolve", str(aside))
    assert done.stdout.startswith("Brought library/hello to team/hello@15, as version 14.\n")
    assert not aside.exists()
    assert (library.path / "hello/script.sh").read_text() == BODY.replace("echo two", "echo both")
    assert not library.git("status", "--porcelain")


def test_a_copy_that_changed_during_a_merge_is_not_overwritten(
    context: Context, team: SourceRepository
) -> None:
    folder = _patched(context, BODY.replace("echo two", "echo ours"))
    _offer(team, 15, BODY.replace("echo two", "echo theirs"))
    _sync(context)
    assert _run(context, patch, "library/hello", "--cool-down", "0").exit_code == 4
    (folder / "script.sh").write_text(BODY)
    assert _run(context, publish_command, str(folder)).exit_code == 0
    _fails(context, Conflict, "changed since the merge", "--resolve", str(context.directory / "hello.merge"))


def test_a_patch_becomes_a_branch_for_a_pull_request(context: Context, team: SourceRepository) -> None:
    _patched(context, BODY + "echo ours\n")
    clone = SourceRepository(context.directory / "clone")
    done = _run(context, patch, "library/hello", "--export", str(clone.path), "-m", "Say more")
    assert "Made branch treadle/hello-13" in done.stdout
    assert clone.git("branch", "--show-current") == "treadle/hello-13"
    assert clone.git("log", "--format=%s") == "Say more\nChange"
    assert clone.git("rev-parse", "HEAD~1") == team.head()
    assert clone.git("remote", "get-url", "origin") == str(team.path)
    assert not clone.git("status", "--porcelain")
    before, after = (clone.git("show", f"{at}:step-templates/hello.json") for at in ("HEAD~1", "HEAD"))
    assert after == before.replace('"Version": 12', '"Version": 13').replace(
        "echo six\\n", "echo six\\necho ours\\n"
    )
    clone.git("push", "--quiet", "origin", "treadle/hello-13")
    _fails(context, Conflict, "is not empty", "library/hello", "--export", str(clone.path))


def test_what_cannot_be_patched_or_sent_is_told(
    context: Context, team: SourceRepository, tmp_path: Path
) -> None:
    clone = str(tmp_path / "clone")
    _fails(context, Invalid, "say what to patch")
    _fails(context, NotFound, "the library has no templates", "library/hello")
    _fails(context, Invalid, "only a changed copy can be exported", "team/hello", "--export", clone)
    assert _run(context, patch, "team/hello@12").exit_code == 0
    _fails(context, Invalid, "there is nothing to send", "library/hello", "--export", clone)
    _fails(context, NotFound, "holds no merge", "--resolve", str(tmp_path))
    folder = _patched(context, BODY + "echo ours\n")
    _offer(team, 15, BODY)
    _sync(context)
    _fails(context, Conflict, "is at version 15, the patch stands on 12", "library/hello", "--export", clone)
    (folder / "script.sh").write_text("echo mine\n")
    _fails(context, Conflict, "uncommitted changes", "library/hello", "--cool-down", "0")
    (folder / "script.sh").write_text(BODY.replace("echo six", "echo ours"))
    assert _run(context, publish_command, str(folder)).exit_code == 0
    _offer(team, 16, BODY.replace("echo six", "echo theirs"))
    _sync(context)
    (context.directory / "hello.merge").mkdir()
    _fails(context, Conflict, "is in the way", "library/hello", "--cool-down", "0")
