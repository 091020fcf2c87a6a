"""Texts that look like secrets, by the shapes that services give them."""

from __future__ import annotations

import re

_SHAPES = (
    r"AKIA[0-9A-Z]{16}",  # AWS access key
    r"-----BEGIN (?:RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}",
    r"\bgh[pousr]_[A-Za-z0-9]{36}",  # GitHub
    r"\bglpat-[A-Za-z0-9_-]{20}",  # GitLab
    r"\bxox[abprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}",
    r"\bAPI-[A-Z0-9]{25,}\b",  # Octopus
    r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{10,}",  # JSON web token
    r"\bAccountKey=[A-Za-z0-9+/]{40,}={0,2}",  # Azure storage
    r"\bsk_live_[A-Za-z0-9]{20,}",  # Stripe
    r"://[A-Za-z0-9._-]+:(?!password\b)[A-Za-z0-9!%&*+_~-]{6,}@[A-Za-z0-9]",  # password in an address
)
_ASSIGNED = re.compile(
    r"""(?ix) \b \$? [\w:]* (?:password|passwd|secret|api_?key|access_?token) \s* = \s*
        (["']) (?P<value> [^"'$\#{}<>\s*()%]{6,} ) \1"""
)
_KNOWN = re.compile("|".join(_SHAPES))
SUSPECT = re.compile(f"{_KNOWN.pattern}|(?i:password|passwd|secret|api_?key|access_?token)")
"""What every line has that `holds_secret` can find anything in."""

_PLACEHOLDER = re.compile(
    r"password|secret|token|api_?key|example|your|changeme|xxx|placeholder|value|none|null|^[.*x]+$",
    re.IGNORECASE,
)


def looks_secret(text: str) -> bool:
    """Whether a text has the shape of a secret of a known service."""
    return _KNOWN.search(text) is not None


def holds_secret(line: str) -> bool:
    """Whether a line of a script holds a secret, or gives one to a variable named so."""
    if looks_secret(line):
        return True
    found = _ASSIGNED.search(line)
    return found is not None and not _PLACEHOLDER.search(found["value"])
