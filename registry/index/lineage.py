"""From a branch's commits to templates and their versions: pure, no git, no files.

A template's identity is its *lineage*: its file on the first-parent line, followed through renames. What a
lineage held is a list of contents in order; which of them is "version 12" is for `registry.index.database` to say,
which knows what is in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from registry.git.objects import FILE_MODES, TREE_MODE, Change, Commit
from registry.model import TemplateForm

FOLDER_FILE = "template.yaml"
JSON_FILE = "template.json"


@dataclass(frozen=True, slots=True)
class Location:
    """A path that can hold a template. `path` is that of the file or folder that is its content."""

    slug: str
    shape: TemplateForm
    path: str


def locate(path: str, folder: str) -> Location | None:
    """What `path` is in a source that offers `folder`: `x.json`, `x/template.json`, `x/template.yaml`, or
    None for anything else."""
    prefix = f"{folder}/" if folder else ""
    if not path.startswith(prefix):
        return None
    parts = path[len(prefix) :].split("/")
    if len(parts) == 1 and parts[0].lower().endswith(".json"):
        return Location(parts[0][: -len(".json")], TemplateForm.JSON, path)
    if len(parts) == 2 and parts[1] == JSON_FILE:
        return Location(parts[0], TemplateForm.JSON, path)
    if len(parts) == 2 and parts[1] == FOLDER_FILE:
        return Location(parts[0], TemplateForm.FOLDER, f"{prefix}{parts[0]}")
    return None


@dataclass(frozen=True, slots=True)
class Content:
    """What a lineage held at a commit: `id` is a blob, or the tree of a template folder.

    `main`: the first-parent line held it; otherwise only a merged branch did.
    """

    lineage: int
    id: str
    place: Location
    commit: str
    author: str
    date: str
    main: bool


@dataclass(slots=True)
class Lineage:
    """`path` is the last one (of the file, `template.yaml` for a folder); `alive` while it is at the head."""

    number: int
    path: str
    alive: bool = True


@dataclass(slots=True)
class History:
    """The lineages of one source up to a commit, and the lineage that had each path last.

    `extend` it with the commits that came since: in one go or in many, the result is the same.
    """

    folder: str
    lineages: dict[int, Lineage] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    _deleted: dict[str, set[int]] = field(init=False)
    """By path, the lineages that were deleted there."""

    def __post_init__(self) -> None:
        self._deleted = defaultdict(set)
        for lineage in self.lineages.values():
            if not lineage.alive:
                self._deleted[lineage.path].add(lineage.number)

    def extend(self, commits: Sequence[Commit]) -> list[Content]:
        """Follow `commits` (children before parents, the new head first).

        Returns their contents, oldest first, a merged branch's before those of the commit that merged it.
        """
        contents: list[Content] = []
        live = {lineage.path: lineage for lineage in self.lineages.values() if lineage.alive}
        for commit, merged in _along_first_parents(commits):
            self._follow(commit, live)
            later = _renames(merged)
            for side in merged:
                contents += self._drafts(side, later, live)
            contents += self._held(commit, live)
        return contents

    def _follow(self, commit: Commit, live: dict[str, Lineage]) -> None:
        """Move `live` (path to lineage) from the state before `commit` to the one after it."""
        moved: dict[str, Lineage] = {}
        for change in commit.changes:
            gone = change.status in "DR" or change.mode not in FILE_MODES
            if gone and (lineage := live.pop(change.old_path, None)):
                lineage.alive = False
                if change.status == "R" and self._offers(change):
                    moved[change.path] = lineage
                else:
                    self._deleted[lineage.path].add(lineage.number)
        for path, lineage in moved.items():
            lineage.path = path
            self._enter(lineage, live)
        for change in commit.changes:
            if self._offers(change) and change.path not in live:
                self._enter(self._revived(change.path) or self._begun(change.path), live)

    def _enter(self, lineage: Lineage, live: dict[str, Lineage]) -> None:
        lineage.alive = True
        live[lineage.path] = lineage
        self.owners[lineage.path] = lineage.number

    def _offers(self, change: Change) -> bool:
        return change.mode in FILE_MODES and locate(change.path, self.folder) is not None

    def _revived(self, path: str) -> Lineage | None:
        """A deleted template that comes back under its old path is the same template, also if others passed
        through that path since: the last that had it, or the youngest of those that were deleted there."""
        if not (deleted := self._deleted.get(path)):
            return None
        owner = self.owners[path]
        number = owner if owner in deleted else max(deleted)
        deleted.remove(number)
        return self.lineages[number]

    def _begun(self, path: str) -> Lineage:
        number = max(self.lineages, default=0) + 1
        self.lineages[number] = Lineage(number, path)
        return self.lineages[number]

    def _held(self, commit: Commit, live: dict[str, Lineage]) -> Iterator[Content]:
        for path, place, identity in self._changed_contents(commit):
            if path in live:
                yield _content(live[path].number, identity, place, commit, main=True)

    def _drafts(self, side: Commit, later: dict[str, str], live: dict[str, Lineage]) -> Iterator[Content]:
        """Contents that only a merged branch held, given to the lineage that their path has, had, or was
        renamed into on the branch; to lineage 0 where no template came of the draft."""
        for path, place, identity in self._changed_contents(side):
            owners = (
                live[name].number if name in live else self.owners.get(name) for name in _names(path, later)
            )
            owner = next((number for number in owners if number), 0)
            if owner or place.shape is TemplateForm.JSON:
                yield _content(owner, identity, place, side, main=False)

    def _changed_contents(self, commit: Commit) -> Iterator[tuple[str, Location, str]]:
        """(path of the defining file, location, id) of every content that `commit` wrote."""
        for change in commit.changes:
            is_folder = change.mode == TREE_MODE
            path = f"{change.path}/{FOLDER_FILE}" if is_folder else change.path
            place = locate(path, self.folder) if is_folder or change.mode in FILE_MODES else None
            if place and (place.shape is TemplateForm.FOLDER) == is_folder:
                yield path, place, change.id


def _content(lineage: int, identity: str, place: Location, commit: Commit, *, main: bool) -> Content:
    return Content(lineage, identity, place, commit.id, commit.author, commit.date, main)


def _along_first_parents(commits: Sequence[Commit]) -> Iterator[tuple[Commit, list[Commit]]]:
    """The first-parent line, oldest first, each commit with those it brought in by merging, oldest first."""
    position = {commit.id: number for number, commit in enumerate(commits)}
    line = []
    current = position.get(commits[0].id) if commits else None
    while current is not None:
        line.append(current)
        parents = commits[current].parents
        current = position.get(parents[0]) if parents else None
    seen = set(line)
    for number in reversed(line):
        merged: list[int] = []
        waiting = [position[parent] for parent in commits[number].parents[1:] if parent in position]
        while waiting:
            if (reached := waiting.pop()) not in seen:
                seen.add(reached)
                merged.append(reached)
                waiting += [position[parent] for parent in commits[reached].parents if parent in position]
        yield commits[number], [commits[side] for side in sorted(merged, reverse=True)]


def continues(commits: Sequence[Commit], known: str) -> bool:
    """Whether the first-parent line of `commits` (as `History.extend` takes them) goes on from `known`.

    It does not after a forced push, nor when the branch moved to a commit that merged `known` from the side.
    """
    by_id = {commit.id: commit for commit in commits}
    current = commits[0] if commits else None
    while current is not None and current.parents:
        if current.parents[0] == known:
            return True
        current = by_id.get(current.parents[0])
    return False


def _renames(commits: Iterable[Commit]) -> dict[str, str]:
    return {
        change.old_path: change.path
        for commit in commits
        for change in commit.changes
        if change.status == "R"
    }


def _names(path: str, later: dict[str, str]) -> list[str]:
    """`path` and what it was renamed to, step by step."""
    names = [path]
    while (renamed := later.get(names[-1])) and renamed not in names:
        names.append(renamed)
    return names
