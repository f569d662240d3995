"""News of the link as events, and what they say to a person.

The rule kept here: pure; the clock is the caller's. An event holds moments, not what is left of
them, so that whoever shows it can count on. Which news there are is the provider's business.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, assert_never

from spark_tui.session.events import LinkNews

if TYPE_CHECKING:
    from spark_tui.model.provider import News

MOST_S = 86_400.0
"""A longer wait is shown as a day."""


def news_event(news: News, host: str, now: float) -> LinkNews:
    """The event for a piece of news; `now` in seconds since the epoch."""
    # Deferred: the first frame has a status line, and no model yet.
    from spark_tui.model.provider import Lively, Pool, Quiet, Waiting

    match news:
        case Quiet(silent_s, may_think):
            what = f"nothing came from {host}" if may_think else f"no sign of {host}"
            return LinkNews("quiet", what, since=now - _sane(silent_s))
        case Waiting(seconds, why):
            return LinkNews("waiting", why or f"{host} asks to wait", now + _sane(seconds))
        case Lively():
            return LinkNews("lively")
        case Pool(requests, tokens, reset_s):
            until = now + _sane(reset_s) if reset_s else 0.0
            return LinkNews("pool", f"at {host}", until, requests, tokens)
        case other:
            assert_never(other)


def _sane(seconds: float) -> float:
    """A service may write anything into its headers."""
    return min(max(0.0, seconds), MOST_S) if math.isfinite(seconds) else 0.0


def sentence(news: LinkNews, now: float) -> str:
    """What it means at this moment, "" when there is nothing to say.

    >>> sentence(LinkNews("waiting", "api.x asks to wait", until=107.0), 100.4)
    'waits 7 s: api.x asks to wait'
    >>> sentence(LinkNews("quiet", "no sign of api.x", since=88.0), 100.0)
    'no sign of api.x for 12 s'
    >>> sentence(LinkNews("pool", "at api.x", 160.0, requests_left=3), 100.0)
    '3 requests left at api.x, full again in 60 s'
    """
    match news.kind:
        case "waiting":
            left = math.ceil(news.until - now)
            return f"waits {left} s: {news.message}" if left > 0 else f"asks again: {news.message}"
        case "quiet":
            return f"{news.message} for {max(0, math.floor(now - news.since))} s"
        case "pool":
            return _pool(news, now)
        case _:
            return ""


def _pool(news: LinkNews, now: float) -> str:
    counts = [
        f"{count:,} {word if count != 1 else word[:-1]}"
        for count, word in ((news.requests_left, "requests"), (news.tokens_left, "tokens"))
        if count is not None
    ]
    if not counts:
        return ""
    left = math.ceil(news.until - now)
    again = f", full again in {left} s" if left > 0 else ""
    return f"{' and '.join(counts)} left {news.message}{again}"
