"""Reports by quarter."""

from datetime import date

from tools.dates import quarter_of
from tools.names import plain


def file_name(title: str, day: date) -> str:
    """sales-2024-q3.txt"""
    return f"{plain(title)}-{day.year}-q{quarter_of(day)}.txt"
