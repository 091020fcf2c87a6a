"""Counting the git processes that a command starts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_GIT = """\
#!/bin/sh
echo "$@" >> "{log}"
exec "{git}" "$@"
"""
_TREADLE = "from runner.cli.main import main; main()"


@dataclass(frozen=True)
class CountedGit:
    """Runs `treadle` in `folder`, in a process of its own, with a git that keeps a log."""

    folder: Path
    home: Path
    log: Path

    @classmethod
    def create(cls, folder: Path) -> CountedGit:
        program, log = folder / "bin/git", folder / "git.log"
        program.parent.mkdir(parents=True)
        program.write_text(_GIT.format(log=log, git=shutil.which("git")))
        program.chmod(0o755)
        (folder / "project").mkdir()
        return cls(folder / "project", folder / "home", log)

    def treadle(self, *arguments: str) -> list[str]:
        """The arguments of every git that a successful command started."""
        self.log.write_text("")
        path = f"{self.log.parent / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            [sys.executable, "-c", _TREADLE, "-C", str(self.folder), *arguments],
            env={**os.environ, "PATH": path, "TREADLE_HOME": str(self.home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return self.log.read_text().splitlines()
