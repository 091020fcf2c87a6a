"""The version index, against the plainest reading of git that there is."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from registry.git.repository import Repository
from registry.index.connection import IndexDamagedError
from registry.index.database import Index
from registry.index.writer import IndexChanges, IndexTarget, index_repository
from tests.support.library import FOLDER, CommunityLibrary
from tests.support.repository import SourceRepository, template

Versions = dict[str, dict[int, str]]


def _index(index: Index, path: Path, revision: str, folder: str) -> IndexChanges:
    repository = Repository(path)
    commit = repository.commit_of(revision)
    assert commit
    return index_repository(index, repository, IndexTarget("s", "source", "main", folder, commit))


def _versions(index: Index) -> Versions:
    """Slug (with a mark where it is deleted) -> number -> blob, as the index says."""
    source = index.source("s")
    assert source
    found: Versions = {}
    numbers = [row[0] for row in index.connection.execute("SELECT DISTINCT lineage FROM content")]
    for number in numbers:
        row = index.connection.execute(
            "SELECT path, alive FROM lineage WHERE number = ?", (number,)
        ).fetchone()
        held = {record.version: record.id for record in index.records(source.id, number) if record.main}
        found[f"{row['path']}{'' if row['alive'] else ' (deleted)'} {number}"] = held
    return found


def _plain_versions(path: Path, revision: str, folder: str) -> Versions:
    """The same by one `git diff` for each commit of the first-parent line, and nothing clever."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(path), *arguments]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()

    empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    names: dict[str, int] = {}
    owners: dict[str, int] = {}
    last: dict[int, str] = {}
    held: dict[int, dict[int, str]] = defaultdict(dict)
    before = empty
    for commit in git("rev-list", "--first-parent", "--reverse", revision).split():
        gone, came = {}, []
        for line in git(
            "diff", "--raw", "-M", "-l2000", "--no-abbrev", before, commit, "--", folder
        ).splitlines():
            meta, *paths = line.split("\t")
            status, blob = meta.split()[4][0], meta.split()[3]
            if status in "DR":
                gone[paths[0]] = names.pop(paths[0], None)
            if status != "D":
                came.append((paths, status, blob))
        for paths, status, blob in came:
            new = paths[-1]
            if new.count("/") != folder.count("/") + 1 or not new.endswith(".json"):
                continue
            if status == "R" and gone.get(paths[0]):
                names[new] = gone[paths[0]] or 0
            elif new not in names:
                dead = [
                    number for number, name in last.items() if name == new and number not in names.values()
                ]
                begun = max(dead, default=len(last) + 1)
                names[new] = owners[new] if owners.get(new) in dead else begun
            last[names[new]] = new
            owners[new] = names[new]
            document = json.loads(git("cat-file", "blob", blob))
            held[names[new]][document["Version"]] = blob
        before = commit
    return {
        f"{last[number]}{'' if number in names.values() else ' (deleted)'} {number}": versions
        for number, versions in held.items()
    }


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "raise", "lower", "rename", "delete", "branch", "merge"]),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    min_size=6,
    max_size=16,
)

# A template is deleted, another is renamed to its name and then to one more; the first comes back.
PASSED_THROUGH = [
    ("write", 0, 1),
    ("write", 0, 2),
    ("delete", 0, 0),
    ("delete", 1, 0),
    ("rename", 0, 2),
    ("rename", 0, 0),
    ("write", 0, 2),
]
# A template is deleted, another is renamed to its name and deleted as well; the second comes back.
DELETED_TWICE = [
    ("write", 0, 1),
    ("write", 0, 2),
    ("delete", 2, 0),
    ("rename", 1, 2),
    ("delete", 1, 0),
    ("write", 0, 2),
    ("raise", 1, 0),
]


def _play(repository: SourceRepository, steps: list[tuple[str, int, int]]) -> list[str]:
    """Do the steps that are possible; returns the commits of the main line."""
    repository.commit({"t/t0.json": _content(0, 1, 0)})
    line, serial, branches = [repository.head()], 0, 0
    for what, one, two in steps:
        serial += 1
        files = sorted(path.name for path in (repository.path / "t").glob("*.json"))
        file = files[one % len(files)] if files else ""
        name = f"t/t{two}.json"
        if what == "branch" and branches < 2 and file:
            branches += 1
            repository.switch(f"side{branches}", create=True)
            repository.commit({f"t/{file}": _content(one, serial, serial)})
            repository.commit({f"t/{file}": _content(one, serial, serial + 1)})
            repository.switch("main")
            continue
        if what == "merge" and branches:
            done = subprocess.run(
                [
                    "git",
                    "-C",
                    str(repository.path),
                    "merge",
                    "-q",
                    "--no-ff",
                    "-X",
                    "ours",
                    f"side{branches}",
                ],
                capture_output=True,
                check=False,
            )
            if done.returncode:
                repository.git("merge", "--abort")
        elif what == "rename" and file and not (repository.path / name).exists():
            repository.move(f"t/{file}", name)
            repository.commit()
        elif what == "delete" and len(files) > 1:
            (repository.path / "t" / file).unlink()
            repository.commit()
        elif what in ("raise", "lower") and file:
            number = json.loads((repository.path / "t" / file).read_bytes())["Version"]
            repository.commit(
                {f"t/{file}": _content(one, max(number + (1 if what == "raise" else -1), 0), serial)}
            )
        elif what == "write":
            repository.commit({name: _content(two, serial, serial)})
        if repository.head() != line[-1]:
            line.append(repository.head())
    return line


def _content(number: int, version: int, serial: int) -> bytes:
    return template(f"Template {number}", version, f"echo {number}\n" * 30 + f"# {serial}\n")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, cut=st.integers(0, 100))
@example(steps=PASSED_THROUGH, cut=0)
@example(steps=DELETED_TWICE, cut=7)
def test_any_history_is_read_right_in_one_go_and_in_two(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("history")
    repository = SourceRepository.create(folder / "source")
    line = _play(repository, steps)
    whole, parts = Index(folder / "whole.sqlite"), Index(folder / "parts.sqlite")
    _index(whole, repository.path, "HEAD", "t")
    for commit in (line[cut % len(line)], "HEAD"):
        _index(parts, repository.path, commit, "t")
    assert _versions(whole) == _plain_versions(repository.path, "HEAD", "t")
    assert _versions(parts) == _versions(whole)
    assert parts.counts(1) == whole.counts(1)
    assert parts.entries(1) == whole.entries(1)
    whole.close()
    parts.close()


def test_the_community_librarys_whole_history(community_library: CommunityLibrary, tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite")
    changes = _index(index, community_library.path, "HEAD", FOLDER)
    counts, findings = index.counts(1), index.findings(1)
    assert (len(changes.added), counts.templates) == (571, 571)
    assert (counts.unreadable, counts.refused) == (89, 0)
    assert len({finding.id for finding in findings}) == 89
    assert all(finding.reason for finding in findings)
    # Distinct (template, number): every head counts, and most of the 3,900 contents are drafts.
    assert counts.versions == 1739
    assert counts.contents == 3799
    index.close()


def test_a_branch_that_was_rewritten_is_read_again(tmp_path: Path) -> None:
    repository, index = SourceRepository.create(tmp_path / "source"), Index(tmp_path / "index.sqlite")
    repository.commit({"t/a.json": template("A", 1)})
    repository.commit({"t/a.json": template("A", 2), "t/b.json": template("B")})
    _index(index, repository.path, "HEAD", "t")
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.commit({"t/a.json": template("A", 3)})
    changes = _index(index, repository.path, "HEAD", "t")
    assert changes == IndexChanges(updated=("a",), removed=("b",))
    assert list(_versions(index).values()) == [
        {1: repository.blob("t/a.json", "HEAD~1"), 3: repository.blob("t/a.json")}
    ]
    index.close()


def test_what_a_sync_changed_is_told(tmp_path: Path) -> None:
    repository, index = SourceRepository.create(tmp_path / "source"), Index(tmp_path / "index.sqlite")
    repository.commit({"t/a.json": template("A"), "t/b.json": template("B"), "t/c.json": template("C")})
    assert _index(index, repository.path, "HEAD", "t") == IndexChanges(added=("a", "b", "c"))
    assert _index(index, repository.path, "HEAD", "t") == IndexChanges()
    (repository.path / "t/c.json").unlink()
    repository.commit({"t/a.json": template("A", 2), "t/d.json": template("D", body="ls\n" * 40)})
    changes = _index(index, repository.path, "HEAD", "t")
    assert changes == IndexChanges(added=("d",), updated=("a",), removed=("c",))
    index.close()


def test_what_is_dangerous_or_broken_is_told_and_left_alone(tmp_path: Path) -> None:
    repository, index = SourceRepository.create(tmp_path / "source"), Index(tmp_path / "index.sqlite")
    repository.write({"t/good.json": template("Good"), "t/bad.json": b'{"Id": }', "t/latin.json": b'"\xa0"'})
    repository.write({"t/my template.json": template("Blank"), "t/list.json": b"[]"})
    repository.write({"t/huge.json": b" " * 50_000_000})
    (repository.path / "t/link.json").symlink_to("/etc/passwd")
    (repository.path / "t/folder").symlink_to("/etc")
    repository.commit()
    _index(index, repository.path, "HEAD", "t")
    assert [entry.slug for entry in index.entries(1)] == ["good"]
    assert {finding.path: (finding.kind, finding.reason) for finding in index.findings(1)} == {
        "t/bad.json": ("unreadable", "this is not JSON: expecting value"),
        "t/latin.json": ("unreadable", "the file is not UTF-8 text (byte 1)"),
        "t/list.json": ("unreadable", 'this is not a step template: it has no "ActionType"'),
        "t/huge.json": ("unreadable", "50.0 MB large; at most 10 MB are read"),
        "t/my template.json": (
            "refused",
            '"my template" is not a name for a template: letters, digits, ".", "_" and "-" only',
        ),
        "t/link.json": ("refused", "a link: links are not followed"),
        "t/folder": ("refused", "a link: links are not followed"),
    }
    index.close()


def test_a_path_that_leads_out_is_refused(tmp_path: Path) -> None:
    """No work tree can hold such a name; a tree made by hand can."""
    repository, index = SourceRepository.create(tmp_path / "source"), Index(tmp_path / "index.sqlite")
    repository.commit({"t/good.json": template("Good")})
    blob = repository.git("hash-object", "-w", "--stdin", stdin=template("Evil"))
    inner = _tree(repository, ("100644", "template.json", blob))
    outer = _tree(repository, ("40000", "..", inner), ("100644", "good.json", repository.blob("t/good.json")))
    root = _tree(repository, ("40000", "t", outer))
    commit = repository.git("commit-tree", root, "-p", "HEAD", "-m", "evil")
    _index(index, repository.path, commit, "t")
    assert [entry.slug for entry in index.entries(1)] == ["good"]
    assert [(finding.kind, finding.path) for finding in index.findings(1)] == [
        ("refused", "t/../template.json")
    ]
    index.close()


def _tree(repository: SourceRepository, *entries: tuple[str, str, str]) -> str:
    """A tree object with any names, `..` included, which git's own commands refuse to make."""
    content = b"".join(
        f"{mode} {name}".encode() + b"\0" + bytes.fromhex(identity) for mode, name, identity in entries
    )
    return repository.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=content)


def test_an_index_of_another_format_is_thrown_away(tmp_path: Path) -> None:
    repository, file = SourceRepository.create(tmp_path / "source"), tmp_path / "index.sqlite"
    repository.commit({"t/a.json": template("A")})
    index = Index(file)
    _index(index, repository.path, "HEAD", "t")
    index.connection.execute("PRAGMA user_version = 999")
    index.close()
    again = Index(file)
    assert again.source("s") is None
    again.close()


def test_a_file_that_is_no_database_is_damaged_and_can_be_discarded(tmp_path: Path) -> None:
    file = tmp_path / "index.sqlite"
    file.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(IndexDamagedError) as damaged:
        Index(file)
    damaged.value.discard()
    index = Index(file)
    assert index.source("s") is None
    index.close()
