"""Numbers as .NET parses them in the invariant culture."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from runner.octostache.dotnet.characters import WHITE_SPACE

_SPACE: Final = "[\t\n\x0b\x0c\r ]*"
_INTEGER: Final = re.compile(rf"{_SPACE}([+-]?[0-9]+){_SPACE}\x00*")
_DIGITS: Final = r"(?:([0-9][0-9,]*)(?:\.([0-9]*))?|\.([0-9]+))"
_DECIMAL: Final = re.compile(rf"{_SPACE}([+-]?){_SPACE}{_DIGITS}{_SPACE}([+-]?){_SPACE}\x00*")
_DOUBLE: Final = re.compile(rf"{_SPACE}([+-]?){_DIGITS}(?:[eE]([+-]?[0-9]+))?{_SPACE}\x00*")
_FLOAT: Final = re.compile(rf"{_SPACE}[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?{_SPACE}\x00*")
_NAMED: Final = {
    "infinity": "inf",
    "+infinity": "inf",
    "-infinity": "-inf",
    "nan": "nan",
    "+nan": "nan",
    "-nan": "nan",
}
_LARGEST_DECIMAL: Final = 2**96 - 1
_MOST_PLACES: Final = 28
_EXACT: Final = Context(prec=1_200)


def parse_int32(text: str) -> int | None:
    """`int.TryParse`."""
    match = _INTEGER.fullmatch(text)
    if match is None or len(match[1].lstrip("+-0")) > 10:
        return None
    number = int(match[1])
    return number if -(2**31) <= number < 2**31 else None


def parse_double(text: str, thousands: bool = True) -> float | None:
    """`double.TryParse`: spaces, sign, thousands commas, exponent, and the names of what is not a number."""
    if not thousands and not _FLOAT.fullmatch(text):
        return _named_double(text)
    match = _DOUBLE.fullmatch(text)
    if match is None:
        return _named_double(text)
    sign, whole, fraction, only_fraction, exponent = match.groups()
    digits = (whole or "").replace(",", "") or "0"
    power = max(-99_999, min(99_999, int((exponent or "0")[:8])))
    return float(f"{sign}{digits}.{fraction or only_fraction or '0'}e{power}")


def _named_double(text: str) -> float | None:
    named = _NAMED.get(text.strip(WHITE_SPACE).lower())
    return None if named is None else float(named)


def parse_decimal(text: str) -> Decimal | None:
    """`decimal.TryParse`: spaces, sign before or after, thousands commas; rounded to 28 or 29 digits."""
    match = _DECIMAL.fullmatch(text)
    if match is None or (match[1] and match[5]):
        return None
    whole = (match[2] or "").replace(",", "").lstrip("0")
    fraction = match[3] or match[4] or ""
    if len(whole) > 29:
        return None
    sign = match[1] or match[5]
    return _fit_decimal(Decimal(f"{sign}{whole or '0'}.{fraction[:1_000]}"))


def _fit_decimal(value: Decimal) -> Decimal | None:
    places = min(_MOST_PLACES, -int(value.as_tuple().exponent))
    while places >= 0:
        rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, context=_EXACT)
        if int(rounded.copy_abs().scaleb(places, context=_EXACT)) <= _LARGEST_DECIMAL:
            return rounded
        places -= 1
    return None


@dataclass
class Digits:
    """A number as significant digits: `0.<digits> * 10^scale`. Zero has no digits.

    Only a floating-point number keeps the sign of zero.
    """

    negative: bool
    digits: str
    scale: int
    floating: bool = False

    @classmethod
    def of(cls, value: Decimal, floating: bool = False) -> "Digits":
        """All digits of `value`, with the zeros at its end."""
        sign, digits, exponent = value.as_tuple()
        text = "".join(map(str, digits)).lstrip("0")
        return cls(bool(sign), text, len(text) + int(exponent), floating)

    def rounded(self, count: int) -> "Digits":
        """The first `count` digits, rounded half away from zero, without zeros at the end."""
        kept = self.digits[: max(count, 0)]
        scale = self.scale
        if 0 <= count < len(self.digits) and self.digits[count] >= "5":
            raised = str(int(kept or "0") + 1).rjust(len(kept), "0")
            scale += len(raised) - len(kept)
            kept = raised
        kept = kept.rstrip("0")
        if kept:
            return Digits(self.negative, kept, scale, self.floating)
        return Digits(self.negative and self.floating, "", 0, self.floating)

    def places(self, count: int) -> tuple[str, str]:
        """The digits before the point (`0` if there are none) and exactly `count` behind it."""
        whole = self.digits[: max(self.scale, 0)].ljust(self.scale, "0") or "0"
        fraction = "0" * min(-self.scale, count) + self.digits[max(self.scale, 0) :] if self.digits else ""
        return whole, fraction[:count].ljust(count, "0")


def double_digits(value: float, significant: int | None = None, places: int | None = None) -> Digits:
    """The digits of a finite double: the shortest that read back, or exact ones rounded half to even."""
    if significant is None and places is None:
        exact = Decimal(repr(value))
    elif places is not None:
        exact = Decimal(value).quantize(
            Decimal(1).scaleb(-min(places, 1_100)), ROUND_HALF_EVEN, context=_WIDE
        )
    else:
        exact = Context(prec=min(significant or 1, 1_100), rounding=ROUND_HALF_EVEN).create_decimal(
            Decimal(value)
        )
    digits = Digits.of(exact, floating=True)
    return digits.rounded(len(digits.digits))


_WIDE: Final = Context(prec=3_000, Emin=-99_999, Emax=99_999)


def shortest_double(value: float) -> str:
    """`double.ToString()`: the shortest digits that read back as the same, `E+15` from 1e15 up, `E-05` below 1e-4."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return general(double_digits(value), 15, "E")


def general(number: Digits, most: int, exponent_sign: str | None) -> str:
    """The general format: plain up to `most` digits before the point and down to 1e-5, else with an exponent.

    Without `exponent_sign` (`E` or `e`) always plain.
    """
    minus = "-" if number.negative else ""
    if exponent_sign is None or (number.scale <= most and number.scale >= -3) or not number.digits:
        whole, fraction = number.places(max(len(number.digits) - number.scale, 0))
        return minus + whole + ("." + fraction if fraction else "")
    mantissa = number.digits[0] + ("." + number.digits[1:] if len(number.digits) > 1 else "")
    return minus + mantissa + exponent(number.scale - 1, exponent_sign, 2)


def exponent(power: int, sign: str, width: int, plus: bool = True) -> str:
    """`E+05`."""
    return f"{sign}{'-' if power < 0 else '+' if plus else ''}{abs(power):0{width}d}"
