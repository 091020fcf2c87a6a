"""Two projects that share nothing but a bundle: one publishes and exports, the other imports and runs."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tests.support.journey import Journey, log_lines

pytestmark = pytest.mark.docker

TEMPLATE = """\
schema: 1
id: 4f0f6f9e-8f5c-4f4e-9d38-1f3c7b0d9a51
name: Team - Greet
version: 1
description: Says hello to a guest and tells how many letters that took.
category: testing
action_type: Octopus.Script
script: {syntax: Bash, file: script.sh}
parameters:
  - {name: Greet.Guest, label: Guest, help: Who is greeted., required: true}
  - {name: Greet.Token, label: Token, help: Is never shown., control: Sensitive}
"""
SCRIPT = """\
set -e
guest=$(get_octopusvariable Greet.Guest)
token=$(get_octopusvariable Greet.Token)
echo "Hello, $guest, with $token"
set_octopusvariable Letters "${#guest}"
"""


@pytest.fixture
def sender(tmp_path: Path) -> Journey:
    """Project A: a library with a template of its own, and a process that uses it."""
    (tmp_path / "a").mkdir()
    sender = Journey(tmp_path / "a", tmp_path / "a-home")
    sender.write(
        "treadle.yaml",
        {
            "name": "party",
            "library": {"git": "./library"},
            "environments": {"Test": {}},
            "targets": {"hall": {"environments": ["Test"], "roles": ["stage"]}},
            "variables": {"Guest": "Ada", "Door.Token": {"sensitive": True, "from": {"env": "DOOR_TOKEN"}}},
        },
    )
    sender.write("greet/template.yaml", TEMPLATE)
    sender.write("greet/script.sh", SCRIPT)
    sender.process(
        {
            "name": "Greet",
            "uses": "library/greet",
            "roles": ["stage"],
            "with": {"Greet.Guest": "#{Guest}", "Greet.Token": "#{Door.Token}"},
        },
        {"name": "Breathe", "uses": "builtin/sleep", "with": {"Sleep.Duration": "0s"}},
        {"name": "Count", "run": "echo '#{Octopus.Action[Greet].Output[hall].Letters} letters'"},
    )
    return sender


def test_what_one_project_exports_another_imports_and_runs(sender: Journey, journey: Journey) -> None:
    secret = "open-sesame-4711"
    published = sender.treadle("publish", "greet")
    assert published.exit_code == 0, published.said
    for name in ("party.tar.gz", "again.tar.gz"):
        exported = sender.treadle("export", "deploy", "-o", name, env={"DOOR_TOKEN": secret})
        assert exported.exit_code == 0, exported.said
    bundle = sender.root / "party.tar.gz"
    assert bundle.read_bytes() == (sender.root / "again.tar.gz").read_bytes()
    assert secret.encode() not in _unpacked(bundle)
    bundle = bundle.rename(journey.root / "party.tar.gz")
    sender.root.rename(sender.root.with_name("a-is-gone"))

    journey.write(
        "treadle.yaml",
        {
            "library": {"git": "./templates"},
            "environments": {"Test": {}},
            "targets": {"room": {"environments": ["Test"], "roles": ["stage"]}},
        },
    )
    tried = journey.treadle("import", bundle.name, "--dry-run")
    assert "library/greet@1  would be added" in tried.stdout, tried.said
    assert "env: DOOR_TOKEN" in tried.stdout
    assert "value: Ada" in tried.stdout
    assert not (journey.root / "templates").exists()
    imported = journey.treadle("import", bundle.name)
    assert imported.exit_code == 0, imported.said
    assert "uses: library/greet@1" in (journey.root / "deploy.yaml").read_text()
    process = (journey.root / "deploy.yaml").read_text()
    journey.write("deploy.yaml", process.replace("Output[hall]", "Output[room]"))
    journey.write(
        "treadle.yaml",
        (journey.root / "treadle.yaml").read_text()
        + "variables:\n  Guest: Grace\n  Door.Token: {sensitive: true, from: {env: DOOR_TOKEN}}\n",
    )
    done = journey.run("-e", "Test", env={"DOOR_TOKEN": secret})

    assert done.exit_code == 0, done.said
    lines = log_lines(done.events)
    assert lines[0] == "Hello, Grace, with ********"
    assert lines[-1] == "5 letters"


def _unpacked(path: Path) -> bytes:
    with tarfile.open(path) as archive:
        contents = (archive.extractfile(member) or io.BytesIO() for member in archive.getmembers())
        return b"".join(content.read() for content in contents)
