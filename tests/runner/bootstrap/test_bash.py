"""What Bash scripts may rely on beyond the conformance cases, and what they must never see."""

from __future__ import annotations

import base64
import random

import pytest

from runner.bootstrap import Syntax
from tests.runner.bootstrap.conftest import Run, run_in
from tests.support.containers import ContainerStock

pytestmark = pytest.mark.docker

SECRET = "t0psecret-value"


def message(kind: str, /, **attributes: str) -> str:
    parts = [f" {key}='{base64.b64encode(value.encode()).decode()}'" for key, value in attributes.items()]
    return f"##octopus[{kind}{''.join(parts)}]"


def test_every_variable_of_many_is_found(bash: Run) -> None:
    alphabet = "abcXYZ0189 .:[]#'\"$`*?\\-_/äé€名😀\n\t"
    chance = random.Random(7)
    names = {"".join(chance.choices(alphabet, k=chance.randint(1, 60))) for _ in range(1500)}
    variables = {name: f"<{name}>" for name in names}
    unique = {name.upper(): name for name in names}
    body = "while IFS= read -r -d '' name; do get_octopusvariable \"$name\"; printf '\\0'; done <names"
    wanted = [name for name in names if unique[name.upper()] == name]
    files = {"names": "".join(f"{name}\0" for name in wanted).encode()}
    ran = bash(body, variables={name: variables[name] for name in wanted}, files=files)
    assert ran.stdout.split("\0")[:-1] == [variables[name] for name in wanted]
    assert (ran.stderr, ran.exit_code) == ("", 0)


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 200_000, 2_000_000])
def test_values_of_any_size_are_read(size: int, bash: Run) -> None:
    value = ("äb\n" * size)[:size]
    ran = bash("get_octopusvariable V; printf .", variables={"Before": "x", "V": value, "After": "y"})
    assert ran.stdout == f"{value}."


def test_a_value_cannot_hold_nul_in_bash(bash: Run) -> None:
    assert bash("get_octopusvariable V", variables={"V": "a\0b"}).stdout == "ab"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 57, 199, 200, 201, 202, 1000, 100_000])
def test_text_of_any_size_is_encoded_whole(size: int, bash: Run) -> None:
    value = ("aü€ \n" * size)[:size]
    ran = bash('v=$(get_octopusvariable V; printf .); set_octopusvariable O "${v%.}"', variables={"V": value})
    assert ran.lines == [message("setVariable", name="O", value=value)]


def test_every_byte_is_encoded_without_a_tool(bash: Run) -> None:
    body = """
    for ((i = 1; i < 256; i++)); do printf -v hex '\\\\x%x' $i; printf -v c "$hex"; bytes+=$c; done
    encode_servicemessagevalue "$bytes"
    echo; printf %s "$bytes" | base64 -w0
    """
    encoded, reference = bash(body).lines
    assert encoded == reference == base64.b64encode(bytes(range(1, 256))).decode()


def test_long_text_is_encoded_where_there_is_no_base64(bash: Run) -> None:
    body = """
    command() { if [[ $2 == base64 ]]; then return 127; fi; builtin command "$@"; }
    set_octopusvariable A "$(printf '%0500d' 0)"
    """
    assert bash(body).lines == [message("setVariable", name="A", value="0" * 500)]


@pytest.mark.parametrize(
    "hostility",
    [
        "set -eu",
        "set -euo pipefail; shopt -s inherit_errexit",
        "set -f -C -a -v; set +v",
        "set -ET; trap 'echo caught >&2' ERR",
        "set -o posix",
        "IFS=",
        "IFS=abcN=",
        "IFS=$'\\n'; shopt -s nullglob",
        "shopt -s failglob dotglob globstar extglob; IFS=,",
        "shopt -s xpg_echo nocasematch nocaseglob",
        "shopt -u extglob globasciiranges",
        "shopt -s expand_aliases; alias printf=false builtin=false local=false mapfile=false set=false",
        "echo() { false; }; printf() { false; }; read() { false; }; mapfile() { false; }; cd() { false; }",
        "set() { false; }; test() { false; }; [() { false; }; exit() { false; }; return() { false; }",
        "base64() { false; }; openssl() { false; }; tr() { false; }; wc() { false; }; cat() { false; }",
        "encode() { false; }; readonly MESSAGE=x INPUT=x NAMESPACE=x LINE=x pth=x ofn=x len=x i=x n=x name=x value=x",
        "PATH=/nowhere; CDPATH=/; unset HOME; TMPDIR=/nowhere",
        "LC_ALL=C",
        "{ LC_ALL=en_US.UTF-8; } 2>/dev/null",
        "POSIXLY_CORRECT=1",
        "rm -rf ./* .[!.]*; cd /",
        "exec 0<&-",
        "ulimit -n 16",
    ],
)
def test_helpers_survive_what_a_script_does(hostility: str, bash: Run) -> None:
    body = f"""{hostility}
    get_octopusvariable name
    get_octopusvariable NAME
    /bin/echo
    set_octopusvariable 'Näme *' 'v  1 -n \\n'
    set_octopusvariable Long "$LONG" -sensitive
    write_warning '-e  * \\t'
    new_octopusartifact /etc/hostname 'a  b'
    update_progress 5
    set_environmentstate k v
    remove-octopustarget t
    new_octopustarget --name n --update-if-existing
    report_kubernetes_manifest $'a: 1\\n--- \\nb: "*"' ns
    encode_servicemessagevalue 'x y'
    decode_servicemessagevalue eA==
    /bin/echo
    fail_step 'the  end'
    """
    ran = bash(body, variables={"NAME": "välue"}, environment={"LONG": "x" * 600})
    length = next(line for line in ran.lines if "createArtifact" in line).split("length='")[1]
    assert ran.lines == [
        "",
        "välue",
        message("setVariable", name="Näme *", value="v  1 -n \\n"),
        message("setVariable", name="Long", value="x" * 600, sensitive="True"),
        "##octopus[stdout-warning]",
        "-e  * \\t",
        "##octopus[stdout-default]",
        "Collecting /etc/hostname as an artifact...",
        "##octopus[stdout-verbose]",
        "Artifact a  b will be collected from /etc/hostname after this step completes",
        "##octopus[stdout-default]",
        message("createArtifact", path="/etc/hostname", name="a  b")[:-1] + f" length='{length}",
        message("progress", percentage="5", message=""),
        message("set-environmentstate", key="k", value="v", type="State"),
        message("delete-target", machine="t"),
        message("createStepPackageTarget", name="n", updateIfExisting="true"),
        message("k8s-manifest-applied", manifest="a: 1\n", ns="ns"),
        message("k8s-manifest-applied", manifest='b: "*"\n', ns="ns"),
        "eCB5x",
        message("resultMessage", message="the  end"),
    ]
    assert (ran.stderr, ran.exit_code) == ("", 1)
    assert int(base64.b64decode(length.removesuffix("']"))) > 0


def test_helpers_leave_the_script_alone(bash: Run) -> None:
    body = """
    state() { set; shopt; set -o; trap; alias; ulimit -a; }
    state >before
    set_octopusvariable A 1; get_octopusvariable V; write_wait x
    report_kubernetes_manifest 'a: 1'; new_octopusartifact .; update_progress 1; new_octopustarget -n n
    state >after
    echo; x=ä; echo "length ${#x}, ${OLDPWD-}"
    changing='_|BASH_LINENO|PIPESTATUS|LINENO|RANDOM|SRANDOM|EPOCH[A-Z]*|SECONDS|BASH_COMMAND'
    diff before after | grep '^[<>]' | grep -v -E "^[<>] ($changing)="
    """
    ran = bash(body, variables={"V": "v"})
    after = ran.lines[ran.lines.index("length 1, ") + 1 :]
    assert after == []


def test_traces_show_the_call_but_not_the_inside(bash: Run) -> None:
    ran = bash("set -x; set_octopusvariable A 1; get_octopusvariable V", variables={"V": SECRET})
    assert "++ set_octopusvariable A 1" in ran.stderr.splitlines()
    assert len(ran.stderr.splitlines()) < 10
    assert SECRET not in ran.stderr


def test_no_value_is_to_be_seen(bash: Run) -> None:
    # The pattern does not match itself, wherever the shell shows it.
    body = """
    get_octopusvariable V >/dev/null; get_octopusvariable Large >/dev/null; set_octopusvariable W x >/dev/null
    { set; declare -p; declare -f; env; export -p; alias; trap; history; compgen -v; } | grep 't0[p]secret'
    for file in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do tr '\\0' '\\n' <"$file"; done | grep 't0[p]secret'
    echo "$_"
    """
    ran = bash(body, variables={"V": SECRET, "Large": SECRET * 1000}, parameters="one")
    assert (ran.lines, ran.stderr) == (["x"], "")


def test_descriptors_from_three_on_are_free(bash: Run) -> None:
    ran = bash("ls /proc/self/fd; for fd in {3..200}; do [[ -e /proc/$$/fd/$fd ]] && echo $fd; done; true")
    assert ran.lines == ["0", "1", "2", "3"]


def test_posix_mode_from_outside_stays(bash: Run) -> None:
    body = "[[ -o posix ]] && echo posix; remove-octopustarget t; get_octopusvariable V"
    ran = bash(body, variables={"V": "v"}, environment={"POSIXLY_CORRECT": "1"})
    assert ran.lines == ["posix", message("delete-target", machine="t"), "v"]
    assert ran.stderr == ""


def test_the_array_is_there_when_the_script_names_it(bash: Run) -> None:
    names = ["@", "*", "]", "[", "a[b]", "'", '"', "$x", "`id`", "\\", "!", " ", "\n", "ü"]
    body = """
    while IFS= read -r -d '' name; do printf '%s\\0' "${octopus_parameters[$name]}"; done <names
    echo "${#octopus_parameters[@]}"
    """
    files = {"names": "".join(f"{name}\0" for name in names).encode()}
    ran = bash(body, variables={name: f"<{name}>" for name in names} | {"": "nameless"}, files=files)
    assert ran.stdout.split("\0") == [*(f"<{name}>" for name in names), f"{len(names)}\n"]


def test_the_environment_is_told_at_verbose_level(bash: Run) -> None:
    told = bash("echo hi", log_environment=True).lines
    assert told[0] == "##octopus[stdout-verbose]"
    assert told[-2:] == ["##octopus[stdout-default]", "hi"]
    assert bash("echo hi", log_environment=False).lines == ["hi"]


def test_the_environment_names_the_user(any_worker: ContainerStock) -> None:
    """By name where the image has one; containers set no USER."""
    told = run_in(any_worker, Syntax.BASH)("id -u", log_environment=True).lines
    name = {"0": "root", "1000": "treadle"}.get(told[-1], told[-1])
    assert f"  User: {name} (uid {told[-1]})" in told


def test_a_module_is_there_to_source(bash: Run) -> None:
    variables = {
        "Octopus.Script.Module[My Tools!]": '\ufefftool() {\r\n  echo "tool $1"\r\n}\r\n',
        "Octopus.Script.Module.Language[My Tools!]": "Bash",
    }
    assert bash("source MyTools.sh; tool A", variables=variables).lines == ["tool A"]


def test_a_large_manifest_takes_no_process_per_line(bash: Run) -> None:
    documents = [
        f"kind: ConfigMap\nmetadata:\n  name: c{n}\ndata:\n" + "  key: 'value'\n" * 200 for n in range(20)
    ]
    body = "ulimit -u 64 2>/dev/null; report_kubernetes_manifest_file m.yaml"
    ran = bash(body, files={"m.yaml": "---\n".join(documents).encode()})
    assert ran.lines == [message("k8s-manifest-applied", manifest=document) for document in documents]


@pytest.mark.parametrize("body", ["kill 0", "trap 'kill 0' EXIT; exit 3"])
def test_a_script_that_signals_its_group_ends_by_it(body: str, bash: Run) -> None:
    assert bash(body).exit_code == 143
