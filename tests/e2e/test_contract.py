"""The contract between Treadle and a script, as a whole run keeps it: one run of many steps, asked many questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.journey import Event, Journey, log_lines

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("contract")]

SCRIPT_PARAMETERS = "Octopus.Action.Script.ScriptParameters"
FAIL_ON_ERROR_OUTPUT = "Octopus.Action.FailScriptOnErrorOutput"

STEPS: dict[str, dict[str, Any]] = {
    "substitution": {
        "run": "echo '#{Site}' '#{No.Such.Name}' '##{Site}'\n"
        'case "#{x" in "#{"*) echo "a lone brace survives" ;; esac'
    },
    "case of names in Bash": {
        "run": 'echo "[$(get_octopusvariable site)]" \'#{site}\' "$(get_octopusvariable Site)"'
    },
    "case of names in Python": {
        "shell": "python",
        "run": "print([get_octopusvariable('site'), get_octopusvariable('Site')])",
    },
    "CRLF": {"run": "if true\r\nthen\r\n  echo 'carriage returns are gone'\r\nfi\r\n"},
    "no arguments": {"run": 'echo "$# ${1:-none}"'},
    "arguments": {
        "run": 'printf "<%s>" "$@"; echo',
        "properties": {SCRIPT_PARAMETERS: "\"a b\" c '#{Site}'"},
    },
    "arguments in Python": {
        "shell": "python",
        "run": "print(sys.argv[1:])",
        "properties": {SCRIPT_PARAMETERS: '"a b" c'},
    },
    "globals of Python": {
        "shell": "python",
        "run": "print('get_octopusvariable' in globals(), 'failstep' in globals(), sys.version_info[0])",
    },
    "levels": {
        "run": "write_highlight high\n"
        "echo '##octopus[stdout-warning]'\necho first warning\necho on stderr >&2\necho second warning\n"
        "echo '##octopus[stdout-default]'\necho plain ' ##octopus[stdout-verbose] in the line'\n"
        "echo '##octopus[mask value=nonsense]'\necho after"
    },
    "message on stderr": {
        "run": "echo \"##octopus[setVariable name='$(printf Err | base64)' "
        "value='$(printf 1 | base64)']\" >&2"
    },
    "exit 3": {"run": "exit 3"},
    "fail_step": {"run": "fail_step 'told by Bash'"},
    "failstep": {"shell": "python", "run": "failstep('told by Python')"},
    "error output": {"run": "echo only a complaint >&2"},
    "error output fails": {"run": "echo fatal >&2", "properties": {FAIL_ON_ERROR_OUTPUT: "True"}},
    "outputs": {
        "run": "set_octopusvariable Plain 'one two'\nset_octopusvariable Hidden correct-horse -sensitive\n"
        "set_octopusvariable Empty ''\necho correct-horse"
    },
    "outputs later": {
        "run": "echo \"$(get_octopusvariable 'Octopus.Action[outputs].Output.Plain')\"\n"
        "echo \"$(get_octopusvariable 'Octopus.Action[outputs].Output.Hidden')\"\n"
        "echo \"[$(get_octopusvariable 'Octopus.Action[outputs].Output.Empty')]\""
    },
    "masks": {
        "run": "echo 'abc'; echo 'xabcdx'; echo '1234567'; echo 'x=alpha-line'; echo 'bravo-42'; printf 'end abcd'"
    },
    "pip": {
        "shell": "python",
        "run": "import subprocess\n"
        "subprocess.run([sys.executable, '-m', 'pip', 'install', 'requests', 'PyYAML'], check=True)",
    },
    "no standard input": {"run": "read -r line || echo 'nothing to read'"},
    "only three descriptors": {
        "run": "for n in {3..9}; do [ ! -e /proc/$$/fd/$n ] || echo $n; done; echo done"
    },
}

VARIABLES = {
    "Site": "shop.example",
    "Three": {"sensitive": True, "from": {"file": "three"}},
    "Four": {"sensitive": True, "from": {"file": "four"}},
    "Overlap1": {"sensitive": True, "from": {"file": "overlap1"}},
    "Overlap2": {"sensitive": True, "from": {"file": "overlap2"}},
    "Lines": {"sensitive": True, "from": {"file": "lines"}},
}
SECRETS = {
    "three": "abc",
    "four": "abcd",
    "overlap1": "12345",
    "overlap2": "34567",
    "lines": "alpha-line\nbravo-42",
}


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Event]]:
    """The events of each step's action."""
    folder = tmp_path_factory.mktemp("contract")
    (folder / "project").mkdir()
    journey = Journey(folder / "project", folder / "home")
    journey.write("treadle.yaml", {"variables": VARIABLES})
    for name, secret in SECRETS.items():
        journey.write(name, secret)
    journey.process(*({"name": name, "condition": "always", **step} for name, step in STEPS.items()))
    done = journey.run()
    assert done.exit_code == 1, done.said
    assert journey.containers() == []
    names = {e["action"]: e["step"] for e in done.events if e["event"] == "action-started"}
    found: dict[str, list[Event]] = {name: [] for name in STEPS}
    for event in done.events:
        if "action" in event:
            found[names[event["action"]]].append(event)
    return found


Events = Mapping[str, list[Event]]


def finished(events: Events, step: str) -> tuple[str, int | None, str]:
    """Status, exit code and message of a step's action."""
    end = events[step][-1]
    return end["status"], end["exit_code"], end["message"]


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        ("substitution", ["shop.example #{No.Such.Name} #{Site}", "a lone brace survives"]),
        ("case of names in Bash", ["[] shop.example shop.example"]),
        ("case of names in Python", ["['', 'shop.example']"]),
        ("CRLF", ["carriage returns are gone"]),
        ("no arguments", ["0 none"]),
        ("arguments", ["<a b><c><shop.example>"]),
        ("arguments in Python", ["['a b', 'c']"]),
        ("globals of Python", ["True True 3"]),
        ("outputs later", ["one two", "********", "[]"]),
        ("masks", ["abc", "x********x", "********", "x=********", "end ********"]),
        ("no standard input", ["nothing to read"]),
        ("only three descriptors", ["done"]),
    ],
)
def test_a_script_prints(events: Events, step: str, lines: list[str]) -> None:
    assert log_lines(events[step]) == lines
    assert finished(events, step) == ("success", 0, "")


def test_levels_stick_per_stream_until_changed(events: Events) -> None:
    step = events["levels"]
    assert log_lines(step, "highlight") == ["high"]
    assert log_lines(step, "error") == ["on stderr"]
    assert log_lines(step, "warning")[:2] == ["first warning", "second warning"]
    assert log_lines(step) == ["plain  ##octopus[stdout-verbose] in the line", "after"]


def test_an_unreadable_message_is_a_warning(events: Events) -> None:
    (warning,) = log_lines(events["levels"], "warning")[2:]
    assert "service message could not be read" in warning


def test_messages_count_on_stderr_too(events: Events) -> None:
    outputs = [(e["name"], e["value"]) for e in events["message on stderr"] if e["event"] == "output"]
    assert outputs == [("Err", "1")]
    assert log_lines(events["message on stderr"], "error") == []


@pytest.mark.parametrize(
    ("step", "end"),
    [
        ("exit 3", ("failed", 3, "the script ended with exit code 3")),
        ("fail_step", ("failed", 1, "told by Bash")),
        ("failstep", ("failed", 255, "told by Python")),
        ("error output", ("success", 0, "")),
        ("error output fails", ("failed", -1, "the script wrote to its error output")),
        ("pip", ("success", 0, "")),
    ],
)
def test_a_script_ends(events: Events, step: str, end: tuple[str, int, str]) -> None:
    assert finished(events, step) == end, events[step]


def test_outputs_are_recorded_but_for_secrets(events: Events) -> None:
    outputs = {e["name"]: e["value"] for e in events["outputs"] if e["event"] == "output"}
    assert outputs == {"Plain": "one two", "Hidden": "********", "Empty": ""}
    assert log_lines(events["outputs"]) == ["********"]
