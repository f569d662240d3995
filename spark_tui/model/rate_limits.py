"""What is left of a service's rate limits, from the headers of any of its answers.

The rule kept here: only what is told. A limit that is not named is None, never a guess; of several
windows (a minute, a day) the tightest one counts.

>>> pool_of({"x-ratelimit-remaining-requests": "59", "x-ratelimit-reset-requests": "6m0s"})
Pool(requests=59, tokens=None, reset_s=360.0)
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spark_tui.model.durations import seconds_of, until
from spark_tui.model.loose import lowered
from spark_tui.model.provider import Pool

_NAME = re.compile(
    r"(?:llm_provider-)?(?:x-)?(?P<whose>anthropic-)?ratelimit-(?:by-)?(?P<rest>[a-z-]{5,40})"
)
_WHATS = ("remaining", "limit", "reset")
_KINDS = ("requests", "tokens", "")
_EPOCH = 1e9
"""A larger number is no span but a moment."""


@dataclass(slots=True)
class _Window:
    """One limit: requests a day, tokens a minute."""

    kind: str
    remaining: int | None = None
    limit: int | None = None
    reset_s: float | None = None

    @property
    def share(self) -> float:
        """What is left of it; unknown counts as full, unless nothing is left."""
        if self.remaining is None:
            return 1.0
        if self.limit:
            return self.remaining / self.limit
        return 1.0 if self.remaining else 0.0


def pool_of(headers: Mapping[str, str], *, now: Callable[[], float] = time.time) -> Pool | None:
    """None where the service tells nothing. `now` is in seconds since 1970."""
    windows: dict[tuple[str, str], _Window] = {}
    for name, value in lowered(headers).items():
        found = _NAME.fullmatch(name)
        parts = found["rest"].split("-") if found else []
        what = next((part for part in parts if part in _WHATS), None)
        if what is None:
            continue
        parts.remove(what)
        kind = next((part for part in parts if part in _KINDS), "")
        if kind:
            parts.remove(kind)
        elif parts and parts[0] not in _SPANS:
            continue  # input-tokens-cached, concurrency and the like are nobody's pool
        window = windows.setdefault((kind, "-".join(parts)), _Window(kind or "requests"))
        if what == "remaining":
            window.remaining = _count(value)
        elif what == "limit":
            window.limit = _count(value)
        else:
            window.reset_s = _reset(value, now())
    told = [window for window in windows.values() if window.remaining is not None]
    if not told:
        return None
    scarcest = min(told, key=lambda window: (window.share, -(window.reset_s or 0.0)))
    return Pool(_least(told, "requests"), _least(told, "tokens"), scarcest.reset_s)


_SPANS = frozenset({"second", "minute", "hour", "day", "month"})


def _least(windows: list[_Window], kind: str) -> int | None:
    fitting = [window for window in windows if window.kind == kind]
    tightest = min(fitting, key=lambda window: (window.share, window.remaining or 0), default=None)
    return tightest.remaining if tightest else None


def _count(value: str) -> int | None:
    """Some write 59.0; a negative number means that there is no limit."""
    try:
        number = float(value.partition(",")[0])
    except ValueError:
        return None
    return int(number) if 0 <= number < 1e15 else None


def _reset(value: str, now: float) -> float | None:
    seconds = seconds_of(value)
    if seconds is not None:
        return seconds
    try:
        is_moment = float(value) >= _EPOCH
    except ValueError:
        is_moment = True  # a date, if anything
    return until(value, now) if is_moment else None
