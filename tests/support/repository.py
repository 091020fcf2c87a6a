"""Small git repositories to be sources: real commits, branches, merges."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

SCRIPT = "Octopus.Action.Script.ScriptBody"
SYNTAX = "Octopus.Action.Script.Syntax"


def template(name: str, version: int = 1, body: str = "echo hello\n", **more: Any) -> bytes:
    """Octopus JSON of a Bash template; the id goes by the name, `more` replaces top-level keys."""
    document = {
        "Id": str(uuid5(NAMESPACE_URL, name)),
        "Name": name,
        "Description": f"What {name} does.",
        "ActionType": "Octopus.Script",
        "Version": version,
        "Properties": {SYNTAX: "Bash", SCRIPT: body},
        "Parameters": [],
        "Category": "testing",
    }
    return json.dumps({**document, **more}, indent=2).encode()


def parameter(name: str, **more: Any) -> dict[str, Any]:
    """A parameter of Octopus JSON."""
    settings = {"Octopus.ControlType": more.pop("control", "SingleLineText")}
    return {"Id": str(uuid5(NAMESPACE_URL, name)), "Name": name, "DisplaySettings": settings, **more}


@dataclass(frozen=True)
class SourceRepository:
    """A repository with a work tree, on branch `main`."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> SourceRepository:
        path.mkdir(parents=True)
        repository = cls(path)
        repository.git("init", "--quiet", "--initial-branch=main")
        return repository

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        command = ["git", "-C", str(self.path), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def write(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_bytes(content)

    def commit(self, files: Mapping[str, bytes] | None = None, message: str = "Change") -> str:
        """Commit these files and everything else that changed; returns the commit's id."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def blob(self, path: str, revision: str = "HEAD") -> str:
        return self.git("rev-parse", f"{revision}:{path}")

    def move(self, old: str, new: str) -> None:
        (self.path / new).parent.mkdir(parents=True, exist_ok=True)
        self.git("mv", old, new)

    def switch(self, branch: str, *, create: bool = False) -> None:
        self.git("switch", "--quiet", *(["--create"] if create else []), branch)

    def merge(self, branch: str, message: str = "Merge") -> str:
        """Merge with a merge commit, as a pull request does."""
        self.git("merge", "--quiet", "--no-ff", "--strategy-option=theirs", "--message", message, branch)
        return self.head()
