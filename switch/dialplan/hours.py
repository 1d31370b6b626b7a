"""Opening hours and holidays. A range belongs to the day on which it begins, also past midnight."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from switch.base.gates import CLOSED, HOLIDAY

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAYS = "holidays"
RANGES_MAX = 8
"""Ranges of one day; more is a mistake."""

_RANGE = re.compile(r"(\d{1,2})[:h](\d{2})\s*-\s*(\d{1,2})[:h](\d{2})$")
_DATE = re.compile(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})$")
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Range:
    """Minutes from local midnight; `until` beyond 1440 reaches into the next day."""

    start: int
    until: int


@dataclass(frozen=True, slots=True)
class Hours:
    """Ranges by weekday (0 is Monday), and those of holidays instead."""

    days: tuple[tuple[Range, ...], ...]
    holidays: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """Holidays: dates of one year, and (month, day) of every year."""

    once: Mapping[date, str]
    yearly: Mapping[tuple[int, int], str]

    def holiday(self, day: date) -> str | None:
        """The name of the holiday, None on ordinary days."""
        return self.once.get(day) or self.yearly.get((day.month, day.day))


def local_time(wall_us: int, zone: ZoneInfo) -> datetime:
    """Wall time (microseconds since 1970 UTC) in a zone, held within the years 1970 to 9998."""
    seconds = min(max(wall_us // 1_000_000, 0), 253_370_764_800)
    return datetime.fromtimestamp(seconds, zone)


def is_open(hours: Hours, calendar: Calendar, local: datetime) -> bool:
    """Whether `local` lies in a range of its day, or in one of yesterday's that crosses midnight."""
    minute = local.hour * 60 + local.minute
    today = local.date()
    yesterday = today - timedelta(days=1)
    return any(r.start <= minute < r.until for r in _ranges(hours, calendar, today)) or any(
        r.start <= minute + _DAY_MINUTES < r.until for r in _ranges(hours, calendar, yesterday)
    )


def shut(hours: Hours, calendar: Calendar, local: datetime) -> str | None:
    """The gate at which a queue with these hours turns away: `closed` or `holiday`; None while it is open."""
    if is_open(hours, calendar, local):
        return None
    return CLOSED if calendar.holiday(local.date()) is None else HOLIDAY


def shut_spans(
    hours: Hours | None, calendar: Calendar, start: datetime, minutes: int
) -> tuple[tuple[int, int, str], ...]:
    """When it is shut in the `minutes` from local `start` on: from and until (minutes from it) and the gate.
    Without hours only holidays count."""
    spans: list[tuple[int, int, str]] = []
    for minute in range(minutes):
        local = start + timedelta(minutes=minute)
        if hours is not None:
            gate = shut(hours, calendar, local)
        else:
            gate = None if calendar.holiday(local.date()) is None else HOLIDAY
        if gate is None:
            continue
        if spans and spans[-1][1:] == (minute, gate):
            spans[-1] = (spans[-1][0], minute + 1, gate)
        else:
            spans.append((minute, minute + 1, gate))
    return tuple(spans)


def _ranges(hours: Hours, calendar: Calendar, day: date) -> tuple[Range, ...]:
    return hours.days[day.weekday()] if calendar.holiday(day) is None else hours.holidays


def parse_days(text: str) -> tuple[int, ...]:
    """'mon-fri', 'sat', 'mon, wed', 'daily' as weekday numbers. ValueError says what was expected."""
    if text.strip().lower() == "daily":
        return tuple(range(7))
    days: list[int] = []
    for part in text.lower().split(","):
        ends = [piece.strip() for piece in part.split("-")]
        if len(ends) > 2 or any(end not in DAYS for end in ends):
            raise ValueError(f"days such as mon-fri, sat, daily or holidays were expected, found '{text}'")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        days.extend((first + step) % 7 for step in range((last - first) % 7 + 1))
    return tuple(days)


def parse_ranges(text: str) -> tuple[Range, ...]:
    """'08:00-12:00, 13:30-18:00' or 'closed' or 'open'. Raises ValueError that says what was expected."""
    word = text.strip().lower()
    if word in ("closed", "open"):
        return () if word == "closed" else (Range(0, _DAY_MINUTES),)
    ranges: list[Range] = []
    for part in text.split(","):
        match = _RANGE.match(part.strip())
        if match is None:
            raise ValueError(
                f"hours such as 08:00-12:00, 13:00-18:00 or closed were expected, found '{text}'"
            )
        start_hour, start_minute, end_hour, end_minute = (int(group) for group in match.groups())
        start, until = start_hour * 60 + start_minute, end_hour * 60 + end_minute
        if max(start_minute, end_minute) > 59 or start >= _DAY_MINUTES or until > _DAY_MINUTES:
            raise ValueError(f"'{part.strip()}' is not a time of day between 00:00 and 24:00")
        if until == start:
            raise ValueError(f"'{part.strip()}' begins and ends at once; the whole day is 00:00-24:00")
        ranges.append(Range(start, until if until > start else until + _DAY_MINUTES))
    if len(ranges) > RANGES_MAX:
        raise ValueError(f"at most {RANGES_MAX} ranges a day were expected, found {len(ranges)}")
    return tuple(ranges)


def parse_date(text: str) -> date | tuple[int, int]:
    """'2026-12-25' is one day, '12-25' that day of every year. ValueError says what was expected."""
    match = _DATE.match(text.strip())
    if match is None:
        raise ValueError(f"a date such as 2026-12-25, or 12-25 for every year, was expected, found '{text}'")
    year, month, day = match.groups()
    try:
        found = date(int(year or 2024), int(month), int(day))
    except ValueError:
        raise ValueError(f"there is no day {text}") from None
    return found if year else (found.month, found.day)
