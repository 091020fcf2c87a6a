"""Merging the text of two changed files with what they both came from."""

from __future__ import annotations

import tempfile
from pathlib import Path

from registry.git.process import GitFailedError, reading_environment, run


def merge_texts(base: bytes, ours: bytes, theirs: bytes, names: tuple[str, str, str]) -> tuple[bytes, bool]:
    """Both changes in one text, and whether that was possible: where not, git's conflict markers are in it, or,
    for what is no text, it is ours.

    `names` label our text, the base and theirs in the markers.
    """
    with tempfile.TemporaryDirectory(prefix="treadle-merge-") as folder:
        for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            Path(folder, name).write_bytes(content)
        labels = [part for name in names for part in ("-L", name)]
        arguments = ["merge-file", "-q", "--diff3", *labels, "ours", "base", "theirs"]
        try:
            run(arguments, folder=Path(folder), environment=reading_environment())
        except GitFailedError:
            return Path(folder, "ours").read_bytes(), False
        return Path(folder, "ours").read_bytes(), True
