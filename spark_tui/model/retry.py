"""Whether a request that nothing came of is sent again, and after how long.

The rule kept here: pure arithmetic, no clock, no socket. It is asked only before the first delta
of an answer; a key, a quota, a missing model or a request that is wrong is never tried again.

>>> budget = Budget()
>>> [budget.wait_s(Refusal(status=503), jitter=1.0) for _ in range(5)]
[0.5, 1.0, 2.0, 4.0, None]
"""

from __future__ import annotations

from dataclasses import dataclass

from spark_tui.errors import NetworkFault, RateLimited, StreamFault
from spark_tui.model.faults import Place, Refusal, fault_of

TRIES = 4
"""Waits of one request."""
FIRST_S = 0.5
MOST_S = 8.0
PATIENCE_S = 90.0
"""A service that asks for a longer wait is not waited for: the person is told instead."""


@dataclass(slots=True)
class Budget:
    """The waits of one request."""

    spent: int = 0

    def wait_s(self, refusal: Refusal, *, jitter: float) -> float | None:
        """Seconds until the next try, None to give up. `jitter` in [0, 1] spreads many clients:
        half of the wait is fixed, half is multiplied by it."""
        if not is_passing(refusal) or self.spent >= TRIES:
            return None
        told = refusal.retry_after_s
        if told is not None and told > PATIENCE_S:
            return None
        backoff = min(MOST_S, FIRST_S * 2**self.spent)
        self.spent += 1
        return told if told is not None else backoff / 2 * (1 + jitter)


def is_passing(refusal: Refusal) -> bool:
    """A limit or a trouble of the service's own, which another try may find gone."""
    fault = fault_of(refusal, Place())
    return isinstance(fault, RateLimited) or type(fault) in (NetworkFault, StreamFault)


CURABLE_CLOSES = frozenset({1001, 1005, 1006, 1011, 1012, 1013, 1015})
"""Close codes after which a new connection may do better; any other is the service's last word."""

SOCKET_CODES = frozenset(
    {"websocket_connection_limit_reached", "websocket_stream_limit_reached", "invalid_stream_id"}
)
"""Errors of a socket and not of the request: it goes out again at once, on another socket."""
