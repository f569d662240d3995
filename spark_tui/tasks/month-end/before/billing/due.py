"""Dates on which something is due, month by month."""

from datetime import date


def next_due(day: date) -> date:
    """The same day of the next month."""
    return date(day.year, day.month + 1, day.day)


def schedule(first: date, count: int) -> list[date]:
    """The `count` due dates that follow the first one."""
    days: list[date] = []
    day = first
    for _ in range(count):
        day = next_due(day)
        days.append(day)
    return days


def is_late(due: date, today: date) -> bool:
    """The day itself is not late."""
    return today > due
