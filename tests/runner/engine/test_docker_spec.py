"""Container specs in the words of the Engine API."""

from __future__ import annotations

from runner.engine.base import ContainerLimits, ContainerSpec
from runner.engine.docker_spec import action_config, holder_config, receiver
from runner.engine.payload import PRIVATE_DIR

SPEC = ContainerSpec("image", {"treadle.run": "r"})


def test_the_defaults_take_everything_away() -> None:
    host = action_config(SPEC)["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] == []
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["LogConfig"] == {"Type": "none"}
    assert host["Init"] is True
    assert host["NetworkMode"] == "bridge"
    assert host["Memory"] == host["MemorySwap"] == 2 * 1024**3


def test_limits_reach_the_engine_in_its_units() -> None:
    limits = ContainerLimits(memory=5, cpus=1.5, pids=7, private_size=8, tmp_size=9)
    host = action_config(ContainerSpec("image", {}, limits=limits))["HostConfig"]
    assert (host["Memory"], host["PidsLimit"]) == (5, 7)
    assert host["CpuQuota"] / host["CpuPeriod"] == 1.5
    assert "size=8" in host["Tmpfs"][PRIVATE_DIR]
    assert "size=9" in host["Tmpfs"]["/tmp"]


def test_an_action_joins_a_namespace_instead_of_a_network() -> None:
    joined = ContainerSpec("image", {}, network="web", namespace="abc")
    assert action_config(joined)["HostConfig"]["NetworkMode"] == "container:abc"


def test_names_are_volumes_and_paths_are_folders_of_the_host() -> None:
    volumes = {"apps": "/srv/apps", "/data": "/data"}
    mounts = action_config(ContainerSpec("image", {}, volumes=volumes))["HostConfig"]["Mounts"]
    assert mounts == [
        {"Type": "volume", "Source": "apps", "Target": "/srv/apps"},
        {"Type": "bind", "Source": "/data", "Target": "/data"},
    ]


def test_a_holder_is_a_nobody_on_its_network() -> None:
    config = holder_config("image", "web", {"treadle.run": "r"})
    assert config["User"] == "65534:65534"
    assert config["HostConfig"]["NetworkMode"] == "web"
    assert config["HostConfig"]["ReadonlyRootfs"] is True
    assert config["Labels"] == {"treadle.run": "r"}


def test_the_receiver_travels_without_its_comments() -> None:
    assert not [line for line in receiver().splitlines() if line.startswith("#")]
    assert receiver().rstrip().endswith('exec /bin/sh "$start" "$status" ${stopping-} </dev/null')
