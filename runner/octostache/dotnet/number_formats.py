"""Standard number formats of .NET (`C2`, `E`, `N0` ...) in the invariant culture."""

import re
from decimal import Decimal
from typing import Final

from runner.octostache.dotnet.custom_numbers import format_custom
from runner.octostache.dotnet.numbers import Digits, double_digits, exponent, general

_STANDARD: Final = re.compile(r"([A-Za-z])([0-9]*)\x00*")
_LARGEST_PRECISION: Final = 999_999_999
_SUPPORTED_PRECISION: Final = 1_000_000
_CUSTOM_DOUBLE_DIGITS: Final = 15
_DEFAULT_PLACES: Final = {"C": 2, "F": 2, "N": 2, "P": 2, "E": 6}
_DECIMAL_DIGITS: Final = 29


class FormatError(ValueError):
    """The format is not one for this kind of value."""


class FormatTooLongError(ValueError):
    """The format asks for more digits than are supported."""


def format_number(value: int | Decimal | float, text: str) -> str:
    """`value` in the format `text`; integers count as 32-bit ones.

    Raises `FormatError` for a format that .NET refuses, `FormatTooLongError` for more than a million digits.
    """
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    match = _STANDARD.fullmatch(text or "G")
    if match is None:
        return format_custom(_custom_digits(value), text)
    precision = int(match[2][:20]) if match[2] else None
    if precision is not None and precision > _LARGEST_PRECISION:
        raise FormatError(text)
    if precision is not None and precision > _SUPPORTED_PRECISION:
        raise FormatTooLongError(text)
    return _format_standard(value, match[1], precision)


def _custom_digits(value: int | Decimal | float) -> Digits:
    if isinstance(value, float):
        return double_digits(value, significant=_CUSTOM_DOUBLE_DIGITS)
    return Digits.of(Decimal(value))


def _format_standard(value: int | Decimal | float, letter: str, precision: int | None) -> str:
    match letter.upper():
        case "D" | "X" | "B" as kind if isinstance(value, int):
            return _format_integer(value, kind if letter.isupper() else kind.lower(), precision or 0)
        case "C" | "F" | "N" | "P" as kind:
            return _format_fixed(value, kind, _DEFAULT_PLACES[kind] if precision is None else precision)
        case "E":
            return _format_scientific(value, letter, _DEFAULT_PLACES["E"] if precision is None else precision)
        case "G" | "R" as kind:
            return _format_general(value, kind, "E" if letter.isupper() else "e", precision)
        case _:
            raise FormatError(letter)


def _format_integer(value: int, kind: str, precision: int) -> str:
    match kind:
        case "D" | "d":
            return ("-" if value < 0 else "") + str(abs(value)).rjust(precision, "0")
        case "X":
            return f"{value & 0xFFFFFFFF:X}".rjust(precision, "0")
        case "x":
            return f"{value & 0xFFFFFFFF:x}".rjust(precision, "0")
        case _:
            return f"{value & 0xFFFFFFFF:b}".rjust(precision, "0")


def _format_fixed(value: int | Decimal | float, kind: str, places: int) -> str:
    shift = 2 if kind == "P" else 0
    number = (
        double_digits(value, places=places + shift) if isinstance(value, float) else Digits.of(Decimal(value))
    )
    if number.digits:
        number.scale += shift
    if not number.floating:
        number = number.rounded(number.scale + places)
    whole, fraction = number.places(places)
    if kind != "F":
        whole = f"{int(whole):,}"
    text = whole + ("." + fraction if fraction else "")
    if kind == "C":
        return f"(¤{text})" if number.negative else f"¤{text}"
    return ("-" if number.negative else "") + text + (" %" if kind == "P" else "")


def _format_scientific(value: int | Decimal | float, letter: str, places: int) -> str:
    if isinstance(value, float):
        number = double_digits(value, significant=places + 1)
    else:
        number = Digits.of(Decimal(value)).rounded(places + 1)
    digits = number.digits.ljust(places + 1, "0")
    mantissa = digits[0] + ("." + digits[1:] if places else "")
    power = number.scale - 1 if number.digits else 0
    return ("-" if number.negative else "") + mantissa + exponent(power, letter, 3)


def _format_general(value: int | Decimal | float, kind: str, sign: str, precision: int | None) -> str:
    if isinstance(value, float):
        if kind == "R" or not precision:
            return general(double_digits(value), 15, sign)
        return general(double_digits(value, significant=precision), precision, sign)
    number = Digits.of(Decimal(value))
    if precision is None and isinstance(value, Decimal) and kind == "G":
        # Only here the zeros at the end of a decimal are kept and it never gets an exponent.
        number.negative = number.negative and bool(number.digits)
        if not number.digits:
            return _zero(value)
        return general(number, _DECIMAL_DIGITS, None)
    most = precision or max(len(number.digits), 1)
    return general(number.rounded(most), most, sign)


def _zero(value: Decimal) -> str:
    places = -int(value.as_tuple().exponent)
    return "0." + "0" * places if places > 0 else "0"
