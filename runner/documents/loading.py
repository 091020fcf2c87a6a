"""What reading a file has in common, whatever is in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from registry.errors import Invalid, NotFound
from registry.model import Problem
from registry.yamldoc import YamlDocument, decode_yaml, load_yaml


def load(path: Path) -> YamlDocument:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotFound("file-not-found", f'there is no file "{path}"') from None
    except OSError as error:
        raise Invalid("file-unreadable", f'"{path}" can not be read: {error.strerror}') from None
    return load_yaml(decode_yaml(data, str(path)), str(path))


def invalid(path: Path, problems: Sequence[Problem]) -> Invalid:
    count = len(problems)
    return Invalid(
        "invalid-document",
        f'"{path}" has {"a problem" if count == 1 else f"{count} problems"}',
        problems=problems,
    )
