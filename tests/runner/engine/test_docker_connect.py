"""Finding and reaching an engine."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from registry.errors import Invalid
from runner.engine.base import Endpoint, EngineError, ImageNotFound
from runner.engine.docker import DockerEngine
from runner.engine.ssh_tunnel import ssh_command

# Stands in for ssh: it forwards the socket that `-L` names, and forgets about the other machine.
FAKE_SSH = """#!{python}
import pathlib, signal, sys
sys.path.insert(0, {checkout!r})
from tests.support.relay import Relay
if sys.argv[-1] == "refuses":
    sys.exit("refuses: Permission denied (publickey).")
front, _, back = sys.argv[sys.argv.index("-L") + 1].partition(":")
Relay(pathlib.Path(front), pathlib.Path(back))
signal.pause()
"""


pytestmark = pytest.mark.usefixtures("forgotten_sockets")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.fixture
def _fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(FAKE_SSH.format(python=sys.executable, checkout=str(Path(__file__).parents[3])))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def add_context(folder: Path, name: str, host: str) -> None:
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}}))


def unreachable(endpoint: Endpoint = Endpoint()) -> EngineError:  # noqa: B008 - frozen
    with pytest.raises(EngineError) as caught, DockerEngine(endpoint) as engine:
        engine.check()
    return caught.value


def test_an_engine_that_is_not_there_is_told_with_what_to_do() -> None:
    error = unreachable(Endpoint("unix:///no/such.sock"))
    assert error.code == "engine-unreachable"
    assert '"unix:///no/such.sock" does not answer' in error.message
    assert "sudo systemctl start docker" in str(error.hint)
    assert error.exit_code == 3


def test_a_refused_port_is_told() -> None:
    error = unreachable(Endpoint("tcp://127.0.0.1:1"))
    assert "Connection refused" in error.message
    assert "TLS" in str(error.hint)


def test_docker_host_names_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///from/the/environment.sock")
    assert "/from/the/environment.sock" in unreachable().message


def test_the_current_context_names_the_engine(tmp_path: Path) -> None:
    add_context(tmp_path, "elsewhere", "unix:///from/the/context.sock")
    (tmp_path / "config.json").write_text('{"currentContext": "elsewhere"}')
    assert "/from/the/context.sock" in unreachable().message


def test_docker_context_wins_over_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_context(tmp_path, "one", "unix:///one.sock")
    add_context(tmp_path, "two", "unix:///two.sock")
    (tmp_path / "config.json").write_text('{"currentContext": "one"}')
    monkeypatch.setenv("DOCKER_CONTEXT", "two")
    assert "/two.sock" in unreachable().message


def test_an_unknown_context_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    assert '"nowhere" does not exist' in unreachable().message


def test_missing_tls_files_are_told(tmp_path: Path) -> None:
    tls = tuple((name, str(tmp_path / f"{name}.pem")) for name in ("ca", "cert", "key"))
    error = unreachable(Endpoint("tcp://127.0.0.1:1", tls))
    assert f'cert "{tmp_path}/cert.pem"' in error.message


def test_the_ssh_command_asks_for_nothing() -> None:
    command = ssh_command("ssh://deploy@web-2:2222", Path("/tmp/here.sock"))
    assert command[:2] == ["ssh", "-nNT"]
    assert "BatchMode=yes" in command
    tail = ["-l", "deploy", "-p", "2222", "-L", "/tmp/here.sock:/var/run/docker.sock", "--", "web-2"]
    assert command[-len(tail) :] == tail


@pytest.mark.parametrize("address", ["ssh://", "ssh://-oProxyCommand=evil", "ssh://user@"])
def test_an_address_without_a_host_never_reaches_ssh(address: str) -> None:
    with pytest.raises(Invalid, match="names no host"):
        ssh_command(address, Path("/tmp/here.sock"))


@pytest.mark.docker
@pytest.mark.usefixtures("_fake_ssh")
def test_an_engine_answers_through_ssh() -> None:
    with DockerEngine(Endpoint("ssh://deploy@web-2")) as engine:
        assert engine.check().name == "ssh://deploy@web-2"


@pytest.mark.usefixtures("_fake_ssh")
def test_a_refused_login_is_told() -> None:
    error = unreachable(Endpoint("ssh://refuses"))
    assert "Permission denied (publickey)" in error.message
    assert "without asking" in str(error.hint)


@pytest.mark.parametrize(
    "address", ["tcp://h:99999", "tcp://[::1", "h:2375", "tcp://h:x", "unix://", "tcp://u:pw@h:1"]
)
def test_a_malformed_docker_host_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(Invalid, match="DOCKER_HOST") as caught, DockerEngine() as engine:
        engine.check()
    assert caught.value.code == "bad-engine-address"
    assert "pw" not in caught.value.message


@pytest.mark.docker
@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{",
        '{"auths": {"r.example.test": {"auth": "bad!!"}}}',
        '{"proxies": []}',
        '{"credsStore": "none-such"}',
    ],
)
def test_a_broken_config_file_keeps_nobody_from_an_engine(
    tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(content)
    with DockerEngine() as engine:
        assert engine.check().name == "unix:///var/run/docker.sock"
        with pytest.raises(ImageNotFound, match="cannot be pulled") as caught:
            engine.ensure_image("127.0.0.1:1/no/such:1")
    assert ("none-such" in caught.value.message) == ("none-such" in content)
