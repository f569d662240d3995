"""How much may be asked for: a pool of requests and tokens a minute, and what is said of it.

The rule kept here: the pool fills up steadily by the clock, as the real one does, and the clock
comes from outside. Who asked is not known: one pool for all connections.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

TOKENS_EACH = 100_000
"""Tokens a minute for each request a minute."""
MINUTE_S = 60.0


@dataclass(slots=True)
class Bucket:
    """Something of which there is so much a minute."""

    limit: int
    clock: Callable[[], float]
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.limit
        self._at = self.clock()

    def left(self) -> float:
        now = self.clock()
        self._left = min(self.limit, self._left + (now - self._at) * self.limit / MINUTE_S)
        self._at = now
        return self._left

    def wait_s(self, count: float) -> float:
        """Seconds until there is so much; more than the limit is never there, and gets through
        with a full pool."""
        return max(0.0, (min(count, self.limit) - self.left()) * MINUTE_S / self.limit)

    def take(self, count: float) -> None:
        self._left = max(0.0, self.left() - count)


class Pool:
    """N requests a minute, with their tokens."""

    def __init__(self, requests: int, *, clock: Callable[[], float]) -> None:
        self._requests = Bucket(requests, clock)
        self._tokens = Bucket(requests * TOKENS_EACH, clock)

    def take(self, tokens: int) -> float:
        """Takes one request of so many tokens; else how many seconds it has to wait."""
        wait_s = max(self._requests.wait_s(1), self._tokens.wait_s(tokens))
        # A whole second is the least that can be said, and a hair of one is no reason to wait.
        if wait_s > 1e-6:
            return wait_s
        self._requests.take(1)
        self._tokens.take(tokens)
        return 0.0

    def headers(self) -> Mapping[str, str]:
        """The six headers of the real service."""
        told: dict[str, str] = {}
        for name, bucket in (("requests", self._requests), ("tokens", self._tokens)):
            told[f"x-ratelimit-limit-{name}"] = str(bucket.limit)
            told[f"x-ratelimit-remaining-{name}"] = str(int(bucket.left() + 1e-6))
            told[f"x-ratelimit-reset-{name}"] = duration(bucket.wait_s(bucket.limit))
        return told


def duration(length_s: float) -> str:
    """As the real service writes it.

    >>> duration(0.02), duration(1.5), duration(360)
    ('20ms', '1.5s', '6m0s')
    """
    if length_s < 1:
        return f"{math.ceil(length_s * 1000 - 1e-6)}ms"
    minutes, seconds = divmod(round(length_s, 3), 60)
    return f"{int(minutes)}m{seconds:g}s" if minutes else f"{seconds:g}s"
