"""Texts that look like secrets, by the shapes that services give them."""

from __future__ import annotations

import re

_SHAPES = {
    "an AWS access key": r"AKIA[0-9A-Z]{16}",
    "an AWS secret key": r"(?i:aws_secret_access_key)[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])",
    "a private key": r"(?m:-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----(?:[ \t]*$|\\n|\s+[A-Za-z0-9+/=]{20}))",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{20}",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a Slack webhook": r"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}",
    "an Octopus API key": r"\bAPI-[A-Z0-9]{25,}\b",
    "a JSON web token": r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{10,}",
    "an Azure storage key": r"\bAccountKey=[A-Za-z0-9+/]{40,}={0,2}",
    "a Stripe key": r"\bsk_live_[A-Za-z0-9]{20,}",
    "a password in an address": r"://[A-Za-z0-9._-]+:(?!password\b)[A-Za-z0-9!%&*+_~-]{6,}@[A-Za-z0-9]",
}
_ASSIGNED = re.compile(
    r"""(?ix) \b \$? [\w:]* (?:password|passwd|secret|api_?key|access_?token) \s* = \s*
        (["']) (?P<value> [^"'$\#{}<>\s*()%]{6,} ) \1"""
)
_EXPORTED = re.compile(
    r"""(?ix) ^ \s* (?:export|declare \s+ -x|set|setx) \s+ \w* (?:password|passwd|secret|api_?key|token) \w* [=\s]
        (?P<value> (?=[^\s]*\d) (?=[^\s]*[a-z]) [A-Z0-9/+_.=-]{16,} ) \s* $"""
)
_KNOWN = {kind: re.compile(shape) for kind, shape in _SHAPES.items()}
SUSPECT = re.compile(f"{'|'.join(_SHAPES.values())}|(?i:password|passwd|secret|api_?key|token)")
"""What every line has that `secret_kind` can find anything in."""

_PLACEHOLDER = re.compile(
    r"password|secret|token|api_?key|example|your|changeme|xxx|placeholder|value|none|null|^[.*x]+$",
    re.IGNORECASE,
)


def looks_secret(text: str) -> bool:
    """Whether a text has the shape of a secret of a known service."""
    return _known_kind(text) is not None


def holds_secret(line: str) -> bool:
    """Whether a line of a script holds a secret, or gives one to a variable named so."""
    return secret_kind(line) is not None


def secret_kind(line: str) -> str | None:
    """What secret a line of a script holds, or gives to a variable named so: `a private key`; None for none."""
    kind = _known_kind(line)
    if kind is not None:
        return kind
    found = _ASSIGNED.search(line) or _EXPORTED.search(line)
    if found is None or _PLACEHOLDER.search(found["value"]):
        return None
    return "a value for what is named like one"


def _known_kind(text: str) -> str | None:
    return next((kind for kind, shape in _KNOWN.items() if shape.search(text)), None)
