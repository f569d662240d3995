"""Live figures of the answer that streams: time to first token, tokens a second, window use.

The rule kept here: plain numbers, updated in the hot loop by additions only. Tokens are estimated
(characters / 4, calibrated by what the service reports) and shown with a ~ until usage says more.
"""

from __future__ import annotations

import time

CHARS_PER_TOKEN = 4.0


class Meter:
    """One per session."""

    def __init__(self) -> None:
        self.connect_ms: float | None = None
        self.ttft_ms: float | None = None
        self.chars = 0
        self.context = 0
        """Tokens of the last request and its answer, estimated."""
        self.window = 0
        self._scale = 1.0
        self._started = 0.0
        self._first = 0.0
        self._last = 0.0

    def start(self, request_tokens: int) -> None:
        """A request leaves."""
        self.ttft_ms = None
        self.chars = 0
        self.context = request_tokens
        self._started = time.monotonic()
        self._first = self._last = 0.0

    def heard(self, text: str) -> bool:
        """Count a delta; True for the first one of the answer."""
        self.chars += len(text)
        now = self._last = time.monotonic()
        if self._first:
            return False
        self._first = now
        self.ttft_ms = (now - self._started) * 1000
        return True

    def calibrate(self, estimated: int, reported: int) -> None:
        """Learn how our estimate of a request relates to what the service counted."""
        if estimated > 200 and reported > 0:
            ratio = min(2.0, max(0.5, reported / estimated))
            self._scale = 0.5 * self._scale + 0.5 * self._scale * ratio

    def estimate(self, chars: int) -> int:
        """Tokens that so many characters are likely to cost."""
        return round(chars / CHARS_PER_TOKEN * self._scale)

    @property
    def tokens(self) -> int:
        """Tokens of this answer so far, estimated."""
        return round(self.chars / CHARS_PER_TOKEN)

    @property
    def rate(self) -> float:
        """Tokens a second since the first token of this answer."""
        took = self._last - self._first
        return self.tokens / took if took > 0.02 else 0.0

    @property
    def elapsed_ms(self) -> float:
        return (time.monotonic() - self._started) * 1000 if self._started else 0.0
