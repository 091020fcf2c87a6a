"""What of an address is shown, in whatever words it comes."""

from __future__ import annotations

import pytest

from registry.git.command import GitFailedError
from registry.git.credentials import shown_address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://bob:pw@example.com/x", "https://example.com/x"),
        ("https//bob:pw@example.com", "https//example.com"),
        ("/work/https//bob:pw@example.com", "/work/https//example.com"),
        ("/work/bob:pw@example.com/x", "/work/example.com/x"),
        ("http://example.com/x?token=pw#pw", "http://example.com/x"),
        ("https://example.com/x;token=pw", "https://example.com/x"),
        ("https://bob:pw\uff20example.com/x", "https://example.com/x"),
        ("bob:pw\ufe6bexample.com/x", "example.com/x"),
        ("git@example.com:x", "git@example.com:x"),
        ("/home/ann@work/x", "/home/ann@work/x"),
        ("./C#/library?", "./C#/library?"),
        ("", ""),
    ],
)
def test_what_may_be_shown_of_an_address(address: str, shown: str) -> None:
    assert shown_address(address) == shown


def test_what_git_says_holds_no_passwords() -> None:
    told = "fatal: unable to access 'https://bob:canary@example.com/x/': Could not resolve host: example.com"
    failed = GitFailedError(("fetch",), told)
    assert failed.message == (
        "git fetch failed: unable to access 'https://example.com/x/': Could not resolve host: example.com"
    )
