"""What was published from a draft on this machine: the commits that say exactly what the draft said then.

Whoever writes a draft anew, number and all, does not undo anybody's work while the library's version came from the
same draft. A commit is noted before anybody can see it, so that a killed process leaves no gap.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from registry.errors import UserError
from registry.home import Home, real_path, write_private

_KEPT = 50


@dataclass(frozen=True, slots=True)
class DraftRecord:
    """The commits of one draft, the newest last, in a file of the home."""

    file: Path

    @classmethod
    def of(cls, home: Home, draft: Path) -> DraftRecord:
        key = hashlib.sha256(str(real_path(draft)).encode(errors="surrogateescape")).hexdigest()[:16]
        return cls(home.path / "drafts" / key)

    def commits(self) -> list[str]:
        try:
            return self.file.read_text().split()
        except (OSError, ValueError):
            return []

    def add(self, commit: str) -> None:
        """Note a commit. A home that cannot be written to keeps nobody from publishing."""
        try:
            write_private(
                self.file, "".join(f"{each}\n" for each in [*self.commits(), commit][-_KEPT:]).encode()
            )
        except (OSError, UserError):
            return
