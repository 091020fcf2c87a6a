"""The fake must not forgive what a real engine punishes late, or never."""

from __future__ import annotations

import time

import pytest

from runner.engine.base import ContainerSpec, EngineError, Stream
from runner.engine.fake import FakeEngine, Misuse, Script
from runner.engine.payload import START_FILE, Payload, PayloadFile
from runner.engine.worker_image import worker_reference

PAYLOAD = Payload((PayloadFile(START_FILE, b"exit 0"),))
SPEC = ContainerSpec(worker_reference(), {})


def test_a_payload_is_delivered_once() -> None:
    container = FakeEngine().prepare(SPEC)
    container.deliver(PAYLOAD)
    with pytest.raises(Misuse, match=r"deliver on container .* which is running"):
        container.deliver(PAYLOAD)


def test_nothing_can_be_read_or_awaited_before_a_payload_came() -> None:
    container = FakeEngine().prepare(SPEC)
    with pytest.raises(Misuse, match="output"):
        next(container.output())
    with pytest.raises(Misuse, match="wait"):
        container.wait()


def test_output_is_read_once_and_files_are_fetched_after_it() -> None:
    container = FakeEngine().prepare(SPEC)
    container.deliver(PAYLOAD)
    with pytest.raises(Misuse, match="fetch"):
        container.fetch("/x")
    list(container.output())
    with pytest.raises(Misuse, match="output"):
        list(container.output())


def test_what_was_not_removed_is_named() -> None:
    engine = FakeEngine()
    container = engine.prepare(SPEC)
    held = engine.hold_namespace(worker_reference(), "none", {})
    with pytest.raises(Misuse, match=f"{container.id}, waiting for its payload; {held.id}, a namespace"):
        engine.check_nothing_left()
    container.remove()
    held.remove()
    engine.check_nothing_left()


def test_a_script_sees_spec_and_payload() -> None:
    seen = []

    def behave(spec: ContainerSpec, payload: Payload) -> Script:
        seen.append((spec, payload))
        return Script()

    FakeEngine(behave).prepare(SPEC).deliver(PAYLOAD)
    assert seen == [(SPEC, PAYLOAD)]


def test_a_script_takes_its_time() -> None:
    container = FakeEngine(lambda _spec, _payload: Script(seconds=0.2, code=4)).prepare(SPEC)
    started = time.monotonic()
    container.deliver(PAYLOAD)
    with pytest.raises(TimeoutError):
        container.wait(0.05)
    assert container.wait().code == 4
    assert 0.2 <= time.monotonic() - started < 2


def test_an_engine_may_break_in_the_middle() -> None:
    broken = Script(output=[(Stream.STDOUT, b"so far")], breaks=True)
    container = FakeEngine(lambda _spec, _payload: broken).prepare(SPEC)
    container.deliver(PAYLOAD)
    output = container.output()
    assert next(output) == (Stream.STDOUT, b"so far")
    with pytest.raises(EngineError):
        next(output)


def test_an_engine_may_not_answer() -> None:
    with pytest.raises(EngineError):
        FakeEngine(answers=False).check()
