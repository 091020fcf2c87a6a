"""Publishing: the library's next version of a template, alone and in company."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.compatibility.compare import ChangeClass
from registry.errors import Conflict, Invalid, NotFound, Unavailable, UserError
from registry.home import Home
from registry.model import Reference
from registry.project.project_file import find_project
from registry.project.usage import UsageReport
from registry.publishing.publish import publish
from registry.publishing.remove import remove_template
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
    before = (draft / "template.yaml").read_text()
    done = publish(catalog, draft, message="Stop at the first error")
    assert (done.version, done.previous) == (2, 1)
    assert done.comparison
    assert done.comparison.change is ChangeClass.BEHAVIOUR_CHANGED
    library = _library(project)
    text = (draft / "template.yaml").read_text()
    assert text == before.replace("version: 1 ", "version: 2 ")
    assert (library.path / "hello/template.yaml").read_text() == text
    assert library.git("log", "-1", "--format=%B").splitlines() == [
        "Stop at the first error",
        "",
        "Treadle-Publish: hello@2",
        "Treadle-Change: behaviour changed",
    ]
    assert catalog.resolve(Reference.parse("library/hello@1")).template.version == 1


def test_what_did_not_change_is_not_published_again(catalog: Catalog, project: Path) -> None:
    draft = _draft(project / "drafts")
    publish(catalog, draft)
    head = _library(project).head()
    again = publish(catalog, draft)
    assert (again.changed, again.version, again.commit) == (False, 1, head)
    (draft / "README.md").write_text("How to say hello.\n")
    done = publish(catalog, draft)
    assert (done.version, done.files) == (2, ("README.md",))
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
    assert "cannot be the name" in refusal(draft, Invalid, "../x").message
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
    _library(two).git("pull", "--quiet", "origin", "main")
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
    first = _draft(tmp_path / "drafts", script="echo one\n\n\necho two\n\n\necho three\n\n\necho four\n")
    projects = [_clone(remote, tmp_path / f"p{number}") for number in range(4)]
    _publish(projects[0], first)
    work = []
    for project, word in zip(projects, ("one", "two", "three", "four"), strict=True):
        _library(project).git("pull", "--quiet", "origin", "main")
        script = project / "library/hello/script.sh"
        script.write_text(script.read_text().replace(word, word.upper()))
        work.append((project, script.parent))
    assert _all_at_once(work) == [0] * 4
    shared = SourceRepository(remote)
    words = shared.git("show", "main:hello/script.sh").replace("echo", "").split()
    assert words == ["ONE", "TWO", "THREE", "FOUR"]
    assert "version: 5 " in shared.git("show", "main:hello/template.yaml")


def test_new_templates_of_one_name_at_once_are_one_version_and_refusals(remote: Path, tmp_path: Path) -> None:
    work = [
        (_clone(remote, tmp_path / f"p{number}"), _draft(tmp_path / f"d{number}", script=f"echo {number}\n"))
        for number in range(3)
    ]
    assert sorted(_all_at_once(work)) == [0, 2, 2]
    assert SourceRepository(remote).git("rev-list", "--count", "main") == "1"


def test_the_same_content_at_once_is_one_version(remote: Path, tmp_path: Path) -> None:
    projects = [_clone(remote, tmp_path / f"p{number}") for number in range(2)]
    draft = _draft(tmp_path / "drafts")
    assert _all_at_once([(project, draft) for project in projects]) == [0, 0]
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


# --- the library went on


SCRIPT = "echo one\n\n\n\necho two\n"


def _two_clones(remote: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two projects whose libraries both have hello@1."""
    ann, bob = _clone(remote, tmp_path / "ann"), _clone(remote, tmp_path / "bob")
    _publish(ann, _draft(tmp_path / "drafts", script=SCRIPT))
    _library(bob).git("pull", "--quiet", "origin", "main")
    return ann, bob


def _edit(project: Path, old: str, new: str, file: str = "script.sh") -> Path:
    path = project / "library/hello" / file
    path.write_text(path.read_text().replace(old, new) if path.exists() else new)
    return path.parent


def test_edits_of_a_clone_that_is_behind_are_merged(remote: Path, tmp_path: Path) -> None:
    ann, bob = _two_clones(remote, tmp_path)
    _publish(ann, _edit(ann, "", "Ann's example.\n", "README.md"))
    assert _publish(bob, _edit(bob, "echo two", "echo TWO")) == 3
    library = _library(bob)
    assert (library.path / "hello/README.md").read_text() == "Ann's example.\n"
    assert "TWO" in (library.path / "hello/script.sh").read_text()
    assert library.git("diff", "--name-only", "HEAD~1", "HEAD").split() == [
        "hello/script.sh",
        "hello/template.yaml",
    ]
    assert library.git("status", "--porcelain") == ""


def test_the_same_line_changed_on_both_sides_is_refused(remote: Path, tmp_path: Path) -> None:
    ann, bob = _two_clones(remote, tmp_path)
    _publish(ann, _edit(ann, "echo two", "echo Ann"))
    mine = _edit(bob, "echo two", "echo Bob")
    with pytest.raises(Conflict) as refused:
        _publish(bob, mine)
    assert refused.value.message.startswith("library/hello is at 2, your copy is based on 1: both changed")
    assert "echo Bob" in (mine / "script.sh").read_text()
    assert SourceRepository(remote).git("rev-list", "--count", "main") == "2"


def test_a_clone_without_edits_publishes_nothing_and_follows(remote: Path, tmp_path: Path) -> None:
    ann, bob = _two_clones(remote, tmp_path)
    _publish(ann, _edit(ann, "echo two", "echo Ann"))
    assert _publish(bob, bob / "library/hello") == 2
    assert _library(bob).head() == SourceRepository(remote).git("rev-parse", "main") == _library(ann).head()
    assert "Ann" in (bob / "library/hello/script.sh").read_text()


def test_a_raised_number_does_not_hide_what_a_clone_is_based_on(remote: Path, tmp_path: Path) -> None:
    ann, bob = _two_clones(remote, tmp_path)
    _publish(ann, _edit(ann, "echo two", "echo Ann"))
    _edit(bob, "version: 1", "version: 2", "template.yaml")
    with pytest.raises(Conflict, match="your copy is based on 1"):
        _publish(bob, _edit(bob, "echo two", "echo Bob"))


def test_what_was_not_pushed_is_pushed_without_changes(remote: Path, tmp_path: Path) -> None:
    ann, _ = _two_clones(remote, tmp_path)
    with Catalog.open(Home.at(ann / "home"), find_project(ann), {}) as catalog:
        done = publish(catalog, _edit(ann, "echo two", "echo Ann"))
        assert SourceRepository(remote).git("rev-parse", "main") != done.commit
        again = publish(catalog, ann / "library/hello", push=True)
    assert (again.changed, again.commit) == (False, done.commit)
    assert SourceRepository(remote).git("rev-parse", "main") == done.commit


def test_a_draft_takes_what_the_library_got_since(catalog: Catalog, project: Path) -> None:
    mine, other = _draft(project / "mine", script=SCRIPT), _draft(project / "other", script=SCRIPT)
    publish(catalog, mine)
    (other / "script.sh").write_text(SCRIPT.replace("one", "ONE"))
    (other / "README.md").write_text("Theirs.\n")
    assert publish(catalog, other).version == 2
    unchanged = publish(catalog, mine)
    assert (unchanged.changed, unchanged.based_on, unchanged.version) == (False, 1, 2)
    (mine / "script.sh").write_text(SCRIPT.replace("two", "TWO"))
    assert publish(catalog, mine, dry_run=True).version == 3
    assert (mine / "script.sh").read_text() == SCRIPT.replace("two", "TWO")
    assert publish(catalog, mine).version == 3
    assert (mine / "script.sh").read_text() == SCRIPT.upper().replace("ECHO", "echo")
    assert (mine / "README.md").read_text() == "Theirs.\n"
    assert "version: 3 " in (mine / "template.yaml").read_text()
    assert not publish(catalog, mine).changed


def test_a_draft_of_json_keeps_its_text_and_knows_its_base(catalog: Catalog, project: Path) -> None:
    file = project / "greet.json"
    identity = "9f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11"
    file.write_bytes(template("Greet", 1, SCRIPT, Id=identity))
    publish(catalog, file)
    other = project / "theirs.json"
    other.write_bytes(template("Greet", 1, SCRIPT.replace("one", "ONE"), Id=identity))
    publish(catalog, other, "greet")
    assert other.read_bytes() == template("Greet", 2, SCRIPT.replace("one", "ONE"), Id=identity)
    file.write_bytes(template("Greet", 1, SCRIPT.replace("two", "TWO"), Id=identity))
    assert publish(catalog, file).version == 3
    assert file.read_bytes() == template("Greet", 3, SCRIPT.upper().replace("ECHO", "echo"), Id=identity)


def test_a_template_that_was_removed_goes_on_counting(catalog: Catalog, project: Path) -> None:
    draft = _draft(project / "drafts")
    publish(catalog, draft)
    remove_template(catalog, Reference.parse("library/hello"), UsageReport((), (), ()), force=True)
    (draft / "script.sh").write_text("echo back\n")
    assert publish(catalog, draft).version == 2


def test_a_draft_that_is_written_anew_goes_on_from_its_own_version(catalog: Catalog, project: Path) -> None:
    draft = _draft(project / "drafts")
    first = (draft / "template.yaml").read_bytes()
    for number in range(1, 4):
        (draft / "template.yaml").write_bytes(first)
        (draft / "script.sh").write_text(f"echo {number}\n")
        assert publish(catalog, draft).version == number
    _library(project).write({"hello/script.sh": b"echo theirs\n"})
    publish(catalog, project / "library/hello")
    (draft / "template.yaml").write_bytes(first)
    (draft / "script.sh").write_text("echo mine\n")
    with pytest.raises(Conflict, match="library/hello is at 4, your copy is based on 1"):
        publish(catalog, draft)


def test_a_folder_is_read_and_checked_once(
    catalog: Catalog, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = _draft(project / "drafts")
    publish(catalog, draft)
    (draft / "script.sh").write_text("echo new\n")
    counts = _counted(monkeypatch, ("load_yaml", "template_files", "validate"))
    publish(catalog, draft)
    assert (counts["template_files"], counts["validate"]) == (1, 1)
    # The draft once, the library's version once, its number in the text, and the index.
    assert counts["load_yaml"] <= 7


def _counted(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> Counter[str]:
    """Counts the calls of these functions of `registry`, wherever they were imported to."""
    counts: Counter[str] = Counter()

    def counting(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def count(*arguments: object, **more: object) -> object:
            counts[name] += 1
            return function(*arguments, **more)

        return count

    for module in [module for name, module in sys.modules.items() if name.startswith("registry.")]:
        for name in names:
            function = vars(module).get(name)
            if callable(function):
                monkeypatch.setattr(module, name, counting(name, function))
    return counts
