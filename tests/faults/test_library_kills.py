"""Writers of the library, killed with SIGKILL at random moments, a hundred times each.

A child process writes one change after the other without a pause, and dies with the git it started. What readers see
then must be the state before or after some change, never a half one; and the next writer must go on by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.home import Home
from registry.model import Reference
from registry.project.project_file import find_project
from registry.publishing.import_ import import_templates
from registry.publishing.publish import publish
from tests.support.repository import SourceRepository, template

pytestmark = pytest.mark.slow

KILLS = 100
DRAFT = """\
schema: 1
id: 9f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11
name: Say - Hello
version: 1
description: Says hello.
category: testing
action_type: Octopus.Script
script: {syntax: Bash, file: script.sh}
"""


def _catalog(project: Path) -> Catalog:
    return Catalog.open(Home.at(project.parent / "home"), find_project(project), {})


def _project(folder: Path, settings: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "treadle.yaml").write_text(settings)
    return folder


def _draft(project: Path, number: int) -> Path:
    """A draft whose files all say the number, so that a mixture shows."""
    folder = project.parent / "drafts/hello"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "template.yaml").write_text(DRAFT)
    (folder / "script.sh").write_text(f"set -e\necho {number}\n" + f"# {number}\n" * 2000)
    (folder / "README.md").write_text(f"{number}\n")
    return folder


def _publish(project: Path, *, push: bool = False) -> None:
    """Publish one version after the other."""
    with _catalog(project) as catalog:
        for number in count(time.monotonic_ns()):
            publish(catalog, _draft(project, number), push=push)


def _import(project: Path) -> None:
    """Import two templates at a time, in the one version and the other in turn."""
    with _catalog(project) as catalog:
        for number in count():
            version = number % 2 + 1
            import_templates(catalog, [Reference.parse(f"team/t{item}@{version}") for item in (1, 2)])


def _killed(work: Callable[[], None], delay: float) -> None:
    """Do the work in a process of its own, and kill it and all that it started after `delay` seconds."""

    def child() -> None:
        os.setsid()
        work()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    assert process.pid
    time.sleep(delay)
    assert process.is_alive(), "the writer did not get on after the last kill"
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # not its own group yet
        process.kill()
    process.join()
    process.close()


def _kill_again_and_again(work: Callable[[], None], check: Callable[[], int]) -> None:
    """`check` after each kill, which says how many changes there were: none may be lost, and some must be new.

    The longest time until a kill follows how fast this machine is now: about every other kill should come after
    at least one more change.
    """
    chance, longest, seen = random.Random(5), 0.2, [0]
    for _ in range(KILLS):
        _killed(work, chance.uniform(0.0, longest))
        seen.append(check())
        longest *= 0.9 if seen[-1] > seen[-2] else 1.1
    assert seen == sorted(seen), "a change was lost"
    assert len(set(seen)) > KILLS // 5


def _whole(repository: SourceRepository, revision: str = "main") -> int:
    """The number of versions that a library holds, after a look whether the newest is whole and all are there."""
    done = subprocess.run(
        ["git", "-C", str(repository.path), "rev-parse", "--verify", "--quiet", f"{revision}^0"],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        return 0
    # One commit for all questions: at a remote the branch may move on between them.
    revision = done.stdout.decode().strip()
    files = [
        repository.git("show", f"{revision}:hello/{name}")
        for name in ("README.md", "script.sh", "template.yaml")
    ]
    assert set(re.findall(r"\d+", files[1])) == {files[0]}
    commits = int(repository.git("rev-list", "--count", revision))
    assert f"version: {commits}\n" in files[2]
    return commits


def _settled(repository: SourceRepository) -> None:
    """Nothing is left but the library itself."""
    repository.git("fsck", "--strict", "--no-dangling")
    git_folder = Path(repository.git("rev-parse", "--absolute-git-dir"))
    assert not (git_folder / "treadle-writing.json").exists()
    assert [path.name for path in git_folder.rglob("*.lock")] == ["treadle.lock"]
    if repository.git("rev-parse", "--is-bare-repository") == "false":
        assert repository.git("status", "--porcelain") == ""


@pytest.mark.parametrize("bare", [False, True])
def test_a_publish_that_is_killed_leaves_one_version_or_the_next(bare: bool, tmp_path: Path) -> None:
    project = _project(tmp_path / "project", "library: {git: ./library}\n")
    if bare:
        command = ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(project / "library")]
        subprocess.run(command, check=True)
    library = SourceRepository(project / "library")

    def check() -> int:
        return _whole(library) if library.path.exists() else 0

    _kill_again_and_again(lambda: _publish(project), check)
    with _catalog(project) as catalog:
        last = publish(catalog, _draft(project, 0)).version
        assert catalog.resolve(Reference.parse("library/hello")).template.version == last
    assert _whole(library) == last
    _settled(library)


def test_a_push_that_is_killed_loses_nothing_here_or_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over an ssh whose other end lives on, as on another machine."""
    remote = SourceRepository(tmp_path / "remote.git")
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote.path)], check=True
    )
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nfor last; do :; done\nexec setsid sh -c "$last"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    project = _project(tmp_path / "project", "library: {git: ./library}\n")
    library = SourceRepository(project / "library")
    command = ["git", "clone", "--quiet", f"ssh://git@templates.example{remote.path}", str(library.path)]
    subprocess.run(command, check=True, capture_output=True)

    def check() -> int:
        here, there = _whole(library), _whole(remote)
        assert here <= there
        return there

    _kill_again_and_again(lambda: _publish(project, push=True), check)
    with _catalog(project) as catalog:
        last = publish(catalog, _draft(project, 0), push=True).version
    assert _whole(library) == _whole(remote) == last
    assert library.head() == remote.git("rev-parse", "main")
    _settled(library)


def test_an_import_that_is_killed_brings_both_templates_or_none(tmp_path: Path) -> None:
    source = SourceRepository.create(tmp_path / "source")
    for version in (1, 2):
        body = f"echo {version}\n" * 2000
        source.commit({f"t{item}.json": template(f"T{item}", version, body) for item in (1, 2)})
    project = _project(
        tmp_path / "project", f"sources: {{team: {{git: {source.path}}}}}\nlibrary: {{git: ./library}}\n"
    )
    with _catalog(project) as catalog:
        catalog.sync(*catalog.definitions("team"))
    library = SourceRepository(project / "library")

    def check() -> int:
        if not library.path.exists() or not library.git("branch", "--list", "main"):
            return 0
        scripts = {library.git("show", f"main:t{item}/script.sh").splitlines()[-1] for item in (1, 2)}
        texts = [library.git("show", f"main:t{item}/template.yaml") for item in (1, 2)]
        versions = scripts | {f"echo {text.split('version: ')[1][0]}" for text in texts}
        assert len(versions) == 1
        return int(library.git("rev-list", "--count", "main"))

    _kill_again_and_again(lambda: _import(project), check)
    with _catalog(project) as catalog:
        for version in (1, 2):
            import_templates(catalog, [Reference.parse(f"team/t{item}@{version}") for item in (1, 2)])
    check()
    _settled(library)
