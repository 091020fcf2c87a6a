"""Publishing: the library's next version of a template, alone and in company."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.compatibility.compare import ChangeClass
from registry.errors import Conflict, Invalid, NotFound, Unavailable, UserError
from registry.home import Home
from registry.model import Reference
from registry.project.project_file import find_project
from registry.publishing.publish import publish
from tests.support.repository import SourceRepository, template

TEMPLATE = """\
# Ours. Comments stay.
schema: 1
id: {id}
name: {name}
version: 1   # given by the library
description: Says hello.
category: testing
action_type: Octopus.Script
script: {{syntax: Bash, file: script.sh}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "treadle.yaml").write_text("library: {git: ./library}\n")
    return folder


@pytest.fixture
def catalog(project: Path, tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(Home.at(tmp_path / "home"), find_project(project), {}) as catalog:
        yield catalog


def _draft(folder: Path, slug: str = "hello", script: str = "echo hello\n") -> Path:
    path = folder / slug
    path.mkdir(parents=True, exist_ok=True)
    identity = f"00000000-0000-4000-8000-{sum(slug.encode()):012d}"
    if not (path / "template.yaml").exists():
        (path / "template.yaml").write_text(TEMPLATE.format(id=identity, name=f"Say - {slug}"))
    (path / "script.sh").write_text(script)
    return path


def _library(project: Path) -> SourceRepository:
    return SourceRepository(project / "library")


def test_a_new_template_is_published_as_it_is(catalog: Catalog, project: Path) -> None:
    draft = _draft(project / "drafts")
    tried = publish(catalog, draft, dry_run=True)
    assert (tried.version, tried.commit) == (1, None)
    assert not (project / "library").exists()
    done = publish(catalog, draft)
    assert (done.slug, done.version, done.previous, done.comparison) == ("hello", 1, None, None)
    library = _library(project)
    assert library.head() == done.commit
    assert library.git("log", "-1", "--format=%B") == "Publish Say - hello 1\n\nTreadle-Publish: hello@1"
    assert (library.path / "hello/template.yaml").read_bytes() == (draft / "template.yaml").read_bytes()


def test_the_library_gives_the_next_number_and_tells_what_changed(catalog: Catalog, project: Path) -> None:
    publish(catalog, _draft(project / "drafts"))
    draft = _draft(project / "drafts", script="set -e\necho hello\n")
    done = publish(catalog, draft, message="Stop at the first error")
    assert (done.version, done.previous) == (2, 1)
    assert done.comparison
    assert done.comparison.change is ChangeClass.BEHAVIOUR_CHANGED
    library = _library(project)
    text = (draft / "template.yaml").read_text()
    assert (library.path / "hello/template.yaml").read_text() == text.replace("version: 1 ", "version: 2 ")
    assert library.git("log", "-1", "--format=%B").splitlines() == [
        "Stop at the first error",
        "",
        "Treadle-Publish: hello@2",
        "Treadle-Change: behaviour changed",
    ]
    assert catalog.resolve(Reference.parse("library/hello@1")).template.version == 1


def test_what_did_not_change_is_refused(catalog: Catalog, project: Path) -> None:
    draft = _draft(project / "drafts")
    publish(catalog, draft)
    head = _library(project).head()
    with pytest.raises(Conflict, match='"hello" is the library\'s version 1 already'):
        publish(catalog, draft)
    (draft / "README.md").write_text("How to say hello.\n")
    assert publish(catalog, draft).version == 2
    assert _library(project).git("rev-parse", "HEAD~1") == head


def test_edits_in_the_library_itself_are_published(catalog: Catalog, project: Path) -> None:
    publish(catalog, _draft(project / "drafts"))
    library = _library(project)
    library.write({"hello/script.sh": b"echo edited\n", "hello/notes.txt": b"new\n", "other.txt": b"mine\n"})
    done = publish(catalog, library.path / "hello")
    assert done.version == 2
    assert library.git("status", "--porcelain") == "?? other.txt"
    assert library.git("show", "--name-only", "--format=").splitlines() == [
        "hello/notes.txt",
        "hello/script.sh",
        "hello/template.yaml",
    ]
    (library.path / "hello/notes.txt").unlink()
    assert publish(catalog, library.path / "hello").version == 3
    assert library.git("status", "--porcelain") == "?? other.txt"


def test_octopus_json_is_published_as_a_folder(catalog: Catalog, project: Path) -> None:
    file = project / "greet.json"
    file.write_bytes(template("Greet", 7, Id="9f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11"))
    assert publish(catalog, file).version == 7
    assert (project / "library/greet/script.sh").read_bytes() == b"echo hello\n"
    file.write_bytes(template("Greet", 3, "echo bye\n", Id="9f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11"))
    assert publish(catalog, file).version == 8


def test_what_cannot_be_published(catalog: Catalog, project: Path) -> None:
    def refusal(path: Path, kind: type[UserError], slug: str | None = None) -> UserError:
        with pytest.raises(kind) as refused:
            publish(catalog, path, slug)
        return refused.value

    draft = _draft(project / "drafts")
    publish(catalog, draft)
    head = _library(project).head()
    broken = _draft(project / "drafts", "broken")
    (broken / "template.yaml").write_text("schema: 1\nname: 3\nversion: x\n")
    assert len(refusal(broken, Invalid).problems) > 1
    assert refusal(project / "nothing", NotFound).message == f'"{project}/nothing" does not exist'
    assert 'both have the title "Say - hello"' in refusal(draft, Conflict, "copy").message
    assert "can't be the name" in refusal(draft, Invalid, "../x").message
    other = _draft(project / "other")
    text = (other / "template.yaml").read_text()
    (other / "template.yaml").write_text(text.replace("id: 0", "id: 1"))
    assert refusal(other, Conflict).code == "id-changed"
    _library(project).write({"hello/script.sh": b"mine\n"})
    _draft(project / "drafts", script="echo new\n")
    assert refusal(draft, Conflict).code == "uncommitted-changes"
    assert _library(project).head() == head


# --- with a remote


def _clone(remote: Path, folder: Path) -> Path:
    """A project whose library is a clone of `remote`."""
    folder.mkdir(parents=True)
    (folder / "treadle.yaml").write_text("library: {git: ./library}\n")
    subprocess.run(
        ["git", "clone", "--quiet", str(remote), str(folder / "library")], check=True, capture_output=True
    )
    return folder


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    path = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)], check=True)
    return path


def _publish(project: Path, draft: Path) -> int:
    with Catalog.open(Home.at(project / "home"), find_project(project), {}) as catalog:
        return publish(catalog, draft, push=True).version


def _publish_and_exit(project: Path, draft: Path) -> None:
    """What a process of its own does: its exit code tells what became of it."""
    try:
        _publish(project, draft)
    except Conflict:
        os._exit(2)
    os._exit(0)


def _all_at_once(work: list[tuple[Path, Path]]) -> list[int]:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_publish_and_exit, args=each) for each in work]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode or 0 for process in processes]


def test_a_push_reaches_the_remote_first(remote: Path, tmp_path: Path) -> None:
    one, two = _clone(remote, tmp_path / "one"), _clone(remote, tmp_path / "two")
    assert _publish(one, _draft(tmp_path / "drafts")) == 1
    assert _publish(two, _draft(tmp_path / "drafts", script="echo two\n")) == 2
    assert _publish(one, _draft(tmp_path / "drafts", script="echo three\n")) == 3
    shared = SourceRepository(remote)
    assert shared.git("rev-list", "--count", "main") == "3"
    assert _library(one).head() == shared.git("rev-parse", "main")
    assert _library(one).git("status", "--porcelain") == ""


@pytest.mark.slow
def test_ten_at_once_all_succeed(remote: Path, tmp_path: Path) -> None:
    work = [
        (_clone(remote, tmp_path / f"p{number}"), _draft(tmp_path / "drafts", f"say-{number}"))
        for number in range(10)
    ]
    assert _all_at_once(work) == [0] * 10
    shared = SourceRepository(remote)
    assert shared.git("rev-list", "--count", "--first-parent", "main") == "10"
    assert len(shared.git("ls-tree", "--name-only", "main").splitlines()) == 10


@pytest.mark.slow
def test_the_same_template_at_once_is_never_lost(remote: Path, tmp_path: Path) -> None:
    projects = [_clone(remote, tmp_path / f"p{number}") for number in range(4)]
    work = [
        (project, _draft(tmp_path / f"d{number}", script=f"echo {number}\n"))
        for number, project in enumerate(projects)
    ]
    assert _all_at_once(work) == [0] * 4
    shared = SourceRepository(remote)
    scripts = {shared.git("show", f"main~{back}:hello/script.sh") for back in range(4)}
    assert scripts == {f"echo {number}" for number in range(4)}
    assert "version: 4 " in shared.git("show", "main:hello/template.yaml")


@pytest.mark.slow
def test_the_same_content_at_once_is_one_version_and_one_refusal(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in ("AUTHOR", "COMMITTER"):  # in the same second, so that both make the same commit
        monkeypatch.setenv(f"GIT_{role}_DATE", "2024-05-01T12:00:00+00:00")
    projects = [_clone(remote, tmp_path / f"p{number}") for number in range(2)]
    draft = _draft(tmp_path / "drafts")
    assert sorted(_all_at_once([(project, draft) for project in projects])) == [0, 2]
    assert SourceRepository(remote).git("rev-list", "--count", "main") == "1"


def test_commits_of_ones_own_go_along_or_clash(remote: Path, tmp_path: Path) -> None:
    one, two = _clone(remote, tmp_path / "one"), _clone(remote, tmp_path / "two")
    _library(one).commit({"README.md": b"ours\n"})
    assert _publish(two, _draft(tmp_path / "drafts")) == 1
    assert _publish(one, _draft(tmp_path / "drafts", "other")) == 1
    shared = SourceRepository(remote)
    assert shared.git("ls-tree", "--name-only", "main").splitlines() == ["README.md", "hello", "other"]
    _library(two).commit({"README.md": b"theirs\n"})
    with pytest.raises(Conflict, match=r'"README\.md" was changed here and at the remote'):
        _publish(two, _draft(tmp_path / "drafts", script="echo two\n"))


def test_a_remote_that_is_not_there_changes_nothing(remote: Path, tmp_path: Path, project: Path) -> None:
    clone = _clone(remote, tmp_path / "one")
    _publish(clone, _draft(tmp_path / "drafts"))
    head = _library(clone).head()
    remote.rename(tmp_path / "gone.git")
    with pytest.raises(Unavailable, match='the remote "origin" did not take part'):
        _publish(clone, _draft(tmp_path / "drafts", script="echo two\n"))
    assert _library(clone).head() == head
    with pytest.raises(NotFound, match="has no remote to push to"):
        _publish(project, _draft(tmp_path / "drafts"))
