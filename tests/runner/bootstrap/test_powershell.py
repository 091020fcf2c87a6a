"""What PowerShell scripts may rely on beyond the conformance cases, and what they must never see."""

from __future__ import annotations

import base64
import subprocess
import threading
import time
from collections.abc import Iterator
from hashlib import sha1

import pytest

from runner.bootstrap import ScriptRequest, Syntax, build_payload
from runner.bootstrap.powershell import automatic_names, pack
from runner.engine.base import Container, Stream
from runner.engine.docker import DockerEngine
from runner.engine.worker_image import POWERSHELL, worker_reference
from tests.runner.bootstrap.conftest import Run, run_in
from tests.support.containers import ContainerStock, script_stock
from tests.support.scripts import run_payload

SECRET = "t0psecret-value"


@pytest.fixture(scope="module")
def stock(engine: DockerEngine) -> Iterator[ContainerStock]:
    engine.ensure_image(POWERSHELL.reference)
    with script_stock(engine, Syntax.POWERSHELL, POWERSHELL.reference, ahead=2) as stock:
        yield stock


@pytest.fixture
def powershell(stock: ContainerStock) -> Run:
    return run_in(stock, Syntax.POWERSHELL)


def request(body: str, **rest: object) -> ScriptRequest:
    return ScriptRequest(Syntax.POWERSHELL, body, log_environment=False, **rest)  # type: ignore[arg-type]


def decoded(line: str) -> list[str]:
    """Name and values of a message."""
    name, *attributes = line.removeprefix("##octopus[").removesuffix("]").split(" ")
    return [name, *(base64.b64decode(one.split("'")[1]).decode() for one in attributes)]


# --- without a container


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("My.App_Name 2", ("MyApp_Name2", "MyAppName2")),
        ("Plain", ("Plain", "")),
        ("___", ("___", "")),
        ("---", ("", "")),
        ("List[0].Name", ("", "")),
        ("Ünï.x½²", ("Ünïx", "")),
        ("a\U0001f600b\U0001d49c", ("ab", "")),
    ],
)
def test_automatic_names_keep_letters_and_digits(name: str, names: tuple[str, str]) -> None:
    assert automatic_names(name) == names


def test_texts_are_parted_by_what_is_in_none_of_them() -> None:
    assert pack(["a", "", "b"]) == b"\0a\0\0b"
    assert pack(["a\0", "\x01b"]) == b"\x02a\0\x02\x01b"


def test_two_byte_order_marks_never_meet() -> None:
    files = {file.path: file.content for file in build_payload(request("\ufeffWrite-Host 1\r\n")).files}
    assert files["/run/treadle/shown/Script.ps1"] == "\ufeffWrite-Host 1\r\n".encode()


# --- in containers


@pytest.mark.docker
@pytest.mark.powershell
class TestScript:
    def test_variables_hold_any_text(self, powershell: Run) -> None:
        texts = [
            "",
            "a\0b",
            "\r\n \r \n",
            "😀" * 1000,
            "\x85\u2028\ufeff",
            "1 2\n3",
            "x" * 2_000_000,
            "it’s „q“",
        ]
        variables = {f"V{number}": text for number, text in enumerate(texts)} | {"a\n\0b": "name"}
        body = """
        foreach ($pair in $OctopusParameters.GetEnumerator()) {
            $bytes = [Text.Encoding]::UTF8.GetBytes("$($pair.Key)=$($pair.Value)")
            [Convert]::ToHexString([Security.Cryptography.SHA1]::HashData($bytes)).ToLower()
        }"""
        ran = powershell(body, variables=variables)
        assert ran.lines == [sha1(f"{name}={text}".encode()).hexdigest() for name, text in variables.items()]

    def test_no_value_is_to_be_seen(self, powershell: Run) -> None:
        body = """
        $secret = 't0p' + 'secret'
        Get-ChildItem /proc/[0-9]*/cmdline, /proc/[0-9]*/environ | ForEach-Object {
            $text = try { [IO.File]::ReadAllText($_) } catch { '' }
            if ($text.Contains($secret)) { "seen in $_" }
        }
        Get-ChildItem env: | Where-Object { $_.Value.Contains($secret) }
        bash -c "grep -rl $secret /run/treadle /tmp /treadle"
        Write-Host ($OctopusParameters['V'] -eq $args[0]) $V.Length
        exit 0"""
        assert powershell(body, variables={"V": SECRET}, parameters=SECRET).lines == ["True 15"]

    def test_nothing_of_the_bootstrap_is_in_the_way(self, powershell: Run) -> None:
        body = """
        (Get-Variable | Where-Object Name -like '*treadle*').Name
        (Get-ChildItem env: | Where-Object Name -in TERM, TERMINFO, OLDPWD, TREADLE_CA).Name
        "$($Error.Count) $($null -eq $LASTEXITCODE) $([Console]::In.Read()) $PWD $((Get-Location).Path)"
        bash -c 'ls /proc/self/fd | wc -l; umask'
        exit 0"""
        assert powershell(body).lines == ["0 True -1 /treadle/work /treadle/work", "4", "0022"]

    @pytest.mark.parametrize(
        ("body", "status", "lines"),
        [
            ("Write-Output a; exit 3", 3, ["a"]),
            ("function Leave { exit 4 }; try { Leave } finally { 'left' }", 4, ["left"]),
            ("bash -c 'exit 7'; 'goes on'", 7, ["goes on"]),
            ("break; 'not reached'", 0, []),
            ("while ($true) { break }; 'after'", 0, ["after"]),
            ("Set-StrictMode -Version Latest; 'strict'", 0, ["strict"]),
            ("[Environment]::Exit(17)", 17, []),
            ("$LASTEXITCODE = 'text'", 0, []),
            ("function Write-Host { 'mine' }; Write-Host x; Write-Verbose v; exit 5", 5, None),
        ],
    )
    def test_the_status_is_the_scripts(
        self, body: str, status: int, lines: list[str] | None, powershell: Run
    ) -> None:
        ran = powershell(body)
        assert (ran.exit_code, ran.stderr) == (status, "")
        assert lines is None or ran.lines == lines

    @pytest.mark.parametrize("end", ["exit 3", "throw 'x'", "bash -c 'exit 3'", "$null"])
    def test_objects_are_shown_whatever_the_end(self, end: str, powershell: Run) -> None:
        """They wait up to 300 ms for others to make a table with."""
        assert "a b" in powershell(f"[pscustomobject]@{{a = 1; b = 2}}; {end}").lines

    def test_an_error_shows_the_script_alone(self, powershell: Run) -> None:
        ran = powershell("function Inner { throw 'bad' }\nInner")
        assert ran.exit_code == 1
        assert ran.stderr.splitlines() == [
            "OperationStopped: bad",
            "At /treadle/work/Script.ps1:1 char:18",
            "+ function Inner { throw 'bad' }",
            "+                  ~~~~~~~~~~~",
            "at Inner, /treadle/work/Script.ps1: line 1",
            "at <ScriptBlock>, /treadle/work/Script.ps1: line 2",
        ]

    @pytest.mark.parametrize("parameters", ["-A (", "'unclosed", "-Nope 1"])
    def test_bad_parameters_are_an_error_of_the_script(self, parameters: str, powershell: Run) -> None:
        ran = powershell("[CmdletBinding()]param($A) 'ran'", parameters=parameters)
        assert (ran.exit_code, ran.lines) == (1, [])
        assert ran.stderr.startswith(("ParserError: ", "InvalidArgument: ")), ran.stderr

    def test_wide_lines_stay_whole(self, powershell: Run) -> None:
        body = """
        [pscustomobject]@{ First = 'f' * 200; Second = 's' * 200; Third = 3 } | Format-Table
        [pscustomobject]@{ First = 'f' * 200; Second = 's' * 200 } | Format-List | Out-String | Write-Host
        Write-Error ('e' * 500) -ErrorAction Continue
        exit 0"""
        ran = powershell(body)
        assert f"{'f' * 200} {'s' * 200}     3" in ran.lines
        assert f"First  : {'f' * 200}" in ran.lines
        assert "e" * 500 in ran.stderr
        assert "\x1b" not in ran.stdout + ran.stderr

    def test_progress_becomes_messages_now_and_then(self, powershell: Run) -> None:
        body = """
        for ($i = 0; $i -lt 2000; $i++) { Write-Progress -Activity Copying -Status "file $i" -PercentComplete 5 }
        Start-Sleep -Milliseconds 2100
        Write-Progress -Activity Copying -Status 'file x' -PercentComplete 60
        Write-Progress -Activity Copying -PercentComplete 90
        $ProgressPreference = 'SilentlyContinue'
        Write-Progress -Activity Silent -PercentComplete 95"""
        messages = [decoded(line) for line in powershell(body).lines]
        assert messages[-2:] == [["progress", "60", "Copying: file x"], ["progress", "90", "Copying"]]
        assert len(messages) <= 4  # a slow machine may have time for one more

    def test_targets_and_accounts_are_messages(self, powershell: Run) -> None:
        body = """
        New-OctopusTokenAccount -name acc -token tok-1234 -updateIfExisting
        New-OctopusKubernetesTarget -name k -clusterUrl https://k -octopusRoles web -octopusAccountIdOrName acc
        New-OctopusAzureServicePrincipalAccount -name a -azureSubscription s -azurePassword p"""
        ran = powershell(body)
        assert [decoded(line) for line in ran.lines] == [
            ["create-tokenaccount", "acc", "tok-1234", "True"],
            ["create-kubernetestarget", "k", "https://k", "acc", "web", "False"],
            ["create-azureaccount", "serviceprincipal", "a", "s", "", "", "p", "False"],
        ]

    def test_the_aliases_of_windows_are_there_if_asked_for(self, powershell: Run) -> None:
        body = "ls | sort Name | % Name; sleep 0; cp Script.ps1 copy.ps1; rm copy.ps1; (ps -Id $PID).Name"
        assert powershell(body, windows_aliases=True).lines == ["Script.ps1", "pwsh"]
        assert powershell("(Get-Command ls, sort, cp).CommandType -join ' '").lines == [
            "Application Application Application"
        ]

    def test_a_failing_program_ends_a_script_that_fails_fast(self, powershell: Run) -> None:
        body = "bash -c 'exit 7'; 'goes on'"
        ran = powershell(body, fail_fast=True)
        assert (ran.exit_code, ran.lines) == (1, [])
        assert ran.stderr.startswith('NotSpecified: Program "bash" ended with non-zero exit code: 7')

    def test_the_environment_is_told_at_verbose_level(self, powershell: Run) -> None:
        told = powershell("Write-Host hi", log_environment=True).lines
        assert told[:2] == ["##octopus[stdout-verbose]", "PowerShell environment:"]
        assert told[-2:] == ["##octopus[stdout-default]", "hi"]

    def test_the_environment_of_the_step_arrives(self, powershell: Run) -> None:
        """PowerShell was running before anybody knew of it."""
        environment = {"EMPTY": "", "LINES": "é\nb", "TERM": "dumb"}
        body = """
        Write-Host "$($env:LINES.Length) [$env:EMPTY] $(Test-Path env:EMPTY) $env:TERM"
        bash -c 'echo $LINES'"""
        assert powershell(body, environment=environment).lines == ["3 [] True dumb", "é b"]

    def test_the_proxy_of_the_environment_is_the_scripts(self, powershell: Run) -> None:
        proxy = {
            "TentacleProxyHost": "proxy.test",
            "TentacleProxyPort": "3128",
            "TentacleProxyUsername": "a b",
        }
        body = 'Write-Host $OctopusProxy.Address $OctopusProxy.Credentials.UserName "[$env:https_proxy]"'
        assert powershell(body, variables=proxy).lines == [
            "http://proxy.test:3128/ a b [http://a%20b:@proxy.test:3128]"
        ]
        assert powershell("Write-Host ($null -eq $OctopusProxy.Address)").lines == ["True"]


# --- the start


KINDS: dict[str, dict[str, object]] = {
    "worker": {},
    "root": {"user": "0"},
    "stranger": {"user": "4321:4321"},
    "read-only": {"read_only": True},
    "stranger-read-only": {"user": "4321:4321", "read_only": True},
    "not-ahead": {"ahead_command": ()},
    "died-at-its-start": {"ahead_command": ("/bin/sh", "-c", "kill -SEGV $$")},
}


@pytest.mark.docker
@pytest.mark.powershell
@pytest.mark.parametrize("kind", KINDS)
def test_scripts_run_as_any_user_however_they_start(kind: str, engine: DockerEngine) -> None:
    engine.ensure_image(POWERSHELL.reference)
    body = "Write-Host $V; Get-Content sub/data.txt; 'x' > new.txt; ls -x; exit 5"
    with (
        script_stock(engine, Syntax.POWERSHELL, POWERSHELL.reference, ahead=1, **KINDS[kind]) as stock,
        stock.lend() as container,
    ):
        ran = run_payload(
            container,
            build_payload(request(body, variables={"V": "välue"}, files={"sub/data.txt": b"data\n"})),
        )
    assert (ran.lines, ran.stderr, ran.exit_code) == (["välue", "data", "Script.ps1  new.txt  sub"], "", 5)


@pytest.mark.docker
@pytest.mark.parametrize("ahead", [True, False])
def test_an_image_without_powershell_is_told_in_one_sentence(ahead: bool, engine: DockerEngine) -> None:
    options = {} if ahead else {"ahead_command": ()}
    with (
        script_stock(engine, Syntax.POWERSHELL, worker_reference(), ahead=1, **options) as stock,
        stock.lend() as container,
    ):
        ran = run_payload(container, build_payload(request("Write-Host hi")))
    assert (ran.lines, ran.exit_code) == ([], 255)
    assert ran.stderr == (
        "The image has no pwsh to run this script with: choose one that has, treadle/worker-powershell or "
        "mcr.microsoft.com/powershell for example.\n"
    )


def state(container: Container) -> str:
    found = subprocess.run(
        ["docker", "inspect", "-f", "{{.State.Running}}", container.id], capture_output=True, text=True
    )
    return found.stdout.strip() or "gone"


@pytest.mark.docker
@pytest.mark.powershell
class TestLife:
    def test_powershell_waits_before_there_is_a_payload(self, stock: ContainerStock) -> None:
        with stock.lend() as container:
            deadline = time.monotonic() + 30
            while "pwsh" not in processes(container) and time.monotonic() < deadline:
                time.sleep(0.2)
            assert "pwsh" in processes(container)
            assert state(container) == "true"
            ran = run_payload(container, build_payload(request("Write-Host late")))
        assert (ran.lines, ran.exit_code) == (["late"], 0)

    @pytest.mark.parametrize("body", ["Start-Sleep 60", "bash -c 'sleep 60'"])
    def test_a_stop_lets_finally_blocks_run(self, body: str, stock: ContainerStock) -> None:
        with stock.lend() as container:
            script = f"try {{ Write-Host ready; {body} }} finally {{ Write-Host cleaned }}"
            container.deliver(build_payload(request(script)))
            output, began = b"", time.monotonic()
            for stream, chunk in container.output():
                output += chunk if stream is Stream.STDOUT else b""
                if output == b"ready\n":
                    threading.Thread(target=container.stop, args=(20,)).start()
            status = container.wait(60).code
        assert output == b"ready\ncleaned\n"
        assert status != 0
        assert time.monotonic() - began < 20

    def test_a_client_that_is_gone_ends_the_waiting(self, stock: ContainerStock) -> None:
        """Its stdin ends: nothing is left of the container's processes."""
        with stock.lend() as container:
            container._attachment.close()  # type: ignore[attr-defined]
            deadline = time.monotonic() + 30
            while state(container) == "true" and time.monotonic() < deadline:
                time.sleep(0.2)
            assert state(container) == "false"

    def test_output_of_a_background_child_counts(self, powershell: Run) -> None:
        body = 'Start-Process bash -ArgumentList "-c", "`"sleep 1; echo late`""; Write-Host early'
        assert powershell(body).lines == ["early", "late"]

    def test_one_that_is_killed_says_so_by_its_status(self, powershell: Run) -> None:
        ran = powershell("Stop-Process -Id $PID -Force")
        assert (ran.exit_code, ran.stderr) == (137, "")


def processes(container: Container) -> str:
    """The command lines in a container, as the machine sees them."""
    top = subprocess.run(["docker", "top", container.id, "-o", "pid,comm"], capture_output=True, text=True)
    return top.stdout
