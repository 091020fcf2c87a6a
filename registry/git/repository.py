"""A repository on this machine, read by plumbing.

Mirrors, which only Treadle writes to, are repositories too; `registry.git.workspace` has what changes those that
people work in, `registry.git.push` and `registry.git.transport` what talks to others.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.errors import Invalid
from registry.git.command import (
    SAFE_SETTINGS,
    GitFailedError,
    OwnedByAnotherError,
    environment_of,
    reading_environment,
    run,
    safe_directories,
)
from registry.git.layout import Layout, is_outside, known_layout, remember_layout
from registry.git.objects import LOG_FORMAT, TREE_MODE, Commit, TreeEntry, parse_log, parse_tree
from registry.git.reader import ObjectReader, open_reader

# What fsck says of objects whose form it does not like: `error in commit 1234: badTimezone: ...`.
# How many objects are asked for one by one, where a reader is open; more are streamed by a process of their own.
_FEW = 50
_ODD_FORM = re.compile(r"(?:error|warning) in \w+ [0-9a-f]+: \w+: |Checking|notice")


@dataclass(frozen=True, slots=True)
class Tip:
    """Where HEAD is: `branch` is a full ref, None for a detached HEAD; `commit` None before the first one."""

    branch: str | None
    commit: str | None


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository on this machine. `folder` is the bare repository, or a folder of a work tree.

    `trusted`: the folder is one that Treadle itself made, so who owns it does not matter.
    """

    folder: Path
    trusted: bool = False

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        as_user: bool = False,
        extra: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run git here and return its stdout. Nobody's configuration counts, unless it is run `as_user`.

        `extra` are variables for its environment. Raises GitFailedError, and OwnedByAnotherError where the user
        did not say that somebody else's repository is safe.
        """
        environment = {**(environment_of() if as_user else reading_environment()), **(extra or {})}
        try:
            return run(
                arguments, folder=self.folder, settings=self._ownership, environment=environment, stdin=stdin
            )
        except OwnedByAnotherError:
            allowed = tuple(f"safe.directory={folder}" for folder in safe_directories())
            done = run(arguments, folder=self.folder, settings=allowed, environment=environment, stdin=stdin)
            _ALLOWED[self.folder] = allowed
            return done

    @property
    def _ownership(self) -> tuple[str, ...]:
        return ("safe.directory=*",) if self.trusted else _ALLOWED.get(self.folder, ())

    # --- where it is

    def layout(self) -> Layout | None:
        """Where the repository is that this folder belongs to; None outside of git. Asked once for each folder."""
        known = known_layout(self.folder)
        if known is not None or is_outside(self.folder):
            return known
        try:
            told = self.run("rev-parse", "--is-bare-repository", "--show-cdup", "--absolute-git-dir")
        except GitFailedError:
            return None
        bare, _, rest = told.decode(errors="surrogateescape").removesuffix("\n").partition("\n")
        up, _, git_folder = ("", "", rest) if bare == "true" else rest.partition("\n")
        root = None if bare == "true" else Path(os.path.realpath(self.folder / up))
        return remember_layout(self.folder, Layout(root, Path(git_folder)))

    def root(self) -> Path | None:
        """The root of the work tree this folder lies in; None outside of git and in a bare repository."""
        layout = self.layout()
        return layout.root if layout else None

    def git_folder(self) -> Path:
        """Where the repository keeps its own files. Raises GitFailedError outside of git."""
        layout = self.layout()
        if layout is None:
            raise GitFailedError(("rev-parse",), f"fatal: not a git repository: '{self.folder}'")
        return layout.git_folder

    def is_bare(self) -> bool:
        layout = self.layout()
        return layout is not None and layout.root is None

    def tip(self) -> Tip:
        """HEAD's branch and commit, read at once."""
        try:
            told = self.run("rev-parse", "HEAD^{commit}", "--symbolic-full-name", "HEAD").decode()
        except GitFailedError:
            return Tip(self._symbolic_head(), None)
        commit, branch = told.split()
        return Tip(None if branch == "HEAD" else branch, commit)

    def branch(self) -> str:
        """The branch that HEAD names, as a full ref. Raises Invalid for a detached HEAD."""
        branch = self._symbolic_head()
        if branch is None:
            raise detached(self.folder)
        return branch

    def _symbolic_head(self) -> str | None:
        try:
            return self.run("symbolic-ref", "--quiet", "HEAD").decode().strip()
        except GitFailedError:
            return None

    # --- mirroring

    def drop_leftovers(self) -> None:
        """Remove what a killed git left: lock files, and objects that it had begun to write. Only for who alone
        writes here, and knows it.
        """
        for stale in (*self.folder.glob("*.lock"), *self.folder.glob("refs/**/*.lock")):
            stale.unlink(missing_ok=True)
        for begun in self.folder.glob("objects/**/tmp_*"):
            if begun.is_dir():  # where a fetch keeps what it has not checked yet
                shutil.rmtree(begun, ignore_errors=True)
            else:
                begun.unlink(missing_ok=True)

    def is_complete(self, commit: str) -> bool:
        """Whether `commit` is here with all that it reaches: only a fetch that came to its end moved a ref. The
        object alone proves nothing, as a killed fetch leaves some of the objects behind.
        """
        try:
            return bool(self.run("for-each-ref", "--count=1", f"--contains={commit}", "refs/treadle/"))
        except GitFailedError:
            return False

    def shallow_commits(self) -> str:
        """Where a shallow repository's history is cut off: a commit in each line; empty for a whole one."""
        file = self.git_folder() / "shallow"
        return file.read_text() if file.is_file() else ""

    def is_partial(self) -> bool:
        """Whether it is a partial clone, which leaves objects at the remote until it needs them."""
        try:
            return bool(self.run("config", "--get-regexp", r"^remote\..*\.(promisor|partialclonefilter)$"))
        except GitFailedError:
            return False

    def set_ref(self, ref: str, commit: str) -> None:
        """Let `ref` be `commit`, whatever it was."""
        self.run("update-ref", ref, commit, as_user=True)

    # --- reading

    def check_objects(self) -> None:
        """Hash every object again. Raises GitFailedError for a damaged or missing one; one that an old git
        wrote in an odd form is neither."""
        try:
            self.run("fsck", "--full", "--no-dangling", "--no-progress")
        except GitFailedError as error:
            lines = [line for line in error.stderr.splitlines() if not _ODD_FORM.match(line)]
            if lines or not error.stderr:
                raise GitFailedError(("fsck",), "\n".join(lines) or "objects are missing") from error

    def commit_of(self, revision: str) -> str | None:
        """The full id of the commit that `revision` names; None when there is none."""
        reader = self._reader()
        if reader is not None and not revision.startswith("-"):
            found = reader.info(f"{revision}^{{commit}}")
            return found.id if found else None
        try:
            told = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except GitFailedError:
            return None
        return told.decode().strip()

    def _reader(self) -> ObjectReader | None:
        return open_reader(self.folder, self._ownership)

    def has_folder(self, commit: str, path: str) -> bool:
        """Whether `path` is a folder in that commit; the root always is."""
        if not path:
            return True
        reader = self._reader()
        if reader is not None:
            found = reader.info(f"{commit}:{path}")
            return found is not None and found.kind == "tree"
        try:
            return self.run("cat-file", "-t", f"{commit}:{path}").strip() == b"tree"
        except GitFailedError:
            return False

    def mode_of(self, commit: str, path: str) -> str | None:
        """What `path` is in that commit, as a mode of git's; None where it is not there."""
        return (
            self.run("ls-tree", "--full-tree", commit, "--", path).decode(errors="replace").partition(" ")[0]
            or None
        )

    def history(self, tip: str, since: str | None, path: str) -> list[Commit]:
        """Every commit that `tip` reaches and `since` does not, children before parents, with its changes
        under `path` against its first parent, renames found, folders as entries of their own.

        Against the first parent only: content that a merge has from elsewhere is in that other line.
        """
        span = [f"^{since}", tip] if since else [tip]
        scope = ["--", path] if path else []
        arguments = (
            "log --raw -t -r -z -M -l2000 --diff-merges=first-parent --full-history --sparse --topo-order"
        )
        listing = self.run(
            *arguments.split(), "--root", "--no-abbrev", "--date=raw", LOG_FORMAT, *span, *scope
        )
        return list(parse_log(listing))

    def branches(self) -> dict[str, str]:
        """The commit of each branch, here and as last fetched from remotes, by its short name (`origin/main`)."""
        form = "--format=%(symref)%00%(refname)%00%(objectname)"
        listing = self.run("for-each-ref", form, "refs/heads", "refs/remotes").decode(errors="replace")
        found = (line.split("\0") for line in listing.splitlines())
        return {
            name.removeprefix("refs/heads/").removeprefix("refs/remotes/"): commit
            for points_to, name, commit in found
            if not points_to
        }

    def messages(self, tip: str, path: str) -> list[str]:
        """The messages of the commits that changed `path`, newest first."""
        listing = self.run("log", "-z", "--format=%B", tip, "--", path)
        return [message for message in listing.decode(errors="replace").split("\0") if message]

    def changed_paths(self, old: str | None, new: str | None) -> list[str]:
        """The files that differ between two commits."""
        if old == new or new is None:
            return []
        if old is None:
            return [entry.path for entry in self.entries(new)]
        listing = self.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new)
        return [path for path in listing.decode(errors="surrogateescape").split("\0") if path]

    def remotes(self) -> list[str]:
        """The addresses that the repository fetches from, as they are written in its settings."""
        try:
            listing = self.run("config", "-z", "--get-regexp", r"^remote\..*\.url$").decode(errors="replace")
        except GitFailedError:
            return []
        return [line.partition("\n")[2] for line in listing.split("\0") if line]

    def entries(self, folder: str) -> list[TreeEntry]:
        """Every file, link and submodule below `folder`, a tree or `commit:path`.

        Raises GitFailedError when it is not there.
        """
        reader = self._reader()
        if reader is not None:
            tree = reader.info(f"{folder}^{{tree}}" if ":" not in folder else folder)
            return self._entries_of(tree.id if tree else folder)
        listing = self.run("ls-tree", "-r", "-z", "--full-tree", folder).decode(errors="replace")
        entries = []
        for line in listing.split("\0"):
            if line:
                meta, _, path = line.partition("\t")
                mode, _, identity = meta.split(" ")
                entries.append(TreeEntry(mode, identity, path))
        return entries

    def _entries_of(self, tree: str) -> list[TreeEntry]:
        found: list[TreeEntry] = []
        waiting = {"": tree}
        while waiting:
            contents = dict(self.blobs(list(dict.fromkeys(waiting.values()))))
            deeper: dict[str, str] = {}
            for prefix, identity in waiting.items():
                if identity not in contents:
                    raise GitFailedError(("ls-tree",), f"fatal: not a tree object: {identity}")
                for entry in parse_tree(contents[identity], len(identity) // 2):
                    if entry.mode == TREE_MODE:
                        deeper[f"{prefix}{entry.path}/"] = entry.id
                    else:
                        found.append(TreeEntry(entry.mode, entry.id, prefix + entry.path))
            waiting = deeper
        return sorted(found, key=lambda entry: entry.path)

    def trees(self, ids: Sequence[str]) -> dict[str, list[TreeEntry]]:
        """The files below each of these trees, all read by a few processes however many trees there are."""
        found: dict[str, list[TreeEntry]] = {tree: [] for tree in ids}
        waiting = [(tree, tree, "") for tree in ids]
        while waiting:
            contents = dict(self.blobs(list(dict.fromkeys(tree for _, tree, _ in waiting))))
            deeper = []
            for root, tree, prefix in waiting:
                for entry in parse_tree(contents.get(tree, b""), len(tree) // 2):
                    path = prefix + entry.path
                    if entry.mode == TREE_MODE:
                        deeper.append((root, entry.id, f"{path}/"))
                    else:
                        found[root].append(TreeEntry(entry.mode, entry.id, path))
            waiting = deeper
        return found

    def sizes(self, names: Sequence[str]) -> dict[str, int]:
        """Bytes of each object (any name git understands); what is not there is left out."""
        reader = self._reader() if len(names) <= _FEW else None
        if reader is not None:
            infos = ((name, reader.info(name)) for name in names)
            return {name: info.size for name, info in infos if info}
        listing = self.run("cat-file", "--batch-check=%(objectsize)", stdin=lines(names)).decode()
        return {
            name: int(line) for name, line in zip(names, listing.splitlines(), strict=True) if line.isdigit()
        }

    def blobs(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The content of each object, in order; one process for all. What is not there is left out."""
        reader = self._reader() if len(names) <= _FEW else None
        if reader is not None:
            contents = ((name, reader.content(name)) for name in names)
            return ((name, content) for name, content in contents if content is not None)
        return self._streamed(names)

    def _streamed(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        import tempfile

        with tempfile.TemporaryFile() as wanted:
            wanted.write(lines(names))
            wanted.seek(0)
            flags = [part for setting in (*SAFE_SETTINGS, *self._ownership) for part in ("-c", setting)]
            with subprocess.Popen(
                ["git", "-C", str(self.folder), *flags, "cat-file", "--batch", "--buffer"],
                stdin=wanted,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=reading_environment(),
            ) as process:
                assert process.stdout is not None
                for name in names:
                    header = process.stdout.readline().split()
                    if len(header) == 3 and header[2].isdigit():
                        content = process.stdout.read(int(header[2]))
                        process.stdout.read(1)
                        yield name, content


_ALLOWED: dict[Path, tuple[str, ...]] = {}
"""Folders of others that the user calls safe, with the settings that say so; reading does not look at them."""


def detached(folder: Path) -> Invalid:
    return Invalid(
        "detached-head",
        f'"{folder}" is not on a branch',
        hint="Check out the branch that changes should go to, and run the command again.",
    )


def lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()
