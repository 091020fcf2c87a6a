"""A second Docker engine on this machine, reached over TCP with TLS: as remote as one gets without a network.

It has a data root, exec root, bridge and certificates of its own and leaves the first engine's rules alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from runner.engine.base import Endpoint

START_TIMEOUT = 60.0
START_ATTEMPTS = 3


@contextmanager
def second_engine(folder: Path) -> Iterator[Endpoint]:
    """Start an engine whose files lie in `folder`; stop it at the end, and remove all that it held."""
    if os.geteuid() != 0:
        raise RuntimeError("the tests start a second Docker engine, which needs root")
    port = _free_port()
    make_certificates(folder)
    with ExitStack() as stack:
        bridge = stack.enter_context(_bridge(port))
        stack.enter_context(_dockerd(folder, port, bridge))
        tls = tuple((name, str(folder / f"{name}.pem")) for name in ("ca", "cert", "key"))
        yield Endpoint(f"tcp://127.0.0.1:{port}", tls)


def copy_image(reference: str, endpoint: Endpoint) -> None:
    """Copy an image of the first engine to a second one."""
    there = Path(dict(endpoint.tls)["ca"]).with_name("docker.sock")
    with subprocess.Popen(["docker", "save", reference], stdout=subprocess.PIPE) as save:
        load = ["docker", "--host", f"unix://{there}", "load"]
        subprocess.run(load, stdin=save.stdout, capture_output=True, check=True)


@contextmanager
def _dockerd(folder: Path, port: int, bridge: str) -> Iterator[None]:
    # Sockets lie in there, and their paths may have 108 characters at the most.
    exec_root = Path(tempfile.mkdtemp(prefix="engine-"))
    command = [
        "dockerd",
        f"--host=tcp://127.0.0.1:{port}",
        f"--host=unix://{folder}/docker.sock",
        "--tlsverify",
        f"--tlscacert={folder}/ca.pem",
        f"--tlscert={folder}/server-cert.pem",
        f"--tlskey={folder}/server-key.pem",
        f"--data-root={folder}/data",
        f"--exec-root={exec_root}",
        f"--pidfile={folder}/pid",
        f"--bridge={bridge}",
        # A starting engine empties the chains that it shares with the first one.
        "--iptables=false",
    ]
    process = _started(command, folder, exec_root)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_TIMEOUT)
        _clear_up(folder, exec_root)


def _started(command: list[str], folder: Path, exec_root: Path) -> subprocess.Popen[bytes]:
    """An engine that answers. It gives its containerd 15 s, too few on a busy machine: hence the attempts."""
    log = folder / "dockerd.log"
    for _ in range(START_ATTEMPTS):
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        if _answers_in_time(process, folder / "docker.sock"):
            return process
        process.kill()
        process.wait()
        _clear_up(folder, exec_root)
    raise RuntimeError(f"the second Docker engine did not start:\n{log.read_text()[-2000:]}")


def _clear_up(folder: Path, exec_root: Path) -> None:
    """End and unmount what an engine that was killed could not."""
    shims = [pid for pid, command in _processes("cmdline") if str(exec_root).encode() in command]
    for pid, status in _processes("stat"):
        parent = int(status.rpartition(b")")[2].split()[1])
        if parent in shims or pid in shims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for path in reversed(mounted):
        if path.startswith((f"{folder}/", f"{exec_root}/")):
            subprocess.run(["umount", "--lazy", path], capture_output=True, check=False)
    for leftover in (folder / "data", exec_root):
        shutil.rmtree(leftover, ignore_errors=True)


def _processes(file: str) -> Iterator[tuple[int, bytes]]:
    """Every process, with that file of its folder in /proc."""
    for path in Path("/proc").glob(f"[0-9]*/{file}"):
        with contextlib.suppress(OSError):
            yield int(path.parent.name), path.read_bytes()


def _answers_in_time(process: subprocess.Popen[bytes], path: Path) -> bool:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and _answers(path):
            return True
        time.sleep(0.1)
    return False


def _answers(path: Path) -> bool:
    version = ["docker", "--host", f"unix://{path}", "version"]
    return subprocess.run(version, capture_output=True, check=False).returncode == 0


@contextmanager
def _bridge(port: int) -> Iterator[str]:
    """A bridge whose containers reach the outside, since images are built on it."""
    name = f"treadle{port}"
    subnet = f"10.{200 + port % 50}.{port % 251}"
    rules = [
        ["-t", "nat", "POSTROUTING", "-s", f"{subnet}.0/24", "!", "-o", name, "-j", "MASQUERADE"],
        ["-t", "filter", "FORWARD", "-i", name, "-j", "ACCEPT"],
        ["-t", "filter", "FORWARD", "-o", name, "-j", "ACCEPT"],
    ]
    _run("ip", "link", "add", name, "type", "bridge")
    try:
        _run("ip", "address", "add", f"{subnet}.1/24", "dev", name)
        _run("ip", "link", "set", name, "up")
        for table, value, chain, *rule in rules:
            _run("iptables", table, value, "-I", chain, *rule)
        yield name
    finally:
        for table, value, chain, *rule in rules:
            subprocess.run(["iptables", table, value, "-D", chain, *rule], capture_output=True, check=False)
        _run("ip", "link", "delete", name)


def make_certificates(folder: Path) -> None:
    """A certificate authority, and a key with certificate for the engine and for its client."""
    _run(
        *(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=treadle test",
        ),
        *("-keyout", f"{folder}/ca-key.pem", "-out", f"{folder}/ca.pem"),
    )
    _make_certificate(folder, "server-", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth")
    _make_certificate(folder, "", "extendedKeyUsage=clientAuth")


def _make_certificate(folder: Path, prefix: str, extensions: str) -> None:
    (folder / "extensions").write_text(extensions)
    request = f"{folder}/request.pem"
    _run(
        *("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=treadle"),
        *("-keyout", f"{folder}/{prefix}key.pem", "-out", request),
    )
    _run(
        *(
            "openssl",
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            f"{folder}/ca.pem",
            "-CAkey",
            f"{folder}/ca-key.pem",
        ),
        *(
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            f"{folder}/extensions",
            "-out",
            f"{folder}/{prefix}cert.pem",
        ),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
