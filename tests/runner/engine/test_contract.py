"""What every engine must do: one suite for the fake, for Docker here, and for Docker behind TLS."""

from __future__ import annotations

import io
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from runner.engine.base import (
    HOME_LABEL,
    RUN_LABEL,
    ContainerLimits,
    ContainerRefused,
    EngineError,
    ImageNotFound,
    Stream,
)
from runner.engine.fake import Script
from runner.engine.payload import PRIVATE_DIR, WORK_DIR, PayloadFile
from tests.support.engine import Bench, Program, finish, joined

OUT, ERR = Stream.STDOUT, Stream.STDERR

TALK = Program(
    "echo hello; echo oops >&2; exit 3", Script(output=[(OUT, b"hello\n"), (ERR, b"oops\n")], code=3)
)
QUIET = Program(":", Script())
HANG = Program("echo here; exec sleep 300", Script(output=[(OUT, b"here\n")], hangs=True))
WRITE = Program(
    "mkdir sub; echo one >a.txt; echo two >sub/b.txt",
    Script(files={f"{WORK_DIR}/a.txt": b"one\n", f"{WORK_DIR}/sub/b.txt": b"two\n"}),
)
LONG = Program(
    "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done",
    Script(output=[(OUT, b"".join(b"line %d\n" % i for i in range(20000)))]),
)


def names(stream: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}  # type: ignore[union-attr]


def test_an_engine_tells_what_it_is(any_bench: Bench) -> None:
    info = any_bench.engine.check()
    assert info.name
    assert info.version


def test_a_payload_that_ran_is_a_result(any_bench: Bench) -> None:
    outcome = any_bench.run(TALK)
    assert (outcome.stdout, outcome.stderr) == (b"hello\n", b"oops\n")
    assert (outcome.exit.code, outcome.exit.out_of_memory) == (3, False)


def test_nothing_of_a_long_output_is_lost(any_bench: Bench) -> None:
    assert any_bench.run(LONG).stdout == b"".join(b"line %d\n" % i for i in range(20000))


def test_a_container_waits_for_its_payload_for_as_long_as_it_takes(any_bench: Bench) -> None:
    container = any_bench.engine.prepare(any_bench.spec())
    try:
        time.sleep(0.5)
        assert finish(container, TALK).exit.code == 3
    finally:
        container.remove()


def test_a_container_may_be_removed_unused(any_bench: Bench) -> None:
    any_bench.engine.prepare(any_bench.spec()).remove()


def test_files_can_be_fetched_after_the_exit(any_bench: Bench) -> None:
    container = any_bench.engine.prepare(any_bench.spec())
    try:
        finish(container, WRITE)
        assert names(b"".join(container.fetch(f"{WORK_DIR}/a.txt"))) == {"a.txt": b"one\n"}
        assert names(b"".join(container.fetch(f"{WORK_DIR}/sub"))) == {"sub/b.txt": b"two\n"}
        with pytest.raises(FileNotFoundError):
            container.fetch(f"{WORK_DIR}/nothing")
    finally:
        container.remove()


def test_wait_gives_up_in_time_and_stop_ends_the_payload(any_bench: Bench) -> None:
    container = any_bench.engine.prepare(any_bench.spec())
    try:
        container.deliver(HANG.payload)
        with pytest.raises(TimeoutError):
            container.wait(timeout=0.3)
        started = time.monotonic()
        container.stop(grace=5)
        container.stop(grace=5)
        assert container.wait().code == 143
        assert time.monotonic() - started < 4
    finally:
        container.remove()


def test_another_thread_may_stop_what_one_reads(any_bench: Bench) -> None:
    container = any_bench.engine.prepare(any_bench.spec())
    try:
        container.deliver(HANG.payload)
        threading.Timer(0.3, container.stop).start()
        assert joined(list(container.output()), OUT) == b"here\n"
        assert container.wait().code == 143
    finally:
        container.remove()


def test_remove_and_stop_may_come_again_and_late(any_bench: Bench) -> None:
    container = any_bench.engine.prepare(any_bench.spec())
    container.remove()
    container.remove()
    container.stop()


def test_a_running_container_may_be_removed(any_bench: Bench) -> None:
    container = any_bench.engine.prepare(any_bench.spec())
    container.deliver(HANG.payload)
    container.remove()


def test_an_unknown_image_is_told(any_bench: Bench) -> None:
    with pytest.raises(ImageNotFound, match='"treadle/no-such-image:1"'):
        any_bench.engine.prepare(any_bench.spec(image="treadle/no-such-image:1"))


def test_an_unknown_network_is_told(any_bench: Bench) -> None:
    with pytest.raises(ContainerRefused, match='"no-such-network"'):
        any_bench.engine.prepare(any_bench.spec(network="no-such-network"))


def test_a_payload_that_does_not_fit_is_refused(any_bench: Bench) -> None:
    limits = replace(ContainerLimits(), private_size=1024**2)
    large = Program(":", files=(PayloadFile(f"{PRIVATE_DIR}/large", b"x" * 1024**2),))
    with pytest.raises(ContainerRefused, match="1,048,577 bytes; 1,048,576 are allowed"):
        any_bench.run(large, limits=limits)


def test_containers_join_a_namespace_until_it_is_removed(any_bench: Bench) -> None:
    engine = any_bench.engine
    held = engine.hold_namespace(any_bench.defaults.image, "bridge", any_bench.spec().labels)
    assert any_bench.run(TALK, namespace=held.id).exit.code == 3
    held.remove()
    held.remove()
    with pytest.raises(EngineError):
        engine.prepare(any_bench.spec(namespace=held.id))


def test_a_namespace_on_an_unknown_network_is_told(any_bench: Bench) -> None:
    with pytest.raises(ContainerRefused, match='"no-such-network"'):
        any_bench.engine.hold_namespace(any_bench.defaults.image, "no-such-network", any_bench.spec().labels)


def test_a_sweep_takes_dead_runs_of_its_own_home_only(any_bench: Bench) -> None:
    engine = any_bench.engine
    dead_labels = {HOME_LABEL: any_bench.home, RUN_LABEL: "dead too"}
    dead = [
        engine.prepare(any_bench.spec("dead")),
        engine.hold_namespace(any_bench.defaults.image, "none", dead_labels),
    ]
    living = engine.prepare(any_bench.spec("live"))
    try:
        assert list(engine.sweep("another home", lambda _: False)) == []
        assert list(engine.sweep(any_bench.home, lambda run: run == "live")) == ["dead", "dead too"]
        assert finish(living, TALK).exit.code == 3
    finally:
        for one in (living, *dead):
            one.remove()


def test_many_threads_may_use_one_engine(any_bench: Bench) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: any_bench.run(TALK), range(8)))
    assert {outcome.exit.code for outcome in outcomes} == {3}
    assert {outcome.stdout for outcome in outcomes} == {b"hello\n"}


def test_an_image_tells_its_environment(any_bench: Bench) -> None:
    image = any_bench.engine.ensure_image(any_bench.defaults.image)
    assert image.reference == any_bench.defaults.image
    assert image.id.startswith("sha256:")
