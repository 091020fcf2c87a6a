"""The rolling deployment of examples/: a farm of real containers serves all the time while it gets a new version."""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from urllib.request import urlopen

import pytest

from tests.support.journey import Done, Journey, docker, eventually

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.xdist_group("web-farm")]

EXAMPLE = Path(__file__).parents[2] / "examples/rolling-deployment"
SERVERS = ("web-1", "web-2", "web-3", "web-4")
ACTIONS = ("Take out", "Deploy", "Put back")
WINDOW = 2


@dataclass(frozen=True)
class Farm:
    """The farm while it is up: its name, and the addresses of the site and of the balancer's statistics."""

    name: str
    site: str
    statistics: str

    def states(self) -> dict[str, str]:
        """What the balancer says of each server: `UP`, `DRAIN`, `DOWN`."""
        rows = csv.DictReader(get(f"{self.statistics};csv").removeprefix("# ").splitlines())
        return {row["svname"]: row["status"] for row in rows if row["svname"] in SERVERS}

    def versions(self) -> dict[str, str]:
        """The version that each server serves, asked on the server."""
        ask = ("curl", "-sS", "http://127.0.0.1:8080/")
        answers = [docker("exec", f"{self.name}-{server}", *ask) for server in SERVERS]
        return {server: version for version, _, server in map(str.split, answers)}


@dataclass
class Traffic:
    """What requests through the balancer got while they ran, and how many servers it had in rotation."""

    answers: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    in_rotation: list[int] = field(default_factory=list)

    @property
    def versions(self) -> set[str]:
        return {answer.split()[0] for answer in self.answers}


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """The farm under a name and on ports of its own, with version 1.0 on every server."""
    name = f"web-farm-{os.getpid()}"
    try:
        farm_script(name, "up")
        balancer = f"{name}-balancer"
        addresses = [f"http://{docker('port', balancer, port).strip()}/" for port in ("8080", "8404")]
        farm = Farm(name, *addresses)
        first = tmp_path_factory.mktemp("first")
        (first / "project").mkdir()
        done = project(Journey(first / "project", first / "home"), farm).run()
        assert done.exit_code == 0, done.said
        yield farm
    finally:
        farm_script(name, "down")
    assert left_of(name) == []


def farm_script(name: str, command: str) -> None:
    environment = {**os.environ, "FARM": name, "PORT": "0", "STATUS_PORT": "0"}
    done = subprocess.run(
        [str(EXAMPLE / "farm.sh"), command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def left_of(name: str) -> list[str]:
    """What there still is on the engine of a farm."""
    named = ("-q", "--filter", f"name={name}")
    listings = (
        ("ps", "-a", *named),
        ("network", "ls", *named),
        ("volume", "ls", *named),
        ("image", "ls", "-q", name),
    )
    return [found for listing in listings for found in docker(*listing).split()]


def project(journey: Journey, farm: Farm) -> Journey:
    """The example, with the name of this farm in place of the usual one."""
    for source in EXAMPLE.glob("**/*"):
        if source.is_file():
            text = source.read_text()
            if source.suffix == ".yaml":
                text = text.replace("web-farm", farm.name)
            path = journey.write(str(source.relative_to(EXAMPLE)), text)
            path.chmod(source.stat().st_mode)
    return journey


def get(address: str) -> str:
    with urlopen(address, timeout=10) as response:
        return str(response.read().decode())


@contextmanager
def traffic(farm: Farm) -> Iterator[Traffic]:
    """Three people who ask for the page again and again, and somebody who watches the balancer."""
    seen, over = Traffic(), Event()

    def ask() -> None:
        try:
            seen.answers.append(get(farm.site))
        except (OSError, HTTPException) as error:
            seen.failures.append(repr(error))
        over.wait(0.02)

    def watch() -> None:
        states = farm.states().values()
        seen.in_rotation.append(sum(state.startswith("UP") for state in states))
        over.wait(0.05)

    def repeat(act: Callable[[], None]) -> None:
        while not over.is_set():
            act()

    threads = [Thread(target=repeat, args=(act,)) for act in (ask, ask, ask, watch)]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: seen.answers and seen.in_rotation)
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def broken_disk(farm: Farm, server: str) -> Iterator[None]:
    """Nothing can be deployed to the server; what it serves, it goes on serving."""
    change = ("exec", f"{farm.name}-{server}", "chmod")
    docker(*change, "a-w", "/srv/web/releases")
    try:
        yield
    finally:
        docker(*change, "u+w", "/srv/web/releases")


def ends(done: Done) -> dict[tuple[str, str], str]:
    """How each action ended for each server: its status, or the rule that kept it out."""
    return {
        (event["target"], event["name"]): event.get("status") or event["skip"]
        for event in done.events
        if event["event"] in ("action-finished", "action-skipped")
    }


def test_no_request_fails_while_every_server_gets_a_new_version(journey: Journey, farm: Farm) -> None:
    project(journey, farm)
    (old,) = set(farm.versions().values())
    with traffic(farm) as seen:
        done = journey.run("--var", "Release=1.1")
        assert done.exit_code == 0, done.said
        assert farm.versions() == dict.fromkeys(SERVERS, "1.1")
        eventually(lambda: seen.answers[-1].startswith("1.1 "))

    assert seen.failures == []
    assert seen.versions == {old, "1.1"}
    assert len(seen.answers) > 50
    assert min(seen.in_rotation) == len(SERVERS) - WINDOW
    assert farm.states() == dict.fromkeys(SERVERS, "UP")


def test_the_same_version_again_disturbs_nobody(journey: Journey, farm: Farm) -> None:
    project(journey, farm)
    (version,) = set(farm.versions().values())
    with traffic(farm) as seen:
        done = journey.run("--var", f"Release={version}")

    assert done.exit_code == 0, done.said
    assert seen.failures == []
    assert seen.versions == {version}


def test_a_server_that_fails_stops_the_roll_out_and_leaves_the_others_alone(
    journey: Journey, farm: Farm
) -> None:
    project(journey, farm)
    before = farm.versions()
    with broken_disk(farm, "web-1"), traffic(farm) as seen:
        failed = journey.run("--var", "Release=1.2")

    assert failed.exit_code == 1, failed.said
    assert ends(failed) == {
        ("web-1", "Take out"): "success",
        ("web-1", "Deploy"): "failed",
        ("web-1", "Put back"): "condition",
        **{("web-2", name): "success" for name in ACTIONS},
        **{(server, name): "window-stopped" for server in ("web-3", "web-4") for name in ACTIONS},
    }
    assert farm.versions() == {**before, "web-2": "1.2"}
    assert farm.states() == {**dict.fromkeys(SERVERS, "UP"), "web-1": "DRAIN"}
    assert seen.failures == []
    assert min(seen.in_rotation) == len(SERVERS) - WINDOW

    with traffic(farm) as seen:
        retried = journey.treadle("runs", "retry", "--failed", "--progress", "json")

    assert retried.exit_code == 0, retried.said
    assert farm.versions() == dict.fromkeys(SERVERS, "1.2")
    assert farm.states() == dict.fromkeys(SERVERS, "UP")
    assert seen.failures == []


def test_requests_fail_where_the_balancer_is_not_asked_first(journey: Journey, farm: Farm) -> None:
    """Else the other tests would show nothing: neither the site nor the balancer covers a restart up."""
    project(journey, farm)
    script = "balancer.sh"
    journey.write(script, "#!/bin/sh\n").chmod((EXAMPLE / script).stat().st_mode)
    with traffic(farm) as seen:
        done = journey.run("--var", "Release=1.3")

    assert done.exit_code == 0, done.said
    assert seen.failures != []
