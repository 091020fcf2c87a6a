"""Processes of templates, from their git repository to the requests that a service saw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.http_service import HttpService, Request
from tests.support.journey import Journey, log_lines
from tests.support.library import CommunityLibrary
from tests.support.repository import SourceRepository, parameter, template

pytestmark = pytest.mark.docker

TOKEN = "T0000/B0000/s3cr3t-h00k"
SCHEMA = '{"type": "object", "properties": {"age": {"type": "number"}}, "required": ["age"]}'


def test_the_community_library_runs_unmodified(
    journey: Journey, service: HttpService, community_library: CommunityLibrary
) -> None:
    journey.write(
        "treadle.yaml",
        {
            "sources": {"community": {"git": str(community_library.bundle), "path": "step-templates"}},
            "variables": {
                "Site": service.address,
                "Slack.Hook": {"sensitive": True, "from": {"env": "SLACK_HOOK"}},
            },
        },
    )
    journey.process(
        {
            "name": "Smoke test",
            "uses": "community/bash-http-test-url@1",
            "with": {"uri": "#{Site}/health?q=1", "timeout": "20"},
        },
        {
            "name": "Check data",
            "uses": "community/json-validate-format-and-schema@1",
            "with": {"vJsonData": '{"age": 45}', "vSchema": SCHEMA},
        },
        {
            "name": "Tell the team",
            "uses": "community/slack-send-simple-notification-bash@2",
            "with": {
                "ssn_HookUrl": "#{Slack.Hook}",
                "ssn_Channel": "#deploys",
                "ssn_Title": "Done",
                "ssn_Message": "To #{Site}",
            },
        },
    )

    assert journey.treadle("source", "sync", "community").exit_code == 0
    done = journey.run(env={"SLACK_HOOK": f"{service.address}/{TOKEN}"})

    assert done.exit_code == 0, done.said
    health, message = service.requests
    assert (health.method, health.path, health.body) == ("GET", "/health?q=1", "")
    assert (message.method, message.path) == ("POST", f"/{TOKEN}")
    assert json.loads(message.body) == {
        "username": "Octopus Deploy",
        "parse": "full",
        "channel": "#deploys",
        "icon_url": "https://octopus.com/content/resources/favicon.png",
        "attachments": [
            {
                "text": f"To {service.address}",
                "color": "good",
                "pretext": "Done",
                "mrkdwn_in": ["pretext", "text"],
            }
        ],
    }
    assert "JSON Schema is valid ! " in log_lines(done.events)
    assert TOKEN not in done.stdout + done.stderr
    assert all(TOKEN not in path.read_text(errors="replace") for path in _files(journey.home))


def test_templates_of_a_repository_of_our_own(journey: Journey, service: HttpService, tmp_path: Path) -> None:
    """The same journey with small templates: a later version is there, and the process keeps to its own."""
    post = 'curl -sS -d "$(get_octopusvariable Text)" "$(get_octopusvariable Url)"'
    parameters = [parameter("Url"), parameter("Text", DefaultValue="hello from #{Octopus.Action.Name}")]
    repository = SourceRepository.create(tmp_path / "templates")
    first = template("Post a text", 1, f"{post}\necho\necho one", Parameters=parameters)
    repository.commit({"post-a-text.json": first})
    repository.commit({"post-a-text.json": template("Post a text", 2, "echo two", Parameters=parameters)})
    journey.write("treadle.yaml", {"sources": {"ours": {"git": str(repository.path)}}})
    journey.process(
        {"name": "Post", "uses": "ours/post-a-text@1", "with": {"Url": f"{service.address}/a"}},
        {"name": "Latest", "uses": "ours/post-a-text", "with": {"Url": f"{service.address}/b"}},
    )

    assert journey.treadle("source", "sync", "ours").exit_code == 0
    done = journey.run()

    assert done.exit_code == 0, done.said
    assert log_lines(done.events) == ["ok", "one", "two"]
    assert [_brief(request) for request in service.requests] == [("POST", "/a", "hello from Post")]


@pytest.fixture
def blank_parameters(tmp_path: Path) -> SourceRepository:
    """A template that tells which of its parameters are there."""
    script = "print([name for name in ('None', 'Empty', 'Given') if name in octopusvariables], '#{None}', '#{Empty}')"
    properties = {"Octopus.Action.Script.Syntax": "Python", "Octopus.Action.Script.ScriptBody": script}
    parameters = [parameter(name) for name in ("None", "Empty", "Given")]
    repository = SourceRepository.create(tmp_path / "templates")
    repository.commit({"tell.json": template("Tell", Properties=properties, Parameters=parameters)})
    return repository


@pytest.mark.parametrize(
    ("setting", "printed"),
    [
        ({}, "['Empty', 'Given'] #{None} "),
        ({"blank_parameters": "empty"}, "['None', 'Empty', 'Given']  "),
    ],
    ids=["absent", "empty"],
)
def test_blank_parameters_are_absent_or_empty(
    journey: Journey, blank_parameters: SourceRepository, setting: dict[str, str], printed: str
) -> None:
    journey.write("treadle.yaml", {"sources": {"ours": {"git": str(blank_parameters.path)}}})
    step = {"name": "Tell", "uses": "ours/tell", "with": {"Empty": "", "Given": "x"}}
    journey.write("deploy.yaml", {"name": "deploy", **setting, "steps": [step]})
    assert journey.treadle("source", "sync", "ours").exit_code == 0

    done = journey.run()

    assert done.exit_code == 0, done.said
    assert log_lines(done.events) == [printed]


def test_builtin_templates_need_no_sync(journey: Journey, service: HttpService) -> None:
    service.text = "pong"
    ask = {"HttpRequest.Url": f"{service.address}/ask", "HttpRequest.Authorization": "#{Token}"}
    journey.process(
        {
            "name": "Wait",
            "uses": "builtin/wait-for-http",
            "with": {"WaitForHttp.Url": f"{service.address}/up"},
        },
        {"name": "Ask", "uses": "builtin/http-request", "with": ask},
        {
            "name": "Tell",
            "run": "echo '#{Octopus.Action[Ask].Output.StatusCode}: #{Octopus.Action[Ask].Output.Body}'",
        },
    )
    journey.write("treadle.yaml", {"variables": {"Token": {"sensitive": True, "from": {"env": "TOKEN"}}}})

    done = journey.run(env={"TOKEN": "Bearer t0ps3cr3t"})

    assert done.exit_code == 0, done.said
    assert log_lines(done.events)[-1] == "200: pong"
    assert [request.path for request in service.requests] == ["/up", "/ask"]
    assert service.requests[-1].headers["Authorization"] == "Bearer t0ps3cr3t"
    assert "t0ps3cr3t" not in done.stdout


def _brief(request: Request) -> tuple[str, str, str]:
    return request.method, request.path, request.body


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
