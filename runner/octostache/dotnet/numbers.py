"""Numbers as .NET parses and prints them in the invariant culture."""

import re
from decimal import Decimal
from typing import Final

from runner.octostache.dotnet.characters import WHITE_SPACE

_PARSE_SPACE: Final = "\t\n\x0b\x0c\r "
_INTEGER: Final = re.compile(rf"[{_PARSE_SPACE}]*([+-]?[0-9]+)[{_PARSE_SPACE}]*\x00*")
_FLOAT: Final = re.compile(
    rf"[{_PARSE_SPACE}]*([+-]?)(?:([0-9][0-9,]*)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]+))?[{_PARSE_SPACE}]*\x00*"
)
_NAMED: Final = {"infinity": "inf", "-infinity": "-inf", "nan": "nan", "+infinity": "inf", "-nan": "nan", "+nan": "nan"}


def parse_int32(text: str) -> int | None:
    """`int.TryParse`."""
    match = _INTEGER.fullmatch(text)
    if match is None or len(match[1].lstrip("+-0")) > 10:
        return None
    number = int(match[1])
    return number if -(2**31) <= number < 2**31 else None


def parse_double(text: str) -> float | None:
    """`double.TryParse`: spaces, sign, thousands commas, exponent, and the names of what is no number."""
    match = _FLOAT.fullmatch(text)
    if match is None:
        named = _NAMED.get(text.strip(WHITE_SPACE).lower())
        return None if named is None else float(named)
    sign, whole, fraction, only_fraction, exponent = match.groups()
    digits = (whole or "").replace(",", "") or "0"
    return float(f"{sign}{digits}.{fraction or only_fraction or '0'}e{_clip(exponent)}")


def _clip(exponent: str | None) -> int:
    return 0 if exponent is None else max(-99_999, min(99_999, int(exponent[:8])))


def shortest_double(value: float) -> str:
    """`double.ToString()`: the shortest digits that read back as the same, `E+15` from 1e15 up, `E-05` below 1e-4."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    scale = len(digits) + int(exponent)  # the decimal point stands after so many digits
    minus = "-" if sign else ""
    if text == "0":
        return minus + "0"
    if not -4 <= scale - 1 < 15:
        fraction = "." + text[1:] if len(text) > 1 else ""
        power = scale - 1
        return f"{minus}{text[0]}{fraction}E{'+' if power >= 0 else '-'}{abs(power):02d}"
    if scale <= 0:
        return f"{minus}0.{'0' * -scale}{text}"
    if len(text) <= scale:
        return minus + text + "0" * (scale - len(text))
    return f"{minus}{text[:scale]}.{text[scale:]}"
