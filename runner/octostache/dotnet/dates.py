"""Points in time as .NET keeps them: ticks of 100 ns since the year 1, with a kind of zone.

The local zone is taken from the machine, by way of `datetime`.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Final

TICKS_PER_SECOND: Final = 10_000_000
TICKS_PER_MINUTE: Final = 60 * TICKS_PER_SECOND
TICKS_PER_HOUR: Final = 60 * TICKS_PER_MINUTE
TICKS_PER_DAY: Final = 24 * TICKS_PER_HOUR
MAX_TICKS: Final = date.max.toordinal() * TICKS_PER_DAY - 1
UNIX_TICKS: Final = (date(1970, 1, 1).toordinal() - 1) * TICKS_PER_DAY

_ISO: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_UNIX_DATE: Final = re.compile(r"/Date\((-?[0-9]{1,18})([+-][0-9]{4})?\)/")


class Zone(Enum):
    """What is known about the zone of a clock reading."""

    UNSPECIFIED = "unspecified"
    UTC = "utc"
    LOCAL = "local"
    OFFSET = "offset"


@dataclass(frozen=True)
class DateValue:
    """A clock reading; `offset` in minutes counts for `Zone.OFFSET` and `Zone.LOCAL`."""

    ticks: int
    zone: Zone = Zone.UNSPECIFIED
    offset: int = 0

    @property
    def day(self) -> date:
        return date.fromordinal(self.ticks // TICKS_PER_DAY + 1)

    @property
    def time(self) -> int:
        """Ticks since midnight."""
        return self.ticks % TICKS_PER_DAY

    @property
    def utc_ticks(self) -> int:
        return self.ticks - self.offset * TICKS_PER_MINUTE

    def plus(self, ticks: int) -> "DateValue | None":
        """The same kind of reading later; None beyond the years 1 to 9999."""
        moved = replace(self, ticks=self.ticks + ticks)
        return moved if in_range(moved.ticks) and in_range(moved.utc_ticks) else None


def in_range(ticks: int) -> bool:
    """Whether .NET has such a date."""
    return 0 <= ticks <= MAX_TICKS


def make_ticks(year: int, month: int, day: int, time: int = 0) -> int | None:
    """Ticks of a date and the ticks since its midnight; None if there is no such day."""
    try:
        return (date(year, month, day).toordinal() - 1) * TICKS_PER_DAY + time
    except ValueError:
        return None


def local_offset(utc_ticks: int) -> int:
    """Minutes that the local zone is ahead of UTC at a time."""
    try:
        moment = datetime(1, 1, 1, tzinfo=UTC) + timedelta(microseconds=utc_ticks // 10)
        ahead = moment.astimezone().utcoffset() or timedelta()
    except (OverflowError, OSError, ValueError):
        return 0
    return round(ahead.total_seconds() / 60)


def as_local(utc_ticks: int) -> DateValue:
    """A moment on the local clock."""
    offset = local_offset(utc_ticks)
    return DateValue(utc_ticks + offset * TICKS_PER_MINUTE, Zone.LOCAL, offset)


def utc_now() -> int:
    """Ticks of the current moment, in UTC."""
    since = datetime.now(UTC) - datetime(1, 1, 1, tzinfo=UTC)
    return (since // timedelta(microseconds=1)) * 10


def parse_json_date(text: str) -> DateValue | None:
    """The date that a JSON string holds in ISO 8601's full form or as `/Date(milliseconds)/`."""
    if text.startswith("/"):
        return _parse_unix_date(text)
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction = int((match[7] or "").ljust(7, "0"))
    ticks = make_ticks(year, month, day, ((hour * 60 + minute) * 60 + second) * TICKS_PER_SECOND + fraction)
    if ticks is None or not match[8]:
        return None if ticks is None else DateValue(ticks)
    if match[8] == "Z":
        return DateValue(ticks, Zone.UTC)
    utc = ticks - _zone_minutes(match[8]) * TICKS_PER_MINUTE
    return as_local(utc) if in_range(utc) else None


def _parse_unix_date(text: str) -> DateValue | None:
    match = _UNIX_DATE.fullmatch(text)
    if match is None:
        return None
    utc = UNIX_TICKS + int(match[1]) * 10_000
    if not in_range(utc):
        return None
    return as_local(utc) if match[2] else DateValue(utc, Zone.UTC)


def _zone_minutes(zone: str) -> int:
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if zone[0] == "-" else minutes
