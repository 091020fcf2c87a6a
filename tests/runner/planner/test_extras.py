"""What goes beyond the default isolation, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.planner import extras
from runner.project import ContainerSettings, Target
from tests.support.plans import Desk, only


def target(**settings: Any) -> Target:
    return Target("web-1", ("Test",), ("web",), **settings)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ()),
        (
            {"network": "none", "read_only": True, "memory": 1024**2, "cpus": 0.5, "pids": 5, "user": "app"},
            (),
        ),
        ({"network": "host"}, ("network host",)),
        ({"network": "web"}, ("network web",)),
        ({"user": "0"}, ("root",)),
        ({"user": "root:root"}, ("root", "group root")),
        ({"user": "000"}, ("root",)),
        ({"user": "1000:0"}, ("group root",)),
        ({"capabilities": ("SYS_ADMIN", "ALL")}, ("SYS_ADMIN", "all capabilities")),
        ({"memory": 8 * 1024**3, "tmp": 1024**3 + 1}, ("memory 8g", "/tmp of 1,073,741,825 bytes")),
        ({"disk": 50 * 1024**3}, ("disk 50g",)),
        ({"cpus": 2.5, "pids": 5000}, ("2.5 cpus", "5,000 processes")),
    ],
)
def test_a_container_asks_for_what_is_beyond_the_defaults(
    settings: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert extras(ContainerSettings(**settings)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("apps", ("volume apps at /x",)),
        ("/srv/apps", ("volume /srv/apps at /x",)),
        ("/", ("volume / at /x", "engine socket")),
        ("/var//run/", ("volume /var//run/ at /x", "engine socket")),
        ("/run/user/1000/docker.sock", ("volume /run/user/1000/docker.sock at /x", "engine socket")),
        ("/srv/../var/run/docker.sock", ("volume /srv/../var/run/docker.sock at /x", "engine socket")),
    ],
)
def test_the_volumes_of_a_target_count(source: str, expected: tuple[str, ...]) -> None:
    assert extras(ContainerSettings(), target(volumes={source: "/x"})) == expected


def test_the_network_is_the_step_s_or_the_target_s() -> None:
    assert extras(ContainerSettings(), target(network="web")) == ("network web",)
    assert extras(ContainerSettings(network="bridge"), target(network="web")) == ()


def test_a_planned_action_knows_what_it_asks_for(tmp_path: Path) -> None:
    step = {
        "name": "A",
        "run": "id",
        "container": {"network": "host", "user": 0, "capabilities": ["SYS_ADMIN"]},
    }
    assert only(Desk(tmp_path).plan([step])).extras == ("network host", "root", "SYS_ADMIN")


def container(tmp_path: Path, step: dict[str, Any], **project: Any) -> ContainerSettings:
    return only(Desk(tmp_path).plan([{"name": "A", "run": "id", **step}], project)).container


def test_a_project_s_defaults_hold_where_a_step_says_nothing(tmp_path: Path) -> None:
    defaults = {"network": "none", "read_only": True, "user": "app", "memory": "1g"}
    made = container(tmp_path, {"container": {"read_only": False, "memory": "2g"}}, container=defaults)
    assert made == ContainerSettings(network="none", read_only=False, user="app", memory=2 * 1024**3)


def test_a_target_s_network_is_nearer_than_the_project_s(tmp_path: Path) -> None:
    there = {"environments": {"Test": {}}, "container": {"network": "none"}}
    web = {"environments": ["Test"], "roles": ["web"]}
    for network, expected in (("web", "web"), (None, "none")):
        one = {**web, "network": network} if network else web
        plan = Desk(tmp_path).plan(
            [{"name": "A", "run": "x", "roles": ["web"]}], {**there, "targets": {"t": one}}
        )
        action = only(plan)
        assert action.container.network_on(action.target) == expected
    own = {"name": "A", "run": "x", "roles": ["web"], "container": {"network": "bridge"}}
    action = only(Desk(tmp_path).plan([own], {**there, "targets": {"t": {**web, "network": "web"}}}))
    assert action.container.network_on(action.target) == "bridge"


def test_what_the_project_s_defaults_ask_for_counts(tmp_path: Path) -> None:
    step = {"name": "A", "run": "id"}
    assert only(Desk(tmp_path).plan([step], {"container": {"user": "0"}})).extras == ("root",)
