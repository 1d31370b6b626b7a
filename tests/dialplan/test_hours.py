from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from switch.dialplan.hours import (
    Calendar,
    Hours,
    Range,
    is_open,
    local_time,
    parse_date,
    parse_days,
    parse_ranges,
)

PARIS = ZoneInfo("Europe/Paris")
NO_HOLIDAYS = Calendar({}, {})


def _week(text: str, holidays: str = "closed") -> Hours:
    return Hours((parse_ranges(text),) * 7, parse_ranges(holidays))


def _open(hours: Hours, text: str, calendar: Calendar = NO_HOLIDAYS) -> bool:
    return is_open(hours, calendar, datetime.fromisoformat(text).replace(tzinfo=PARIS))


def test_the_end_is_outside_and_the_start_inside() -> None:
    hours = _week("09:00-12:30, 14:00-18:00")
    told = {"08:59": False, "09:00": True, "12:29": True, "12:30": False, "13:59": False, "14:00": True}
    assert {clock: _open(hours, f"2026-07-15 {clock}") for clock in told} == told
    assert not _open(hours, "2026-07-15 18:00")


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    days: list[tuple[Range, ...]] = [()] * 7
    days[4] = parse_ranges("22:00-06:00")
    hours = Hours(tuple(days))
    assert _open(hours, "2026-07-17 23:00")  # Friday
    assert _open(hours, "2026-07-18 05:59")
    assert not _open(hours, "2026-07-18 06:00")
    assert not _open(hours, "2026-07-18 23:00")
    assert not _open(hours, "2026-07-17 05:00")


def test_the_whole_day() -> None:
    assert _open(_week("00:00-24:00"), "2026-07-15 23:59")
    assert _open(_week("open"), "2026-07-15 00:00")
    assert not _open(_week("closed"), "2026-07-15 12:00")


def test_a_holiday_has_hours_of_its_own() -> None:
    calendar = Calendar({date(2026, 4, 6): "Easter Monday"}, {(12, 25): "Christmas"})
    hours = _week("08:00-20:00", "10:00-12:00")
    assert not _open(hours, "2026-04-06 09:00", calendar)
    assert _open(hours, "2026-04-06 10:00", calendar)
    assert _open(hours, "2027-04-06 09:00", calendar)
    assert not _open(hours, "2027-12-25 09:00", calendar)
    assert calendar.holiday(date(2031, 12, 25)) == "Christmas"


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2026-03-29 00:59", "01:59"),
        ("2026-03-29 01:00", "03:00"),
        ("2026-10-25 00:30", "02:30"),
        ("2026-10-25 01:30", "02:30"),
    ],
)
def test_summer_time(utc: str, expected: str) -> None:
    wall_us = int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()) * 1_000_000
    assert local_time(wall_us, PARIS).strftime("%H:%M") == expected


@pytest.mark.parametrize("wall_us", [-(10**30), -1, 0, 10**30])
def test_no_time_is_out_of_range(wall_us: int) -> None:
    is_open(_week("open"), NO_HOLIDAYS, local_time(wall_us, ZoneInfo("America/Los_Angeles")))
    is_open(_week("open"), NO_HOLIDAYS, local_time(wall_us, ZoneInfo("Pacific/Kiritimati")))


def test_words() -> None:
    assert parse_days("mon-fri") == (0, 1, 2, 3, 4)
    assert parse_days("Sat, sun") == (5, 6)
    assert parse_days("fri-mon") == (4, 5, 6, 0)
    assert parse_days("daily") == tuple(range(7))
    assert parse_ranges("8:00-9:30") == (Range(480, 570),)
    assert parse_ranges("22h00-02h00") == (Range(1320, 1560),)
    assert parse_date("2028-02-29") == date(2028, 2, 29)
    assert parse_date("02-29") == (2, 29)
    with pytest.raises(ValueError, match="there is no day"):
        parse_date("2027-02-29")
    with pytest.raises(ValueError, match="at most 8"):
        parse_ranges(", ".join(["01:00-02:00"] * 9))
