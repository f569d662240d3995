"""Live figures of the answer that streams: time to first token, tokens a second, window use.

The rule kept here: plain numbers, updated in the hot loop by additions only. Tokens are estimated
(characters / 4, calibrated by what the service reports) and shown with a ~ until usage says more.
"""

from __future__ import annotations

import time

CHARS_PER_TOKEN = 4.0
SCALE = (0.5, 2.0)
"""What a tokenizer may differ from CHARS_PER_TOKEN by: a report outside is not believed (some
services count only what a chained request adds)."""
LEARN_FROM = 200
"""Tokens below which a request says nothing about the tokenizer."""


class Meter:
    """One per session."""

    def __init__(self) -> None:
        self.connect_ms: float | None = None
        self.ttft_ms: float | None = None
        self.chars = 0
        """Of the answer that is not part of `context` yet."""
        self.context = 0
        """Tokens of the last request; with its answer as soon as that has ended."""
        self.window = 0
        self._heard = 0
        """Characters of this answer, also after its end."""
        self._scale = 1.0
        self._started = 0.0
        self._first = 0.0
        self._last = 0.0

    def start(self, request_tokens: int) -> None:
        """A turn begins, and its first request leaves."""
        self.ttft_ms = None
        self._started = time.monotonic()
        self.go_on(request_tokens)

    def go_on(self, request_tokens: int) -> None:
        """A request leaves; what was heard before is part of it."""
        self.chars = self._heard = 0
        self.context = request_tokens
        self._first = self._last = 0.0

    def heard(self, text: str) -> bool:
        """Count a delta; True for the first one of the turn."""
        self.chars += len(text)
        self._heard += len(text)
        now = self._last = time.monotonic()
        if self._first:
            return False
        self._first = now
        if self.ttft_ms is not None:
            return False
        self.ttft_ms = (now - self._started) * 1000
        return True

    def learn(self, reported: int) -> None:
        """The service counted the running request: learn how our estimate relates to that.

        Measured against the plain count, so that one report never builds upon the last.
        """
        plain = self.context / self._scale
        low, high = SCALE
        if plain > LEARN_FROM and low <= reported / plain <= high:
            self._scale = 0.5 * self._scale + 0.5 * reported / plain

    def end(self, used: int = 0) -> None:
        """The turn has ended; `used` is what the service counted for the last request and its
        answer, 0 when it said nothing. From here on `context` holds both, and `tokens` is 0."""
        self.context = used or self.context + self.tokens
        self.chars = 0

    def estimate(self, chars: int) -> int:
        """Tokens that so many characters are likely to cost."""
        return round(chars / CHARS_PER_TOKEN * self._scale)

    @property
    def tokens(self) -> int:
        """Tokens of this answer so far, estimated: what is not part of `context` yet."""
        return self.estimate(self.chars)

    @property
    def rate(self) -> float:
        """Tokens a second since the first token of this answer."""
        took = self._last - self._first
        return self.estimate(self._heard) / took if took > 0.02 else 0.0

    @property
    def elapsed_ms(self) -> float:
        return (time.monotonic() - self._started) * 1000 if self._started else 0.0
