"""What containers a run makes, and that what belongs to a target is used but never removed."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.http_service import HttpService
from tests.support.journey import Journey, Step, docker, log_lines
from tests.support.stage import create_artifact

pytestmark = pytest.mark.docker

EVERYTHING = """
id -u
echo "$(get_octopusvariable Name)" >kept.txt
new_octopusartifact "$PWD/kept.txt"
touch /tmp/scratch
grep -E '^(CapEff|NoNewPrivs)' /proc/self/status | tr '\\t' ' '
set_octopusvariable Done yes
"""


@pytest.mark.parametrize(
    ("container", "user"),
    [
        ({}, "1000"),
        ({"user": "0"}, "0"),
        ({"user": "4321:4321"}, "4321"),
        ({"read_only": True}, "1000"),
        ({"read_only": True, "user": "0"}, "0"),
        ({"read_only": True, "network": "none"}, "1000"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else value,
)
def test_every_kind_of_container_does_everything(
    journey: Journey, container: dict[str, Any], user: str
) -> None:
    journey.process({"name": "Try", "run": EVERYTHING, "container": container})

    done = journey.run("--var", "Name=Käthe")

    assert done.exit_code == 0, done.said
    assert log_lines(done.events) == [
        user,
        "Collecting /treadle/work/kept.txt as an artifact...",
        "CapEff: 0000000000000000",
        "NoNewPrivs: 1",
    ]
    (artifact,) = (e for e in done.events if e["event"] == "artifact")
    assert (journey.run_folders()[-1] / artifact["path"]).read_text() == "Käthe\n"


@pytest.mark.parametrize("container", [{}, {"user": "app"}, {"read_only": True}], ids=json.dumps)
def test_a_busybox_image_runs_sh(journey: Journey, busybox: str, container: dict[str, Any]) -> None:
    journey.process(
        {"name": "Try", "shell": "sh", "run": EVERYTHING, "container": {"image": busybox, **container}},
        {"name": "Later", "run": "echo '#{Octopus.Action[Try].Output.Done}'"},
    )

    done = journey.run("--var", "Name=Käthe")

    assert done.exit_code == 0, done.said
    assert log_lines(done.events)[-2:] == ["NoNewPrivs: 1", "yes"]


def test_limits_are_those_of_the_step(journey: Journey) -> None:
    journey.process(
        {
            "name": "Wait",
            "run": "echo ready; sleep 60",
            "container": {"memory": "64m", "cpus": 0.5, "pids": 50, "read_only": True},
        }
    )
    with journey.running() as run:
        run.await_log("ready")
        (id_,) = journey.containers()
        config = json.loads(docker("inspect", id_))[0]
        run.process.terminate()
        run.finish()
    host = config["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (64 * 1024**2, 64 * 1024**2, 50)
    assert host["CpuQuota"] / host["CpuPeriod"] == 0.5
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["LogConfig"]["Type"] == "none"
    assert not host["Privileged"]


@pytest.fixture
def network() -> Iterator[str]:
    name = f"treadle-test-{uuid.uuid4()}"
    docker("network", "create", name)
    yield name
    docker("network", "rm", name)


@pytest.fixture
def volume() -> Iterator[str]:
    name = f"treadle-test-{uuid.uuid4()}"
    docker("volume", "create", name)
    yield name
    docker("volume", "rm", name)


def test_network_and_volumes_of_a_target_outlast_the_run(journey: Journey, network: str, volume: str) -> None:
    journey.write(
        "treadle.yaml",
        {
            "environments": {"Test": {}},
            "targets": {
                "web": {
                    "environments": ["Test"],
                    "roles": ["web"],
                    "network": network,
                    "volumes": {volume: "/srv/apps"},
                }
            },
        },
    )
    journey.process(
        {
            "name": "Write",
            "roles": ["web"],
            "run": "echo kept >/srv/apps/state; hostname -i | cut -d. -f1-2",
            "container": {"user": "0"},
        },
        {"name": "Read", "roles": ["web"], "run": "cat /srv/apps/state"},
    )
    subnet = docker("network", "inspect", network, "-f", "{{(index .IPAM.Config 0).Subnet}}")

    done = journey.run("-e", "Test")
    again = journey.run("-e", "Test", "--skip", "Write")

    assert done.exit_code == again.exit_code == 0, done.said + again.said
    assert log_lines(done.events) == [".".join(subnet.split(".")[:2]), "kept"]
    assert log_lines(again.events) == ["kept"]
    assert docker("network", "ls", "-q", "--filter", f"name={network}")
    assert docker("volume", "ls", "-q", "--filter", f"name={volume}")


def test_no_anonymous_volume_stays_behind(journey: Journey) -> None:
    journey.process({"name": "Wait", "run": "echo ready; sleep 60", "container": {"read_only": True}})
    with journey.running() as run:
        run.await_log("ready")
        mounts = json.loads(docker("inspect", *journey.containers()))[0]["Mounts"]
        run.process.terminate()
        run.finish()
    (volume,) = (mount["Name"] for mount in mounts if mount["Type"] == "volume")
    assert volume not in docker("volume", "ls", "-q").split()


def test_network_none_reaches_nothing_and_bridge_does(journey: Journey, service: HttpService) -> None:
    get = f"curl -sS -m 5 {service.address}/hello"
    bridge: Step = {"name": "Bridge", "run": get}
    journey.process(bridge, {"name": "None", "run": get, "container": {"network": "none"}})

    done = journey.run()

    assert done.exit_code == 1, done.said
    assert log_lines(done.events) == ["ok"]
    assert [request.path for request in service.requests] == ["/hello"]
    assert [step["status"] for step in done.events[-1]["steps"]] == ["success", "failed"]


def test_actions_share_a_network_but_no_files(journey: Journey) -> None:
    script = "test ! -e /tmp/seen && test ! -e seen && touch /tmp/seen seen && readlink /proc/self/ns/net"
    steps: list[Step] = [{"name": f"step {n}", "run": script} for n in range(4)]
    steps.append({"name": "alone", "run": script, "container": {"shared_network": False}})
    journey.process(*steps)

    done = journey.run()

    assert done.exit_code == 0, done.said
    *together, alone = log_lines(done.events)
    assert len(set(together)) == 1
    assert alone not in together


def test_an_artifact_is_only_what_the_action_may_read(journey: Journey) -> None:
    volume = journey.root / "volume"
    volume.mkdir()
    (volume / "private").write_text("ROOT-ONLY\n")
    (volume / "private").chmod(0o600)
    (volume / "public").write_text("for all\n")
    (volume / "closed").mkdir(mode=0o700)
    (volume / "closed" / "public").write_text("ROOT-ONLY\n")
    target = {"environments": ["Test"], "roles": ["data"], "volumes": {str(volume): "/data"}}
    journey.write("treadle.yaml", {"environments": {"Test": {}}, "targets": {"here": target}})
    paths = ("/data/private", "/data/public", "/data/closed/public", "/data", "/etc/shadow", "link")
    handed = "\n".join(f'echo "{create_artifact(path, path)}"' for path in paths)
    journey.process({"name": "Take", "roles": ["data"], "run": f"ln -s /data/public link\n{handed}"})

    done = journey.run("-e", "Test")

    assert done.exit_code == 0, done.said
    kept = {event["name"] for event in done.events if event["event"] == "artifact"}
    assert kept == {"/data/public", "/data"}
    for file in (journey.home / "runs").glob("*/artifacts/*/*"):
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        assert b"ROOT-ONLY" not in content
    codes = [event["code"] for event in done.events if event["event"] == "warning"]
    assert codes.count("artifact-link") == 1


def test_an_action_trusts_its_target_s_authority_or_the_project_s(journey: Journey) -> None:
    for name in ("project", "target"):
        journey.write(f"{name}.pem", f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n")
    target = {"environments": ["Test"], "roles": ["web"], "ca": "target.pem"}
    journey.write(
        "treadle.yaml", {"ca": "project.pem", "environments": {"Test": {}}, "targets": {"t": target}}
    )
    body = 'tail -n 3 "$SSL_CERT_FILE" | grep -e project -e target'
    journey.process({"name": "Here", "run": body}, {"name": "There", "run": body, "roles": ["web"]})

    done = journey.run("-e", "Test")

    assert done.exit_code == 0, done.said
    assert log_lines(done.events) == ["project", "target"]
