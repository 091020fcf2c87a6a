"""From commits to lineages: what a source's branch held, followed through renames."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.git.repository import Repository
from registry.index.lineage import Content, History, continues, locate
from registry.model import TemplateForm
from tests.support.repository import SourceRepository, template


@pytest.fixture
def repository(tmp_path: Path) -> SourceRepository:
    return SourceRepository.create(tmp_path / "source")


def _follow(repository: SourceRepository, *, since: str | None = None) -> tuple[History, list[Content]]:
    history = History("t")
    reader = Repository(repository.path)
    if since:
        history.extend(reader.history(since, None, "t"))
    return history, history.extend(reader.history("HEAD", since, "t"))


def _lineages(history: History) -> dict[str, bool]:
    return {lineage.path: lineage.alive for lineage in history.lineages.values()}


@pytest.mark.parametrize(
    ("path", "slug", "shape", "content"),
    [
        ("t/hello.json", "hello", TemplateForm.JSON, "t/hello.json"),
        ("t/HELLO.JSON", "HELLO", TemplateForm.JSON, "t/HELLO.JSON"),
        ("t/hello/template.json", "hello", TemplateForm.JSON, "t/hello/template.json"),
        ("t/hello/template.yaml", "hello", TemplateForm.FOLDER, "t/hello"),
        ("t/a b.json", "a b", TemplateForm.JSON, "t/a b.json"),
    ],
)
def test_paths_that_hold_a_template(path: str, slug: str, shape: TemplateForm, content: str) -> None:
    place = locate(path, "t")
    assert place is not None
    assert (place.slug, place.shape, place.path) == (slug, shape, content)


@pytest.mark.parametrize(
    "path",
    [
        "other/hello.json",
        "t/hello.png",
        "t/hello/metadata.json",
        "t/a/b/template.yaml",
        "t/logos/x.json",
        "t",
    ],
)
def test_paths_that_hold_none(path: str) -> None:
    assert locate(path, "t") is None


def test_the_root_can_be_the_folder() -> None:
    place = locate("hello/template.yaml", "")
    assert place is not None
    assert (place.slug, place.path) == ("hello", "hello")


def test_a_chain_of_renames_is_one_lineage(repository: SourceRepository) -> None:
    repository.commit({"t/a.json": template("A", 1)})
    repository.move("t/a.json", "t/b.json")
    repository.commit({"t/b.json": template("A", 2)})
    repository.move("t/b.json", "t/B.json")
    repository.commit()
    history, contents = _follow(repository)
    assert _lineages(history) == {"t/B.json": True}
    assert [item.place.slug for item in contents] == ["a", "b", "B"]


def test_two_files_that_swap_their_names_step_by_step_stay_themselves(repository: SourceRepository) -> None:
    one, two = template("One", body="echo one\n" * 40), template("Two", body="cat /dev/zero\n" * 40)
    repository.commit({"t/a.json": one, "t/b.json": two})
    repository.move("t/a.json", "t/x.json")
    repository.commit()
    repository.move("t/b.json", "t/a.json")
    repository.commit()
    repository.move("t/x.json", "t/b.json")
    repository.commit()
    history, contents = _follow(repository)
    assert len(history.lineages) == 2
    ids = {item.lineage: item.id for item in contents}
    held = {history.lineages[number].path: blob for number, blob in ids.items()}
    assert held == {"t/a.json": repository.blob("t/a.json"), "t/b.json": repository.blob("t/b.json")}


def test_a_deleted_file_that_comes_back_is_the_same_lineage(repository: SourceRepository) -> None:
    repository.commit({"t/a.json": template("A", 1)})
    repository.git("rm", "-q", "t/a.json")
    repository.commit({"t/b.json": template("B", body="something else entirely\n" * 50)})
    history, _ = _follow(repository)
    assert _lineages(history) == {"t/a.json": False, "t/b.json": True}
    repository.commit({"t/a.json": template("A", 2)})
    history, contents = _follow(repository)
    assert _lineages(history) == {"t/a.json": True, "t/b.json": True}
    assert [item.lineage for item in contents] == [1, 2, 1]


def test_a_new_file_under_a_renamed_ones_old_name_is_another(repository: SourceRepository) -> None:
    repository.commit({"t/a.json": template("A", body="echo one\n" * 40)})
    repository.move("t/a.json", "t/b.json")
    repository.commit()
    repository.commit({"t/a.json": template("New", body="ls -l\n" * 40)})
    history, contents = _follow(repository)
    assert {item.path for item in history.lineages.values() if item.alive} == {"t/a.json", "t/b.json"}
    assert [item.lineage for item in contents] == [1, 1, 2]


def test_a_file_moved_out_of_the_folder_is_deleted_and_in_is_new(repository: SourceRepository) -> None:
    repository.commit({"t/a.json": template("A"), "other/b.json": template("B", body="ls\n" * 40)})
    repository.move("t/a.json", "other/a.json")
    repository.move("other/b.json", "t/b.json")
    repository.commit()
    history, contents = _follow(repository)
    assert _lineages(history) == {"t/a.json": False, "t/b.json": True}
    assert [item.place.slug for item in contents] == ["a", "b"]


def test_a_file_in_a_folder_of_its_own_can_become_a_flat_one(repository: SourceRepository) -> None:
    repository.commit({"t/a/template.json": template("A")})
    repository.move("t/a/template.json", "t/a.json")
    repository.commit()
    history, contents = _follow(repository)
    assert _lineages(history) == {"t/a.json": True}
    assert [item.place.slug for item in contents] == ["a", "a"]


def test_the_content_of_a_template_folder_is_its_tree(repository: SourceRepository) -> None:
    repository.commit({"t/a/template.yaml": b"schema: 1\n", "t/a/script.sh": b"echo one\n"})
    first = repository.blob("t/a")
    repository.commit({"t/a/script.sh": b"echo two\n"})
    second = repository.blob("t/a")
    repository.move("t/a", "t/b")
    repository.commit()
    history, contents = _follow(repository)
    assert _lineages(history) == {"t/b/template.yaml": True}
    assert [(item.id, item.place.slug) for item in contents] == [(first, "a"), (second, "a"), (second, "b")]


def test_a_folder_without_template_yaml_is_none(repository: SourceRepository) -> None:
    repository.commit({"t/logos/a.png": b"png", "t/a.json": template("A")})
    history, contents = _follow(repository)
    assert _lineages(history) == {"t/a.json": True}
    assert len(contents) == 1


def test_a_file_that_becomes_a_link_is_deleted(repository: SourceRepository) -> None:
    repository.commit({"t/a.json": template("A")})
    (repository.path / "t/a.json").unlink()
    (repository.path / "t/a.json").symlink_to("/etc/passwd")
    repository.commit()
    history, _ = _follow(repository)
    assert _lineages(history) == {"t/a.json": False}


def test_what_a_branch_held_before_it_was_merged_is_a_draft(repository: SourceRepository) -> None:
    repository.commit({"t/a.json": template("A", 1)})
    repository.switch("work", create=True)
    draft = repository.commit({"t/a.json": template("A", 2, "echo draft\n")})
    repository.commit({"t/a.json": template("A", 2, "echo done\n")})
    repository.switch("main")
    merge = repository.merge("work")
    _, contents = _follow(repository)
    assert [(item.commit == draft, item.main) for item in contents[1:]] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert contents[-1].commit == merge


def test_a_draft_under_another_name_belongs_to_what_it_became(repository: SourceRepository) -> None:
    repository.commit({"README.md": b"hello"})
    repository.switch("work", create=True)
    repository.commit({"t/draft.json": template("A", 1)})
    repository.move("t/draft.json", "t/final.json")
    repository.commit()
    repository.commit({"t/forgotten.json": template("F", body="ls\n" * 30)})
    repository.git("rm", "-q", "t/forgotten.json")
    repository.commit()
    repository.switch("main")
    repository.merge("work")
    history, contents = _follow(repository)
    assert _lineages(history) == {"t/final.json": True}
    assert [(item.lineage, item.place.slug) for item in contents] == [
        (1, "draft"),
        (1, "final"),
        (0, "forgotten"),
        (1, "final"),
    ]


def test_a_branch_that_did_not_know_of_a_rename_still_counts(repository: SourceRepository) -> None:
    repository.commit({"t/a.json": template("A", 1, "echo one\n" * 30)})
    repository.switch("work", create=True)
    draft = repository.commit({"t/a.json": template("A", 2, "echo one\n" * 31)})
    repository.switch("main")
    repository.move("t/a.json", "t/b.json")
    repository.commit()
    repository.merge("work")
    history, contents = _follow(repository)
    assert _lineages(history) == {"t/b.json": True}
    assert [item.lineage for item in contents if item.commit == draft] == [1]


def test_what_came_since_continues_the_first_parent_line(repository: SourceRepository) -> None:
    first = repository.commit({"t/a.json": template("A", 1)})
    repository.switch("work", create=True)
    side = repository.commit({"t/a.json": template("A", 2)})
    repository.switch("main")
    repository.commit({"t/b.json": template("B")})
    repository.merge("work")
    reader = Repository(repository.path)
    assert continues(reader.history("HEAD", first, "t"), first)
    assert not continues(reader.history("HEAD", side, "t"), side)
    assert _follow(repository, since=first)[0] == _follow(repository)[0]
