"""A target whose engine is elsewhere: over TCP with TLS, without any image at first."""

from __future__ import annotations

import pytest

from runner.engine.base import Endpoint
from tests.support.journey import Journey, docker, log_lines

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("second-engine")]


def test_a_run_spans_two_engines(journey: Journey, remote_endpoint: Endpoint) -> None:
    """The worker image gets there through the engine's API; then the second run has nothing to prepare."""
    far = {"host": remote_endpoint.host, "tls": dict(remote_endpoint.tls)}
    place = {"environments": ["Test"], "roles": ["web"]}
    journey.write(
        "treadle.yaml",
        {
            "environments": {"Test": {}},
            "targets": {"near": place, "far": {**place, "docker": far, "volumes": {"apps": "/srv/apps"}}},
            "variables": {"Token": {"sensitive": True, "from": {"env": "TOKEN"}}},
        },
    )
    journey.process(
        {
            "name": "Deploy",
            "roles": ["web"],
            "run": 'me=$(get_octopusvariable Octopus.Machine.Name)\nset_octopusvariable Id "$me: $(hostname)"\n'
            'echo "$me" >"$me.txt"; new_octopusartifact "$me.txt"; echo "token $(get_octopusvariable Token)"',
        },
        {
            "name": "Keep",
            "roles": ["web"],
            "run": "test -w /srv/apps || echo own volume",
            "container": {"user": "0"},
        },
        {"name": "Compare", "run": "echo '#{Octopus.Action[Deploy].Output[far].Id}'"},
    )

    done = journey.run("-e", "Test", env={"TOKEN": "far-s3cr3t"})
    again = journey.run("-e", "Test", env={"TOKEN": "far-s3cr3t"})

    assert done.exit_code == again.exit_code == 0, done.said + again.said
    assert again.stderr == ""
    lines = log_lines(done.events)
    assert lines.count("token ********") == 2
    assert lines[-1].startswith("far: ")
    artifacts = {
        e["name"]: journey.run_folders()[0] / e["path"] for e in done.events if e["event"] == "artifact"
    }
    assert {name: path.read_text() for name, path in artifacts.items()} == {
        "near.txt": "near\n",
        "far.txt": "far\n",
    }
    assert "far-s3cr3t" not in done.stdout + done.stderr
    engine = docker_options(remote_endpoint)
    assert journey.containers(engine=engine) == []
    assert docker("volume", "ls", "-q", engine=engine).split() == ["apps"]


def docker_options(endpoint: Endpoint) -> list[str]:
    """How the docker command names this engine."""
    tls = dict(endpoint.tls)
    files = [f"--tlscacert={tls['ca']}", f"--tlscert={tls['cert']}", f"--tlskey={tls['key']}"]
    return [f"--host={endpoint.host}", "--tlsverify", *files]
