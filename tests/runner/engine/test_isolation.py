"""What an action finds in its container, in every kind of container."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from runner.engine.base import ContainerLimits, ContainerRefused, Stream
from runner.engine.docker import DockerEngine
from runner.engine.payload import PRIVATE_DIR, WORK_DIR, PayloadFile
from tests.support.engine import Bench, Program, joined

pytestmark = pytest.mark.docker

MEGABYTE = 1024**2


def lines(bench: Bench, script: str, *files: PayloadFile, **changes: object) -> list[str]:
    """What `script` prints, which must end well."""
    outcome = bench.run(Program(script, files=files), **changes)
    assert (outcome.stderr, outcome.exit.code) == (b"", 0)
    return outcome.stdout.decode().splitlines()


@pytest.fixture
def volume() -> Iterator[str]:
    name = f"treadle-test-{uuid.uuid4()}"
    yield name
    subprocess.run(["docker", "volume", "rm", "--force", name], check=True, capture_output=True)


@pytest.fixture
def built(busybox: str) -> Iterator[str]:
    """An image that wants to do things its own way."""
    name = f"treadle/test-{uuid.uuid4()}"
    dockerfile = f"""
    FROM {busybox}
    ENTRYPOINT ["/bin/false"]
    HEALTHCHECK CMD touch /tmp/healthy
    STOPSIGNAL SIGQUIT
    WORKDIR /elsewhere
    ENV COLOUR=green
    USER app
    """
    subprocess.run(
        ["docker", "build", "-q", "-t", name, "-"],
        input=dockerfile,
        text=True,
        check=True,
        capture_output=True,
    )
    yield name
    subprocess.run(["docker", "rmi", "--force", name], check=True, capture_output=True)


def test_files_come_with_their_modes_and_belong_to_the_user(docker_bench: Bench) -> None:
    files = (
        PayloadFile(f"{PRIVATE_DIR}/secret", b"s"),
        PayloadFile(f"{WORK_DIR}/folder/", mode=0o755),
        PayloadFile(f"{WORK_DIR}/folder/file", b"content", 0o644),
    )
    script = f'ls -ln {PRIVATE_DIR}/secret; ls -ldn . folder folder/file | cut -c1-10; id -u; ls -ldn . | tr -s " "'
    secret, work, folder, file, user, owner = lines(docker_bench, script, *files)
    assert secret.split()[0] == "-rw-------"
    assert secret.split()[2] == user
    assert (folder, file) == ("drwxr-xr-x", "-rw-r--r--")
    assert owner.split()[2] == user
    assert work.startswith("drwx")


def test_an_action_starts_in_an_empty_work_directory_with_nothing_to_read(docker_bench: Bench) -> None:
    assert lines(docker_bench, "pwd; ls -A; cat; umask; touch here; ls") == [WORK_DIR, "0022", "here"]


def test_only_the_three_standard_descriptors_are_open(docker_bench: Bench) -> None:
    with_the_one_that_ls_reads_from = ["0", "1", "2", "3"]
    assert lines(docker_bench, "exec /bin/ls /proc/self/fd") == with_the_one_that_ls_reads_from


def test_the_payload_shows_nowhere_but_in_the_container(docker_bench: Bench) -> None:
    container = docker_bench.engine.prepare(docker_bench.spec())
    try:
        secret = PayloadFile(f"{PRIVATE_DIR}/secret", b"correct horse battery staple")
        container.deliver(Program("exec sleep 60", files=(secret,)).payload)
        inspected = subprocess.run(
            ["docker", "inspect", container.id], capture_output=True, check=True
        ).stdout
        assert b"correct horse" not in inspected
        with pytest.raises(FileNotFoundError):
            container.fetch(f"{PRIVATE_DIR}/secret")
    finally:
        container.remove()


def test_stop_reaches_what_a_script_waits_for(docker_bench: Bench) -> None:
    container = docker_bench.engine.prepare(docker_bench.spec())
    try:
        container.deliver(Program("trap 'echo caught; exit 5' TERM; echo here; sleep 60").payload)
        output = container.output()
        assert next(output)[1] == b"here\n"
        started = time.monotonic()
        container.stop(grace=20)
        assert joined(list(output), Stream.STDOUT) == b"caught\n"
        assert container.wait().code == 5
        assert time.monotonic() - started < 10
    finally:
        container.remove()


def test_the_environment_is_the_images_own(worker_bench: Bench) -> None:
    found = {line.partition("=")[0] for line in lines(worker_bench, "exec env")}
    assert found - {"PWD", "HOSTNAME", "OLDPWD"} == {"PATH", "HOME", "LANG", "PIP_DISABLE_PIP_VERSION_CHECK"}


def test_no_capability_is_left_and_none_can_be_gained(docker_bench: Bench) -> None:
    status = dict(
        line.split(":\t") for line in lines(docker_bench, "grep -E '^(Cap|NoNew)' /proc/self/status")
    )
    assert status.pop("NoNewPrivs") == "1"
    assert set(status.values()) == {"0" * 16}


def test_tmp_is_writable_and_programs_run_from_it(docker_bench: Bench) -> None:
    script = 'printf "#!/bin/sh\\necho ran\\n" >/tmp/x; chmod +x /tmp/x; /tmp/x; grep -c " /tmp tmpfs" /proc/mounts'
    assert lines(docker_bench, script) == ["ran", "1"]


def test_secrets_lie_on_a_tmpfs(docker_bench: Bench) -> None:
    assert lines(docker_bench, f"grep -c ' {PRIVATE_DIR} tmpfs' /proc/mounts") == ["1"]


def test_a_read_only_root_leaves_the_work_directory_writable(docker_bench: Bench) -> None:
    script = (
        "touch /x 2>/dev/null || touch /treadle/../x 2>/dev/null || echo refused; touch y && echo written"
    )
    assert lines(docker_bench, script, read_only=True)[-1] == "written"
    assert "refused" in lines(docker_bench, script, read_only=True)


def test_the_volume_below_a_read_only_root_goes_with_the_container(worker_bench: Bench) -> None:
    container = worker_bench.engine.prepare(worker_bench.spec(read_only=True))
    inspect = ["docker", "inspect", "--format", "{{range .Mounts}}{{.Name}}{{end}}", container.id]
    name = subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip()
    container.remove()
    assert name
    assert (
        subprocess.run(["docker", "volume", "inspect", name], capture_output=True, check=False).returncode
        == 1
    )


def test_a_named_volume_lasts(worker_bench: Bench, volume: str) -> None:
    lines(worker_bench, "echo kept >/srv/apps/file", user="0", volumes={volume: "/srv/apps"})
    assert lines(worker_bench, "cat /srv/apps/file", volumes={volume: "/srv/apps"}) == ["kept"]


def test_an_image_has_no_say_in_what_runs(worker_bench: Bench, built: str) -> None:
    assert lines(worker_bench, 'id -un; pwd; echo "$COLOUR"; sleep 1; ls /tmp', image=built) == [
        "app",
        WORK_DIR,
        "green",
    ]
    assert worker_bench.engine.ensure_image(built).environment["COLOUR"] == "green"


def test_given_environment_and_capabilities_arrive(worker_bench: Bench) -> None:
    script = 'echo "$GREETING"; grep CapEff /proc/self/status | cut -f2'
    found = lines(
        worker_bench, script, user="0", environment={"GREETING": "hi = there"}, capabilities=("CHOWN",)
    )
    assert found == ["hi = there", "0000000000000001"]


def test_too_much_memory_is_told(worker_bench: Bench) -> None:
    limits = replace(ContainerLimits(), memory=64 * MEGABYTE)
    hungry = "exec python3 -c 'x = bytearray(200 << 20)'"
    assert worker_bench.run(Program(hungry), limits=limits).exit.out_of_memory
    child = worker_bench.run(
        Program(
            f"({hungry}); echo child $?; kill -9 $$",
        ),
        limits=limits,
    )
    assert child.stdout == b"child 137\n"


def test_a_killed_child_is_no_end(worker_bench: Bench) -> None:
    limits = replace(ContainerLimits(), memory=64 * MEGABYTE)
    outcome = worker_bench.run(Program("(exec python3 -c 'x = bytearray(200 << 20)'); exit 7"), limits=limits)
    assert (outcome.exit.code, outcome.exit.out_of_memory) == (7, False)


def test_the_number_of_processes_is_limited(worker_bench: Bench) -> None:
    limits = replace(ContainerLimits(), pids=24)
    script = "i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i+1)); done 2>/dev/null; echo $?"
    assert b"60" not in worker_bench.run(Program(script), limits=limits).stdout


def test_joined_containers_share_localhost(worker_bench: Bench) -> None:
    held = worker_bench.engine.hold_namespace(
        worker_bench.defaults.image, "bridge", worker_bench.spec().labels
    )
    server = worker_bench.engine.prepare(worker_bench.spec(namespace=held.id))
    try:
        server.deliver(Program("exec python3 -m http.server 8123 --bind 127.0.0.1").payload)
        script = "curl -s --retry 20 --retry-connrefused --retry-delay 1 -o /dev/null -w '%{http_code}' http://127.0.0.1:8123/"
        assert lines(worker_bench, script, namespace=held.id) == ["200"]
    finally:
        server.remove()
        held.remove()


def test_without_a_network_there_is_only_a_loopback(worker_bench: Bench) -> None:
    assert lines(worker_bench, "ls /sys/class/net", network="none") == ["lo"]


def test_an_image_without_a_shell_is_refused(worker_bench: Bench) -> None:
    name = f"treadle/test-{uuid.uuid4()}"
    empty = subprocess.run(["tar", "-c", "-T", "/dev/null"], capture_output=True, check=True).stdout
    subprocess.run(["docker", "import", "-", name], input=empty, capture_output=True, check=True)
    try:
        with pytest.raises(ContainerRefused, match="has no /bin/sh"):
            worker_bench.engine.prepare(worker_bench.spec(image=name))
    finally:
        subprocess.run(["docker", "rmi", "--force", name], capture_output=True, check=True)


def test_an_unknown_user_is_refused(docker_bench: Bench) -> None:
    with pytest.raises(ContainerRefused, match='no user "nobody-knows"'):
        docker_bench.engine.prepare(docker_bench.spec(user="nobody-knows"))


def test_a_new_volume_can_be_written_to(docker_bench: Bench, volume: str) -> None:
    told = "echo one >>/srv/apps/file; cat /srv/apps/file"
    assert lines(docker_bench, told, volumes={volume: "/srv/apps"}) == ["one"]
    assert lines(docker_bench, told, volumes={volume: "/srv/apps"}) == ["one", "one"]


def test_a_new_volume_is_there_for_every_user(worker_bench: Bench, volume: str) -> None:
    for user in ("0", "treadle", "1234", "4321:users"):
        told = 'echo "$(id -u)" >/data/$(id -u); cat /data/$(id -u)'
        assert lines(worker_bench, told, volumes={volume: "/data"}, user=user)[0].isdecimal()


def test_a_volume_with_something_in_it_stays_as_it_is(worker_bench: Bench, volume: str) -> None:
    assert lines(worker_bench, "touch /data/x; chmod 755 /data", volumes={volume: "/data"}, user="0") == []
    told = "touch /data/y 2>/dev/null || echo no; stat -c %u:%a /data"
    with DockerEngine() as another:
        bench = Bench(another, worker_bench.defaults)
        assert lines(bench, told, volumes={volume: "/data"}) == ["no", "0:755"]
