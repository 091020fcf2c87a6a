"""A repository that people work in too: commits built aside, one move of the branch, then the work tree."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from registry.errors import Conflict, Invalid
from registry.git.process import GitFailedError
from registry.git.repository import Repository, lines


@dataclass(frozen=True, slots=True)
class Workspace(Repository):
    """A repository to commit to."""

    @classmethod
    def begin(cls, folder: Path) -> None:
        """Make an empty repository of `folder`, all at once: who comes at the same time finds it complete."""
        import tempfile

        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".treadle-", dir=folder) as aside:
            made = cls.create(Path(aside), bare=False).git_folder()
            try:
                made.rename(folder / made.name)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise

    def uncommitted(self, paths: Sequence[str]) -> list[str]:
        """Paths under `paths` whose work tree or index differs from HEAD, untracked files included."""
        listing = self._read(
            "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", *paths
        )
        return [line[3:] for line in listing.decode(errors="replace").split("\0") if line]

    def build(self, parent: str | None, files: Mapping[str, bytes | None], message: str) -> str:
        """Make a commit of `files` (path to content; None removes the path and all below it) on top of
        `parent`. Nobody sees it until a branch moves there. Raises Conflict where it can't be signed.
        """
        return self._commit_tree(parent, self._index_lines(parent, files), message.encode(), self._identity())

    def _commit_tree(
        self, parent: str | None, index_lines: bytes, message: bytes, who: Mapping[str, str]
    ) -> str:
        """A commit of the parent's tree with these lines of `update-index --index-info` applied to it."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="treadle-index-") as aside:
            index = {"GIT_INDEX_FILE": str(Path(aside) / "index")}
            self._write("read-tree", *([parent] if parent else ["--empty"]), extra=index)
            self._write("update-index", "-z", "--index-info", extra=index, stdin=index_lines)
            tree = self._write("write-tree", extra=index).decode().strip()
        sign = ["-S"] if self._setting("commit.gpgsign", "bool") == "true" else []
        onto = ["-p", parent] if parent else []
        try:
            made = self._write("commit-tree", tree, *onto, *sign, stdin=message, extra=who)
        except GitFailedError as error:
            if not sign:
                raise
            raise _not_signed(error) from error
        return made.decode().strip()

    def commit(self, paths: Sequence[str], message: str) -> str:
        """Commit these files of the work tree as they are, and nothing else that is staged. Returns the commit.

        Raises Conflict where git refuses (a merge in progress, say).
        """
        try:
            self._write("add", "--", *paths)
            arguments = ("commit", "--quiet", "--only", "--cleanup=verbatim", "--file=-", "--", *paths)
            self._write(*arguments, stdin=message.encode(), extra=self._identity())
        except GitFailedError as error:
            raise Conflict(
                "commit-refused",
                f'git does not commit in "{self.folder}": {error.reason}',
                hint="The files are changed. Finish what git asks for, and commit them yourself.",
            ) from error
        made = self.commit_of("HEAD")
        assert made is not None
        return made

    def move(self, branch: str, commit: str, expected: str | None) -> None:
        """Point `branch` at `commit` if it still is at `expected`. Raises Conflict."""
        try:
            self._write("update-ref", "-m", "treadle", branch, commit, expected or "0" * len(commit))
        except GitFailedError as error:
            name = branch.removeprefix("refs/heads/")
            raise Conflict(
                "branch-moved",
                f'branch "{name}" of "{self.folder}" moved meanwhile: {error.reason}',
                hint="Nothing was written. Run the command again.",
            ) from error

    def refresh(self, paths: Sequence[str]) -> None:
        """Make index and work tree agree with HEAD for these paths; what neither knows is passed over."""
        listing = self._read("ls-files", "-z", "--with-tree=HEAD", "--", *paths)
        files = [PurePosixPath(name) for name in listing.decode(errors="surrogateescape").split("\0") if name]
        known = {str(path) for file in files for path in (file, *file.parents)}
        there = [path for path in paths if path in known]
        if there:
            self._write("restore", "--quiet", "--source=HEAD", "--staged", "--worktree", "--", *there)

    def untouched(self, paths: Sequence[str], commits: Sequence[str]) -> list[str]:
        """Those of `paths`, files or folders, that hold in the work tree nothing but what these commits have, or
        beginnings of what the last one has: git writes files bit by bit.
        """
        known = {(entry.path, entry.id) for commit in commits for entry in self.entries(commit)}

        def is_torn(file: str) -> bool:
            name = f"{commits[-1]}:{file}"
            content = dict(self.blobs([name])).get(name, b"")
            return content.startswith((self.folder / file).read_bytes())

        return [path for path in paths if all(is_torn(file) for file, _ in self._hashed(path) - known)]

    def _hashed(self, path: str) -> set[tuple[str, str]]:
        top = self.folder / path
        files = [file for file in (top, *top.rglob("*")) if file.is_file()]
        names = [file.relative_to(self.folder).as_posix() for file in files]
        ids = self._write("hash-object", "--stdin-paths", stdin=lines(names)).decode().split()
        return set(zip(names, ids, strict=True))

    def messages(self, tip: str, path: str) -> list[str]:
        """The messages of the commits that changed `path`, newest first."""
        listing = self._read("log", "-z", "--format=%B", tip, "--", path)
        return [message for message in listing.decode(errors="replace").split("\0") if message]

    def branch(self) -> str:
        """The branch that HEAD names, as a full ref. Raises Invalid for a detached HEAD."""
        try:
            return self._read("symbolic-ref", "--quiet", "HEAD").decode().strip()
        except GitFailedError as error:
            raise Invalid(
                "detached-head",
                f'"{self.folder}" is not on a branch',
                hint="Check out the branch that changes should go to, and run the command again.",
            ) from error

    def is_bare(self) -> bool:
        return self._read("rev-parse", "--is-bare-repository").strip() == b"true"

    def _index_lines(self, parent: str | None, files: Mapping[str, bytes | None]) -> bytes:
        removed = [path for path, content in files.items() if content is None]
        gone = self._tracked(parent, removed) if parent and removed else []
        nothing = "0" * len(parent or "")
        lines = [f"0 {nothing}\t{path}\0" for path in gone]
        for path, content in files.items():
            if content is not None:
                blob = (
                    self._write("hash-object", "-w", "--stdin", "--no-filters", stdin=content)
                    .decode()
                    .strip()
                )
                lines.append(f"100644 {blob}\t{path}\0")
        return "".join(lines).encode()

    def _tracked(self, commit: str, paths: Sequence[str]) -> list[str]:
        listing = self._read("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", *paths)
        return [path for path in listing.decode(errors="surrogateescape").split("\0") if path]

    def _setting(self, key: str, kind: str = "no-type") -> str | None:
        flag = [f"--type={kind}"] if kind != "no-type" else []
        try:
            return self._write("config", *flag, "--get", key).decode().strip()
        except GitFailedError:
            return None

    def _identity(self) -> dict[str, str]:
        """Who commits: as git is set up, and a plain stand-in where nobody set it up."""
        stand_in = {"NAME": ("user.name", "Treadle"), "EMAIL": ("user.email", "treadle@localhost")}
        return {
            f"GIT_{role}_{what}": default
            for what, (key, default) in stand_in.items()
            if self._setting(key) is None
            for role in ("AUTHOR", "COMMITTER")
            if f"GIT_{role}_{what}" not in os.environ
        }


def _not_signed(error: GitFailedError) -> Conflict:
    return Conflict(
        "commit-not-signed",
        f"git is set up to sign commits (commit.gpgsign), and can't: {error.reason}",
        hint="Nothing was changed. Put user.signingkey and gpg.format right, or turn it off for this library: "
        "git config commit.gpgsign false",
    )
