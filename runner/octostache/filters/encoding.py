"""Base64 and digests."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final

from runner.octostache.dotnet.characters import encodable
from runner.octostache.dotnet.numbers import parse_int32
from runner.octostache.filters.base import Filter, FilterFailure

_ENCODINGS: Final = {"utf8": "utf-8", "utf-8": "utf-8", "unicode": "utf-16-le"}
_BLANKS: Final = re.compile(r"[ \t\r\n]")


def to_base64(argument: str | None, options: Sequence[str]) -> str | None:
    """`ToBase64 [utf8|utf-8|unicode]`."""
    encoding = _encoding(options)
    if argument is None or encoding is None:
        return None
    return base64.b64encode(encodable(argument).encode(encoding)).decode("ascii")


def from_base64(argument: str | None, options: Sequence[str]) -> str | None:
    """`FromBase64 [utf8|utf-8|unicode]`; fails for what is not base64, whatever the encoding."""
    if argument is None or len(options) > 1:
        return None
    try:
        decoded = _decode(argument)
    except ValueError as error:
        raise FilterFailure("it is not base64 text") from error
    encoding = _encoding(options)
    return None if encoding is None else decoded.decode(encoding, "replace")


def _encoding(options: Sequence[str]) -> str | None:
    return None if len(options) > 1 else _ENCODINGS.get(options[0].lower() if options else "utf8")


def _decode(text: str) -> bytes:
    compact = _BLANKS.sub("", text)
    if len(compact) % 4:
        raise binascii.Error("incomplete")
    return base64.b64decode(compact, validate=True)


def digest(algorithm: str) -> Filter:
    """`Md5 [size] [encoding]` and its sisters, the options in either order."""

    def apply(argument: str | None, options: Sequence[str]) -> str | None:
        if argument is None or len(options) > 2:
            return None
        size, encodings = _split(options)
        if len(encodings) > 1 or size == 0:
            return None
        encode = _encoder(encodings[0].lower() if encodings else "utf8")
        try:
            content = None if encode is None else encode(argument)
        except ValueError:
            return None
        if content is None:
            return None
        return hashlib.new(algorithm, content, usedforsecurity=False).digest()[:size].hex()

    return apply


def _split(options: Sequence[str]) -> tuple[int | None, list[str]]:
    """The size (None if none is given, 0 if there is one too many) and what else there is."""
    sizes = [size for option in options if (size := parse_int32(option)) is not None and size > 0]
    rest = [option for option in options if (parse_int32(option) or 0) <= 0]
    return (sizes[0] if len(sizes) == 1 else None if not sizes else 0), rest


def _encoder(name: str) -> Callable[[str], bytes] | None:
    if name == "base64":
        return _decode
    encoding = _ENCODINGS.get(name)
    return None if encoding is None else lambda text: encodable(text).encode(encoding)
