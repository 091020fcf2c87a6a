"""`treadle source`: add, list, sync, remove."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.support.library import CommunityLibrary
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, template

SETTINGS = """\
# Our project.
version: 1

sources:
  ours: {git: ./ours}   # beside this file

environments:
  Test: {}
"""


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    """A project with a repository of templates beside its treadle.yaml."""
    project = make_project({"treadle.yaml": SETTINGS})
    repository = SourceRepository.create(project.root / "ours")
    repository.commit({"hello.json": template("Hello"), "broken.json": b"{"})
    SourceRepository.create(project.root / "theirs").commit({"t/other.json": template("Other")})
    return project


def test_a_source_is_added_to_the_project_and_nothing_else_changes(project: ProjectTree) -> None:
    done = project.treadle("source", "add", "theirs", "./theirs", "--path", "t", "--ref", "main")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[1] == "Next: treadle source sync theirs"
    line = "  theirs: {git: ./theirs, ref: main, path: t}\n"
    assert (project.root / "treadle.yaml").read_text() == SETTINGS.replace(
        "# beside this file\n", "# beside this file\n" + line
    )
    again = project.treadle("source", "add", "theirs", "./theirs", "--path", "t", "--ref", "main")
    assert (again.exit_code, "was there already" in again.stdout) == (0, True)
    assert project.treadle("source", "remove", "theirs").exit_code == 0
    assert (project.root / "treadle.yaml").read_text() == SETTINGS


@pytest.mark.parametrize("address", ["./theirs", "file://{root}/theirs", "./theirs.bundle"])
def test_a_folder_that_a_source_does_not_have_is_refused_at_once(project: ProjectTree, address: str) -> None:
    repository = SourceRepository(project.root / "theirs")
    repository.git("bundle", "create", "--quiet", str(project.root / "theirs.bundle"), "main")
    url = address.format(root=project.root)
    for wrong in ("nope", "t/other.json", "t/t"):
        done = project.treadle("source", "add", "theirs", url, "--path", wrong)
        assert (done.exit_code, done.stdout) == (2, "")
        assert f'error[source-folder-not-found]: source "theirs" has no folder "{wrong}"' in done.stderr
    assert (project.root / "treadle.yaml").read_text() == SETTINGS
    assert not list((project.home / "sources").iterdir()), "nothing stays of what was asked"
    assert project.treadle("source", "add", "theirs", url, "--path", "t", "--dry-run").exit_code == 0
    assert not list((project.home / "sources").iterdir())
    assert project.treadle("source", "add", "theirs", url, "--path", "t").exit_code == 0
    assert project.treadle("source", "sync", "theirs").stdout.startswith("theirs: 1 added")


def test_outside_of_a_project_a_source_goes_to_the_users_settings(make_project: MakeProject) -> None:
    place = make_project({})
    SourceRepository.create(place.root / "theirs").commit({"t/other.json": template("Other")})
    assert place.treadle("source", "add", "theirs", "./theirs").exit_code == 0
    text = (place.home / "config.yaml").read_text()
    assert text == f"version: 1\nsources:\n  theirs: {{git: {place.root}/theirs}}\n"


def test_a_dry_run_asks_and_writes_nothing(project: ProjectTree) -> None:
    done = project.treadle("source", "add", "theirs", "./theirs", "--dry-run")
    assert (done.exit_code, "would be added" in done.stdout) == (0, True)
    assert (project.root / "treadle.yaml").read_text() == SETTINGS


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("builtin", "./theirs"), 2, '"builtin" cannot be the name of a source'),
        (("x", "ext::sh -c id"), 2, '"ext::sh -c id" is not the address of a git repository'),
        (("x", "./nothing"), 3, "there is nothing at this path"),
        (("x", "git://127.0.0.1:1/x"), 3, "unable to connect to 127.0.0.1"),
        (("x", "./theirs", "--ref", "mian"), 2, 'Did you mean "main"?'),
        (("x", "./theirs", "--path", "../y"), 2, '"../y" leads out of the repository'),
        (("ours", "./theirs"), 2, 'there is a source "ours" already'),
    ],
)
def test_what_cannot_be_added_is_told(
    arguments: tuple[str, ...], exit_code: int, said: str, project: ProjectTree
) -> None:
    done = project.treadle("source", "add", *arguments)
    assert (done.exit_code, done.stdout) == (exit_code, "")
    assert said in done.stderr
    assert (project.root / "treadle.yaml").read_text() == SETTINGS


def test_credentials_are_never_stored_or_shown(project: ProjectTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.cli.source.probe", lambda home, wanted, keep: "main")
    done = project.treadle("source", "add", "private", "https://me:s3cret@example.com/x.git")
    assert done.exit_code == 0, done.stderr
    assert "were not stored" in done.stderr
    assert "{git: https://example.com/x.git}" in (project.root / "treadle.yaml").read_text()
    listed = project.treadle("source", "list")
    everything = done.stdout + done.stderr + listed.stdout + (project.root / "treadle.yaml").read_text()
    files = b"".join(path.read_bytes() for path in project.home.rglob("*") if path.is_file())
    assert "s3cret" not in everything
    assert b"s3cret" not in files


def test_sync_tells_what_it_found(project: ProjectTree) -> None:
    done = project.treadle("source", "sync", "ours")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("ours: 1 added (1 template, 1 version; main at ")
    assert "ours: 1 contents of its history cannot be read:\n  broken.json (" in done.stderr
    assert project.treadle("source", "sync", "ours").stdout.startswith("ours: nothing new (1 template,")
    SourceRepository(project.root / "ours").commit({"hello.json": template("Hello", 2)})
    assert project.treadle("source", "sync", "ours").stdout.splitlines()[1] == "  ~ hello"


def test_one_source_out_of_reach_does_not_stop_the_others(
    project: ProjectTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREADLE_COMMUNITY_URL", "git://127.0.0.1:1/x")
    done = project.treadle("source", "sync", "--json")
    assert done.exit_code == 3
    assert [(item["name"], item.get("templates")) for item in done.json] == [("community", None), ("ours", 1)]
    assert done.json[0]["error"]["code"] == "source-unreachable"
    assert 'source "community" does not answer' in done.stderr


def test_list_tells_all_of_each(project: ProjectTree) -> None:
    project.treadle("source", "sync", "ours")
    listed = {item["name"]: item for item in project.treadle("source", "list", "--json").json}
    assert list(listed) == ["builtin", "library", "community", "ours"]
    assert listed["community"]["commit"] is None
    ours = listed["ours"]
    head = SourceRepository(project.root / "ours").head()
    assert (ours["ref"], ours["commit"], ours["templates"], ours["versions"]) == ("main", head, 1, 1)
    (problem,) = ours["problems"]
    assert list(problem) == ["message", "kind", "path", "blob", "commit"]
    assert (problem["path"], problem["kind"]) == ("broken.json", "unreadable")
    table = project.treadle("source", "list")
    assert table.stdout.splitlines()[0].split() == [
        "NAME",
        "TEMPLATES",
        "VERSIONS",
        "REF",
        "COMMIT",
        "ADDRESS",
    ]
    assert table.stderr == "", "only --problems lists them"


def test_removing_deletes_mirror_and_index(project: ProjectTree) -> None:
    project.treadle("source", "sync", "ours")
    assert [
        name for name in project.home_files() if name.startswith("sources/ours-") and name.endswith(".git")
    ]
    assert project.treadle("source", "remove", "ours", "--dry-run").exit_code == 0
    assert project.treadle("show", "ours/hello").exit_code == 0
    assert project.treadle("source", "remove", "ours").exit_code == 0
    assert not [name for name in project.home_files() if name.startswith("sources/ours-")]
    assert 'no source "ours"' in project.treadle("show", "ours/hello").stderr
    assert project.treadle("source", "remove", "ours").exit_code == 2
    assert "is defined by Treadle itself" in project.treadle("source", "remove", "community").stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sources: {x: {}}\n", 'source "x" has no address'),
        ("sources: {x: {git: ., url: y}}\n", 'source "x": "url" is not understood'),
        ("sources: [x]\n", '"sources" must hold names and their addresses'),
        ("library: ./x\n", '"library" needs the path of a folder under "git"'),
        ("version: 7\n", 'version "7" is unknown, expected 1'),
        ("sources: {x\n", "treadle.yaml"),
    ],
)
def test_settings_that_cannot_be_used_are_told(text: str, said: str, make_project: MakeProject) -> None:
    done = make_project({"treadle.yaml": text}).treadle("source", "list")
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr


def test_the_community_library_comes_from_where_the_environment_says(
    make_project: MakeProject, community_library: CommunityLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREADLE_COMMUNITY_URL", str(Path(community_library.bundle)))
    place = make_project({})
    done = place.treadle("source", "sync")
    assert done.stdout.startswith("community: 571 added (571 templates, 1739 versions; master at db7c1b5971)")
    assert done.stderr == (
        "community: 89 contents of its history cannot be read: treadle source list --problems community\n"
    )
    assert place.treadle("source", "list").stderr == ""
    listed = place.treadle("source", "list", "community", "--json").json
    assert len(listed[0]["problems"]) == 89


def test_a_damaged_mirror_is_fetched_again(make_project: MakeProject) -> None:
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\n"})
    repository = SourceRepository.create(project.root / "ours")
    repository.commit({"hello.json": template("Say - Hello", 1)})
    assert project.treadle("source", "sync", "ours").exit_code == 0
    (mirror,) = (project.home / "sources").glob("ours-*.git")
    for file in (path for path in (mirror / "objects").rglob("*") if path.is_file()):
        file.chmod(0o600)
        file.write_bytes(b"damaged")
    damaged = project.treadle("verify")
    assert damaged.exit_code == 5
    assert "treadle source sync ours --again" in damaged.stderr + damaged.stdout
    repository.path.rename(project.root / "away")
    assert project.treadle("source", "sync", "ours", "--again").exit_code == 3
    assert list((project.home / "sources").iterdir()) == [mirror]
    (project.root / "away").rename(repository.path)
    assert project.treadle("source", "sync", "ours", "--again").exit_code == 0
    assert project.treadle("verify").exit_code == 0
    assert project.treadle("show", "ours/hello").exit_code == 0
    assert list((project.home / "sources").iterdir()) == [mirror]
