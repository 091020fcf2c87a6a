"""Service messages: what a script tells the runner in its output.

`##octopus[<name> <attribute>='<base64 of UTF-8>' ...]`, at the start of a line, on either stream. The rules
are those of Octopus Deploy, so that its community templates run unmodified. The runner acts on a few names,
the rest is kept as events.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from xml.etree import ElementTree

from runner.bootstrap.dictionary import is_true
from runner.engine.base import Stream
from runner.model import Level

MARKER = "##octopus["


DEFAULT_LEVELS: Mapping[Stream, Level] = MappingProxyType(
    {Stream.STDOUT: Level.INFO, Stream.STDERR: Level.ERROR}
)

LEVEL_SWITCHES: Mapping[str, tuple[Stream, Level]] = MappingProxyType(
    {
        "stdout-default": (Stream.STDOUT, Level.INFO),
        "stdout-verbose": (Stream.STDOUT, Level.VERBOSE),
        "stdout-warning": (Stream.STDOUT, Level.WARNING),
        "stdout-error": (Stream.STDOUT, Level.ERROR),
        "stdout-highlight": (Stream.STDOUT, Level.HIGHLIGHT),
        "stdout-wait": (Stream.STDOUT, Level.WAIT),
        "stdout-ignore": (Stream.STDOUT, Level.IGNORE),
        "stderr-default": (Stream.STDERR, Level.ERROR),
        "stderr-error": (Stream.STDERR, Level.ERROR),
        "stderr-progress": (Stream.STDERR, Level.VERBOSE),
        "stderr-ignore": (Stream.STDERR, Level.IGNORE),
    }
)
"""Message name to the stream it switches, whichever stream brought it, and its level from then on."""

_SECRET_ATTRIBUTES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "mask": frozenset({"value"}),
        "create-tokenaccount": frozenset({"token"}),
        "create-userpassaccount": frozenset({"password"}),
        "create-awsaccount": frozenset({"secretkey"}),
        "create-azureaccount": frozenset({"azpassword", "password"}),
    }
)


@dataclass(frozen=True, slots=True)
class ServiceMessage:
    """A message that could be read. `attributes` are decoded, in the order and the case they came in.

    Values may be secrets, hence no `repr` of them.
    """

    name: str
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    stream: Stream = Stream.STDOUT

    def get(self, attribute: str) -> str | None:
        """The value of an attribute, whatever the case of its name; None if there is none."""
        folded = attribute.lower()
        return next((value for name, value in self.attributes.items() if name.lower() == folded), None)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values in it that must never be shown."""
        names = _SECRET_ATTRIBUTES.get(self.name, frozenset())
        if self.name in ("setVariable", "set-environmentstate") and is_true(self.get("sensitive")):
            names |= {"value"}
        return tuple(value for name, value in self.attributes.items() if name.lower() in names)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that breaks the rules; `reason` shows nothing of its values."""

    reason: str
    stream: Stream = Stream.STDOUT


@dataclass(frozen=True, slots=True)
class OutputVariable:
    """`setVariable`: a value for everything that runs later."""

    name: str
    value: str = field(repr=False)
    sensitive: bool = False

    @classmethod
    def of(cls, message: ServiceMessage) -> OutputVariable | None:
        """The variable that `message` sets; None if it is another message, or has no name.

        A missing value is an empty one: that is how Bash scripts of the community send it.
        """
        name = message.get("name") or ""
        if message.name != "setVariable" or not name.strip():
            return None
        return cls(name, message.get("value") or "", is_true(message.get("sensitive")))


@dataclass(frozen=True, slots=True)
class ArtifactRequest:
    """`createArtifact`: a file or folder to collect after the script ended; `length` as the script saw it."""

    path: str
    name: str
    length: int | None = None

    @classmethod
    def of(cls, message: ServiceMessage) -> ArtifactRequest | None:
        """The request in `message`; None if it is another message, or has no path.

        Without a name it is called like the file.
        """
        path = message.get("path") or ""
        if message.name != "createArtifact" or not path.strip():
            return None
        name = message.get("name") or path.rstrip("/").rpartition("/")[2] or path
        return cls(path, name, _whole_number(message.get("length")))


@dataclass(frozen=True, slots=True)
class Progress:
    """`progress`: how far the script is, in per cent."""

    percentage: int
    message: str

    @classmethod
    def of(cls, message: ServiceMessage) -> Progress | None:
        """The progress in `message`; None if it is another message, or its percentage is not a whole number."""
        percentage = _whole_number(message.get("percentage"))
        if message.name != "progress" or percentage is None:
            return None
        return cls(percentage, message.get("message") or "")


def parse(line: str, start: int, stream: Stream) -> tuple[ServiceMessage | Unreadable, int] | None:
    """The message that begins at `line[start]`, and where the text after it begins.

    The message runs to the first `]`. None without one: the line is plain text then.
    """
    begin = start + len(MARKER)
    end = line.find("]", begin)
    return None if end < 0 else (_read(line[begin:end], stream), end + 1)


def secrets_within(text: str) -> Iterator[str]:
    """The secrets of messages anywhere in `text`.

    A message that doesn't begin its line does nothing and is shown, but what it calls a secret is one.
    """
    start = text.find(MARKER)
    while start >= 0:
        found = parse(text, start, Stream.STDOUT)
        if found is None:
            return
        if isinstance(found[0], ServiceMessage):
            yield from found[0].secrets
        start = text.find(MARKER, start + 1)


def _read(body: str, stream: Stream) -> ServiceMessage | Unreadable:
    # XML's attribute rules are the format's own: Octopus reads a message as an XML element, too. Nothing can
    # be expanded: an entity would need a document type, and that a "]".
    try:
        element = ElementTree.fromstring(f"<{body.strip()}/>")  # noqa: S314
    except ElementTree.ParseError:
        return Unreadable(_named(body, "its attributes are not quoted as they should be"), stream)
    attributes: dict[str, str] = {}
    for name, encoded in element.items():
        if name.lower() in map(str.lower, attributes):
            return Unreadable(_named(body, f'it has "{name}" twice'), stream)
        try:
            attributes[name] = _decode(encoded)
        except ValueError:
            return Unreadable(_named(body, f'the value of "{name}" is not base64'), stream)
    return ServiceMessage(element.tag, MappingProxyType(attributes), stream)


def _named(body: str, reason: str) -> str:
    """`reason` after the message's name, if it looks like one: anything else may be a secret gone astray."""
    name = re.match(r"\s*([A-Za-z][\w-]{0,60})(?=\s|$)", body)
    return f"{name[1]}: {reason}" if name else reason


def _decode(encoded: str) -> str:
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    return data.decode("utf-8", "replace")


def _whole_number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text, re.ASCII) else None
