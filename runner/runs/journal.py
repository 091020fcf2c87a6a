"""The journal: the append-only record of a run, in a folder of its own.

    <runs>/<run>/run.json       what runs, and the version of this format
                 plan.json      the plan, secrets masked
                 events.jsonl   one event a line, `seq` 1, 2, 3 ...
                 result.json    the last event, once the run has ended
                 artifacts/     what scripts asked to keep
                 lock           held while the run is live; the kernel frees it when the process dies

What is in it is masked text: `append` hides what the run knows to be secret. When it returns, the event is in the
kernel's hands: a `kill -9` loses
nothing. Starts and ends of the run and its actions, and everything before them, are on the disk, too.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from registry.errors import Conflict, Invalid, NotFound, Unavailable
from registry.home import is_locked, make_folder, try_lock, write_private
from runner.execution.events import Event, Kind, masked, run_finished, warning
from runner.masking.masker import Masker
from runner.model import RunResult
from runner.runs.record_files import is_event, open_record, read_object

JOURNAL_FORMAT = 1

HEAD_FILE = "run.json"
_PLAN = "plan.json"
_EVENTS = "events.jsonl"
RESULT_FILE = "result.json"
RUN_LOCK_FILE = "lock"

_DURABLE = {
    Kind.RUN_STARTED,
    Kind.ACTION_STARTED,
    Kind.ACTION_FINISHED,
    Kind.STEP_FINISHED,
    Kind.RUN_FINISHED,
}
_POLL = 0.1
_LAST_EVENT = 1024**2
_EPOCH = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Journal:
    """The journal of a live run, open for writing. Thread-safe. Use it as a context manager."""

    def __init__(self, folder: Path, lock: int, masker: Masker) -> None:
        self.folder = folder
        self._masker = masker
        self._lock_file = lock
        self._events = os.open(folder / _EVENTS, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._seq = 0
        self._size = 0
        self._appended = threading.Condition()

    @classmethod
    def create(
        cls,
        runs: Path,
        process: str,
        environment: str | None,
        project: str,
        plan: Mapping[str, Any],
        folder: Path | None = None,
        masker: Masker | None = None,
    ) -> Self:
        """A new run's journal in the folder `runs`, under a new id. Raises Unavailable.

        `plan` must be free of secrets; `masker` knows those that events may hold. `folder` is the project's. The
        journal's own folder appears as a whole: whoever sees it finds it locked.
        """
        make_folder(runs)
        run = new_run_id()
        draft = runs / f".new-{run}"
        head = {"format": JOURNAL_FORMAT, "run": run, "process": process, "environment": environment}
        try:
            draft.mkdir(mode=0o700)
            _write_json(
                draft / HEAD_FILE,
                {**head, "project": project, "folder": str(folder) if folder else None, "started": _now()},
            )
            _write_json(draft / _PLAN, plan)
            (draft / _EVENTS).touch(mode=0o600)
            lock = try_lock(draft / RUN_LOCK_FILE)
            try:
                draft.rename(runs / run)
                return cls(runs / run, lock, masker or Masker())
            except BaseException:
                os.close(lock)
                raise
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise _not_written(runs, error) from error
        except Unavailable:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    @classmethod
    def reopen(cls, folder: Path, masker: Masker) -> Self:
        """The journal of a run whose process has died, to go on with it. Raises Conflict where one is alive,
        Unavailable."""
        try:
            lock = try_lock(folder / RUN_LOCK_FILE)
        except BlockingIOError:
            message = f"run {folder.name} is at work"
            raise Conflict(
                "run-live", message, f"Watch it with `treadle runs logs {folder.name} -f`."
            ) from None
        except OSError as error:
            raise _not_written(folder, error) from error
        try:
            journal = cls(folder, lock, masker)
            journal._go_on()
        except OSError as error:
            os.close(lock)
            raise _not_written(folder, error) from error
        return journal

    def _go_on(self) -> None:
        """After the last whole line: what a crash has torn is cut off."""
        content = (self.folder / _EVENTS).read_bytes()
        self._size = content.rfind(b"\n") + 1
        os.ftruncate(self._events, self._size)
        self._seq = content.count(b"\n", 0, self._size)

    @property
    def seq(self) -> int:
        """That of the last event."""
        return self._seq

    @property
    def run(self) -> str:
        """The run's id."""
        return self.folder.name

    def append(self, event: Event) -> int:
        """Record `event`, masked, and return its `seq`. Raises Unavailable, with nothing of it recorded."""
        body = _encode(masked(event, self._masker))  # outside the lock: of a log batch this is the long part
        with self._appended:
            if self._lock_file < 0:
                raise ValueError("the journal is closed")
            line = f'{{"seq":{self._seq + 1},"time":"{_now()}",{body[1:]}\n'.encode()
            self._write(line)
            self._seq += 1
            seq = self._seq
            self._appended.notify_all()
        if event["event"] in _DURABLE:
            self._sync()
        return seq

    def finish(self, result: RunResult) -> int:
        """Record how the run ended: its last event, and `result.json`. Raises Unavailable."""
        event = masked(run_finished(result), self._masker)
        seq = self.append(event)
        _write_json(self.folder / RESULT_FILE, {"format": JOURNAL_FORMAT, **event})
        return seq

    def follow(self, after: int = 0) -> Iterator[Event]:
        """As `follow`, for a thread of the process that writes: it sees every event at once."""
        seen = 0

        def wait_for_more(seconds: float) -> None:
            nonlocal seen
            with self._appended:
                # Compared with what was there before the last look: nothing can slip in between.
                self._appended.wait_for(lambda: self._seq > seen or self._lock_file < 0, seconds)
                seen = self._seq

        return follow(self.folder, after, wait_for_more)

    def close(self) -> None:
        """Give up the lock. A run that is not finished by now reads as interrupted."""
        with self._appended:
            if self._lock_file >= 0:
                os.close(self._events)
                os.close(self._lock_file)
                self._lock_file = self._events = -1
            self._appended.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._events, rest) :]
        except OSError as error:
            # Half an event must not become the beginning of the next one.
            with suppress(OSError):
                os.ftruncate(self._events, self._size)
            raise _not_written(self.folder, error) from error
        self._size += len(line)

    def _sync(self) -> None:
        try:
            os.fdatasync(self._events)
        except OSError as error:
            raise _not_written(self.folder, error) from error


def new_run_id() -> str:
    """Eleven characters that sort by time, to the millisecond, until 2059: `03kx9f2mqa7`."""
    number = int((time.time() - _EPOCH) * 1000) << 15 | secrets.randbits(15)
    return "".join(_DIGITS[number >> shift & 31] for shift in range(50, -5, -5))


def is_live(folder: Path) -> bool:
    """Whether a process works on the run in `folder` at this moment."""
    return is_locked(folder / RUN_LOCK_FILE)


def read_head(folder: Path) -> dict[str, Any]:
    """`run`, `process`, `environment`, `project`, `started` of a run. Raises NotFound, Invalid."""
    return _read_json(folder / HEAD_FILE)


def read_plan(folder: Path) -> dict[str, Any]:
    """The plan as it was given to the journal. Raises NotFound, Invalid."""
    read_head(folder)
    return read_object(folder / _PLAN)


def read_result(folder: Path) -> dict[str, Any] | None:
    """The run's last event; None while there is none. Raises NotFound, Invalid."""
    with suppress(NotFound):
        return _read_json(folder / RESULT_FILE)
    # On a full disk there may have been room for the event, but not for another file.
    with _EventReader(folder, after=0, logs=False) as reader:
        last = reader.last()
    return dict(last) if last is not None and last["event"] == Kind.RUN_FINISHED else None


def waits(folder: Path) -> bool:
    """Whether a run whose process has ended waits for a person. Raises NotFound, Invalid."""
    with _EventReader(folder, after=0, logs=False) as reader:
        last = reader.last()
    return last is not None and last["event"] == Kind.RUN_WAITING


def read(folder: Path, after: int = 0, logs: bool = True) -> Iterator[Event]:
    """The events recorded so far, from `seq` `after` + 1 on; without `logs` all but the log lines.

    A line that cannot be read, torn by a crash perhaps, is told as a warning event, code `journal-damaged`.
    Raises NotFound, Invalid.
    """
    reader = _EventReader(folder, after, logs)
    with reader:
        yield from reader.whole_lines()
        yield from reader.torn_line()


def follow(folder: Path, after: int = 0, pause: Callable[[float], None] = time.sleep) -> Iterator[Event]:
    """As `read`, then go on with what is added, until the run ends or its process has died."""
    with _EventReader(folder, after, logs=True) as reader:
        while True:
            live = is_live(folder)  # asked first: what comes after the answer is read in the next round
            for event in reader.whole_lines():
                yield event
                if event["event"] == Kind.RUN_FINISHED:
                    return
            if not live:
                yield from reader.torn_line()
                return
            pause(_POLL)


class _EventReader:
    """Reads the lines of an events file as they become whole."""

    def __init__(self, folder: Path, after: int, logs: bool) -> None:
        read_head(folder)
        self._file = open_record(folder / _EVENTS)
        self._after = after
        self._logs = logs
        self._number = 0
        self._torn = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def whole_lines(self) -> Iterator[Event]:
        while line := self._file.readline():
            self._torn += line
            if line.endswith(b"\n"):
                line, self._torn = self._torn, b""
                self._number += 1
                if self._logs or b'"event":"log"' not in line[:80]:
                    yield from self._event(line)

    def last(self) -> Event | None:
        """The last event, if it is whole and not an uncommonly long one."""
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(0, size - _LAST_EVENT))
        lines = self._file.read().splitlines(keepends=True)
        if not lines or not lines[-1].endswith(b"\n"):
            return None
        return next(self._event(lines[-1]), None)

    def torn_line(self) -> Iterator[Event]:
        """What is left at the end when nobody writes any more."""
        if self._torn:
            self._number += 1
            yield from self._event(self._torn)

    def _event(self, line: bytes) -> Iterator[Event]:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        if not is_event(event):
            message = f"Line {self._number} of {_EVENTS} cannot be read: torn by a crash, or changed."
            yield {"seq": self._number, "time": None, **warning("journal-damaged", message)}
            return
        if event["seq"] > self._after:
            yield event


def _read_json(path: Path) -> dict[str, Any]:
    content = read_object(path)
    if content.get("format") != JOURNAL_FORMAT:
        raise Invalid(
            "journal-format",
            f'"{path}" has format {json.dumps(content.get("format"))}; this Treadle reads format {JOURNAL_FORMAT}',
            hint="Use the version of Treadle that wrote it, or a newer one.",
        )
    return content


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2)
    try:
        data = text.encode()
    except UnicodeEncodeError:  # a path that is not UTF-8: JSON's own escapes hold it
        data = json.dumps(content, indent=2).encode()
    write_private(path, data + b"\n")


def _not_written(folder: Path, error: OSError) -> Unavailable:
    return Unavailable(
        "journal-not-written",
        f'cannot write the record of the run in "{folder}": {error.strerror}',
        hint="Make room on that disk, or point TREADLE_HOME elsewhere.",
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
