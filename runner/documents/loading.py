"""What reading a file has in common, whatever is in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from registry.errors import Invalid, NotFound
from registry.model import Problem
from registry.text.document import MAX_BYTES, decode_utf8
from registry.text.yaml_document import YamlDocument, load_yaml
from runner.variables.value_file import read_limited


def load(path: Path, label: str | None = None) -> YamlDocument:
    """Read a YAML file; `label` is its name for messages. Raises NotFound, Invalid."""
    label = label or str(path)
    return load_yaml(decode_utf8(read_file(path, label), label), label)


def read_file(path: Path, label: str | None = None) -> bytes:
    """The bytes of a file, at most one more than a document may have; `label` is its name for messages.

    Raises NotFound, Invalid.
    """
    label = label or str(path)
    try:
        return read_limited(path, MAX_BYTES, "file-unreadable")
    except FileNotFoundError:
        raise NotFound("file-not-found", f'there is no file "{label}"') from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Invalid("file-unreadable", f'"{label}" cannot be read: {reason}') from None


def label_of(path: Path, directory: Path) -> str:
    """How people call a file while they work in `directory`: relative to it if it lies below."""
    return str(path.relative_to(directory) if path.is_relative_to(directory) else path)


def invalid(label: str, problems: Sequence[Problem]) -> Invalid:
    """The error for a file with these problems."""
    count = len(problems)
    return Invalid(
        "invalid-document",
        f'"{label}" has {"a problem" if count == 1 else f"{count} problems"}',
        problems=problems,
    )
