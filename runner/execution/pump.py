"""The output pump: bytes of both streams to lines, service messages and log batches.

Bytes → lines → service messages → masking → sink, for each stream on its own and in this order. The result is
the same however the bytes of a stream were cut into chunks, unless a secret of several lines takes longer than
`runner.masking.lines.PATIENCE` from line to line.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import Protocol

from runner.engine.base import Stream
from runner.execution.lines import LineLimit, LineSplitter
from runner.execution.service_messages import (
    DEFAULT_LEVELS,
    LEVEL_SWITCHES,
    MARKER,
    OutputVariable,
    ServiceMessage,
    Unreadable,
    parse,
    secrets_within,
)
from runner.masking.lines import Clock, LineMasker
from runner.masking.masker import Masker
from runner.model import Level

_MIB = 1024**2
_TICK = 0.005  # seconds
_ERROR_LINE = re.compile(r"^(?!##octopus)[^\n]*\S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PumpLimits:
    """What one action may print, per attempt: bytes, but `line_length` in characters and two numbers.

    `output_bytes` is the size of one output, `message_bytes` that of the values of all messages together.

    Over `log_bytes` or `line_length` the rest is dropped and told, and the action goes on. Over one of the
    others it has failed, for that an output is missing would be found out much later: the pump drops all that
    still comes, whose secrets it would not know.
    """

    log_bytes: int = 1024 * _MIB
    line_length: int = _MIB
    outputs: int = 10_000
    output_bytes: int = _MIB
    messages: int = 100_000
    message_bytes: int = 64 * _MIB

    @property
    def message_length(self) -> int:
        """Characters of a line with messages: enough for the largest output, in base64, and its frame."""
        return max(self.line_length, 2 * self.output_bytes + 64 * 1024)


class Sink(Protocol):
    """Where the pump delivers to: from one thread at a time, that which feeds it or the pump's own."""

    def log(self, level: Level, lines: list[str]) -> None:
        """Masked lines, in order; never empty."""

    def message(self, message: ServiceMessage) -> None:
        """Any message but a level switch. It is *not* masked, but what is secret in it, the masker knows."""


@dataclass(frozen=True, slots=True)
class PumpSummary:
    """What came out of an action. Texts are masked.

    `error_output`: stderr had a line that is neither blank nor a service message; it fails actions that ask for
    that. `lines` and `log_bytes` were logged, `dropped_bytes` weren't; `cut_lines` were too long.
    `violations` are limits broken: sentences that fail the action.
    """

    result_message: str | None
    error_output: bool
    lines: int
    log_bytes: int
    dropped_bytes: int
    cut_lines: int
    messages: int
    outputs: int
    violations: tuple[str, ...]

    @property
    def truncated(self) -> bool:
        return bool(self.dropped_bytes or self.cut_lines)


class _Lane:
    """What the pump keeps for one stream."""

    def __init__(self, stream: Stream, masker: Masker, limits: PumpLimits, clock: Clock) -> None:
        self.stream = stream
        self.level = DEFAULT_LEVELS[stream]
        limit = LineLimit(limits.line_length, MARKER, limits.message_length)
        self.lines = LineSplitter(limit)
        self.masker = LineMasker(masker, clock)


class OutputPump:
    """Pumps the output of one action. `feed` from one thread, then `close` once, or `abandon` it.

    A line that the masker holds back is delivered in time even while the script is silent, from a thread of its own.
    """

    def __init__(
        self, masker: Masker, sink: Sink, limits: PumpLimits | None = None, clock: Clock = time.monotonic
    ) -> None:
        self._masker = masker
        self._sink = sink
        self._limits = limits or PumpLimits()
        self._lanes = {stream: _Lane(stream, masker, self._limits, clock) for stream in Stream}
        self._clock = clock
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._failure: Exception | None = None  # of the sink, while the timer delivered
        self._result_message: str | None = None
        self._error_output = False
        self._lines = 0
        self._log_bytes = 0
        self._dropped_bytes = 0
        self._cut_lines = 0
        self._messages = 0
        self._message_bytes = 0
        self._outputs = 0
        self._violations: dict[str, str] = {}

    @property
    def violated(self) -> bool:
        """Whether the action broke a limit that fails it: no use in waiting for its end."""
        return bool(self._violations)

    def feed(self, stream: Stream, chunk: bytes) -> None:
        """Take in the next bytes of a stream. Raises what the sink raises."""
        with self._lock:
            self._raise_failure()
            lane = self._lanes[stream]
            self._take(lane, lane.lines.feed(chunk))
            if self._timer is None and lane.masker.deadline is not None:
                self._set_timer()

    def close(self) -> PumpSummary:
        """Both streams have ended: flush what was held back, and sum up. Raises what the sink raises."""
        with self._lock:
            self._cancel_timer()
            self._raise_failure()
            return self._finish()

    def abandon(self) -> None:
        """Deliver nothing any more. Does nothing after `close`."""
        with self._lock:
            self._cancel_timer()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        """See to it that lines are not held back for too long."""
        deadlines = [lane.masker.deadline for lane in self._lanes.values()]
        if first := min((deadline for deadline in deadlines if deadline is not None), default=None):
            self._timer = threading.Timer(max(_TICK, first - self._clock()), self._deliver_overdue)
            self._timer.daemon = True
            self._timer.start()

    def _deliver_overdue(self) -> None:
        with self._lock:
            if self._timer is not threading.current_thread():
                return
            self._timer = None
            try:
                for lane in self._lanes.values():
                    for level, lines in lane.masker.release_overdue():
                        self._deliver(level, lines)
            except Exception as error:
                self._failure = error
            else:
                self._set_timer()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _finish(self) -> PumpSummary:
        for lane in self._lanes.values():
            self._take(lane, lane.lines.close())
            for level, lines in lane.masker.close():
                self._deliver(level, lines)
        if self._dropped_bytes:
            self._note(f"{self._dropped_bytes:,} bytes of output were dropped.")
        return PumpSummary(
            result_message=self._result_message and self._masker.mask_text(self._result_message),
            error_output=self._error_output,
            lines=self._lines,
            log_bytes=self._log_bytes,
            dropped_bytes=self._dropped_bytes,
            cut_lines=self._cut_lines,
            messages=self._messages,
            outputs=self._outputs,
            violations=tuple(self._violations.values()),
        )

    def _take(self, lane: _Lane, block: str) -> None:
        if not block:
            return
        if lane.stream is Stream.STDERR and not self._error_output:
            self._error_output = _ERROR_LINE.search(block) is not None
        start = 0
        while (marker := block.find(MARKER, start)) >= 0:
            line = max(start, block.rfind("\n", start, marker) + 1)
            self._log(lane, block[start:line])
            start = block.index("\n", marker) + 1
            self._take_messages(lane, block[line : start - 1])
        self._log(lane, block[start:])

    def _take_messages(self, lane: _Lane, line: str) -> None:
        line = line[: self._limits.message_length]
        position = 0
        while line.startswith(MARKER, position) and (read := parse(line, position, lane.stream)):
            message, position = read
            if isinstance(message, ServiceMessage):
                self._act_on(message)
            else:
                self._tell_unreadable(lane, message)
        rest = line[position:]
        if rest.startswith(MARKER) and len(rest) > self._limits.line_length:
            limit = self._limits.line_length
            self._violate("message-length", f"A service message has no end after {limit:,} characters.")
        elif rest:
            self._log(lane, rest + "\n")

    def _tell_unreadable(self, lane: _Lane, found: Unreadable) -> None:
        lane.level = Level.WARNING
        self._log(lane, f"A service message could not be read: {found.reason}\n")
        lane.level = DEFAULT_LEVELS[lane.stream]

    def _act_on(self, message: ServiceMessage) -> None:
        if message.name in LEVEL_SWITCHES:
            stream, level = LEVEL_SWITCHES[message.name]
            self._lanes[stream].level = level
            return
        if self._violations:
            return  # neither outputs nor secrets may pile up while the action is being stopped
        for secret in message.secrets:
            self._masker.add(secret)
        limits = self._limits
        self._messages += 1
        self._message_bytes += sum(_size(value) for value in message.attributes.values())
        if self._messages > limits.messages:
            self._violate("messages", f"More than {limits.messages:,} service messages.")
        elif self._message_bytes > limits.message_bytes:
            self._violate("message-bytes", f"Service messages with more than {limits.message_bytes:,} bytes.")
        elif self._within_limits(message):
            if message.name == "resultMessage":
                self._result_message = message.get("message")
            self._sink.message(message)

    def _within_limits(self, message: ServiceMessage) -> bool:
        output = OutputVariable.of(message)
        if output is None:
            return True
        self._outputs += 1
        if self._outputs > self._limits.outputs:
            self._violate("outputs", f"More than {self._limits.outputs:,} output variables.")
            return False
        size = _size(output.value)
        if size > self._limits.output_bytes:
            limit = self._limits.output_bytes
            name = self._masker.mask_text(output.name[:100])
            self._violate("output-bytes", f'Output "{name}" has {size:,} bytes; {limit:,} are allowed.')
            return False
        return True

    def _log(self, lane: _Lane, block: str) -> None:
        if not block or lane.level is Level.IGNORE:
            return
        if len(block) > self._limits.line_length:
            block = "".join(self._cut(line) + "\n" for line in block[:-1].split("\n"))
        if self._violations:
            self._dropped_bytes += _size(block)
            return
        for secret in secrets_within(block):
            self._masker.add(secret)
        kept = self._within_log_limit(block)
        if kept:
            for level, lines in lane.masker.feed(lane.level, kept):
                self._deliver(level, lines)
        if len(kept) < len(block) and not self._dropped_bytes:
            self._note(f"The limit of {self._limits.log_bytes:,} bytes is reached: what follows is dropped.")
        self._dropped_bytes += _size(block[len(kept) :])

    def _cut(self, line: str) -> str:
        limit = self._limits.line_length
        if len(line) <= limit:
            return line
        if self._violations:
            return line[:limit]  # how much more of it is here depends on the chunks
        self._cut_lines += 1
        return f"{self._masker.mask_cut(line[:limit])} (cut after {limit:,} characters)"

    def _within_log_limit(self, block: str) -> str:
        """The lines of `block` that there is still room for: once one was too much, none."""
        size = _size(block)
        room = self._limits.log_bytes - self._log_bytes
        if self._dropped_bytes:
            return ""
        if size > room:
            fitting = block.encode()[:room]
            block = fitting[: fitting.rfind(b"\n") + 1].decode()
            size = len(block.encode())
        self._log_bytes += size
        return block

    def _deliver(self, level: Level, lines: list[str]) -> None:
        if lines:
            self._lines += len(lines)
            self._sink.log(level, lines)

    def _violate(self, limit: str, sentence: str) -> None:
        if limit not in self._violations:
            self._violations[limit] = sentence
            self._note(sentence, Level.ERROR)

    def _note(self, sentence: str, level: Level = Level.WARNING) -> None:
        """A line of the runner's own."""
        self._deliver(level, [sentence])


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
