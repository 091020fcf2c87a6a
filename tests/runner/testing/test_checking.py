from __future__ import annotations

from dataclasses import replace

import pytest

from runner.masking.masker import Masker
from runner.testing.checking import differences
from runner.testing.model import (
    Expectations,
    ExpectedCall,
    ExpectedLine,
    ExpectedRequest,
    Observed,
    SeenRequest,
)

SEEN = Observed(
    exit_code=1,
    message="it broke",
    outputs={"Status": "200"},
    log=(("info", "all is ready"), ("error", "disk full")),
    artifacts=("report.txt",),
    files={"a.json": "{}"},
    requests=(SeenRequest(8080, "POST", "/hook", {"x-token": "t"}, '{"a": 1, "b": 2}'),),
    calls=(("kubectl", "apply", "-f", "x y"),),
)


@pytest.mark.parametrize(
    "expect",
    [
        Expectations(exit_code=1, message="broke", outputs={"Status": "200", "Other": None}),
        Expectations(log=(ExpectedLine(text="ready"), ExpectedLine(pattern="^disk", level="error"))),
        Expectations(log=(ExpectedLine(absent="secret"), ExpectedLine(absent="ready", level="error"))),
        Expectations(artifacts=("report.txt",), files={"a.json": "{}"}),
        Expectations(
            requests=(ExpectedRequest("/hook", 8080, "POST", {"X-Token": "t"}, '{"b":2,"a":1}', 1),)
        ),
        Expectations(requests=(ExpectedRequest("/other", count=0),)),
        Expectations(calls=(ExpectedCall("kubectl"),)),
        Expectations(calls=(ExpectedCall("kubectl", ("apply", "-f", "x y")),)),
    ],
)
def test_what_fits_is_no_difference(expect: Expectations) -> None:
    assert differences(expect, SEEN) == ()


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        (Expectations(exit_code=0), "exit code: expected 0, got 1 (it broke)"),
        (Expectations(message="fine"), 'message: expected "fine", got "it broke"'),
        (Expectations(outputs={"Status": "404"}), 'output "Status": expected "404", got "200"'),
        (Expectations(outputs={"Status": None}), 'output "Status": expected nothing, got "200"'),
        (Expectations(log=(ExpectedLine(text="gone"),)), 'log: expected a line with "gone", got 2 lines'),
        (
            Expectations(log=(ExpectedLine(absent="full"),)),
            'log: expected no line with "full", got "disk full"',
        ),
        (
            Expectations(log=(ExpectedLine(text="ready", level="error"),)),
            'log at level error: expected a line with "ready", got 1 lines',
        ),
        (Expectations(artifacts=("x",)), 'artifact: expected "x", got "report.txt"'),
        (Expectations(files={"b": None, "a.json": "[]"}), 'file "a.json": expected "[]", got "{}"'),
        (
            Expectations(requests=(ExpectedRequest("/hook", count=2),)),
            'request: expected any /hook 2 times, got 1 of: "POST /hook {\\"a\\": 1, \\"b\\": 2}"',
        ),
        (
            Expectations(calls=(ExpectedCall("helm"),)),
            'calls: expected "helm ...", got "kubectl apply -f x y"',
        ),
        (Expectations(calls=()), 'calls: expected nothing, got "kubectl apply -f x y"'),
    ],
)
def test_a_difference_tells_both_sides(expect: Expectations, told: str) -> None:
    assert [str(failure) for failure in differences(expect, SEEN)] == [told]


def test_all_differences_are_told_at_once() -> None:
    expect = Expectations(exit_code=0, message="fine", outputs={"A": "1"}, artifacts=("x",))
    assert len(differences(expect, SEEN)) == 4


def test_a_pattern_that_takes_forever_fits_nothing() -> None:
    seen = replace(SEEN, log=(("info", "a" * 40 + "!"),))
    expect = Expectations(log=(ExpectedLine(pattern=r"^(a|aa|a?)+$"),))
    assert len(differences(expect, seen)) == 1


def test_failures_tell_no_secret_of_what_was_compared_in_clear() -> None:
    secret = 'Canary "9981"'
    seen = replace(
        SEEN,
        message=f"no {secret}",
        outputs={"P": secret},
        files={"a": "x" * 995 + secret},
        requests=(SeenRequest(1, "POST", f"/{secret}", {}, secret),),
        calls=((secret, secret),),
    )
    expect = Expectations(
        exit_code=7,
        message=f"with {secret}",
        outputs={"P": f"not {secret}"},
        files={"a": f"not {secret}"},
        requests=(ExpectedRequest("/x", body=secret),),
        calls=(ExpectedCall(secret, ("y",)),),
        log=(ExpectedLine(text=secret), ExpectedLine(pattern="x" + secret)),
    )
    told = [str(failure) for failure in differences(expect, seen, Masker([secret]).mask_text)]
    assert len(told) == 8
    assert "Canary" not in "".join(told)
    right = Expectations(outputs={"P": secret}, message=secret)
    assert differences(right, seen, Masker([secret]).mask_text) == ()
