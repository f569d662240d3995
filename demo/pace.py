"""The speed of an answer: how many tokens are due now, and how long to wait for the next.

The rule kept here: the clock decides, never the number of sleeps. A late wake-up hands out all
that is due, so the rate over a whole answer is exact, and at 1,000 tokens a second and more
several tokens share one wake-up. Clock and sleep come from outside; what is sent is not known.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

TICK_S = 0.004
"""Shortest sleep: at 1,000 tokens a second four or five tokens go out together."""
BURST = 256
"""Tokens handed out at once when the rate is unlimited."""

DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m)?")


def seconds(text: str) -> float:
    """A duration: `150ms`, `2s`, `1m`; a bare number is seconds.

    >>> seconds("150ms"), seconds("2s"), seconds("0.5")
    (0.15, 2.0, 0.5)
    """
    found = DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"not a duration: {text!r} (write 150ms, 2s or a number of seconds)")
    number = float(found.group(1))
    match found.group(2):
        case "ms":
            return number / 1000
        case "m":
            return number * 60
        case _:
            return number


class Pacer:
    """Hands out the tokens of one answer by the clock."""

    def __init__(
        self,
        rate: float,
        ttft_s: float,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.rate = rate
        """Tokens a second; 0 = as fast as the line takes them."""
        self.ttft_s = ttft_s
        self._clock = clock
        self._sleep = sleep
        self._asked = clock()
        self._start = self._asked
        self._sent = 0

    async def first(self) -> None:
        """Wait until the first token is due, counted from the moment of the request."""
        rest = self._asked + self.ttft_s - self._clock()
        if rest > 0:
            await self._sleep(rest)
        self._start = self._clock()

    async def pause(self, length_s: float) -> None:
        """A pause written in the script: the clock of the rate stands still meanwhile."""
        began = self._clock()
        if length_s > 0:
            await self._sleep(length_s)
        self._start += self._clock() - began

    async def take(self, want: int) -> int:
        """At least one token, at most `want`: as many as are due."""
        if self.rate <= 0:
            await self._sleep(0)
            return min(want, BURST)
        while True:
            elapsed = self._clock() - self._start
            due = int(elapsed * self.rate + 1e-6) + 1 - self._sent
            if due >= 1:
                count = min(due, want)
                self._sent += count
                return count
            await self._sleep(max(TICK_S, self._sent / self.rate - elapsed))
