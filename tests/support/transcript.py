"""The transcripts of a page: commands one after another, what each prints, and files to write between them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(console|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\S+/\S+\.yaml)\n")


@dataclass(frozen=True)
class Command:
    """A line after `$ `, and the output that follows it."""

    line: str
    output: str


@dataclass(frozen=True)
class File:
    """A YAML block that begins with its path as a comment."""

    path: str
    content: str


def transcript(page: str) -> Iterator[Command | File]:
    """The commands and files of a page, in order."""
    for language, block in _FENCE.findall(page):
        if language == "console":
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                line, _, output = part.partition("\n")
                yield Command(line, output)
        elif named := _FILE.match(block):
            yield File(named[1], block)


@dataclass
class Shell:
    """A shell in `folder`, whose `cd` lasts. What it prints on stdout and stderr comes as one text."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, line: str) -> tuple[int, str]:
        """Exit code and output of a command."""
        place = self.folder.parent / ".place"
        done = subprocess.run(
            ["bash", "-c", f'{line}\nstatus=$?; pwd > "{place}"; exit $status'],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=300,
            check=False,
        )
        if place.exists():
            self.folder = Path(place.read_text().strip())
        return done.returncode, done.stdout


def comparable(output: str) -> str:
    """An output without what differs each time: hashes and days."""
    output = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{9,40}\b", "HASH", output)
    return re.sub(r"\b\d{4}-\d\d-\d\d\b", "DAY", output)
