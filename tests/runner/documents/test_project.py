from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from runner.documents import read_project
from runner.project import (
    ContainerSettings,
    Environment,
    Project,
    Scope,
    ScopedValue,
    Target,
    TargetEngine,
    Variable,
    VariableSource,
)
from tests.support.problems import golden_cases, refusal


def read(tmp_path: Path, text: str) -> Project:
    path = tmp_path / "treadle.yaml"
    path.write_text(dedent(text))
    return read_project(path, tmp_path)


def test_no_file_is_a_project_too(tmp_path: Path) -> None:
    assert read_project(None, tmp_path) == Project(name=tmp_path.name)


def test_an_empty_project_is_named_after_its_folder(tmp_path: Path) -> None:
    assert read(tmp_path, "version: 1") == Project(name=tmp_path.name, file="treadle.yaml")


def test_a_project_has_defaults_for_containers(tmp_path: Path) -> None:
    project = read(tmp_path, "version: 1\nca: ca.pem\ncontainer: {network: none, memory: 1g}")
    assert project.container == ContainerSettings(network="none", memory=1024**3)
    assert project.ca == str(tmp_path / "ca.pem")


def test_everything_is_read(tmp_path: Path) -> None:
    project = read(
        tmp_path,
        """
        version: 1
        name: Web shop
        environments:
          Test: {description: For trying out}
          Production:
        targets:
          web-1: {environments: [test], roles: [web-server]}
          web-2:
            environments: [Production]
            roles: [web-server, database]
            docker: {host: "tcp://10.0.0.5:2376", tls: {ca: certs/ca.pem, cert: certs/cert.pem, key: /etc/key.pem}}
            network: web
            volumes: {apps: /srv/apps}
        variables:
          Plain: text
          Number: 1.50
          Nothing: null
          Site.Host:
            value: test.example.com
            scopes:
              - {value: www.example.com, environment: Production}
              - {value: two.example.com, target: [web-1, web-2], role: database, step: Smoke test}
          Hook: {sensitive: true, from: {env: SLACK_HOOK}}
          Key: {sensitive: true, scopes: [{from: {file: key.pem}, environment: [Test]}]}
        """,
    )
    assert project.environments == (Environment("Test", "For trying out"), Environment("Production"))
    assert project.targets == (
        Target("web-1", ("test",), ("web-server",)),
        Target(
            "web-2",
            ("Production",),
            ("web-server", "database"),
            TargetEngine(
                "tcp://10.0.0.5:2376",
                {
                    "ca": f"{tmp_path}/certs/ca.pem",
                    "cert": f"{tmp_path}/certs/cert.pem",
                    "key": "/etc/key.pem",
                },
            ),
            "web",
            {"apps": "/srv/apps"},
        ),
    )
    assert project.variables == (
        Variable("Plain", (ScopedValue("text"),)),
        Variable("Number", (ScopedValue("1.50"),)),
        Variable("Nothing", (ScopedValue(None),)),
        Variable(
            "Site.Host",
            (
                ScopedValue("www.example.com", Scope(environments=("Production",))),
                ScopedValue(
                    "two.example.com",
                    Scope(targets=("web-1", "web-2"), roles=("database",), steps=("Smoke test",)),
                ),
                ScopedValue("test.example.com"),
            ),
        ),
        Variable("Hook", (ScopedValue(None, source=VariableSource("env", "SLACK_HOOK")),), sensitive=True),
        Variable(
            "Key",
            (ScopedValue(None, Scope(environments=("Test",)), VariableSource("file", "key.pem")),),
            sensitive=True,
        ),
    )
    assert project.positions["variables", "Site.Host"] == (19, 3)


@pytest.mark.parametrize(("text", "expected"), golden_cases(Path(__file__).with_name("refused_projects.txt")))
def test_every_problem_is_told_at_its_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert refusal(lambda: read(tmp_path, text)) == expected
