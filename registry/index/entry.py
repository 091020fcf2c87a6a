"""What lists and searches show of a template."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from registry.template.platform import Platform, Verdict, read_verdict


@dataclass(frozen=True, slots=True)
class Entry:
    """What lists show of a template: its newest readable content at the head.

    syntaxes: those of its script, lower case
    summary: the first line of the description
    content: the blob, or the tree of a folder
    obstacle: why it cannot run, as `Obstacle.reason`; empty for one that can
    stored_verdict: where its script can run, as `Verdict.to_json`; empty where that is not judged
    """

    source: str
    slug: str
    name: str
    category: str
    action_type: str
    syntaxes: tuple[str, ...]
    summary: str
    version: int
    guid: str
    content: str
    obstacle: str = ""
    stored_verdict: str = field(default="", repr=False)

    @property
    def runnable(self) -> bool:
        """Whether Treadle can run it: without an obstacle, and not on Windows only."""
        return not self.obstacle and (
            self.verdict is None or self.verdict.platform is not Platform.WINDOWS_ONLY
        )

    @property
    def verdict(self) -> Verdict | None:
        """Where its script can run; None where that is not judged."""
        return read_verdict(self.stored_verdict)


def entry_of(row: sqlite3.Row) -> Entry:
    """The entry in a row of the table `entry`, with the source's name as `source_name`."""
    return Entry(
        source=row["source_name"],
        slug=row["slug"],
        name=row["name"],
        category=row["category"],
        action_type=row["action_type"],
        syntaxes=tuple(row["syntaxes"].split()),
        summary=row["summary"],
        version=row["version"],
        guid=row["guid"],
        content=row["content"],
        obstacle=row["obstacle"],
        stored_verdict=row["verdict"],
    )
