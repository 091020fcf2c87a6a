"""Comparing what came of a run with what was expected: every difference, each with both sides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from registry.text.patterns import PatternError, compile_untrusted, shortened
from runner.testing.model import (
    Expectations,
    ExpectedLine,
    ExpectedRequest,
    Failure,
    Observed,
    SeenRequest,
)

_MAX_SHOWN = 1000


def differences(
    expect: Expectations, seen: Observed, mask: Callable[[str], str] = str
) -> tuple[Failure, ...]:
    """All expectations that weren't met. What the failures say of them is masked; what is compared is not."""
    return tuple(
        Failure(*(_cut(mask(text)) for text in (failure.what, failure.expected, failure.got)))
        for failure in _failures(expect, seen)
    )


def _failures(expect: Expectations, seen: Observed) -> tuple[Failure, ...]:
    return (
        *_ending(expect, seen),
        *_outputs(expect, seen),
        *(failure for line in expect.log if (failure := _line(line, seen))),
        *(
            Failure("artifact", _quoted(name), _listed(seen.artifacts))
            for name in expect.artifacts
            if name not in seen.artifacts
        ),
        *_files(expect, seen),
        *(failure for request in expect.requests if (failure := _request(request, seen))),
        *_calls(expect, seen),
    )


def _ending(expect: Expectations, seen: Observed) -> Iterator[Failure]:
    if expect.exit_code is not None and expect.exit_code != seen.exit_code:
        got = "none" if seen.exit_code is None else str(seen.exit_code)
        yield Failure("exit code", str(expect.exit_code), f"{got} ({seen.message})" if seen.message else got)
    if expect.message is not None and expect.message not in seen.message:
        yield Failure("message", _quoted(expect.message), _quoted(seen.message))


def _outputs(expect: Expectations, seen: Observed) -> Iterator[Failure]:
    yield from _differences("output", expect.outputs, seen.outputs)


def _line(expect: ExpectedLine, seen: Observed) -> Failure | None:
    lines = [line for level, line in seen.log if expect.level in (None, level)]
    where = f"log at level {expect.level}" if expect.level else "log"
    if expect.absent is not None:
        hit = next((line for line in lines if expect.absent in line), None)
        return None if hit is None else Failure(where, f"no line with {_quoted(expect.absent)}", _quoted(hit))
    if expect.pattern is not None:
        problem = _mismatch(expect.pattern, lines)
        return (
            None
            if problem is None
            else Failure(where, f"a line that matches {shortened(expect.pattern)}", problem)
        )
    found = any((expect.text or "") in line for line in lines)
    return None if found else Failure(where, f"a line with {_quoted(expect.text)}", f"{len(lines)} lines")


def _mismatch(pattern: str, lines: Sequence[str]) -> str | None:
    """What there is instead of a line in which the pattern is found; None if there is one."""
    try:
        compiled = compile_untrusted(pattern)
        return None if any(map(compiled.is_in, lines)) else f"{len(lines)} lines"
    except PatternError as error:
        return f"a pattern that cannot be used: {error}"
    except TimeoutError:
        return "a pattern that takes longer than a second on one line"


def _files(expect: Expectations, seen: Observed) -> Iterator[Failure]:
    yield from _differences("file", expect.files, seen.files)


def _differences(
    kind: str, expected: Mapping[str, str | None], seen: Mapping[str, str | None] | Mapping[str, str]
) -> Iterator[Failure]:
    """One for each name that has another text than expected; None: there is none."""
    for name, text in expected.items():
        if seen.get(name) != text:
            yield Failure(f'{kind} "{name}"', _quoted(text), _quoted(seen.get(name)))


def _request(expect: ExpectedRequest, seen: Observed) -> Failure | None:
    count = sum(1 for request in seen.requests if _fits(expect, request))
    if count == expect.count or (expect.count is None and count):
        return None
    times = "at least once" if expect.count is None else f"{expect.count} times"
    got = [f"{request.method} {request.path} {request.body}".strip() for request in seen.requests]
    wanted = f"{expect.method or 'any'} {expect.path} {times}"
    if expect.body is not None:
        wanted += f" with body {_quoted(expect.body)}"
    return Failure("request", wanted, f"{count} of: {_listed(got)}")


def _fits(expect: ExpectedRequest, request: SeenRequest) -> bool:
    headers = {name.lower(): value for name, value in expect.headers.items()}
    return (
        expect.path == request.path
        and expect.port in (None, request.port)
        and expect.method in (None, request.method)
        and all(request.headers.get(name) == value for name, value in headers.items())
        and (expect.body is None or _same_body(expect.body, request.body))
    )


def _same_body(expected: str, got: str) -> bool:
    if expected == got:
        return True
    try:
        return bool(json.loads(expected) == json.loads(got))
    except ValueError:
        return False


def _calls(expect: Expectations, seen: Observed) -> Iterator[Failure]:
    """The calls in order: as many as expected, each by name and, where given, with its arguments."""
    if expect.calls is None:
        return
    fits = len(expect.calls) == len(seen.calls) and all(
        wanted.name == got[0] and wanted.arguments in (None, got[1:])
        for wanted, got in zip(expect.calls, seen.calls, strict=True)
    )
    if not fits:
        wanted = [" ".join([call.name, *(call.arguments or ("...",))]) for call in expect.calls]
        yield Failure("calls", _listed(wanted), _listed([" ".join(call) for call in seen.calls]))


def _quoted(text: str | None) -> str:
    if text is None:
        return "nothing"
    return json.dumps(text, ensure_ascii=False)


def _cut(text: str) -> str:
    """The beginning of a long text. Masked before: half a secret would not be found any more."""
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _listed(texts: object) -> str:
    items = [_quoted(str(item)) for item in texts] if isinstance(texts, list | tuple) else []
    return ", ".join(items) or "nothing"
