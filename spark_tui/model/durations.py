"""Spans of time as services write them, and as a person reads them.

The rule kept here: total: what is no span, is negative or longer than a month is None.

>>> seconds_of("6m0s"), seconds_of("250ms"), seconds_of("59.5"), seconds_of("soon")
(360.0, 0.25, 59.5, None)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 31 * 86_400.0
_UNITS: Mapping[str, float] = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "milliseconds": 1e-3, "millisecond": 1e-3,
    "": 1.0, "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": 86_400.0, "day": 86_400.0, "days": 86_400.0,
}  # fmt: skip
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)\s*([a-zµ]*)[\s,]*")


def seconds_of(text: str) -> float | None:
    """ "6m0s", "1h2m3.5s", "20 minutes", "7": seconds where no unit is named."""
    text = text.strip().lower()
    total, at = 0.0, 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or part[2] not in _UNITS:
            return None
        total += float(part[1]) * _UNITS[part[2]]
        at = part.end()
    return bounded(total) if text else None


def until(text: str, now: float) -> float | None:
    """Seconds from `now` (since 1970) to an HTTP date, an ISO date or a number of an epoch.

    >>> until("Wed, 21 Oct 2015 07:28:20 GMT", 1445412480.0), until("1445412490000", 1445412480.0)
    (20.0, 10.0)
    """
    moment = moment_of(text)
    return None if moment is None else bounded(moment - now)


def bounded(seconds: float) -> float | None:
    return seconds if 0 <= seconds <= LONGEST_S else None


def in_words(seconds: float) -> str:
    """Rounded up, so that nobody comes too early.

    >>> [in_words(s) for s in (0.2, 20, 90, 4000, 100_000)]
    ['1 s', '20 s', '90 s', '1 h 7 min', '28 h']
    """
    whole = max(1, int(-(-seconds // 1)))
    if whole <= 120:
        return f"{whole} s"
    minutes = -(-whole // 60)
    if minutes <= 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours >= 24:
        return f"{-(-minutes // 60)} h"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def moment_of(text: str) -> float | None:
    """Seconds since 1970."""
    text = text.strip()
    try:
        number = float(text)
        return number / 1000 if number > 1e11 else number  # some count milliseconds
    except ValueError:
        pass
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text)
            if found.tzinfo is not None:
                return found.timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
