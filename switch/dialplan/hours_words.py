"""Reads the sections `hours` and `holidays`."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from switch.dialplan.hours import (
    DAYS,
    HOLIDAYS,
    Calendar,
    Hours,
    Range,
    parse_date,
    parse_days,
    parse_ranges,
)
from switch.dialplan.problems import Problems
from switch.dialplan.source import Path, Source


def read_hours(
    stated: Mapping[str, Mapping[str, str]], source: Source, problems: Problems
) -> dict[str, Hours]:
    """By name."""
    found: dict[str, Hours] = {}
    for name, entries in stated.items():
        days: list[tuple[Range, ...]] = [()] * len(DAYS)
        keys: dict[int, str] = {}
        holidays: tuple[Range, ...] = ()
        for key, text in entries.items():
            path: Path = ("hours", name, key)
            ranges = _parsed(parse_ranges, text, path, source, problems) or ()
            if key == HOLIDAYS:
                holidays = ranges
                continue
            for day in _parsed(parse_days, key, path, source, problems, key=True) or ():
                if day in keys:
                    word = f"{DAYS[day]} is stated by '{keys[day]}' already"
                    problems.add(source.key_place(path), word)
                keys[day] = key
                days[day] = ranges
        found[name] = Hours(tuple(days), holidays)
    return found


def read_holidays(stated: Mapping[str, str], source: Source, problems: Problems) -> Calendar:
    """Dates of one year, and days of every year, with their names."""
    once: dict[date, str] = {}
    yearly: dict[tuple[int, int], str] = {}
    for text, name in stated.items():
        day = _parsed(parse_date, text, ("holidays", text), source, problems, key=True)
        if isinstance(day, date):
            once[day] = name
        elif day is not None:
            yearly[day] = name
    return Calendar(once, yearly)


def _parsed(
    parse: Any, text: str, path: Path, source: Source, problems: Problems, *, key: bool = False
) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        problems.add(source.key_place(path) if key else source.place(path), str(error))
        return None
