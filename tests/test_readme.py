"""The README's transcripts are what the commands print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.support.library import CommunityLibrary

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text()
EXAMPLE = CHECKOUT / "examples/health-check"


def transcript(command: str) -> str:
    """What the README shows as the output of a command."""
    (block,) = re.findall(
        rf"^```console\n\$ {re.escape(command)}\n(.*?)^```", README, re.MULTILINE | re.DOTALL
    )
    assert isinstance(block, str)
    return block


def without_blobs(text: str) -> str:
    """The blob of a built-in template is another whenever one of its files changes."""
    return re.sub(r"blob [0-9a-f]+", "blob ...", text)


def test_the_plan_is_what_plan_prints(make_project: MakeProject) -> None:
    project = make_project({path.name: path.read_text() for path in EXAMPLE.iterdir()})
    done = project.treadle("plan", "deploy", "-e", "Production", "--strict")
    assert (done.exit_code, done.stderr) == (0, "")
    shown = transcript("treadle -C examples/health-check plan deploy -e Production")
    assert without_blobs(done.stdout) == without_blobs(shown)


def test_the_process_above_the_plan_is_the_one_planned() -> None:
    (first, *_) = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert first == (EXAMPLE / "deploy.yaml").read_text()


def test_the_difference_is_what_diff_prints(
    make_project: MakeProject, community_library: CommunityLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREADLE_COMMUNITY_URL", str(community_library.bundle))
    project = make_project({})
    assert project.treadle("source", "sync", "community").exit_code == 0
    versions = [f"community/slack-send-simple-notification@{number}" for number in (12, 15)]
    done = project.treadle("diff", "--summary", *versions)
    assert done.exit_code == 0
    assert done.stdout == transcript(f"treadle diff --summary {' '.join(versions)}")
