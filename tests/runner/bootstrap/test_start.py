"""The start file: users and images of every kind, the end of the output, signals, the environment."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import pytest

from runner.bootstrap import ScriptRequest, Syntax, build_payload
from runner.engine.base import Stream
from runner.engine.payload import WORK_DIR
from tests.runner.bootstrap.conftest import Run
from tests.support.containers import ContainerStock
from tests.support.scripts import run_script

pytestmark = pytest.mark.docker

PIP_THEN_IMPORT = """
import subprocess, zipfile
lines = "Metadata-Version: 2.1\\nName: probe\\nVersion: 1\\n"
with zipfile.ZipFile("probe-1-py3-none-any.whl", "w") as wheel:
    wheel.writestr("probe.py", "answer = 42")
    wheel.writestr("probe-1.dist-info/METADATA", lines)
    wheel.writestr("probe-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("probe-1.dist-info/RECORD", "")
pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--find-links", ".", "probe"]
subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
import probe
print(probe.answer)
"""

SCRIPTS = {
    Syntax.BASH: 'get_octopusvariable V; echo; cat sub/data.txt; set_octopusvariable O "$(ls)"; exit 5',
    Syntax.SH: 'get_octopusvariable V; echo; cat sub/data.txt; set_octopusvariable O "$(ls)"; exit 5',
    Syntax.PYTHON: (
        "print(get_octopusvariable('V')); print(open('sub/data.txt').read(), end='')\n"
        "set_octopusvariable('O', '\\n'.join(sorted(os.listdir('.')))); sys.exit(5)"
    ),
}
LISTING = {
    Syntax.BASH: "U2NyaXB0LnNoCnN1Yg==",
    Syntax.SH: "U2NyaXB0LnNoCnN1Yg==",
    Syntax.PYTHON: "U2NyaXB0LnB5CnN1Yg==",
}


def request(syntax: Syntax) -> ScriptRequest:
    files = {"sub/data.txt": b"data\n"}
    return ScriptRequest(syntax, SCRIPTS[syntax], {"V": "välue"}, files=files, log_environment=False)


@pytest.mark.parametrize("syntax", [Syntax.BASH, Syntax.PYTHON])
def test_scripts_run_as_any_user(syntax: Syntax, any_worker: ContainerStock) -> None:
    with any_worker.lend() as container:
        ran = run_script(container, request(syntax))
    message = f"##octopus[setVariable name='Tw==' value='{LISTING[syntax]}']"
    assert (ran.lines, ran.stderr, ran.exit_code) == (["välue", "data", message], "", 5)


def test_sh_runs_in_any_image(any_image: ContainerStock) -> None:
    with any_image.lend() as container:
        ran = run_script(container, request(Syntax.SH))
    message = f"##octopus[setVariable name='Tw==' value='{LISTING[Syntax.SH]}']"
    assert (ran.lines, ran.stderr, ran.exit_code) == (["välue", "data", message], "", 5)


def test_work_files_belong_to_the_user_and_are_readable(any_image: ContainerStock) -> None:
    script = "stat -c '%a %u' sub sub/x; id -u; umask; touch sub/new"
    with any_image.lend() as container:
        ran = run_script(
            container, ScriptRequest(Syntax.SH, script, files={"sub/x": b""}, log_environment=False)
        )
    folder, file, user, umask = ran.lines
    assert (folder, file, umask) == (f"755 {user}", f"644 {user}", "0022")
    assert (ran.stderr, ran.exit_code) == ("", 0)


@pytest.mark.parametrize("redirect", ["", ">&2", "3>&1 >/dev/null 2>&1; echo late >&3"])
def test_what_a_child_writes_after_the_script_is_heard(redirect: str, sh: Run) -> None:
    if "3" in redirect:
        ran = sh("(exec 3>&1 >/dev/null 2>&1; sleep 1; echo late >&3) & exit 3")
    else:
        ran = sh(f"(sleep 1; echo late {redirect}) & exit 3")
    assert (ran.stdout + ran.stderr, ran.exit_code) == ("late\n", 3)


def test_a_child_that_holds_no_stream_is_not_waited_for(sh: Run) -> None:
    started = time.monotonic()
    ran = sh("sleep 60 >/dev/null 2>&1 & echo done")
    assert ran.lines == ["done"]
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("syntax", "body", "code"),
    [
        (Syntax.BASH, "trap 'echo ended; exit 7' TERM; echo ready; while :; do sleep 0.1; done", 7),
        (Syntax.BASH, "trap 'echo ended' EXIT; echo ready; sleep 60", 143),
        (Syntax.BASH, "sleep 60 & echo ready; trap 'echo ended; exit 8' TERM; wait", 8),
        (Syntax.BASH, "trap 'echo ended; exit 9' TERM; (trap '' TERM; exec sleep 60) & echo ready; wait", 9),
        (
            Syntax.PYTHON,
            "import signal\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(6))\nprint('ready')\n"
            "try:\n    signal.pause()\nfinally:\n    print('ended')",
            6,
        ),
        (Syntax.SH, "trap 'echo ended; exit 5' TERM; echo ready; while :; do sleep 0.1; done", 5),
    ],
)
def test_stop_reaches_the_script(syntax: Syntax, body: str, code: int, stock: ContainerStock) -> None:
    with stock.lend() as container:
        container.deliver(build_payload(ScriptRequest(syntax, body, log_environment=False)))
        output, stopping = b"", None
        for stream, chunk in container.output():
            output += chunk if stream is Stream.STDOUT else b""
            if b"ready" in output and stopping is None:
                stopping = time.monotonic()
                threading.Thread(target=container.stop, args=(20,)).start()
        assert container.wait(30).code == code
    assert output == b"ready\nended\n"
    assert stopping is not None
    assert time.monotonic() - stopping < 10


def test_an_image_without_the_interpreter_is_told(any_image: ContainerStock) -> None:
    with any_image.lend() as container:
        has_bash = run_script(container, ScriptRequest(Syntax.SH, "command -v bash", log_environment=False))
    with any_image.lend() as container:
        ran = run_script(container, ScriptRequest(Syntax.BASH, "echo hi", log_environment=False))
    if has_bash.exit_code == 0:
        assert (ran.stdout, ran.exit_code) == ("hi\n", 0)
    else:
        assert (ran.stdout, ran.exit_code) == ("", 255)
        assert ran.stderr.startswith("The image has no bash to run this script with")


def test_the_environment_is_exported_as_it_is(sh: Run) -> None:
    value = "two\nlines, 'quotes\", $HOME `id` \\ ü"
    ran = sh('printf "%s|" "$TOKEN" "$OctopusCalamariWorkingDirectory"', environment={"TOKEN": value})
    assert ran.stdout == f"{value}|{WORK_DIR}|"


SHOW_PROXIES = """
for name in HTTP_PROXY http_proxy HTTPS_PROXY https_proxy NO_PROXY no_proxy; do
    eval "echo \\"\\${$name-unset}\\""
done
"""


def test_no_proxy_is_set_without_a_setting(sh: Run) -> None:
    assert sh(SHOW_PROXIES).lines == ["unset"] * 6


def test_a_proxy_is_set_in_both_cases(sh: Run) -> None:
    ran = sh(SHOW_PROXIES, variables={"TentacleProxyHost": "p'$x", "TentacleProxyPort": "3128"})
    local = "127.0.0.1,localhost,169.254.169.254"
    assert ran.lines == ["http://p'$x:3128"] * 4 + [local] * 2


def test_a_bypass_sets_no_proxy_alone(sh: Run) -> None:
    ran = sh(SHOW_PROXIES, variables={"TentacleUseDefaultProxy": "False"})
    assert ran.lines == ["unset"] * 4 + ["*"] * 2


def test_proxies_of_the_container_win_and_are_doubled(sh: Run) -> None:
    ran = sh(
        SHOW_PROXIES,
        variables={"TentacleProxyHost": "other"},
        environment={"https_proxy": "http://mine:1", "NO_PROXY": "a b"},
    )
    assert ran.lines == ["unset", "unset", "http://mine:1", "http://mine:1", "a b", "a b"]


def test_the_proxy_leaves_nothing_of_ours_behind(sh: Run) -> None:
    ran = sh(
        "env | grep -i treadle_; set | grep -i '^treadle_'; env | grep TINI",
        variables={"TentacleProxyHost": "p"},
    )
    assert ran.stdout == ""


def test_what_a_script_installs_it_can_import(any_worker: ContainerStock) -> None:
    with any_worker.lend() as container:
        ran = run_script(container, ScriptRequest(Syntax.PYTHON, PIP_THEN_IMPORT, log_environment=False))
    assert ran.lines == ["42"]


TRUSTED = """
openssl s_server -accept 8443 -cert server.pem -key server.pem -www -quiet >/dev/null 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; curl -sS https://localhost:8443/ >/dev/null 2>&1 && break; done
curl -sS https://localhost:8443/ >/dev/null && echo curl
python3 -c "import urllib.request as u; u.urlopen('https://localhost:8443/'); print('python')"
python3 -c "import requests; requests.get('https://localhost:8443/'); print('requests')"
git ls-remote https://localhost:8443/ 2>&1 | grep -q certificate || echo git
test "$(grep -c BEGIN "$NODE_EXTRA_CA_CERTS")" -gt 100 && echo system
kill $!
"""


def authority(folder: Path) -> tuple[bytes, bytes]:
    """A certificate authority, and the certificate and key of a server `localhost` that it signed."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=Own",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    )
    openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "key", "-out", "request"
    )
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-out", "crt"]
    openssl("x509", "-req", "-in", "request", *signed)
    return (folder / "ca.pem").read_bytes(), (folder / "crt").read_bytes() + (folder / "key").read_bytes()


def test_programs_trust_an_authority_of_one_s_own(stock: ContainerStock, tmp_path: Path) -> None:
    ca, server = authority(tmp_path)
    request = ScriptRequest(Syntax.BASH, TRUSTED, files={"server.pem": server}, ca=ca, log_environment=False)
    with stock.lend() as container:
        ran = run_script(container, request)
    assert ran.lines == ["curl", "python", "requests", "git", "system"], ran.stderr


def test_an_image_without_certificates_gets_those_alone(any_image: ContainerStock) -> None:
    body = 'tail -n 2 "$SSL_CERT_FILE"; echo "${TREADLE_CA-unset}"'
    request = ScriptRequest(Syntax.SH, body, ca=b"OWN", log_environment=False)
    with any_image.lend() as container:
        assert run_script(container, request).lines[-2:] == ["OWN", "unset"]
