from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.documents import project_files
from runner.documents.project_files import read_files
from runner.model import FileCopy
from tests.support.problems import refusal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, content in {
        "a.txt": "A",
        "conf/b.txt": "B",
        "conf/deep/run.sh": "echo",
        "conf/.git/x": "no",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    (root / "conf/deep/run.sh").chmod(0o755)
    (tmp_path / "secret").write_text("outside")
    return root


def paths(folder: Path, *copies: FileCopy) -> list[tuple[str, bytes, bool]]:
    return [(file.path, file.content, file.executable) for file in read_files(folder, copies)]


def test_files_and_folders_come_along_with_their_modes(folder: Path) -> None:
    assert paths(folder, FileCopy("a.txt", "x/y.txt"), FileCopy("conf", "c")) == [
        ("x/y.txt", b"A", False),
        ("c/", b"", False),
        ("c/deep/", b"", False),
        ("c/b.txt", b"B", False),
        ("c/deep/run.sh", b"echo", True),
    ]


def test_links_inside_of_the_project_are_what_they_lead_to(folder: Path) -> None:
    (folder / "link").symlink_to("a.txt")
    assert paths(folder, FileCopy("link", "link")) == [("link", b"A", False)]


@pytest.mark.parametrize(
    ("source", "to"),
    [
        ("../secret", "x"),
        ("/etc/passwd", "x"),
        ("a.txt", "../x"),
        ("a.txt", "/etc/x"),
        ("conf/../../secret", "x"),
        ("out", "x"),
        ("outer/secret", "x"),
        ("holder", "x"),
        ("tree", "x"),
    ],
)
def test_nothing_leads_out(folder: Path, source: str, to: str) -> None:
    (folder / "out").symlink_to("../secret")
    (folder / "outer").symlink_to("..")
    for name, target in {"holder": "../../secret", "tree": "../.."}.items():
        (folder / name).mkdir()
        (folder / name / "link").symlink_to(target)
    (line,) = refusal(lambda: read_files(folder, (FileCopy(source, to),)))
    assert "[file-outside]" in line


def test_what_is_not_there_or_no_file_is_told(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert "[file-not-found]" in refusal(lambda: read_files(folder, (FileCopy("nope", "x"),)))[0]
    assert "[file-unreadable]" in refusal(lambda: read_files(folder, (FileCopy("pipe", "x"),)))[0]
    assert "[file-name-taken]" in refusal(lambda: read_files(folder, (FileCopy("a.txt", "Script.sh"),)))[0]


def test_there_are_limits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_files, "MAX_FILES", 3)
    assert "[files-too-large]" in refusal(lambda: read_files(folder, (FileCopy("conf", "conf"),)))[0]
    monkeypatch.setattr(project_files, "MAX_BYTES", 1)
    assert "[files-too-large]" in refusal(lambda: read_files(folder, (FileCopy("conf/deep/run.sh", "x"),)))[0]
