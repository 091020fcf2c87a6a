"""Substitution in files: bytes in, bytes out, in the encoding that the file has.

The encoding is told by a byte order mark; without one it is UTF-8, or windows-1252 for what is no UTF-8.
"""

import codecs
import unicodedata
from dataclasses import dataclass
from typing import Final

from runner.octostache.dotnet.characters import encodable
from runner.octostache.variables import Evaluation, Variables

# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK_OF: Final = {encoding: mark for mark, encoding in _MARKS}
_UNICODE_NAMES: Final = {
    "unicode": "utf-16-le",
    "utf-16": "utf-16-le",
    "utf16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "ucs-2": "utf-16-le",
    "unicodefffe": "utf-16-be",
    "utf-16be": "utf-16-be",
    "utf-32": "utf-32-le",
    "utf-32le": "utf-32-le",
    "utf-32be": "utf-32-be",
    "utf-8": "utf-8",
    "utf8": "utf-8",
}
_LEGACY: Final = "cp1252"
# Bytes without character in windows-1252; they are kept as the control characters of the same code.
_HOLES: Final = {byte: 0xDC00 + byte for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_NO_TEXT_ENCODINGS: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs"}
)


@dataclass(frozen=True, slots=True)
class FileSubstitution:
    """A file after substitution.

    `replaced_characters` tells that its encoding could not hold all of the text: characters were replaced in an
    encoding that was asked for, or the file's own encoding was given up for UTF-8.
    """

    content: bytes
    evaluation: Evaluation
    replaced_characters: bool = False


def substitute(content: bytes, variables: Variables, output_encoding: str | None = None) -> FileSubstitution:
    """Replaces all tokens of a file as far as they can be parsed; line breaks stay as they are.

    `output_encoding` names another encoding to write in (Unicode ones get a byte order mark); an unknown name counts
    as none. Raises what `Variables.evaluate` raises. A text that a `null` filter takes away leaves the file as it is.
    """
    text, encoding, mark = decode(content)
    evaluation = variables.evaluate(text, halt_on_error=False)
    if evaluation.text is None:
        return FileSubstitution(content, evaluation)
    result = encodable(evaluation.text)
    wanted = _known_encoding(output_encoding)
    if wanted is not None:
        encoded, replaced = _encode_as(result, wanted)
        return FileSubstitution(_MARK_OF.get(wanted, b"") + encoded, evaluation, replaced)
    try:
        return FileSubstitution(mark + _encode(result, encoding), evaluation)
    except UnicodeEncodeError:
        return FileSubstitution(result.encode(), evaluation, True)


def decode(content: bytes) -> tuple[str, str, bytes]:
    """The text of a file, its encoding and its byte order mark."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace"), encoding, mark
    try:
        return content.decode(), "utf-8", b""
    except UnicodeDecodeError:
        text = content.decode(_LEGACY, "surrogateescape")
        return text.translate({hole: byte for byte, hole in _HOLES.items()}), _LEGACY, b""


def _encode(text: str, encoding: str) -> bytes:
    if encoding == _LEGACY:
        return text.translate(_HOLES).encode(_LEGACY, "surrogateescape")
    return text.encode(encoding)


def _encode_as(text: str, encoding: str) -> tuple[bytes, bool]:
    try:
        return _encode(text, encoding), False
    except UnicodeEncodeError:
        return "".join(_best_fit(char, encoding) for char in text).encode(encoding, "replace"), True


def _best_fit(char: str, encoding: str) -> str:
    """The letter without its marks where the encoding has only that one; ASCII has a question mark for all."""
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        if char > "\uffff":
            return "??"  # one for each UTF-16 unit
        return "?" if encoding == "ascii" else unicodedata.normalize("NFD", char)[0]
    return char


def _known_encoding(name: str | None) -> str | None:
    if not name:
        return None
    unicode_name = _UNICODE_NAMES.get(name.strip().lower())
    if unicode_name is not None:
        return unicode_name
    try:
        found = codecs.lookup(name.strip())
    except (LookupError, ValueError):
        return None
    is_text = getattr(found, "_is_text_encoding", True) and found.name not in _NO_TEXT_ENCODINGS
    return found.name if is_text else None
