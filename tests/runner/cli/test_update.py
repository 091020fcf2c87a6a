"""`treadle outdated` and `treadle update`."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.text.yaml_document import dump_yaml, load_yaml
from tests.conftest import MakeProject
from tests.support.journey import TREADLE
from tests.support.library import CommunityLibrary
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, parameter, template

URL = parameter("Url", control="SingleLineText")
TEXT = parameter("Text", DefaultValue="hello")
OLD = "2020-01-01T00:00:00+00:00"

PROCESS = """\
# The team's process
version: 1
name: Web shop
steps:
  - name: Tell the team   # who
    uses: team/tell@1  # pinned
    with:
      # where to
      Url: "http://x"   # the address
      Text: |
        several
        lines
    condition: always
    timeout: 5m   # long enough
"""


class Team:
    """A source whose versions are as old as a test wants."""

    def __init__(self, repository: SourceRepository) -> None:
        self.repository = repository

    def offer(
        self,
        version: int,
        *parameters: object,
        date: str = OLD,
        body: str = "",
        slug: str = "tell",
        **more: object,
    ) -> None:
        content = template(slug, version, body or f"echo {version}\n", Parameters=list(parameters), **more)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GIT_COMMITTER_DATE", date)
            self.repository.commit({f"{slug}.json": content})
        assert "GIT_COMMITTER_DATE" not in os.environ


@pytest.fixture
def team(tmp_path: Path) -> Team:
    team = Team(SourceRepository.create(tmp_path / "team"))
    team.offer(1, URL, TEXT)
    return team


@pytest.fixture
def project(make_project: MakeProject, team: Team) -> ProjectTree:
    settings = {"library": {"git": "./library"}, "sources": {"team": {"git": str(team.repository.path)}}}
    return make_project({"treadle.yaml": settings, "deploy.yaml": PROCESS})


def _sync(project: ProjectTree) -> None:
    assert project.treadle("source", "sync", "team").exit_code == 0


def _process(project: ProjectTree) -> str:
    return (project.root / "deploy.yaml").read_bytes().decode()


# --- outdated


def test_nothing_to_do(project: ProjectTree) -> None:
    _sync(project)
    done = project.treadle("outdated")
    assert (done.exit_code, done.stdout) == (0, "Up to date: 1 use of templates.\n")


def test_a_newer_version_is_listed_with_class_and_reasons(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT, body="set -e\necho 2\n")
    _sync(project)
    done = project.treadle("outdated")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "PROCESS      STEP           USES         NOW  NEW  CHANGE",
        "deploy.yaml  Tell the team  team/tell@1    1    2  behaviour changed",
        "",
        "team/tell 1 → 2",
        '  errors may end it differently: "set -e" is new (suspected)',
        "  the script changed",
    ]
    (found,) = project.treadle("outdated", "--json").json
    assert (found["version"], found["available"]["version"], found["class"]) == (1, 2, "behaviour changed")
    assert (found["process"], found["step"], found["uses"]) == ("deploy.yaml", "Tell the team", "team/tell@1")


def test_a_fresh_version_is_held_back(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT, date="2020-02-01T00:00:00+00:00")
    now = datetime.now(UTC)
    team.offer(3, URL, TEXT, date=(now - timedelta(days=6)).isoformat(timespec="seconds"))
    _sync(project)
    done = project.treadle("outdated")
    assert done.exit_code == 1
    assert "2  compatible, 3 held back" in done.stdout
    assert project.treadle("update", "--all").exit_code == 0
    assert "team/tell@2 " in _process(project)
    again = project.treadle("outdated")
    assert (again.exit_code, "3 held back" in again.stdout) == (0, True)
    assert project.treadle("outdated", "--cool-down", "5").exit_code == 1
    assert project.treadle("update", "team/tell@3").exit_code == 0
    assert "team/tell@3 " in _process(project)


def test_a_version_that_is_held_back_says_until_when_and_how_to_take_it(
    project: ProjectTree, team: Team
) -> None:
    day = datetime.now(UTC) - timedelta(days=3)
    team.offer(2, URL, TEXT, date=day.isoformat(timespec="seconds"))
    _sync(project)
    until = (day + timedelta(days=7)).date().isoformat()
    said = f"is held back until {until}: it is fresh. To take it now: --cool-down 0"
    assert said in project.treadle("outdated").stdout
    assert said in project.treadle("update", "--all").stdout
    (found,) = project.treadle("outdated", "--json").json
    assert found["held_until"] == until


@pytest.mark.parametrize("seconds", [253402300799, 253402300801, 99999999999999999])
def test_a_version_from_the_end_of_time_is_held_back(seconds: int, project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT, date=f"@{seconds} +0000")
    _sync(project)
    said = "is held back until 9999-12-31: it is fresh."
    assert said in project.treadle("outdated").stdout
    assert said in project.treadle("update", "--all").stdout
    assert project.treadle("outdated", "--cool-down", "0").exit_code == 1


def test_the_remedy_of_a_revoked_version_does_not_wait(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT, date=datetime.now(UTC).isoformat(timespec="seconds"))
    _sync(project)
    project.treadle("revoke", "team/tell@1", "-m", "Leaks its token")
    assert project.treadle("outdated").exit_code == 1
    assert project.treadle("update", "--all").exit_code == 0
    assert "team/tell@2 " in _process(project)


def test_versions_that_are_revoked_are_marked(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT)
    _sync(project)
    assert "NOTICES" not in project.treadle("show", "team/tell", "--versions").stdout
    project.treadle("revoke", "team/tell@1", "-m", "Leaks its token")
    lines = project.treadle("show", "team/tell", "--versions").stdout.splitlines()
    assert lines[-1].endswith("revoked: Leaks its token")
    assert "revoked" not in lines[-2]
    versions = project.treadle("show", "team/tell", "--json").json["versions"]
    assert [len(item.get("notices", ())) for item in versions] == [0, 1]


def test_a_source_has_a_cool_down_of_its_own(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT, date=datetime.now(UTC).isoformat(timespec="seconds"))
    _sync(project)
    assert project.treadle("outdated").exit_code == 0
    settings = {"git": str(team.repository.path), "cool_down": 0}
    project.write(
        {"treadle.yaml": {"library": {"git": "./library"}, "sources": {"team": settings}, "cool_down": 9}}
    )
    assert project.treadle("validate", "treadle.yaml").exit_code == 0
    assert project.treadle("outdated").exit_code == 1
    assert project.treadle("outdated", "--cool-down", "5").exit_code == 0
    project.write({"treadle.yaml": {"sources": {"team": {**settings, "cool_down": -1}}}})
    assert '"cool_down" is "-1", expected days' in project.treadle("outdated").stderr


def test_only_compatible_versions_are_taken_if_asked(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT, parameter("More", DefaultValue="x"))
    team.offer(3, URL, TEXT, parameter("More", DefaultValue="x"), body="set -e\necho 3\n")
    _sync(project)
    done = project.treadle("update", "--all", "--only", "compatible")
    assert done.exit_code == 0
    assert "team/tell@2 " in _process(project)
    again = project.treadle("update", "--all", "--only", "compatible")
    assert "version 3 asks for more than --only allows" in again.stdout
    assert project.treadle("update", "team/tell@3", "--only", "compatible").exit_code == 0
    assert "team/tell@2 " in _process(project)
    project.treadle("update", "--all", "--only", "behaviour-changed")
    assert "team/tell@3 " in _process(project)


@pytest.mark.parametrize(("days", "found"), [("5", 1), ("9", 0)])
def test_the_project_and_the_environment_say_how_long(
    project: ProjectTree, team: Team, monkeypatch: pytest.MonkeyPatch, days: str, found: int
) -> None:
    fresh = datetime.now(UTC) - timedelta(days=7, hours=1)
    team.offer(2, URL, TEXT, date=fresh.isoformat(timespec="seconds"))
    _sync(project)
    assert project.treadle("outdated").exit_code == 1
    file = project.root / "treadle.yaml"
    file.write_text(f"{file.read_text()}cool_down: {days}\n")
    assert project.treadle("validate", "treadle.yaml").exit_code == 0
    assert project.treadle("outdated").exit_code == found
    monkeypatch.setenv("TREADLE_COOL_DOWN", "8")
    assert project.treadle("outdated").exit_code == 0
    file.write_text(file.read_text().replace(f"cool_down: {days}", "cool_down: soon"))
    monkeypatch.delenv("TREADLE_COOL_DOWN")
    assert '"cool_down" needs a number of days' in project.treadle("outdated").stderr


def test_what_can_not_be_told_is_refused(project: ProjectTree) -> None:
    done = project.treadle("outdated")
    assert done.exit_code == 2
    assert 'source "team" has not been synced yet (Run `treadle source sync team`.)' in done.stdout


def test_deprecated_templates_are_told_with_their_successor(project: ProjectTree, team: Team) -> None:
    deprecated = {"Reason": "The service closes", "Successor": "team/shout"}
    team.offer(2, URL, TEXT, Treadle={"Deprecated": deprecated})
    _sync(project)
    assert project.treadle("update", "--all").exit_code == 0
    done = project.treadle("outdated")
    assert done.exit_code == 1
    assert "  deprecated: The service closes; use team/shout instead" in done.stdout.splitlines()
    (notice,) = project.treadle("outdated", "--json").json[0]["notices"]
    assert (notice["standing"], notice["successor"]) == ("deprecated", "team/shout")


def test_a_revoked_version_is_told_and_never_chosen(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT)
    team.offer(3, URL, TEXT)
    notices = {"tell": [{"standing": "revoked", "versions": [1, 3], "reason": "It leaks"}]}
    text = dump_yaml({"version": 1, "notices": notices}).encode()
    team.repository.commit({".treadle/notices.yaml": text})
    _sync(project)
    listed = project.treadle("outdated")
    assert "  revoked: It leaks" in listed.stdout.splitlines()
    assert project.treadle("update", "--all").exit_code == 0
    assert "team/tell@2 " in _process(project)
    assert project.treadle("outdated").exit_code == 0


def test_deleted_templates_are_told(project: ProjectTree, team: Team) -> None:
    (team.repository.path / "tell.json").unlink()
    team.offer(1, slug="other")
    _sync(project)
    done = project.treadle("outdated")
    assert (done.exit_code, "deleted" in done.stdout) == (1, True)


# --- update


def test_only_the_version_changes_where_nothing_else_must(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT, parameter("Color", DefaultValue="red"))
    _sync(project)
    tried = project.treadle("update", "--all", "--dry-run")
    assert (tried.exit_code, _process(project)) == (0, PROCESS)
    assert (
        'Would update deploy.yaml: step "Tell the team": team/tell@1 → team/tell@2 (compatible)'
        in tried.stdout
    )
    done = project.treadle("update", "team/tell")
    assert done.exit_code == 0
    assert '  parameter "Color" is new, with a default' in done.stdout.splitlines()
    assert _process(project) == PROCESS.replace("team/tell@1", "team/tell@2")
    assert project.treadle("update", "--all").stdout == "Nothing to update.\n"


def test_values_follow_and_go_and_the_rest_stays(project: ProjectTree, team: Team) -> None:
    team.offer(2, {**URL, "Name": "Address"}, parameter("Color"))
    _sync(project)
    done = project.treadle("update", "--all", "--set", "Color=#{Color}")
    assert done.exit_code == 0
    assert '  value of "Url" goes to "Address"' in done.stdout.splitlines()
    assert '  value of "Text" is dropped: there is no such parameter any more' in done.stdout.splitlines()
    text = PROCESS.replace("tell@1", "tell@2").replace("Url:", "Address:")
    text = text.replace("      Text: |\n        several\n        lines\n", '      Color: "#{Color}"\n')
    assert _process(project) == text


def test_a_missing_value_ends_with_the_flag_to_give(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT, parameter("Color"), parameter("Key", control="Sensitive"))
    _sync(project)
    done = project.treadle("update", "team/tell")
    assert (done.exit_code, _process(project)) == (4, PROCESS)
    assert "treadle update team/tell --set Color=VALUE --set 'Key=#{MY.SECRET}'" in done.stderr
    refused = project.treadle("update", "team/tell", "--set", "Color=", "--set", "Key=hunter2")
    assert refused.exit_code == 2
    assert '"Key" is a secret' in refused.stderr
    assert project.treadle("update", "team/tell", "--set", "Colour=red").exit_code == 2
    done = project.treadle("update", "team/tell", "--set", "Color=", "--set", "Key=#{Slack.Key}")
    assert done.exit_code == 0
    assert load_yaml(_process(project), "").value["steps"][0]["with"]["Color"] == ""


def _at_a_terminal(project: ProjectTree, typed: bytes) -> tuple[int, str]:
    """What `update --all` says to somebody who types that, and its exit code."""
    master, slave = os.openpty()
    try:
        process = subprocess.Popen(
            [TREADLE, "update", "--all"],
            cwd=project.root,
            env={**os.environ, "TREADLE_HOME": str(project.home)},
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.write(master, typed)
        said = process.communicate(timeout=60)[0].decode()
    finally:
        os.close(master)
        os.close(slave)
    return process.returncode, said


def test_a_person_at_a_terminal_is_asked(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT, parameter("Color", Label="Which color"))
    _sync(project)
    code, said = _at_a_terminal(project, b"#{Color}\n")
    assert code == 0, said
    assert '"Color" is new and has no default\n  Which color []: ' in said
    assert 'Color: "#{Color}"' in _process(project)


def test_a_person_chooses_among_the_options_and_is_asked_again(project: ProjectTree, team: Team) -> None:
    settings = {"Octopus.ControlType": "Select", "Octopus.SelectOptions": "red|Red\nblue|Blue as the sky"}
    team.offer(2, URL, TEXT, parameter("Color", HelpText="Of the roof.", DisplaySettings=settings))
    _sync(project)
    code, said = _at_a_terminal(project, b"\nteal\nblue\n")
    assert code == 0, said
    assert "  Of the roof.\n    red  Red\n    blue  Blue as the sky\n" in said
    assert '"teal" will not do: it must be "red" or "blue".' in said
    assert "Color: blue" in _process(project)


def test_ready_steps_go_ahead_of_those_that_wait(project: ProjectTree, team: Team) -> None:
    team.offer(1, slug="other")
    team.offer(2, slug="other")
    team.offer(2, URL, TEXT, parameter("Color"))
    project.write({"deploy.yaml": PROCESS + "  - {name: Other, uses: team/other@1}\n"})
    _sync(project)
    assert project.treadle("update", "--all").exit_code == 4
    assert "team/other@2" in _process(project)
    assert "team/tell@1" in _process(project)


def test_a_conflict_is_written_down_and_resolved(project: ProjectTree, team: Team) -> None:
    team.offer(2, {**URL, "DisplaySettings": {"Octopus.ControlType": "Sensitive"}}, TEXT)
    _sync(project)
    done = project.treadle("update", "--all")
    assert (done.exit_code, _process(project)) == (4, PROCESS)
    file = project.root / "treadle.update.yaml"
    text = file.read_text()
    assert "      # is a secret now, and its value stands in clear\n      Url:\n" in text
    assert "http://x" not in text
    assert load_yaml(text, "").value["updates"][0]["becomes"] == "team/tell@2"
    unset = text.replace("apply: false", "apply: true")
    file.write_text(unset)
    refused = project.treadle("update", "--resolve", "treadle.update.yaml")
    assert refused.exit_code == 2
    assert 'step "Tell the team" needs a value for "Url"' in refused.stderr
    assert project.treadle("update", "--all").exit_code == 2
    file.write_text(text.replace("      Url:\n", '      Url: "#{Hook}"\n'))
    begun = load_yaml(file.read_text(), "").value
    assert project.treadle("update", "--all").exit_code == 4
    assert load_yaml(file.read_text(), "").value == begun
    file.write_text(file.read_text().replace("apply: false", "apply: true"))
    assert project.treadle("update", "--resolve", "treadle.update.yaml").exit_code == 0
    assert _process(project) == PROCESS.replace("tell@1", "tell@2").replace('"http://x"', '"#{Hook}"')
    assert not file.exists()


def test_a_version_that_nobody_knows_needs_a_decision(project: ProjectTree, team: Team) -> None:
    project.write({"deploy.yaml": PROCESS.replace("tell@1", "tell@77")})
    team.offer(2, URL, TEXT)
    _sync(project)
    assert "unknown version" in project.treadle("outdated").stdout
    assert project.treadle("update", "--all").exit_code == 4
    file = project.root / "treadle.update.yaml"
    file.write_text(file.read_text().replace("apply: false", "apply: true"))
    assert project.treadle("update", "--resolve", "treadle.update.yaml").exit_code == 0
    assert _process(project) == PROCESS.replace("tell@1", "tell@2")


def test_going_back_and_changing_to_another_template(project: ProjectTree, team: Team) -> None:
    team.offer(2, URL, TEXT)
    team.offer(4, {**URL, "Name": "Address"}, TEXT, slug="shout")
    _sync(project)
    assert project.treadle("update", "team/tell").exit_code == 0
    assert project.treadle("update", "team/tell@1").exit_code == 0
    assert _process(project) == PROCESS
    assert project.treadle("update", "team/tell", "--to", "team/shout").exit_code == 0
    assert _process(project) == PROCESS.replace("tell@1", "shout@4").replace("Url:", "Address:")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say what to update"),
        (("team/tel",), 'no process uses "team/tel"'),
        (("--all", "--step", "Tel the team"), 'no step "Tel the team" uses a template'),
        (("--all", "--set", "x"), '--set "x" is no NAME=VALUE'),
        (("--all", "--commit"), "is in no git repository"),
        (("--resolve", "none.yaml"), "there is no file"),
        (("--all", "--to", "team/tell"), "--to takes the place of one template"),
    ],
)
def test_what_makes_no_sense_is_told(
    project: ProjectTree, team: Team, arguments: tuple[str, ...], said: str
) -> None:
    team.offer(2, URL, TEXT)
    _sync(project)
    done = project.treadle("update", *arguments)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
    assert _process(project) == PROCESS


# --- the lock, and commits


def _git(project: ProjectTree) -> SourceRepository:
    repository = SourceRepository(project.root)
    repository.git("init", "--quiet", "--initial-branch=main")
    return repository


def test_each_template_gets_a_commit(project: ProjectTree, team: Team) -> None:
    team.offer(1, slug="other")
    team.offer(2, slug="other")
    team.offer(2, URL, TEXT)
    project.write({"deploy.yaml": PROCESS + "  - {name: Other, uses: team/other@1}\n"})
    repository = _git(project)
    repository.commit()
    project.write({"staged.txt": "mine\n"})
    repository.git("add", "staged.txt")
    _sync(project)
    assert project.treadle("update", "--all", "--commit").exit_code == 0
    log = repository.git("log", "--format=%s", "--name-only").splitlines()
    assert [line for line in log if line][:4] == [
        "Update team/tell to 2",
        "deploy.yaml",
        "Update team/other to 2",
        "deploy.yaml",
    ]
    assert (
        repository.git("log", "-1", "--format=%b").splitlines()[0]
        == '- deploy.yaml: step "Tell the team" (was 1)'
    )
    assert repository.git("status", "--porcelain") == "A  staged.txt"


def test_uncommitted_changes_stop_a_commit_before_anything_is_written(
    project: ProjectTree, team: Team
) -> None:
    team.offer(2, URL, TEXT)
    _git(project).commit()
    project.write({"deploy.yaml": f"{PROCESS}# mine\n"})
    _sync(project)
    done = project.treadle("update", "--all", "--commit")
    assert (done.exit_code, _process(project)) == (2, f"{PROCESS}# mine\n")
    assert '"deploy.yaml" has uncommitted changes' in done.stderr


def test_a_process_that_lies_elsewhere_is_not_committed(
    project: ProjectTree, team: Team, tmp_path: Path
) -> None:
    team.offer(2, URL, TEXT)
    (tmp_path / "elsewhere.yaml").write_text(PROCESS)
    (project.root / "deploy.yaml").unlink()
    (project.root / "deploy.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    (project.root / "gone.yaml").symlink_to(tmp_path / "gone.yaml")
    _git(project).commit()
    _sync(project)
    assert "leads out of the repository" in project.treadle("update", "--all", "--commit").stderr
    assert project.treadle("update", "--all").exit_code == 0
    assert "tell@2" in (tmp_path / "elsewhere.yaml").read_text()


def test_a_locked_reference_moves_in_the_lock_alone(project: ProjectTree, team: Team) -> None:
    open_ = PROCESS.replace("team/tell@1", "team/tell@1+")
    project.write({"deploy.yaml": open_})
    _sync(project)
    assert project.treadle("lock").exit_code == 0
    team.offer(2, URL, TEXT)
    _sync(project)
    assert project.treadle("outdated").exit_code == 1
    assert project.treadle("update", "--all").exit_code == 0
    assert _process(project) == open_
    lock = load_yaml((project.root / "treadle.lock").read_text(), "").value
    assert lock["templates"]["team/tell@1+"]["version"] == 2
    team.offer(3, {**URL, "Name": "Address"}, TEXT)
    _sync(project)
    assert project.treadle("update", "--all").exit_code == 0
    assert _process(project) == open_.replace("tell@1+", "tell@3+").replace("Url:", "Address:")
    lock = load_yaml((project.root / "treadle.lock").read_text(), "").value
    assert list(lock["templates"]) == ["team/tell@3+"]
    assert project.treadle("lock", "--dry-run", "--json").json["changed"] is False


def test_steps_that_share_an_entry_of_the_lock_wait_for_each_other(project: ProjectTree, team: Team) -> None:
    steps = "\n  - {name: Two, uses: team/tell, with: {Url: u}}\n"
    project.write({"deploy.yaml": PROCESS.replace("tell@1", "tell").rstrip("\n") + steps})
    before = _process(project)
    _sync(project)
    assert project.treadle("lock").exit_code == 0
    team.offer(2, {**URL, "DisplaySettings": {"Octopus.ControlType": "MultiLineText"}}, TEXT)
    _sync(project)
    assert project.treadle("update", "--all").exit_code == 4
    assert _process(project) == before
    file = project.root / "treadle.update.yaml"
    file.write_text(file.read_text().replace("apply: false", "apply: true", 1))
    assert project.treadle("update", "--resolve", str(file)).exit_code == 4
    file.write_text(file.read_text().replace("apply: false", "apply: true"))
    assert project.treadle("update", "--resolve", str(file)).exit_code == 0
    assert _process(project) == before


# --- patched copies


def _patch(project: ProjectTree) -> None:
    """A patched copy of `team/tell`, used by the process."""
    assert project.treadle("patch", "team/tell").exit_code == 0
    script = project.root / "library/tell/script.sh"
    script.write_text(f"{script.read_text()}echo ours\n")
    assert project.treadle("publish", "library/tell").exit_code == 0
    assert project.treadle("update", "team/tell", "--to", "library/tell").exit_code == 0


def test_the_plan_says_what_is_patched(project: ProjectTree) -> None:
    _sync(project)
    _patch(project)
    done = project.treadle("plan", "deploy")
    assert "team/tell@1 with local changes" in done.stdout, done.stderr
    (action,) = project.treadle("plan", "deploy", "--json").json["steps"][0]["actions"]
    assert action["template"]["patches"] == "team/tell@1"


def test_a_patched_copy_is_brought_to_its_newer_base_first(project: ProjectTree, team: Team) -> None:
    team.offer(1, URL, TEXT, body="echo one\n\n\necho two\n")
    _sync(project)
    _patch(project)
    team.offer(5, {**URL, "Name": "Address"}, TEXT, body="echo ONE\n\n\necho two\n")
    _sync(project)
    listed = project.treadle("outdated")
    assert listed.exit_code == 1
    assert "a copy of team/tell@1, with local changes; 5 is there" in listed.stdout
    tried = project.treadle("update", "library/tell", "--dry-run")
    assert "Would bring library/tell to team/tell@5, as version 5." not in tried.stdout
    assert "Would bring library/tell to team/tell@5, as version 3." in tried.stdout
    done = project.treadle("update", "library/tell", "--json")
    assert done.exit_code == 0, done.stderr
    assert [copy["onto"] for copy in done.json["copies"]] == ["team/tell@5"]
    assert [item["template"] for item in done.json["applied"]] == ["library/tell"]
    assert (project.root / "library/tell/script.sh").read_text() == "echo ONE\n\n\necho two\necho ours\n"
    assert _process(project) == PROCESS.replace("team/tell@1", "library/tell@3").replace("Url:", "Address:")
    assert project.treadle("outdated").exit_code == 0


def test_a_dry_run_says_of_a_patched_copy_what_the_update_does(project: ProjectTree, team: Team) -> None:
    team.offer(1, URL, TEXT, body="echo one\n\n\necho two\n")
    _sync(project)
    _patch(project)
    secret = {**URL, "DisplaySettings": {"Octopus.ControlType": "Sensitive"}}
    team.offer(5, secret, TEXT, body="echo ONE\n\n\necho two\n")
    _sync(project)
    tried = project.treadle("update", "--all", "--dry-run")
    done = project.treadle("update", "--all")
    assert (tried.exit_code, done.exit_code) == (4, 4)
    waiting = [line for line in done.stdout.splitlines() if "waiting" in line]
    assert waiting
    assert [line for line in tried.stdout.splitlines() if "waiting" in line] == waiting


def test_a_dry_run_and_an_update_of_a_copy_change_the_same_steps(project: ProjectTree, team: Team) -> None:
    team.offer(1, URL, TEXT, body="echo one\n\n\necho two\n")
    _sync(project)
    _patch(project)
    team.offer(5, URL, TEXT, body="echo ONE\n\n\necho two\n")
    _sync(project)
    tried = project.treadle("update", "--all", "--dry-run").stdout
    done = project.treadle("update", "--all").stdout
    assert "library/tell@3" in done
    assert (
        tried.replace("Would bring", "Brought").replace("Would update", "Updated").splitlines()[-3:]
        == (done.splitlines()[-3:])
    )


def test_conflicts_of_a_patch_wait_in_a_folder(project: ProjectTree, team: Team) -> None:
    _sync(project)
    _patch(project)
    before = _process(project)
    team.offer(5, URL, TEXT, body="echo 1\necho theirs\n")
    _sync(project)
    done = project.treadle("update", "--all")
    assert (done.exit_code, _process(project)) == (4, before)
    assert "treadle patch --resolve" in done.stderr
    (project.root / "tell.merge/script.sh").write_text("echo both\n")
    assert project.treadle("patch", "--resolve", "tell.merge").exit_code == 0
    assert project.treadle("update", "--all").exit_code == 0
    assert "library/tell@3" in _process(project)


# --- every other byte


_TEXTS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=10)
_COMMENT = st.sampled_from(["", "  # why", "   # a: b"])


@st.composite
def _steps(draw: st.DrawFn) -> str:
    """A step of `team/tell@1` as people write them, in many ways."""
    name = dump_yaml([draw(_TEXTS.filter(str.strip))]).removeprefix("- ").strip()
    url, text = (dump_yaml([draw(_TEXTS)]).removeprefix("- ").strip() for _ in range(2))
    quote = draw(st.sampled_from(["", "'", '"']))
    uses = f"{quote}team/tell@1{quote}"
    if draw(st.booleans()) and not set(url + text + name) & set("{}[],#:&*!|>?"):
        return f"  - {{name: {name}, uses: {uses}, with: {{Url: {url}, Text: {text}}}, timeout: 5m}}{draw(_COMMENT)}\n"
    lines = [f"name: {name}{draw(_COMMENT)}"]
    more = [
        f"uses: {uses}{draw(_COMMENT)}",
        "condition: always",
        "timeout: 5m  # long",
        "notes: |\n      one\n\n      two",
    ]
    values = [f"Url: {url}{draw(_COMMENT)}", f"Text: {text}"]
    more.append("with:\n" + "\n".join(f"      {line}" for line in draw(st.permutations(values))))
    lines += draw(st.permutations(more))
    gaps = [draw(st.sampled_from(["", "    # between\n", "\n"])) for _ in lines]
    return "  - " + "".join(
        f"{'' if not place else gap + '    '}{line}\n"
        for place, (gap, line) in enumerate(zip(gaps, lines, strict=True))
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(_steps(), min_size=1, max_size=4),
    newline=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
)
def test_any_process_keeps_every_other_byte(
    project: ProjectTree, team: Team, steps: list[str], newline: str, mark: bool
) -> None:
    if not (project.home / "index.sqlite").exists():
        team.offer(2, {**URL, "Name": "Address"}, TEXT)
        _sync(project)
    text = ("\ufeff" if mark else "") + "# ours\nversion: 1\nsteps:\n" + "".join(steps) + "# end\n"
    text = text.replace("\n", newline)
    (project.root / "deploy.yaml").write_bytes(text.encode())
    done = project.treadle("update", "--all")
    assert done.exit_code == 0, done.stderr
    expected = "".join(
        line.replace("Url: ", "Address: ").replace("team/tell@1", "team/tell@2")
        for line in text.splitlines(keepends=True)
    )
    assert _process(project) == expected


def test_the_real_update_that_makes_deployments_fail(
    community_library: CommunityLibrary, project: ProjectTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack = "community/slack-send-simple-notification"
    given = "    with: {ssn_HookUrl: '#{Hook}'}\n"
    project.write({"deploy.yaml": f"version: 1\nsteps:\n  - name: Tell\n    uses: {slack}@12\n{given}"})
    monkeypatch.setenv("TREADLE_COMMUNITY_URL", str(community_library.bundle))
    assert project.treadle("source", "sync", "community").exit_code == 0
    done = project.treadle("outdated", "--json")
    assert done.exit_code == 1
    (found,) = done.json
    assert (found["available"]["version"], found["class"]) == (15, "behaviour changed")
    assert [item["code"] for item in found["differences"]][:2] == [
        "parameter-secret",
        "error-handling-changed",
    ]
    assert project.treadle("update", slack).exit_code == 0
    assert f"uses: {slack}@15\n{given}" in _process(project)
