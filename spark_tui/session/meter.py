"""Live figures of the turn that runs: its moments, tokens a second, window use.

The rule kept here: plain numbers, updated in the hot loop by additions only, one look at the clock
a delta. Tokens are estimated (characters / 4, calibrated by what the service reports) and shown
with a ~ until usage says more. What the numbers of many turns say together is figures.py's.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from spark_tui.session.terms import TurnFigures

CHARS_PER_TOKEN = 4.0
SCALE = (0.5, 2.0)
"""What a tokenizer may differ from CHARS_PER_TOKEN by: a report outside is not believed (some
services count only what a chained request adds)."""
LEARN_FROM = 200
"""Tokens below which a request says nothing about the tokenizer."""
SHORTEST_S = 0.02
"""An answer that took less says nothing about its speed."""


class Meter:
    """One per session. The moments are those of the running turn, or of the last one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.connect_ms: float | None = None
        self.reused = False
        self.sent_ms: float | None = None
        self.round_trip_ms: float | None = None
        self.ttft_ms: float | None = None
        self.first_hunk_ms: float | None = None
        self.rounds = 0
        """Requests of the turn."""
        self.chars = 0
        """Of the answer that is not part of `context` yet."""
        self.context = 0
        """Tokens of the last request; with its answer as soon as that has ended."""
        self.window = 0
        self._clock = clock
        self._heard = 0
        """Characters of this answer, also after its end."""
        self._scale = 1.0
        self._began: float | None = None
        """The prompt of the turn."""
        self._asked: float | None = None
        """The last request of the turn."""
        self._sent: float | None = None
        self._first: float | None = None
        self._last: float | None = None

    # -- what happens ----------------------------------------------------------
    def begin(self) -> None:
        """A prompt was sent off: every moment of its turn is counted from here."""
        self.connect_ms = self.sent_ms = self.round_trip_ms = None
        self.ttft_ms = self.first_hunk_ms = None
        self.reused = False
        self.rounds = 0
        self.chars = self._heard = 0
        self._sent = self._first = self._last = None
        self._began = self._asked = self._clock()

    def go_on(self, request_tokens: int) -> None:
        """A request is about to leave; what was heard before is part of it."""
        self.rounds += 1
        self.chars = self._heard = 0
        self.context = request_tokens
        self._first = self._last = None
        self._asked = self._clock()

    def connected(self, connect_ms: float, *, reused: bool) -> None:
        """A request is on its way; only the first of a turn counts."""
        if self._sent is None and self._began is not None:
            self._sent = self._clock()
            self.sent_ms = (self._sent - self._began) * 1000
            self.connect_ms, self.reused = connect_ms, reused

    def accepted(self) -> None:
        """The service took a request; of the first one the last time counts that it did."""
        if self._sent is not None and self.rounds < 2 and self.ttft_ms is None:
            self.round_trip_ms = (self._clock() - self._sent) * 1000

    def heard(self, text: str) -> bool:
        """Count a delta; True for the first one of the turn."""
        self.chars += len(text)
        self._heard += len(text)
        now = self._last = self._clock()
        if self._first is not None:
            return False
        self._first = now
        if self.ttft_ms is not None:
            return False
        self.ttft_ms = (now - (self._began or 0.0)) * 1000
        return True

    def placed(self) -> None:
        """A hunk got its place."""
        if self.first_hunk_ms is None and self._began is not None:
            self.first_hunk_ms = (self._clock() - self._began) * 1000

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

    # -- what it says ----------------------------------------------------------
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
        if self._first is None or self._last is None:
            return 0.0
        took = self._last - self._first
        return self.estimate(self._heard) / took if took > SHORTEST_S else 0.0

    @property
    def elapsed_ms(self) -> float:
        """Since the prompt."""
        return (self._clock() - self._began) * 1000 if self._began is not None else 0.0

    @property
    def silent_s(self) -> float:
        """Since the last text of this answer, or since its request where none has come."""
        since = self._last if self._last is not None else self._asked
        return self._clock() - since if since is not None else 0.0

    def figures(
        self,
        *,
        cost: float | None = None,
        service_tier: str = "",
        wire: str = "",
        edit_format: str = "",
    ) -> TurnFigures:
        """The turn as it stands, for the journal."""
        return TurnFigures(
            connect_ms=_short(self.connect_ms) or 0.0,
            reused=self.reused,
            sent_ms=_short(self.sent_ms),
            round_trip_ms=_short(self.round_trip_ms),
            ttft_ms=_short(self.ttft_ms),
            first_hunk_ms=_short(self.first_hunk_ms),
            total_ms=_short(self.elapsed_ms) or 0.0,
            tokens_per_s=round(self.rate, 1),
            rounds=self.rounds,
            cost=cost,
            service_tier=service_tier,
            wire=wire,
            edit_format=edit_format,
        )


def _short(value: float | None) -> float | None:
    """Microseconds are enough for a journal."""
    return None if value is None else round(value, 3)
