"""The current time, and dates some time later."""

import math
from collections.abc import Sequence

from runner.octostache.dotnet.date_formats import format_date, round_trip
from runner.octostache.dotnet.date_parsing import parse_offset_date, parse_round_trip
from runner.octostache.dotnet.dates import TICKS_PER_DAY, TICKS_PER_HOUR, DateValue, Zone, as_local, utc_now
from runner.octostache.dotnet.number_formats import FormatError
from runner.octostache.dotnet.numbers import parse_double
from runner.octostache.filters.base import Filter, FilterFailure


def now_date(argument: str | None, options: Sequence[str]) -> str | None:
    """`NowDate [format]`: on the local clock, without zone."""
    return _now(argument, options, DateValue(as_local(utc_now()).ticks))


def now_date_utc(argument: str | None, options: Sequence[str]) -> str | None:
    """`NowDateUtc [format]`."""
    return _now(argument, options, DateValue(utc_now(), Zone.UTC))


def _now(argument: str | None, options: Sequence[str], now: DateValue) -> str | None:
    if argument is not None or len(options) > 1:
        return None
    try:
        return format_date(now, options[0] if options else "O")
    except FormatError as error:
        raise FilterFailure(f"'{options[0]}' is not a format of a date") from error


def _later(ticks_per_unit: int) -> Filter:
    def apply(argument: str | None, options: Sequence[str]) -> str | None:
        amount = parse_double(options[0], thousands=False) if len(options) == 1 else None
        if argument is None or amount is None or not math.isfinite(amount):
            return None
        ticks = amount * ticks_per_unit
        if abs(ticks) >= 2**63:
            return None
        date = parse_round_trip(argument)
        if date is None or date.zone is Zone.LOCAL:
            date = parse_offset_date(argument)
        moved = None if date is None else date.plus(int(ticks))
        return None if moved is None else round_trip(moved)

    return apply


add_hours = _later(TICKS_PER_HOUR)
add_days = _later(TICKS_PER_DAY)
