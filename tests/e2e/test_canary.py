"""One secret through every channel there is; then a search for it everywhere, in every form that it may take."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.support.journey import Journey, docker

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("canary")]

MARK = token_hex(4)  # another canary may be in the air
SECRET = f"Canary/9f&7=Ü+x?q{MARK}"
LINES = f"-----BEGIN {MARK}-----\nkanari/second+line&43{MARK}\n-----END {MARK}-----"

BASH = r"""
secret=$(get_octopusvariable FromEnv); lines=$(get_octopusvariable Lines)
echo "out $secret"; echo "err $secret" >&2; echo 'body #{FromFile}'; echo "argument $1"
echo "$lines"; printf '%s' "$lines" >&2; echo
write_verbose "$secret"; write_highlight "$secret"; write_warning "$secret"; update_progress 50 "at $secret"
printf '%s' "$secret" | base64; printf 'x%s' "$secret" | base64; printf 'xy%s' "$secret" | base64
jq -rn --arg s "$secret" '$s | @uri'; jq -n --arg s "$secret" '$s'
set -x; : "$secret"; set +x
echo "##octopus[setVariable name='$secret' value='$secret']"
echo "##octopus[no-such-message text='$(printf '%s' "$secret" | base64)']"
printf 'before '; set_octopusvariable Displaced "$secret"
set_octopusvariable Hidden "$secret" -sensitive
set_octopusvariable Open "it is $secret"
set_octopusvariable Many "$lines" -sensitive
set_environmentstate "$secret" "$secret" -sensitive
echo nothing >"file-${secret//\//_}"
new_octopusartifact "file-${secret//\//_}" "artifact of $secret"
new_octopusartifact file-* "$secret"
head -c 1000000 /dev/zero | tr '\0' x; echo "$secret at the end of a long line"
printf 'halves: %s' "${secret:0:7}"; sleep 0.3; echo "${secret:7}"
cd /nowhere/"$secret"
echo canary-ready; sleep 2
"""

PYTHON = """
secret = get_octopusvariable('Octopus.Action[Every channel].Output.Hidden')
print(secret, repr(secret), ascii(secret), file=sys.stderr)
print(get_octopusvariable('Octopus.Action[Every channel].Output.Many'))
raise ValueError('wrong: ' + secret)
"""

STEPS: list[dict[str, Any]] = [
    {
        "name": "Every channel",
        "fail_fast": False,
        "run": BASH,
        "properties": {"Octopus.Action.Script.ScriptParameters": "'#{FromFile}'"},
    },
    {"name": "Fail", "run": 'fail_step "refused: $(get_octopusvariable FromEnv)"'},
    {"name": "Error in Python", "shell": "python", "run": PYTHON},
    {
        "name": "Bad expression",
        "run": "echo '#{FromEnv | NoSuchFilter}' '#{FromEnv[0].x | Format zz}' '#{unless FromEnv}' '#{FromEnv'",
    },
    {
        "name": "Bad expression fails",
        "run": "echo '#{Octopus.Action[Every channel].Output.Hidden | FromBase64}'",
        "properties": {"OctopusShouldFailDeploymentOnSubstitutionFails": "True"},
    },
    {"name": "No such user", "run": "true", "container": {"user": "no-such-user"}},
]


def forms() -> Iterator[str]:
    """The secret and its lines as they are, in base64 at any place of a text, for a URL, and for JSON."""
    for text in (SECRET, *(line for line in LINES.split("\n"))):
        yield text
        yield from (quote(text, safe=""), quote(text), quote_plus(text), json.dumps(text)[1:-1])
        for before in range(3):
            start, end = -(-before * 4 // 3), (before + len(text.encode())) * 4 // 3
            yield base64.b64encode(b"x" * before + text.encode()).decode()[start:end]


FORMS = sorted(set(forms()))


def found_in(text: str | bytes) -> list[str]:
    """The forms of the secret that occur in a text."""
    content = text if isinstance(text, str) else text.decode(errors="replace")
    return [form for form in FORMS if form in content]


def processes(file: str) -> Iterator[tuple[int, bytes]]:
    """What all processes of this machine, the engine's and the containers' among them, tell about themselves."""
    for path in Path("/proc").glob(f"[0-9]*/{file}"):
        try:
            yield int(path.parent.name), path.read_bytes()
        except OSError:
            continue


class Canary:
    """A run with the secret in it, and what was to be seen of it meanwhile."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        environment = {"CANARY": SECRET}
        self.plan = journey.treadle("plan", "deploy", env=environment)
        self.plan_json = journey.treadle("plan", "deploy", "--json", env=environment)
        with journey.running(env=environment) as run:
            run.await_log("canary-ready")
            self.inspected = docker("inspect", *journey.containers())
            self.command_lines = dict(processes("cmdline"))
            self.environments = dict(processes("environ"))
            self.runner = run.process.pid
            self.run = run
            self.done = run.finish()


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Canary:
    folder = tmp_path_factory.mktemp("canary")
    (folder / "project").mkdir()
    journey = Journey(folder / "project", folder / "home")
    journey.write("secret.txt", SECRET)
    journey.write("lines.txt", LINES)
    journey.write(
        "treadle.yaml",
        {
            "variables": {
                "FromEnv": {"sensitive": True, "from": {"env": "CANARY"}},
                "FromFile": {"sensitive": True, "from": {"file": "secret.txt"}},
                "Lines": {"sensitive": True, "from": {"file": "lines.txt"}},
                "Composed": "<#{FromEnv}>",
            }
        },
    )
    journey.process(*({"condition": "always", **step} for step in STEPS))
    return Canary(journey)


def test_the_run_went_through_all_of_it(canary: Canary) -> None:
    """Otherwise the search below proves nothing."""
    assert canary.plan.exit_code == canary.plan_json.exit_code == 0, canary.plan.said
    assert canary.done.exit_code == 1, canary.done.said
    ends = {e["step"]: e["exit_code"] for e in canary.run.events if e["event"] == "action-finished"}
    assert list(ends) == [step["name"] for step in STEPS]
    assert ends["Every channel"] == 0
    assert ends["Fail"] == ends["Error in Python"] == 1
    assert ends["Bad expression fails"] is None
    masked = json.dumps(canary.run.events)
    assert masked.count("********") > 30
    assert {"output", "artifact", "progress", "message"} <= {e["event"] for e in canary.run.events}


def test_the_terminal_never_shows_it(canary: Canary) -> None:
    assert found_in(json.dumps(canary.run.events, ensure_ascii=False)) == []
    assert found_in(canary.done.stdout + canary.done.stderr) == []


def test_no_plan_shows_it(canary: Canary) -> None:
    assert found_in(canary.plan.stdout + canary.plan.stderr) == []
    assert found_in(canary.plan_json.stdout + canary.plan_json.stderr) == []
    assert "********" in canary.plan_json.stdout


@pytest.mark.parametrize(
    "command", [["show"], ["show", "--json"], ["logs"], ["logs", "--json"], ["artifacts"]]
)
def test_no_record_shows_it(canary: Canary, command: list[str]) -> None:
    (run,) = canary.journey.run_folders()
    done = canary.journey.treadle("-v", "runs", command[0], run.name, *command[1:])
    assert done.exit_code == 0
    assert found_in(done.stdout + done.stderr) == []


def test_nothing_in_the_home_holds_it(canary: Canary) -> None:
    for path in canary.journey.home.rglob("*"):
        assert found_in(str(path)) == [], path
        if path.is_file():
            assert found_in(path.read_bytes()) == [], path


def test_no_container_shows_it(canary: Canary) -> None:
    assert len(json.loads(canary.inspected)) >= 2
    assert found_in(canary.inspected) == []


def test_no_command_line_shows_it(canary: Canary) -> None:
    assert canary.runner in canary.command_lines
    for process, line in canary.command_lines.items():
        assert found_in(line) == [], process


def test_no_environment_but_the_runners_own_holds_it(canary: Canary) -> None:
    holders = [process for process, content in canary.environments.items() if found_in(content)]
    assert holders == [canary.runner]


def test_a_live_terminal_shows_it_neither(canary: Canary) -> None:
    """The tree of a terminal, the plain lines of a pipe, and few words with -q."""
    for more in ([], ["--progress", "live"]):
        done = canary.journey.treadle(
            "-v", "run", "deploy", *more, "--skip", "Every channel", env={"CANARY": SECRET, "TERM": "xterm"}
        )
        assert done.exit_code == 1, done.said
        assert found_in(done.stdout + done.stderr) == []


def test_errors_before_the_run_show_it_neither(tmp_path: Path) -> None:
    """What cannot be evaluated, is not an image, no size or no target is quoted in an error: not a secret."""
    (tmp_path / "project").mkdir()
    journey = Journey(tmp_path / "project", tmp_path / "home")
    journey.write("treadle.yaml", {"variables": {"Canary": {"sensitive": True, "from": {"env": "CANARY"}}}})
    journey.process(
        {"name": "Filter", "run": "echo '#{Canary | FromBase64}'"},
        {
            "name": "Flag",
            "run": "true",
            "properties": {"A": "#{Canary | VersionMajor}", "B": "#{Canary | Format x}"},
        },
    )
    for command in (["plan", "deploy"], ["plan", "deploy", "--json"], ["run", "deploy"]):
        done = journey.treadle("-v", *command, env={"CANARY": SECRET})
        assert found_in(done.stdout + done.stderr) == [], command
    given = journey.treadle("plan", "deploy", "--var", f"Canary={SECRET}", env={"CANARY": SECRET})
    assert given.exit_code == 2, given.said
    assert found_in(given.stdout + given.stderr) == []
