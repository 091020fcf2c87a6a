"""A repository on this machine, read by plumbing; and mirrors, which only Treadle writes to."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.git.credentials import Credentials
from registry.git.objects import LOG_FORMAT, TREE_MODE, Commit, TreeEntry, parse_log, parse_tree
from registry.git.process import SAFE_SETTINGS, GitFailedError, environment_of, reading_environment, run
from registry.git.remote import ask

# What fsck says of objects whose form it does not like: `error in commit 1234: badTimezone: ...`.
_ODD_FORM = re.compile(r"(?:error|warning) in \w+ [0-9a-f]+: \w+: |Checking|notice")
_FETCH_TIMEOUT = 900.0


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository on this machine. `folder` is the bare repository, or the root of a work tree.

    `trusted`: the folder is one that Treadle itself made, so who owns it does not matter.
    """

    folder: Path
    trusted: bool = False

    @classmethod
    def create(cls, folder: Path, *, bare: bool) -> Repository:
        """Make an empty repository, or pick up one that an earlier, killed try left. Idempotent."""
        shape = ["--bare"] if bare else ["--initial-branch=main"]
        folder.mkdir(parents=True, exist_ok=True)
        run(["init", "--quiet", "--template=", *shape, str(folder)], environment=reading_environment())
        return cls(folder, trusted=bare)

    def _read(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        return run(
            arguments,
            folder=self.folder,
            settings=self._ownership,
            environment=reading_environment(),
            stdin=stdin,
        )

    @property
    def _ownership(self) -> tuple[str, ...]:
        return ("safe.directory=*",) if self.trusted else ()

    # --- mirroring

    def drop_stale_locks(self) -> None:
        """Remove lock files that a killed git left. Only for who alone writes here, and knows it."""
        for stale in (*self.folder.glob("*.lock"), *self.folder.glob("refs/**/*.lock")):
            stale.unlink(missing_ok=True)

    def has_whole(self, commit: str) -> bool:
        """Whether `commit` is here with all that it reaches: only a fetch that came to its end moved a ref. The
        object alone proves nothing, as a killed fetch leaves some of the objects behind.
        """
        try:
            return bool(self._read("for-each-ref", "--count=1", f"--contains={commit}", "refs/treadle/"))
        except GitFailedError:
            return False

    def point(self, ref: str, commit: str) -> None:
        """Let `ref` be `commit`, whatever it was."""
        self._write("update-ref", ref, commit)

    def fetch(self, url: str, refspec: str, credentials: Credentials | None = None) -> None:
        """Bring one ref here, forced. Raises GitFailedError."""
        arguments = ["fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--", url, refspec]
        ask(arguments, credentials, self.folder, _FETCH_TIMEOUT)

    # --- reading

    def check_objects(self) -> None:
        """Hash every object again. Raises GitFailedError for a damaged or missing one; one that an old git
        wrote in an odd form is neither."""
        try:
            self._read("fsck", "--full", "--no-dangling", "--no-progress")
        except GitFailedError as error:
            lines = [line for line in error.stderr.splitlines() if not _ODD_FORM.match(line)]
            if lines or not error.stderr:
                raise GitFailedError(("fsck",), "\n".join(lines) or "objects are missing") from error

    def commit_of(self, revision: str) -> str | None:
        """The full id of the commit that `revision` names; None when there is none."""
        try:
            found = self._read(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except GitFailedError:
            return None
        return found.decode().strip()

    def has_folder(self, commit: str, path: str) -> bool:
        """Whether `path` is a folder in that commit; the root always is."""
        try:
            return self._read("cat-file", "-t", f"{commit}:{path}").strip() == b"tree"
        except GitFailedError:
            return False

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
        listing = self._read(*arguments.split(), "--root", "--no-abbrev", LOG_FORMAT, *span, *scope)
        return list(parse_log(listing))

    def branches(self) -> dict[str, str]:
        """The commit of each branch, here and as last fetched from remotes, by its short name (`origin/main`)."""
        form = "--format=%(symref)%00%(refname)%00%(objectname)"
        listing = self._read("for-each-ref", form, "refs/heads", "refs/remotes").decode(errors="replace")
        found = (line.split("\0") for line in listing.splitlines())
        return {
            name.removeprefix("refs/heads/").removeprefix("refs/remotes/"): commit
            for points_to, name, commit in found
            if not points_to
        }

    def remotes(self) -> list[str]:
        """The addresses that the repository fetches from, as they are written in its settings."""
        try:
            listing = self._read("config", "-z", "--get-regexp", r"^remote\..*\.url$").decode(
                errors="replace"
            )
        except GitFailedError:
            return []
        return [line.partition("\n")[2] for line in listing.split("\0") if line]

    def entries(self, folder: str) -> list[TreeEntry]:
        """Every file, link and submodule below `folder`, a tree or `commit:path`.

        Raises GitFailedError when it is not there.
        """
        listing = self._read("ls-tree", "-r", "-z", "--full-tree", folder).decode(errors="replace")
        entries = []
        for line in listing.split("\0"):
            if line:
                meta, _, path = line.partition("\t")
                mode, _, identity = meta.split(" ")
                entries.append(TreeEntry(mode, identity, path))
        return entries

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
        listing = self._read("cat-file", "--batch-check=%(objectsize)", stdin=lines(names)).decode()
        return {
            name: int(line) for name, line in zip(names, listing.splitlines(), strict=True) if line.isdigit()
        }

    def blobs(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The content of each object, in order; one process for all. What is not there is left out."""
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

    def exists(self) -> bool:
        """Whether there is a repository here, or above."""
        try:
            return bool(self._read("rev-parse", "--git-dir"))
        except GitFailedError:
            return False

    def git_folder(self) -> Path:
        """Where the repository keeps its own files."""
        return Path(self._read("rev-parse", "--absolute-git-dir").decode().rstrip("\n"))

    def root(self) -> Path | None:
        """The root of the work tree this folder lies in; None outside of git and in a bare repository."""
        try:
            return Path(self._read("rev-parse", "--show-toplevel").decode().rstrip("\n"))
        except GitFailedError:
            return None

    def _write(
        self, *arguments: str, extra: Mapping[str, str] | None = None, stdin: bytes | None = None
    ) -> bytes:
        return run(
            arguments,
            folder=self.folder,
            settings=self._ownership,
            environment=environment_of(extra),
            stdin=stdin,
        )


def lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()
