"""`Format`: numbers and dates in .NET's formats."""

from collections.abc import Sequence

from runner.octostache.dotnet.date_formats import format_date
from runner.octostache.dotnet.date_parsing import parse_date_time, parse_offset_date
from runner.octostache.dotnet.number_formats import FormatError, FormatTooLongError, format_number
from runner.octostache.dotnet.numbers import parse_decimal, parse_double, parse_int32
from runner.octostache.filters.base import FilterFailure


def format_value(argument: str | None, options: Sequence[str]) -> str | None:
    """`Format [type] format`; without type the input is taken as a decimal number, else as a date with offset."""
    if argument is None or not 1 <= len(options) <= 2:
        return None
    try:
        return (
            _format_as(argument, options[0].lower(), options[1])
            if len(options) == 2
            else _guess(argument, options[0])
        )
    except FormatError:
        return None
    except FormatTooLongError as error:
        raise FilterFailure(f"the format '{options[-1]}' asks for too many digits") from error


def _guess(argument: str, text: str) -> str | None:
    number = parse_decimal(argument)
    if number is not None:
        return format_number(number, text)
    date = parse_offset_date(argument)
    return None if date is None else format_date(date, text)


def _format_as(argument: str, kind: str, text: str) -> str | None:
    match kind:
        case "int" | "int32":
            number: object = parse_int32(argument)
        case "double":
            number = parse_double(argument)
        case "decimal":
            number = parse_decimal(argument)
        case "date" | "datetime":
            date = parse_date_time(argument)
            return None if date is None else format_date(date, text)
        case "datetimeoffset":
            date = parse_offset_date(argument)
            return None if date is None else format_date(date, text)
        case _:
            return None
    return None if number is None else format_number(number, text)  # type: ignore[arg-type]  # one of the three
