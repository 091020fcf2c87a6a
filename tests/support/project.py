"""A project in a temporary folder with a home of its own, and the command line to try on it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from registry.text.yaml_document import dump_yaml
from runner.cli.main import main

Content = str | bytes | Mapping[str, Any]
"""A file: its text, its bytes, or the data of a YAML file."""


@dataclass(frozen=True)
class Outcome:
    """What a command said, and its exit code."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def complaint(self) -> str:
        """What was said on stderr, without the codes of errors."""
        return re.sub(r"^error\[[a-z-]+\]:", "error:", self.stderr, flags=re.MULTILINE)

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def json_lines(self) -> list[Any]:
        return [json.loads(line) for line in self.stdout.splitlines()]


@dataclass(frozen=True)
class ProjectTree:
    """The files of a project below `root`; `home` is its TREADLE_HOME."""

    root: Path
    home: Path
    monkeypatch: pytest.MonkeyPatch

    def write(self, files: Mapping[str, Content]) -> None:
        """Write files by their paths below `root`; data gets `version: 1` unless it says otherwise."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_bytes(content))

    def treadle(self, *arguments: str, stdin: str | bytes = "") -> Outcome:
        """Run a command in this process, in the project's folder: all of it, up to the exit code."""
        self.monkeypatch.chdir(self.root)
        self.monkeypatch.setenv("TREADLE_HOME", str(self.home))
        with CliRunner().isolation(input=stdin) as (stdout, stderr, _):
            exit_code = _exit_code(arguments)
            sys.stdout.flush()
            sys.stderr.flush()
            # Paths of the test's own folder say nothing.
            said = [stream.getvalue().decode().replace(f"{self.root}/", "") for stream in (stdout, stderr)]
        return Outcome(exit_code, *said)

    def home_files(self) -> list[str]:
        """Every file and folder of the home."""
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob("*"))


def project_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, Content]
) -> ProjectTree:
    """A project below `tmp_path` with these files."""
    tree = ProjectTree(tmp_path / "project", tmp_path / "treadle-home", monkeypatch)
    tree.root.mkdir()
    tree.write(files)
    return tree


def _bytes(content: Content) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode()
    return dump_yaml({"version": 1, **content}).encode()


def _exit_code(arguments: Sequence[str]) -> int:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert isinstance(end.value.code, int)
    return end.value.code
