"""Dates as .NET reads them in the invariant culture, in almost any order a person would write them."""

import re
from datetime import date
from typing import Final

from runner.octostache.dotnet.characters import WHITE_SPACE
from runner.octostache.dotnet.date_formats import DAYS, MONTHS
from runner.octostache.dotnet.dates import (
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    DateValue,
    Zone,
    as_local,
    in_range,
    local_offset,
    make_ticks,
    utc_now,
)

_LONGEST: Final = 200  # characters; no date needs more
_LARGEST_OFFSET: Final = 14 * 60
_TWO_DIGIT_YEAR_MAX: Final = 2049

_TIME: Final = re.compile(
    r"(?<![0-9.:])([0-9]{1,2})\s*:\s*([0-9]{1,2})(?:\s*:\s*([0-9]{1,2})(?:[.,]([0-9]+))?)?(?![0-9:])"
    r"(?:\s*(AM|PM|A|P)(?![A-Z]))?|(?<![0-9.:])([0-9]{1,2})\s*(AM|PM|A|P)(?![A-Z])",
    re.IGNORECASE | re.ASCII,
)
_ZONE: Final = re.compile(
    r"\s*(?:(Z|GMT|UTC)|([+-])([0-9]{1,2})(?::?([0-9]{2}))?)\s*$", re.IGNORECASE | re.ASCII
)
_NAMES: Final = {
    name[:length].lower(): index for index, name in enumerate(MONTHS, 1) for length in (3, len(name))
}
_WEEKDAYS: Final = {
    name[:length].lower(): index for index, name in enumerate(DAYS) for length in (3, len(name))
}
_PART: Final = re.compile(r"([0-9]+)|([A-Za-z]+)")
_DATE: Final = re.compile(
    r"(?:[0-9]+|[A-Za-z]+)(?:[\s,]*[/\-.\s,][\s,]*(?:[0-9]+|[A-Za-z]+))*[\s,]*", re.ASCII
)


def parse_date_time(text: str) -> DateValue | None:
    """`DateTime.TryParse`: a text with a zone is turned to the local clock."""
    parsed = _parse(text)
    if parsed is None:
        return None
    if parsed.zone is Zone.UNSPECIFIED:
        return parsed
    return as_local(parsed.utc_ticks) if in_range(parsed.utc_ticks) else None


def parse_round_trip(text: str) -> DateValue | None:
    """`DateTime.TryParse` that keeps UTC; a text with another zone is turned to the local clock."""
    parsed = _parse(text)
    if parsed is None or parsed.zone is not Zone.OFFSET:
        return parsed
    return as_local(parsed.utc_ticks) if in_range(parsed.utc_ticks) else None


def parse_offset_date(text: str) -> DateValue | None:
    """`DateTimeOffset.TryParse`: a text without zone is taken as local."""
    parsed = _parse(text)
    if parsed is None:
        return None
    offset = local_offset(parsed.ticks) if parsed.zone is Zone.UNSPECIFIED else parsed.offset
    value = DateValue(parsed.ticks, Zone.OFFSET, offset)
    return value if in_range(value.utc_ticks) else None


def _parse(text: str) -> DateValue | None:
    if len(text) > _LONGEST:
        return None
    text = text.strip(WHITE_SPACE + "\0")
    time = _TIME.search(text)
    if time is None:
        return _parse_without_time(text)
    ticks = _time_ticks(time)
    zone = _zone(text[time.end() :])
    before, rest = text[: time.start()], text[time.end() :]
    if zone is not None:
        rest = rest[: zone.start()]
    day = _day(_before_time(before), rest.strip(" ,"))
    if ticks is None or day is None:
        return None
    return _with_zone(day + ticks, zone)


def _before_time(text: str) -> str:
    """The text before a time, without the `T` of ISO 8601."""
    return text[:-1] if re.search(r"[0-9]\s*[Tt]$", text) else text


def _parse_without_time(text: str) -> DateValue | None:
    zone = re.search(r"(?<=[0-9])\s*Z$", text)
    day = _day(text[: zone.start()] if zone else text, "")
    if day is None or not text:
        return None
    return DateValue(day, Zone.UTC if zone else Zone.UNSPECIFIED)


def _time_ticks(match: re.Match[str]) -> int | None:
    hour, minute, second = int(match[1] or match[6]), int(match[2] or 0), int(match[3] or 0)
    half = (match[5] or match[7] or "")[:1].upper()
    if minute > 59 or second > 59 or hour > (12 if half else 23):
        return None
    if half:
        hour = hour % 12 + (12 if half == "P" else 0)
    fraction = round(float(f"0.{match[4][:20]}") * TICKS_PER_SECOND) if match[4] else 0
    return ((hour * 60 + minute) * 60 + second) * TICKS_PER_SECOND + fraction


def _zone(text: str) -> re.Match[str] | None:
    return _ZONE.search(text)


def _with_zone(ticks: int, zone: re.Match[str] | None) -> DateValue | None:
    if not in_range(ticks):
        return None
    if zone is None:
        return DateValue(ticks)
    if zone[1]:
        return DateValue(ticks, Zone.UTC)
    offset = int(zone[3]) * 60 + int(zone[4] or 0)
    if offset > _LARGEST_OFFSET or int(zone[4] or 0) > 59:
        return None
    offset = -offset if zone[2] == "-" else offset
    return DateValue(ticks, Zone.OFFSET, offset) if in_range(ticks - offset * TICKS_PER_MINUTE) else None


def _day(before: str, after: str) -> int | None:
    """Ticks of the midnight that the texts around a time name; today's if they are empty."""
    text = before.strip(WHITE_SPACE + ",")
    if text and after:
        return None
    text = text or after
    if not text:
        today = as_local(utc_now())
        return today.ticks - today.time
    if not _DATE.fullmatch(text):
        return None
    weekday, parts = _parts(text)
    ticks = None if parts is None else _arrange(parts)
    if ticks is None or weekday is None:
        return ticks
    return ticks if DateValue(ticks).day.weekday() == weekday else None


def _parts(text: str) -> tuple[int | None, list[str | int] | None]:
    """The day of the week, if one comes first, and digits (as text) and months (as numbers) in order."""
    weekday: int | None = None
    parts: list[str | int] = []
    for match in _PART.finditer(text):
        word = (match[2] or "").lower()
        if match[1]:
            parts.append(match[1])
        elif word in _NAMES:
            parts.append(_NAMES[word])
        elif word in _WEEKDAYS and weekday is None and not parts:
            weekday = _WEEKDAYS[word]
        else:
            return None, None
    return weekday, parts


def _arrange(parts: list[str | int]) -> int | None:
    months = [part for part in parts if isinstance(part, int)]
    numbers = [part for part in parts if isinstance(part, str)]
    if len(months) > 1 or len(numbers) + len(months) > 3 or any(len(number) > 4 for number in numbers):
        return None
    years = [number for number in numbers if len(number) > 2]
    if len(years) > 1:
        return None
    others = [int(number) for number in numbers if len(number) <= 2]
    year = int(years[0]) if years else None
    if months:
        return _with_month(months[0], year, others)
    if year is not None and len(parts) == 3 and parts[1] == years[0]:
        return None  # a year between day and month is not a date
    return _from_numbers(year, others)


def _with_month(month: int, year: int | None, others: list[int]) -> int | None:
    if year is None and len(others) == 2:
        return make_ticks(_full_year(others[1]), month, others[0])
    if len(others) > 1 or (year is None and not others):
        return None
    return make_ticks(_this_year() if year is None else year, month, others[0] if others else 1)


def _from_numbers(year: int | None, others: list[int]) -> int | None:
    match year, others:
        case int(), [month, day]:
            return make_ticks(year, month, day)
        case int(), [month]:
            return make_ticks(year, month, 1)
        case None, [month, day, short]:
            return make_ticks(_full_year(short), month, day)
        case None, [month, day]:
            return make_ticks(_this_year(), month, day)
        case _:
            return None


def _full_year(short: int) -> int:
    year = _TWO_DIGIT_YEAR_MAX // 100 * 100 + short
    return year if year <= _TWO_DIGIT_YEAR_MAX else year - 100


def _this_year() -> int:
    return date.fromordinal(as_local(utc_now()).ticks // (24 * 60 * TICKS_PER_MINUTE) + 1).year
