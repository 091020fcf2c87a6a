from __future__ import annotations

import base64
import time
import tracemalloc
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner.engine.base import Stream
from runner.execution.pump import OutputPump, PumpLimits, PumpSummary
from runner.execution.service_messages import ServiceMessage
from runner.masking.masker import Masker
from runner.model import Level

OUT, ERR = Stream.STDOUT, Stream.STDERR


def message(kind: str, /, **attributes: str) -> bytes:
    encoded = "".join(
        f" {key}='{base64.b64encode(value.encode()).decode()}'" for key, value in attributes.items()
    )
    return f"##octopus[{kind}{encoded}]".encode()


@dataclass
class Recorder:
    """A sink that remembers."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    messages: list[ServiceMessage] = field(default_factory=list)

    def log(self, level: Level, lines: list[str]) -> None:
        assert lines
        self.lines += [(str(level), line) for line in lines]

    def message(self, message: ServiceMessage) -> None:
        self.messages.append(message)


def pump(
    *chunks: bytes | tuple[Stream, bytes],
    secrets: tuple[str, ...] = (),
    limits: PumpLimits | None = None,
) -> tuple[Recorder, PumpSummary]:
    masker = Masker()
    for secret in secrets:
        masker.add(secret)
    recorder = Recorder()
    pump = OutputPump(masker, recorder, limits)
    for chunk in chunks:
        stream, data = chunk if isinstance(chunk, tuple) else (OUT, chunk)
        pump.feed(stream, data)
    return recorder, pump.close()


def test_levels_of_the_streams() -> None:
    recorder, summary = pump(b"a\n", (ERR, b"b\n"), b"c")
    assert recorder.lines == [("info", "a"), ("error", "b"), ("info", "c")]
    assert (summary.lines, summary.log_bytes, summary.error_output) == (3, 6, True)


def test_levels_are_sticky_and_separate() -> None:
    recorder, _ = pump(
        b"##octopus[stdout-warning]\nw\n##octopus[stderr-progress]\n",
        (ERR, b"quiet\n##octopus[stderr-ignore]\ngone\n"),
        b"w\n##octopus[stdout-default]\ni\n",
    )
    assert recorder.lines == [("warning", "w"), ("verbose", "quiet"), ("warning", "w"), ("info", "i")]


def test_messages_stand_at_the_start_of_a_line() -> None:
    recorder, _ = pump(b"x " + message("a") + b"\n" + message("b") + message("c", v="1") + b"tail\n")
    assert [m.name for m in recorder.messages] == ["b", "c"]
    assert recorder.lines == [("info", "x ##octopus[a]"), ("info", "tail")]


def test_messages_are_read_from_both_streams() -> None:
    recorder, summary = pump((ERR, message("setVariable", name="A", value="1") + b"\n  \n"))
    assert recorder.messages == [ServiceMessage("setVariable", {"name": "A", "value": "1"}, ERR)]
    assert not summary.error_output
    assert (summary.messages, summary.outputs) == (1, 1)


def test_an_unreadable_message_is_a_warning_and_resets_the_level() -> None:
    recorder, _ = pump(b"##octopus[stdout-verbose]\nv\n##octopus[mask value='hunter2']\ni\n##octopus[x")
    assert recorder.lines == [
        ("verbose", "v"),
        ("warning", 'A service message could not be read: mask: the value of "value" is not base64'),
        ("info", "i"),
        ("info", "##octopus[x"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        message("mask", value="hunter2"),
        message("setVariable", name="P", value="hunter2", sensitive="True"),
        message("set-environmentstate", key="P", value="hunter2", sensitive="True"),
        message("create-userpassaccount", name="P", password="hunter2"),
    ],
)
def test_secrets_that_come_with_messages_are_hidden_from_then_on(line: bytes) -> None:
    recorder, _ = pump(b"hunter2\n" + line + b"\nhunter2\n", (ERR, b"hunter2"))
    assert recorder.lines == [("info", "hunter2"), ("info", "********"), ("error", "********")]


def test_the_result_message_is_masked_and_the_last_one_counts() -> None:
    said = message("resultMessage", message="first") + message("resultMessage", message="no hunter2")
    assert pump(said, secrets=("hunter2",))[1].result_message == "no ********"
    assert pump(b"")[1].result_message is None


def test_secret_over_chunks_lines_and_levels() -> None:
    recorder, _ = pump(
        b"x hun",
        b"ter2\r",
        b"\nalpha\r\n##octopus[stdout-warning]\nbra",
        b"vo42 y\n",
        secrets=("hunter2", "alpha\nbravo42"),
    )
    assert recorder.lines == [("info", "x ********"), ("info", "********"), ("warning", "******** y")]


def test_held_back_lines_are_told_at_the_end() -> None:
    recorder, summary = pump(b"alpha\nbra", secrets=("alpha\nbravo42",))
    assert recorder.lines == [("info", "alpha"), ("info", "bra")]
    assert summary.lines == 2


def test_too_much_log_is_dropped_and_told_once() -> None:
    recorder, summary = pump(
        "é23\n".encode() * 5,
        b"x\n" + message("progress", percentage="5", message="") + b"\n",
        limits=PumpLimits(log_bytes=12),
    )
    assert recorder.lines == [
        ("info", "é23"),
        ("info", "é23"),
        ("warning", "The limit of 12 bytes is reached: what follows is dropped."),
        ("warning", "17 bytes of output were dropped."),
    ]
    assert [m.name for m in recorder.messages] == ["progress"]
    assert (summary.dropped_bytes, summary.truncated, summary.violations) == (17, True, ())


def test_a_line_over_its_limit_does_not_show_half_a_secret() -> None:
    recorder, summary = pump(b"pass hunter2\n", secrets=("hunter2",), limits=PumpLimits(line_length=9))
    assert recorder.lines == [("info", "pass ******** (cut after 9 characters)")]
    assert (summary.cut_lines, summary.truncated) == (1, True)


def test_too_many_outputs_are_a_violation_told_once() -> None:
    recorder, summary = pump(
        (message("setVariable", name="A", value="1") + b"\n") * 5, limits=PumpLimits(outputs=2)
    )
    assert len(recorder.messages) == 2
    assert recorder.lines == [("error", "More than 2 output variables.")]
    assert summary.violations == ("More than 2 output variables.",)


def test_too_large_an_output_is_a_violation() -> None:
    line = message("setVariable", name="A", value="é" * 6)
    recorder, summary = pump(line, limits=PumpLimits(output_bytes=11))
    assert recorder.messages == []
    assert summary.violations == ('Output "A" has 12 bytes; 11 are allowed.',)


def test_an_endless_message_is_a_violation() -> None:
    limits = PumpLimits(line_length=100, output_bytes=100)
    recorder, summary = pump(b"##octopus[setVariable value='", b"A" * 70_000, b"'", limits=limits)
    assert summary.violations == ("A service message has no end after 100 characters.",)
    assert recorder.messages == []
    assert all("AAAA" not in line for _, line in recorder.lines)


def test_too_much_in_messages_is_a_violation() -> None:
    _, summary = pump((message("x", a="12345") + b"\n") * 5, limits=PumpLimits(message_bytes=19))
    assert summary.violations == ("Service messages with more than 19 bytes.",)


@pytest.mark.parametrize("secret", ["abcd", "hunter2", "a longer one, ünd more"])
def test_a_message_that_is_only_text_hides_its_secrets_all_the_same(secret: str) -> None:
    glued = b"x" + message("setVariable", name="A", value=secret, sensitive="True")
    recorder, _ = pump(glued + b"\n" + secret.encode())
    assert recorder.messages == []
    assert recorder.lines[0][1].startswith("x##octopus[setVariable name='QQ==' value='********")
    assert recorder.lines[1] == ("info", "********")
    assert base64.b64encode(secret.encode()).decode() not in recorder.lines[0][1]


def test_too_many_messages_are_a_violation_but_level_switches_are_not() -> None:
    switches = b"##octopus[stdout-verbose]\n##octopus[stdout-default]\n" * 5
    recorder, summary = pump(switches + message("x") * 5, limits=PumpLimits(messages=3))
    assert len(recorder.messages) == 3
    assert summary.violations == ("More than 3 service messages.",)


def test_a_million_outputs_end_in_an_error_not_in_memory() -> None:
    masker, recorder = Masker(), Recorder()
    pump = OutputPump(masker, recorder, PumpLimits(outputs=100))
    numbers = iter(range(1_000_000))

    def more() -> bytes:
        lines = (
            message("setVariable", name="A", value=f"value {next(numbers)}", sensitive="True")
            for _ in range(100)
        )
        return b"".join(line + b"\nmore\n" for line in lines)

    pump.feed(OUT, more())
    assert not pump.violated
    tracemalloc.start()
    for _ in range(100):
        pump.feed(OUT, more())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pump.violated
    assert peak < 1024**2
    assert len(recorder.messages) == 100
    assert recorder.lines[100:] == [("error", "More than 100 output variables.")]
    summary = pump.close()
    assert summary.dropped_bytes == len("more\n") * 10_000
    assert recorder.lines[-1] == ("warning", "50,000 bytes of output were dropped.")


def test_a_line_full_of_messages_takes_no_longer_than_its_length() -> None:
    recorder, _ = pump(b"##octopus[a]" * 50_000)
    assert len(recorder.messages) == 50_000


def test_blank_lines_and_messages_are_no_error_output() -> None:
    for data, expected in [
        (b"\n \t\n", False),
        (b"##octopus[stderr-default]\n", False),
        (b"##octopus-like\n", False),
        (b"\n x\n", True),
        (b" ##octopus[a]\n", True),
    ]:
        assert pump((ERR, data))[1].error_output is expected, data
    assert not pump(b"x\n")[1].error_output


PIECES = st.lists(
    st.sampled_from(
        [
            b"\n",
            b"\r\n",
            b"\r",
            b"alpha",
            b"bravo42",
            b"hunter2",
            b"text ",
            b"##octopus[stdout-warning]",
            b"##octopus[stdout-ignore]",
            b"##octopus[stdout-default]",
            message("setVariable", name="A", value="1"),
            message("mask", value="text"),
            b"##octopus[broken x]",
            b"glued" + message("setVariable", name="A", value="text", sensitive="True"),
            b"##octopus[",
            "€".encode(),
            b"\xff",
            b"l" * 100,
        ]
    ),
    max_size=30,
).map(b"".join)


@example(b"##octopus[mask value='dGV4dA==']\n\xe2\x82\xac##octopus[stdout-default]\n", [33], 25)
@example(b"\ntext ##octopus[mask value='dGV4dA==']\n", [1], 25)
@example(b"##octopus[alphaalphabravo42\nalpha##octopus[stdout-warning]\n", [28], 25)
@given(PIECES, st.lists(st.integers(0, 2000), max_size=20), st.sampled_from([25, 90]))
@settings(max_examples=500)
def test_chunks_make_no_difference(data: bytes, at: list[int], line_length: int) -> None:
    limits = PumpLimits(line_length=line_length, log_bytes=300, outputs=3)
    secrets = ("alpha\nbravo42", "hunter2")
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    chunks = [data[start:end] for start, end in pairwise(places)]
    whole, whole_summary = pump(data, secrets=secrets, limits=limits)
    cut, cut_summary = pump(*chunks, secrets=secrets, limits=limits)
    assert cut.lines == whole.lines
    assert cut.messages == whole.messages
    assert cut_summary == whole_summary


def await_lines(recorder: Recorder, count: int) -> list[str]:
    deadline = time.monotonic() + 5
    while len(recorder.lines) < count and time.monotonic() < deadline:
        time.sleep(0.005)
    return [line for _, line in recorder.lines]


def test_the_last_line_of_a_silent_script_is_seen_though_a_secret_may_begin_in_it() -> None:
    recorder = Recorder()
    pump = OutputPump(Masker(['{\n"password": "foobar9"\n}', "two\nlines"]), recorder)
    started = time.monotonic()
    pump.feed(OUT, b"one\nbegin {\n")
    pump.feed(ERR, b"the count is two\n")
    assert [line for _, line in recorder.lines] == ["one"]
    assert sorted(await_lines(recorder, 3)) == ["begin {", "one", "the count is two"]
    assert 0.1 <= time.monotonic() - started < 2
    pump.feed(OUT, b"{\n")
    assert await_lines(recorder, 4)[-1] == "{"
    assert pump.close().lines == 4


def test_an_abandoned_pump_delivers_nothing() -> None:
    recorder = Recorder()
    pump = OutputPump(Masker(["two\nlines"]), recorder)
    pump.feed(OUT, b"two\n")
    pump.abandon()
    time.sleep(0.15)
    assert recorder.lines == []


def test_what_the_sink_raises_late_is_raised_by_the_next_call() -> None:
    class Full(Recorder):
        def log(self, level: Level, lines: list[str]) -> None:
            raise OSError("no space left")

    pump = OutputPump(Masker(["two\nlines"]), Full())
    pump.feed(OUT, b"two\n")
    time.sleep(0.3)
    with pytest.raises(OSError, match="no space left"):
        pump.close()
