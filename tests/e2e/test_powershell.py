"""PowerShell as its users meet it: the first example, templates, outputs, and one secret through every channel."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from secrets import token_hex

import pytest

from tests.support.journey import Journey, docker, log_lines

pytestmark = [pytest.mark.docker, pytest.mark.powershell]

EXAMPLE = Path(__file__).parents[2] / "examples/hello-world"
SECRET = f"Canary/9f&7=Ü+x?q{token_hex(4)}-and-some-more-of-it"

CHANNELS = r"""
$secret = $OctopusParameters['Secret']
Write-Host "out $secret"; [Console]::Error.WriteLine("err $secret"); Write-Host 'body #{Secret}'; Write-Host $args[0]
Write-Verbose $secret; Write-Warning $secret; Write-Highlight $secret; Update-Progress 50 "at $secret"
Write-Progress -Activity $secret -PercentComplete 3
[pscustomobject]@{ Name = 'a'; Secret = $secret; More = 'b' } | Format-Table -Wrap | Out-String -Width 40 | Write-Host
[pscustomobject]@{ Name = 'a'; Secret = $secret } | Format-List | Out-String -Width 30 | Write-Host
[pscustomobject]@{ Name = 'a' * 60; Secret = $secret; More = 'c' * 60 }
Write-Error "failed with $secret" -ErrorAction Continue
[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($secret))
[Uri]::EscapeDataString($secret); @{ secret = $secret } | ConvertTo-Json
Set-PSDebug -Trace 1; $null = "$secret"; Set-PSDebug -Off
Set-OctopusVariable Hidden $secret -sensitive
Set-OctopusVariable Open "it is $secret"
New-OctopusTokenAccount -name account -token $secret
'nothing' > 'file.txt'; New-OctopusArtifact file.txt "artifact of $secret"
Write-Host 'canary-ready'; Start-Sleep 2
throw "wrong: $secret"
"""


def test_the_first_example_runs_as_it_stands(journey: Journey) -> None:
    shutil.copytree(EXAMPLE, journey.root, dirs_exist_ok=True)
    done = journey.run("-e", "Test")
    assert done.exit_code == 0, done.said
    assert log_lines(done.events) == ["Hello, World!"]
    (ended,) = [event for event in done.events if event["event"] == "action-finished"]
    assert (ended["step"], ended["target"]) == ("Say Hello", "server-1")


def test_outputs_pass_between_languages(journey: Journey) -> None:
    journey.process(
        {
            "name": "Make",
            "shell": "powershell",
            "run": "Set-OctopusVariable Url 'http://ü'; Write-Warning done",
        },
        {"name": "Read", "run": "get_octopusvariable 'Octopus.Action[Make].Output.Url'; echo"},
        {
            "name": "Read again",
            "shell": "powershell",
            "run": "$OctopusParameters['octopus.action[make].output.url'] + '|#{Octopus.Action[Make].Output.Url}'",
        },
    )
    done = journey.run()
    assert done.exit_code == 0, done.said
    assert log_lines(done.events) == ["http://ü", "http://ü|http://ü"]
    assert log_lines(done.events, "warning") == ["done"]


def test_a_new_template_in_powershell_passes_its_test(journey: Journey) -> None:
    assert journey.treadle("new", "greet", "--syntax", "powershell").exit_code == 0
    tested = journey.treadle("test", "greet")
    assert tested.exit_code == 0, tested.said


def test_a_failed_step_has_its_own_words(journey: Journey) -> None:
    journey.process({"name": "Fail", "shell": "powershell", "run": "Fail-Step 'the disk is full'"})
    done = journey.run()
    assert done.exit_code == 1
    (ended,) = [event for event in done.events if event["event"] == "action-finished"]
    assert (ended["exit_code"], ended["message"]) == (255, "the disk is full")


def test_no_channel_shows_a_secret(journey: Journey) -> None:
    journey.write("treadle.yaml", {"variables": {"Secret": {"sensitive": True, "from": {"env": "CANARY"}}}})
    properties = {"Octopus.Action.Script.ScriptParameters": '$OctopusParameters["Secret"]'}
    journey.process(
        {"name": "Every channel", "shell": "powershell", "run": CHANNELS, "properties": properties},
    )
    with journey.running(env={"CANARY": SECRET}) as run:
        run.await_log("canary-ready")
        inspected = docker("inspect", *journey.containers())
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        done = run.finish()
    assert done.exit_code == 1, done.said
    shown = json.dumps(run.events, ensure_ascii=False) + done.stderr + inspected
    record = [
        path.read_bytes().decode(errors="replace") for path in journey.home.rglob("*") if path.is_file()
    ]
    record += [line.decode(errors="replace") for line in lines]
    pieces = [SECRET, SECRET[:12], SECRET[12:24], SECRET[-12:]]
    assert [piece for piece in pieces for text in (shown, *record) if piece in text] == []
    assert shown.count("********") > 20
