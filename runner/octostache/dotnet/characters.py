"""Character classes and letter case as .NET's invariant culture knows them: per character, never by context."""

from typing import Final

# char.IsWhiteSpace; unlike Python's \s it leaves out the separators U+001C to U+001F.
WHITE_SPACE: Final = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000"
)

# Characters that .NET's invariant casing leaves alone although Unicode maps them.
_UNCASED: Final = "\u0130\u0131\u017f"


def is_letter_or_digit(char: str) -> bool:
    """Whether `char` is a letter or decimal digit of the basic plane (.NET looks at UTF-16 units)."""
    return char <= "\uffff" and (char.isalpha() or char.isdecimal())


class _CaseTable(dict[int, str]):
    """A table for `str.translate` that learns the characters it meets."""

    def __init__(self, upper: bool) -> None:
        super().__init__()
        self._upper = upper

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in _UNCASED:
            mapped = char
        elif self._upper:
            # The title-case form is the simple mapping where the full upper-case mapping makes two letters.
            mapped = next((cased for cased in (char.upper(), char.title()) if len(cased) == 1), char)
        else:
            mapped = char.lower()
        self[code] = mapped
        return mapped


_TO_UPPER: Final = _CaseTable(upper=True)
_TO_LOWER: Final = _CaseTable(upper=False)


def to_upper(text: str) -> str:
    """`ToUpperInvariant`: one character for one."""
    return text.upper() if text.isascii() else text.translate(_TO_UPPER)


def to_lower(text: str) -> str:
    """`ToLowerInvariant`: one character for one."""
    return text.lower() if text.isascii() else text.translate(_TO_LOWER)


# Two names are the same (StringComparer.OrdinalIgnoreCase) when their folded forms are.
fold = to_upper


def to_units(text: str) -> str:
    """`text` with every character beyond the basic plane as its two surrogates: what .NET counts and cuts."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    return "".join(
        chr(int.from_bytes(units[index : index + 2], "little")) for index in range(0, len(units), 2)
    )


def encodable(text: str) -> str:
    """`text` with surrogates joined and lone ones replaced, as .NET does before it encodes."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
